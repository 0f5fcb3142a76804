"""The tests in point 2 of a technical file: what was measured, and what SECURITY.md says."""

from __future__ import annotations

from fairrun.gate import GateResult
from fairrun.pages.card_results import flipped
from fairrun.pages.facts import ModelFacts
from fairrun.pages.gate_tables import tally
from fairrun.pages.technical_file_items import Fact, RunSources, Source, known
from fairrun.pages.technical_file_tables import (
    comparison,
    four_fifths,
    gate_checks,
    performance,
)

__all__ = [
    "SIGNER",
    "impacts",
    "logs",
    "security",
    "shown_result",
    "shown_warnings",
    "testing",
]

#: The fields that a signature has. fairrun leaves them empty.
SIGNER = ("name", "role", "date", "signature")
#: What SECURITY.md says about the software, wherever somebody runs it.
_SOFTWARE = (
    ("Content of a saved model", "arrays, JSON and Python files; no pickle and no training row"),
    ("Digests of a saved model", "a manifest has those of its files; they are checked at load"),
    ("Limit of the digests", "they detect accidents, and no attacker who can write new digests"),
    ("Reach of the app", "without a token, it answers only requests from its own machine"),
    ("Token of the app", "with FAIRRUN_TOKEN, each request needs the token"),
    ("Encryption", "the app has no TLS; a proxy has to add it"),
    ("Errors and logs of the app", "they contain no value of a request"),
)


def shown_result(facts: ModelFacts) -> GateResult | None:
    """Return the result of the gate without numbers that are not shown."""
    return None if facts.result is None else facts.result.shown(facts.evaluation.hidden)


def shown_warnings(facts: ModelFacts) -> list[str]:
    """Return the warnings about the mitigator, if the numbers of both groups are shown."""
    first = facts.evaluation.protected
    if facts.evaluation.hidden.reason(first.name, *first.group_names, joint=True):
        return []
    return [f"{sentence}." for sentence in facts.warnings]


def testing(facts: ModelFacts) -> tuple[Fact, ...]:
    """Return which rows were measured, when, and the metrics over all of them."""
    origin, evaluation = facts.origin, RunSources(facts.origin.run_id)
    which = "rows that were given"
    if origin.rows == "test":
        which = f"the test split, on which the {origin.not_fitted}"
    return known(
        Fact("Date of the test", origin.date, evaluation.itself),
        Fact("Measured rows", which, evaluation.tag("evaluated.rows")),
        Fact("Number of rows", facts.evaluation.counts.n_rows, evaluation.metric("n_rows")),
        Fact("Digest of the measured rows", origin.digest, evaluation.itself),
        Fact("Purpose of the test", origin.purpose, evaluation.parameter("evaluate.purpose")),
        Fact("Looks at these rows so far", origin.looks, evaluation.tag("evaluated.looks")),
        Fact(
            "Performance over all rows",
            performance(facts.evaluation),
            evaluation.artifact("audit/rates.csv"),
        ),
        Fact(
            "Command that repeats the test",
            "at the end of report.html",
            evaluation.artifact("report.html"),
        ),
    )


def impacts(facts: ModelFacts) -> list[Fact]:
    """Return the gate, the comparisons of groups, and the four-fifths table."""
    evaluation, run = facts.evaluation, RunSources(facts.origin.run_id)
    found = []
    result = shown_result(facts)
    if result is not None:
        verdict = run.tag("fairness.gate")
        found += [
            Fact("Gate", str(facts.gate), run.parameter("evaluate.gate")),
            Fact("Verdict of the gate", f"{result.verdict.words}. {tally(result)}", verdict),
            Fact("Checks of the gate", gate_checks(result), run.artifact("gate.json")),
        ]
    compared = evaluation.audit.compared["protected"].unique().tolist()
    source = run.artifact("audit/compared.csv, audit/worst.csv")
    of_column = evaluation.audit.compared.groupby("protected", sort=False)
    ends = of_column[["group_a", "group_b"]].first()
    for name in compared:
        a, b = ends.loc[name]
        caption = f"{name.replace(':', ' × ')}: {a} against {b}"
        found.append(Fact(caption, comparison(evaluation, name), source))
    if said := flipped(evaluation):
        found.append(Fact("Flip test", said, run.artifact("audit/flips.csv")))
    found.append(
        Fact(
            "Impact ratios (29 CFR 1607.4 D, a rule of the United States)",
            four_fifths(evaluation),
            run.artifact("audit/four_fifths.csv"),
        )
    )
    return found


def logs(facts: ModelFacts) -> tuple[Fact, ...]:
    """Return the logs and reports of the test, with their date."""
    origin, run = facts.origin, RunSources(facts.origin.run_id)
    names = ["report.html", "model_card.html", "counts.json", "bias_metrics.json", "audit/*.csv"]
    names += ["gate.json"] if facts.result is not None else []
    return known(
        Fact("Date of the run", origin.date, run.itself),
        Fact("User of the run", origin.user, run.tag("mlflow.user")),
        Fact("Run of the test", origin.run_id, run.itself),
        Fact("Run of the training", facts.training_run, RunSources(facts.training_run).itself),
        Fact("Commit of the project", origin.commit, run.tag("mlflow.source.git.commit")),
        Fact("Logs and reports in the run", names, run.itself),
    )


def security() -> list[Fact]:
    """Return what SECURITY.md says about the software."""
    return [Fact(name, text, Source("document", "SECURITY.md")) for name, text in _SOFTWARE]
