"""What an evaluation says about a registered version: its tags, and the short card in Markdown.

MLflow's page of a version draws a table without space between its columns, so the short card has
lists.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from fairrun.groups import ProtectedColumn
from fairrun.metrics import has_sign
from fairrun.text import as_code, escaped, with_interval
from fairrun.tracking.metric_names import metrics_by_name
from fairrun.tracking.names import (
    ALIAS_CHAMPION,
    CARD_MISSING,
    CARD_USE,
    DATASET_DIGEST,
    DATASET_NAME,
    ESTIMATOR,
    GATE_VERDICT,
    MITIGATOR,
    MODEL_CARD_PAGE,
    PROTECTED,
    RANDOMISED,
    READS_GROUP,
    REFERENCE,
    ROWS,
    VERSION_CARD,
    VERSION_EVALUATED,
    VERSION_REFERENCE,
    parameter,
)

__all__ = ["HEADING", "VERSION_TAGS", "VersionNotes", "notes_of_version", "training_run"]

#: The first line of the part of a description that fairrun writes. What stands above it is kept.
HEADING = "## Measured by fairrun"
#: The tags that belong to the evaluation of which the description is about.
VERSION_TAGS = (VERSION_EVALUATED, VERSION_CARD, VERSION_REFERENCE)
#: The metrics in the description. Those of the second line compare two groups.
_OVERALL = ("accuracy", "balanced_accuracy", "roc_auc")
_OF_GROUPS = ("disparate_impact", "statistical_parity", "equality_of_opportunity_difference")
#: The longest description that MLflow's database stores, in characters.
_LONGEST = 5000


@dataclass(frozen=True)
class VersionNotes:
    """What an evaluation of the test rows says about a version.

    Attributes
    ----------
    tags : dict of str to str
        The run of the evaluation, and the URIs of its model card and of its reference for
        monitoring, those that there are.
    description : str
        The short card, with what a person has written above it. It has at most 5,000 characters.
    """

    tags: dict[str, str]
    description: str


def notes_of_version(
    uri: str,
    evaluation: Run,
    training: Run | None,
    column: ProtectedColumn,
    written: str = "",
    decision: str = "",
) -> VersionNotes:
    """Return the tags and the description of a version after an evaluation of its test rows.

    Parameters
    ----------
    uri : str
        The URI by which the version is served; empty if it should not be.
    evaluation : mlflow.entities.Run
        The run of the evaluation, which has ended or logged all of its artifacts.
    training : mlflow.entities.Run or None
        The run that trained the model; None if it is not in this tracking store.
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    written : str
        The description that the version has. What stands above our heading is kept.
    decision : str
        A decision about the version, as a paragraph in Markdown.

    Returns
    -------
    VersionNotes
    """
    run_id = evaluation.info.run_id
    there = {each.path for each in mlflow.artifacts.list_artifacts(run_id=run_id)}
    tags = {VERSION_EVALUATED: run_id}
    for tag, artifact in ((VERSION_CARD, MODEL_CARD_PAGE), (VERSION_REFERENCE, REFERENCE)):
        if artifact in there:
            tags[tag] = f"runs:/{run_id}/{artifact}"
    parts = _parts(uri, evaluation, training, column, decision, has_card=VERSION_CARD in tags)
    return VersionNotes(tags, _fitted(written.partition(HEADING)[0].rstrip(), parts))


def training_run(run_id: str | None) -> Run | None:
    """Return the run that trained a version; None if it is not in this tracking store.

    A registry may have versions of models of another tracking store.
    """
    with suppress(MlflowException):
        return mlflow.get_run(run_id) if run_id else None
    return None


def _fitted(above: str, parts: Iterable[str]) -> str:
    """Return the description: what a person wrote, and as many of our parts as there is room for.

    The parts that matter most come first.
    """
    text = above
    for part in filter(None, parts):
        longer = f"{text}\n\n{part}" if text else part
        if len(longer) <= _LONGEST:
            text = longer
    return text


def _parts(
    uri: str,
    evaluation: Run,
    training: Run | None,
    column: ProtectedColumn,
    decision: str,
    *,
    has_card: bool,
) -> list[str]:
    """Return the paragraphs of the short card, the ones that matter most first."""
    tags = evaluation.data.tags
    numbers = metrics_by_name(evaluation.data.metrics, column.name)
    gate = evaluation.data.params.get(parameter("evaluate", "gate"))
    verdict = "" if decision else "No gate was checked in this run."
    if GATE_VERDICT in tags and gate is not None:
        words = tags[GATE_VERDICT].replace("_", " ")
        verdict = f"Verdict of the gate {as_code(gate)} in this run: **{words}**."
    command = f"mlflow run . --env-manager local -e serve -P {shlex.quote(f'model={uri}')}"
    what = "the champion" if uri.endswith(f"@{ALIAS_CHAMPION}") else "this version"
    serve = f"To serve {what}, type in the folder of fairrun:\n\n```bash\n{command}\n```"
    return [
        f"{HEADING}\n\n{decision or verdict}",
        verdict if decision else "",
        _measured(numbers, evaluation.info.run_id, column),
        _use(tags) if has_card else "",
        _policy(tags, column),
        _card(evaluation) if has_card else "",
        _about_training(tags.get(MITIGATOR, "none"), training),
        serve if uri else "",
        "fairrun writes this section anew when it evaluates the test rows. Write your own text "
        "above it.",
    ]


def _measured(numbers: Mapping[str, float], run_id: str, column: ProtectedColumn) -> str:
    n_rows, (a, b) = numbers.get("n_rows"), map(as_code, column.group_names)
    of_rows = "the test rows" if n_rows is None else f"the {n_rows:,.0f} test rows"
    rows = _lines([*_OVERALL, *_OF_GROUPS], numbers)
    if not rows:
        return ""
    listed = "\n".join(rows)
    return (
        f"On {of_rows} (run {as_code(run_id)}), with 95 % intervals:\n\n{listed}\n\n"
        f"Ratios are {a} / {b}, differences {a} - {b} (column {as_code(column.name)})."
    )


def _use(tags: Mapping[str, str]) -> str:
    """Return the intended use, and how many answers of people the card lacks."""
    missing = tags.get(CARD_MISSING, "0")
    use = tags.get(CARD_USE)
    said = f"Intended use: {escaped(use)}" if use else "Intended use: **nobody has said it**."
    if missing == "0":
        return said
    answers = "1 answer" if missing == "1" else f"{missing} answers"
    return f"{said}\n\nThe model card lacks {answers} that only people can give."


def _policy(tags: Mapping[str, str], column: ProtectedColumn) -> str:
    """Return whether the model reads the protected column in prediction, and draws at random."""
    protected = as_code(tags.get(PROTECTED, column.name))
    reads = {
        "true": f"The model reads {protected} in prediction; if the value is missing, a neutral "
        "rule answers.",
        "false": f"The model does not read {protected} in prediction.",
    }.get(tags.get(READS_GROUP, ""), "")
    draws = {
        "true": "Its rule is randomised, and gives the same row the same answer.",
        "false": "Its rule is not randomised.",
    }.get(tags.get(RANDOMISED, ""), "")
    return " ".join(filter(None, (reads, draws)))


def _card(evaluation: Run) -> str:
    info = evaluation.info
    page = f"#/experiments/{info.experiment_id}/runs/{info.run_id}/artifacts/{MODEL_CARD_PAGE}"
    uri = as_code(f"runs:/{info.run_id}/{MODEL_CARD_PAGE}")
    return f"The [model card]({page}) says more: {uri}."


def _about_training(mitigator: str, training: Run | None) -> str:
    what = (
        "A model without mitigation"
        if mitigator == "none"
        else f"Trained with {as_code(mitigator)}"
    )
    if training is None:
        return f"{what}. Its training run is not in this tracking store."
    tags, n_rows = training.data.tags, training.data.metrics.get(f"{ROWS}train")
    estimator = f" ({as_code(tags[ESTIMATOR])})" if ESTIMATOR in tags else ""
    rows = "" if n_rows is None else f"{n_rows:,.0f} rows of "
    data = f", on {rows}{as_code(tags[DATASET_NAME])}" if tags.get(DATASET_NAME) else ""
    digest = f" with digest {as_code(tags[DATASET_DIGEST])}" if tags.get(DATASET_DIGEST) else ""
    return f"{what}{estimator}{data}{digest} (run {as_code(training.info.run_id)})."


def _lines(names: Iterable[str], numbers: Mapping[str, float]) -> list[str]:
    """Return a line of a list for each metric that was logged."""
    lines = []
    for name in names:
        value, low, high = (
            numbers.get(f"{name}{end}", math.nan) for end in ("", "_ci_low", "_ci_high")
        )
        if math.isfinite(value):
            lines.append(f"- {name} {with_interval(value, low, high, signed=has_sign(name))}")
    return lines
