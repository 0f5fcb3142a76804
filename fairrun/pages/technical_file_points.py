"""The other points of a technical file: 1, and 3 to 9."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fairrun.pages.explanation_words import stability_warning
from fairrun.pages.facts import ModelFacts
from fairrun.pages.glossary import WORDS
from fairrun.pages.limits import not_measured
from fairrun.pages.technical_file_items import (
    Fact,
    Item,
    Part,
    RunSources,
    Source,
    ask,
    known,
    model_source,
    plain,
    table,
)
from fairrun.pages.technical_file_tables import hidden_groups_table, miscalibrated, rates
from fairrun.pages.technical_file_testing import shown_result, shown_warnings

__all__ = ["control", "description", "later_points"]

_COMMANDS = Source("document", "docs/commands.md")
_METRICS = Source("document", "docs/metrics.md")
_SERVING = Source("document", "docs/serving.md")
_OUTPUTS = (
    ("probability", "the estimated probability of the favourable label, before any decision"),
    ("prediction", "the label: 1 is the favourable one"),
    ("decision_probability", "the probability of label 1 under the rule"),
)


def description(facts: ModelFacts) -> Part:
    """Return point 1: the general description."""
    said = facts.statements
    return Part(
        "general_description",
        "General description",
        [
            ask(said, "name", "name", "Name of the system"),
            ask(said, "summary", "summary", "Summary"),
            ask(said, "intended_use", "intended_use", "Intended purpose"),
            ask(said, "out_of_scope", "out_of_scope", "Uses that are out of scope"),
            ask(said, "owner", "owner", "Provider"),
            ask(said, "affected", "affected", "Affected people"),
            Item("model", "Model", _model(facts)),
            ask(said, "licence", "licence", "Licence"),
            Item(
                "software",
                "Versions of software",
                _software(facts),
                question="the versions of the software that the system needs",
            ),
            Item("forms", "Forms in which the model is provided", _forms(facts)),
            ask(said, "hardware", "hardware", "Hardware and other systems"),
            ask(said, "instructions", "instructions", "Instructions for use", _instructions(facts)),
        ],
        1,
    )


def control(facts: ModelFacts) -> Part:
    """Return point 3: monitoring, functioning and control."""
    return Part(
        "control",
        "Monitoring, functioning and control",
        [
            Item("accuracy", "Accuracy for specific groups", _accuracy(facts)),
            Item("limits", "What was not measured", _limits(facts)),
            Item(
                "outcomes",
                "Foreseeable unintended outcomes that the run found",
                [*_outcomes(facts)],
                question="the foreseeable unintended outcomes; the run found none",
            ),
            ask(facts.statements, "contact", "complaints", "Complaints of affected people"),
            Item(
                "input",
                "Specification of the input",
                _input(facts),
                question="the input columns, and what happens to missing and new values",
            ),
            Item("output", "Specification of the output", _output(facts)),
        ],
        3,
    )


def later_points(facts: ModelFacts, used: Iterable[str]) -> list[Part]:
    """Return points 4 to 9.

    Parameters
    ----------
    facts : ModelFacts
        What is known about the model.
    used : iterable of str
        The words of the tables of other points. Point 4 defines them.
    """
    said, run = facts.statements, RunSources(facts.origin.run_id)
    meant = {*used}
    defined = [[word, text] for word, text in WORDS.items() if word in meant]
    gate = Fact("Gate", str(facts.gate or ""), run.parameter("evaluate.gate"))
    words = Fact("Definitions", table(("word", "definition"), defined), _METRICS)
    reference = Fact("Reference for monitoring", "reference.json", run.artifact("reference.json"))
    return [
        Part(
            "metrics",
            "Appropriateness of the performance metrics",
            [
                ask(said, "metric_choice", "metric_choice", "Choice of metrics", known(gate)),
                Item("definitions", "Definitions of the metrics", [words]),
            ],
            4,
        ),
        Part(
            "risks",
            "Risk management (Art. 9)",
            [ask(said, "risks", "risks", "Risk management system")],
            5,
        ),
        Part(
            "changes",
            "Relevant changes through the life cycle",
            [Item("versions", "Versions", _versions(facts))],
            6,
        ),
        Part(
            "standards",
            "Harmonised standards applied",
            [ask(said, "standards", "standards", "Standards")],
            7,
        ),
        Part(
            "declaration",
            "EU declaration of conformity",
            [ask(said, "declaration", "declaration", "Declaration")],
            8,
        ),
        Part(
            "post_market",
            "Post-market plan (Art. 72)",
            [
                ask(
                    *(said, "monitoring", "monitoring", "Monitoring after release"),
                    [reference] if facts.origin.rows == "test" else [],
                )
            ],
            9,
        ),
    ]


def _model(facts: ModelFacts) -> tuple[Fact, ...]:
    origin, run = facts.origin, RunSources(facts.origin.run_id)
    model = run.parameter("evaluate.model")
    predicts = f"whether {origin.target} is “{origin.positive}”"
    return known(
        Fact("URI of the model", model_source(origin.model).name, model),
        Fact("What it predicts", predicts, run.artifact("dataset.json")),
        Fact("Mitigator", origin.mitigator, run.tag("mitigator")),
        Fact("Estimator", facts.estimator, run.tag("estimator")),
        Fact("Name of the data", origin.dataset, run.tag("dataset.name")),
    )


def _software(facts: ModelFacts) -> tuple[Fact, ...]:
    origin, run = facts.origin, RunSources(facts.origin.run_id)
    packages = [f"{name} {version}" for name, version in origin.versions.items()]
    return known(
        Fact("Commit of the project", origin.commit, run.tag("mlflow.source.git.commit")),
        Fact("Packages of the test", packages, run.artifact("report.html")),
        Fact(
            "SHA-256 of the file that pins the packages",
            facts.lock_digest,
            model_source(origin.model),
        ),
    )


def _forms(facts: ModelFacts) -> list[Fact]:
    app = "an HTTP app: mlflow run . -e serve"
    return [
        Fact("MLflow model", "a folder that MLflow loads", model_source(facts.origin.model)),
        Fact("Service", app, _SERVING),
    ]


def _instructions(facts: ModelFacts) -> list[Fact]:
    card = RunSources(facts.origin.run_id).artifact("model_card.html")
    return [
        Fact("Model card", "model_card.html", card),
        Fact("User interface", "the app has a page with the input columns and examples", _SERVING),
    ]


def _accuracy(facts: ModelFacts) -> list[Fact]:
    run, names = RunSources(facts.origin.run_id), facts.evaluation.audit.compared["protected"]
    return [
        Fact(
            f"Rates by {name.replace(':', ' × ')}",
            rates(facts.evaluation, name),
            run.artifact("audit/rates.csv"),
        )
        for name in names.unique().tolist()
    ]


def _limits(facts: ModelFacts) -> list[Fact]:
    said = not_measured(facts.evaluation, facts.gate, shown_result(facts))
    report = RunSources(facts.origin.run_id).artifact("report.html")
    return [Fact("Questions that the test does not answer", said, report)]


def _outcomes(facts: ModelFacts) -> Iterator[Fact]:
    """Yield what may go wrong: small groups, calibration, open checks, subgroups."""
    run = RunSources(facts.origin.run_id)
    audit = run.artifact("audit/rates.csv")
    small = hidden_groups_table(facts.evaluation)
    if small is not None:
        yield Fact("Groups of which not all numbers are shown", small, audit)
    scores = miscalibrated(facts.evaluation)
    if scores is not None:
        yield Fact("Groups whose scores are shown to be too high or too low", scores, audit)
    if facts.constraint is not None and facts.constraint.kept != "kept":
        kept = run.tag("mitigation.constraint")
        how = {"not kept": "is not kept", "not shown": "is not shown to be kept"}
        name = f"The constraint {how[facts.constraint.kept]}"
        yield Fact(name, str(facts.constraint), kept)
    result = shown_result(facts)
    if result is not None:
        of_gate = run.artifact("gate.json")
        open_checks = [
            f"{each.verdict.words}: {each.term}, {each.subject}"
            for each in result.judgements
            if each.verdict.words != "pass"
        ]
        if open_checks:
            yield Fact("Checks of the gate that did not pass", open_checks, of_gate)
    warnings = shown_warnings(facts)
    if warnings:
        yield Fact("Warnings about the mitigator", warnings, run.artifact("report.html"))
    if facts.overview is not None and (unstable := stability_warning(facts.overview)):
        yield Fact("Explanations that are not stable", unstable, run.artifact("explanations"))
    for section in facts.sections:
        found = [*(section.findings or section.paragraphs)]
        yield Fact(section.title, found, run.artifact("report.html"))
        for caption, frame in section.tables:
            rows: list[Any] = frame.astype(str).to_numpy().tolist()
            content = table(map(str, frame), rows)
            yield Fact(f"{section.title}: {caption}", content, run.artifact("report.html"))


def _input(facts: ModelFacts) -> tuple[Fact, ...]:
    training = RunSources(facts.training_run)
    names = {
        "data.missing": "Rows with missing values in a feature",
        "model.unseen": "Categories that training did not have",
        "model.min_frequency": "Categories with fewer training rows share one code",
        "model.row_key": "Column that identifies a row",
    }
    columns = [[each["name"], each["type"], each["role"]] for each in facts.columns]
    content = table(("column", "type", "role"), columns)
    found = [Fact("Input columns", content, model_source(facts.origin.model))] if columns else []
    found += [
        Fact(words, facts.parameters.get(name, ""), training.parameter(name))
        for name, words in names.items()
    ]
    return known(*found)


def _output(facts: ModelFacts) -> list[Fact]:
    content = table(("column", "meaning"), _OUTPUTS)
    rate = facts.evaluation.metrics.get("selection_rate")
    selected = RunSources(facts.origin.run_id).metric("selection_rate")
    return [
        Fact("Output columns", content, model_source(facts.origin.model)),
        *known(Fact("Share of the measured rows that is selected", plain(rate), selected)),
    ]


def _versions(facts: ModelFacts) -> tuple[Fact, ...]:
    origin, run = facts.origin, RunSources(facts.origin.run_id)
    history = "mlflow run . -e history -P name=<name of the registered model>"
    return known(
        Fact("Command that prints the history of versions", history, _COMMANDS),
        Fact("Commit of the test", origin.commit, run.tag("mlflow.source.git.commit")),
        Fact(
            "Commit of the training",
            facts.commit,
            RunSources(facts.training_run).tag("mlflow.source.git.commit"),
        ),
        Fact("Run of the training", facts.training_run, RunSources(facts.training_run).itself),
        Fact("Run of the test", origin.run_id, run.itself),
    )
