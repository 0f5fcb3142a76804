"""Point 2 of a technical file: how the model was developed, and from which data."""

from __future__ import annotations

from collections.abc import Iterator

from fairrun.pages.explanation_words import explanation_sentences
from fairrun.pages.facts import ModelFacts
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
    table_of,
    whole,
)
from fairrun.pages.technical_file_tables import before_after, label_counts, sizes
from fairrun.pages.technical_file_testing import (
    SIGNER,
    impacts,
    logs,
    security,
    testing,
)
from fairrun.training.mitigation import MITIGATORS, Mitigator

__all__ = ["development", "mitigators_of"]

_STAGES = {
    "pre": "changes the training rows",
    "in": "changes the training of the model",
    "post": "changes the decisions that follow from the scores",
}
_SPLITS = ("train", "validation", "test")


def development(facts: ModelFacts) -> Part:
    """Return point 2: the elements of the model and the process of its development."""
    said = facts.statements
    return Part(
        "development",
        "Elements and process of development",
        [
            Item(
                "methods",
                "Methods",
                _methods(facts),
                question="how the model was trained",
            ),
            ask(said, "design", "design", "Design choices and trade-offs", _design(facts)),
            Item(
                "architecture",
                "Architecture",
                _architecture(facts),
                question="the parts of the model, and how they work together",
            ),
            Item("data", "Data sheet", _data(facts), question="the data of the training"),
            ask(said, "data_collection", "data_collection", "Origin of the data"),
            ask(said, "labelling", "labelling", "Labels"),
            ask(said, "languages", "languages", "Languages"),
            ask(said, "groups", "groups", "Groups", _groups(facts)),
            ask(said, "oversight", "oversight", "Human oversight", _oversight(facts)),
            ask(said, "changes", "changes", "Pre-determined changes"),
            Item("testing", "Validation and testing", testing(facts)),
            Item("discrimination", "Potentially discriminatory impacts", impacts(facts)),
            Item("test_logs", "Test logs and reports", logs(facts), blanks=SIGNER),
            ask(said, "cybersecurity", "cybersecurity", "Cybersecurity", security()),
        ],
        2,
    )


def mitigators_of(facts: ModelFacts) -> list[Mitigator]:
    """Return the rows of the table of mitigators that made the model."""
    names = facts.origin.mitigator.split("+")
    return [MITIGATORS[name] for name in names if name in MITIGATORS]


def _methods(facts: ModelFacts) -> tuple[Fact, ...]:
    training = RunSources(facts.training_run)
    registry = Source("document", "docs/mitigators.md")
    found = []
    for each in mitigators_of(facts):
        does = f"{each.summary} It {_STAGES[each.stage]}." if each.stage in _STAGES else ""
        found += [
            Fact("Mitigator", each.name, training.tag("mitigator")),
            Fact("What it does", does or each.summary, registry),
            Fact("Its publication", each.source, registry),
        ]
    parameters = [
        [name, value]
        for name, value in sorted(facts.parameters.items())
        if name.startswith(("mitigator.", "estimator.", "model."))
    ]
    found.append(Fact("Estimator", facts.estimator, training.tag("estimator")))
    if parameters:
        of_training = table(("parameter", "value"), parameters)
        names = training.parameter("mitigator.*, estimator.*, model.*")
        found.append(Fact("Parameters of the training", of_training, names))
    return known(*found)


def _design(facts: ModelFacts) -> Iterator[Fact]:
    """Yield what was optimised, what was promised, and what it did to the metrics."""
    training, evaluation = RunSources(facts.training_run), RunSources(facts.origin.run_id)
    names = {
        "mitigator.objective": "What the mitigator optimises",
        "mitigator.constraint": "What the mitigator constrains",
        "mitigator.constraint_checked": "Constraint as a gate",
    }
    for name, words in names.items():
        value = facts.parameters.get(name, "none")
        if value != "none":
            yield Fact(words, value, training.parameter(name))
    if facts.constraint is not None:
        kept = evaluation.tag("mitigation.constraint")
        yield Fact("Constraint on the measured rows", str(facts.constraint), kept)
    if facts.before_after is not None:
        content = before_after(facts.before_after)
        source = training.artifact("before_after.json")
        yield Fact("Trade-off: metrics without and with the mitigator", content, source)
    frontier = facts.evaluation.metrics.get("accuracy_over_threshold")
    if plain(frontier) is not None:
        yield Fact(
            "Accuracy minus that of the best single threshold that is at least as near to equal "
            "selection rates",
            plain(frontier),
            evaluation.metric("accuracy_over_threshold"),
        )


def _architecture(facts: ModelFacts) -> tuple[Fact, ...]:
    training = RunSources(facts.training_run)
    model = model_source(facts.origin.model)
    first = "The model computes a score from the input columns."
    if facts.origin.of_scores:
        first = "Another model computes the score, which is an input column."
    stages = f"{first} A rule turns the score into the prediction."
    return known(
        Fact("Steps of a prediction", stages, model),
        Fact("The model reads the group", facts.reads_group, model),
        Fact("The rule is randomised", facts.is_randomised, model),
        Fact("Number of input columns", len(facts.columns) or None, model),
        Fact("Size in bytes", whole(facts.model_bytes), model),
        Fact(
            "Seconds of training",
            plain(facts.metrics.get("fit_seconds")),
            training.metric("fit_seconds"),
        ),
    )


def _data(facts: ModelFacts) -> tuple[Fact, ...]:
    training = RunSources(facts.training_run)
    names = {
        "data.target": "Predicted column",
        "data.positive": "Favourable label",
        "data.protected": "Protected columns",
        "data.privileged": "Privileged values",
        "data.unprivileged": "Other values of the comparison",
        "data.drop": "Columns that were not used",
        "data.missing": "Rows with missing values in a feature",
        "data.weight": "Column of weights",
        "data.cluster": "Column of clusters",
        "data.sensitive": "Data marked as sensitive",
        "data.validation_size": "Share of validation rows",
        "data.test_size": "Share of test rows",
        "data.seed": "Seed of the splits",
    }
    found = [
        Fact("Name", facts.dataset if facts.training_run else "", training.tag("dataset.name")),
        Fact("Source", facts.source, training.artifact("dataset.json")),
        Fact("Digest of the training rows", facts.training_digest, training.tag("dataset.digest")),
        *(
            Fact(
                f"Rows of the {split} split",
                whole(facts.rows_of(split)),
                training.metric(f"n_rows_{split}"),
            )
            for split in _SPLITS
        ),
        Fact(
            "Rows that were dropped",
            whole(facts.metrics.get("n_rows_dropped")),
            training.metric("n_rows_dropped"),
        ),
        *(
            Fact(words, facts.parameters.get(name, ""), training.parameter(name))
            for name, words in names.items()
        ),
    ]
    if facts.label_counts is not None:
        content, source = label_counts(facts.label_counts), "label_group_counts.json"
        found.append(Fact("Rows of each split", content, training.artifact(source)))
    if facts.findings is not None:
        content = table_of(facts.findings)
        found.append(Fact("Findings about the data", content, training.artifact("findings.json")))
    if facts.origin.notes:
        found.append(
            Fact("While reading", [*facts.origin.notes], training.artifact("data_notes.json"))
        )
    return known(*found)


def _groups(facts: ModelFacts) -> Iterator[Fact]:
    """Yield how groups are compared, and how many measured rows each of them has."""
    source = RunSources(facts.origin.run_id).artifact("audit/rates.csv")
    for column in facts.evaluation.counts.columns:
        a, b = column.group_names
        compared = f"“{a}” is compared with “{b}”"
        yield Fact(f"Groups of {column.name}", compared, source)
        yield Fact(f"Measured rows by {column.name}", sizes(facts.evaluation, column.name), source)


def _oversight(facts: ModelFacts) -> Iterator[Fact]:
    """Yield the measures that help people to interpret an answer."""
    if facts.overview is not None:
        source = RunSources(facts.origin.run_id).artifact("explanations")
        sentences = explanation_sentences(facts.overview)
        yield Fact("What the score depends on", sentences, source)
    elif facts.not_explained:
        source = RunSources(facts.origin.run_id).artifact("report.html")
        yield Fact("The model is not explained", facts.not_explained, source)
    yield Fact(
        "Explanation of one answer",
        "the app gives the contribution of each column if the request asks for it",
        Source("document", "docs/explanations.md"),
    )
