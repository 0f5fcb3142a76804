"""The evidence for a promotion: an evaluation of the candidate on its test split."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities import Run

from fairrun.errors import EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE, RequestError
from fairrun.gate import Gate, GateResult, decide_file, read_counts, result_from_table
from fairrun.models.open import OpenedModel
from fairrun.pages import Statements
from fairrun.runs.evaluate import run_evaluate
from fairrun.tracking.datasets import read_spec
from fairrun.tracking.names import (
    COUNTS,
    EXIT_CODE,
    GATE,
    GATE_VERDICT,
    MEASURED_MODEL,
    MEASURED_ROWS,
    MODEL_CARD_PAGE,
    REFERENCE,
    VERSION_CARD,
    VERSION_EVALUATED,
    VERSION_REFERENCE,
    parameter,
)
from fairrun.tracking.store import find_run

__all__ = ["Evidence", "evidence_of"]

_logger = logging.getLogger(__name__)

#: Searches of MLflow read named experiments only, and this many of them.
_MOST_EXPERIMENTS = 1000
#: The latest evaluations of the model that are looked at.
_LATEST = 20
#: The exit codes of commands whose evaluation is complete. `mlflow run` marks their run as FAILED.
_COMPLETE = {str(EXIT_GATE_FAILED), str(EXIT_INSUFFICIENT_EVIDENCE)}


@dataclass(frozen=True)
class Evidence:
    """An evaluation of a candidate on its test split.

    Attributes
    ----------
    run_id : str
        The run of the evaluation.
    result : GateResult or None
        The result of the gate, as it is shown; None without a gate.
    how : str
        Where the result comes from, as a sentence without a full stop.
    data_digest : str
        The digest of the test rows; empty if the run has none.
    tags : dict of str to str
        The tags of the version that name the evaluation, the model card and the reference.
    """

    run_id: str
    result: GateResult | None
    how: str
    data_digest: str
    tags: dict[str, str]


def evidence_of(
    model: OpenedModel,
    gate: Gate | None,
    *,
    statements: Statements,
    min_cell: int,
) -> Evidence:
    """Return an evaluation of a model on its test split with the result of a gate.

    A complete evaluation in the tracking store serves, if it measured all protected columns on the
    test split of the data that the model was trained on. Its verdict counts if its gate is the
    same. Another gate is decided from its counts, if they suffice. Otherwise the model is evaluated
    in a run inside the active one; also if there are statements for the model card, or an
    evaluation has no card, as those of `main`, because a promoted version has one.

    Parameters
    ----------
    model : OpenedModel
        The candidate.
    gate : Gate or None
        The gate.
    statements : Statements
        What only a person can say about the model.
    min_cell : int
        Numbers about fewer rows are not shown.

    Raises
    ------
    RequestError
        If the model has to be evaluated, and its test rows cannot be read again.
    """
    because = "card is given" if statements.path else ""
    for run in () if statements.path else _evaluations(model):
        if found := _decided(run, gate, min_cell):
            if VERSION_CARD in found.tags or model.not_again:
                return found
            because = f"the evaluation in run {found.run_id} has no model card"
    if model.not_again:
        raise RequestError(
            f"the test rows of model={model.uri} cannot be read again, because {model.not_again}, "
            "and this store has no evaluation on them that decides the gate; train the model again "
            "on data that can be read again"
        )
    why = f", because {because}" if because else ""
    _logger.info("evaluating the candidate on its test split%s", why)
    # The promotion itself writes to the registered version, and in a dry run nothing does.
    done = run_evaluate(model, gate=gate, statements=statements, min_cell=min_cell, describe=False)
    how = f"the candidate was evaluated in run {done.run_id}"
    return _evidence(mlflow.get_run(done.run_id), done.gate, how)


def _evaluations(model: OpenedModel) -> Iterator[Run]:
    """Yield the complete evaluations of a model on its own test split, the latest first."""
    model_id, names = model.metadata.model_id, {column.name for column in model.protected}
    trained_by = str(model.metadata.run_id or "")
    try:
        digests = dict(read_spec(trained_by).digests) if trained_by else {}
    except RequestError:
        digests = {}
    for run in _of_model(str(model_id), trained_by):
        if run.info.status != "FINISHED" and run.data.tags.get(EXIT_CODE) not in _COMPLETE:
            continue
        # A run of postprocess has the model and its evaluation.
        if run.info.run_id != trained_by and _digests(run) != digests:
            continue
        measured = run.data.params.get(parameter("evaluate", "protected"))
        if measured is None or set(measured.split(",")) == names:
            yield run


def _of_model(model_id: str, trained_by: str) -> Iterator[Run]:
    client = mlflow.MlflowClient()
    experiments = client.search_experiments(max_results=_MOST_EXPERIMENTS)
    yield from client.search_runs(
        [each.experiment_id for each in experiments],
        f"tags.`{MEASURED_MODEL}` = '{model_id}' and tags.`{MEASURED_ROWS}` = 'test' "
        "and attributes.status != 'RUNNING'",
        order_by=["attributes.start_time DESC"],
        max_results=_LATEST,
    )
    trained = find_run(trained_by) if trained_by else None
    if trained is not None and trained.data.tags.get(MEASURED_ROWS) == "test":
        yield trained


def _digests(run: Run) -> dict[str, str] | None:
    try:
        return dict(read_spec(run.info.run_id).digests) or None
    except RequestError:
        return None


def _decided(run: Run, gate: Gate | None, min_cell: int) -> Evidence | None:
    """Return an evaluation with the result of a gate; None if it cannot be decided from it."""
    run_id = run.info.run_id
    there = _artifacts(run_id)
    if COUNTS not in there:  # a comparison has the tags of an evaluation
        return None
    if gate is None:
        return _evidence(run, None, f"the candidate was evaluated in run {run_id}")
    is_same = run.data.params.get(parameter("evaluate", "gate")) == str(gate)
    if is_same and f"{GATE}.json" in there:
        # mlflow.load_table finds runs of the active experiment only.
        table = pd.DataFrame(**mlflow.artifacts.load_dict(f"runs:/{run_id}/{GATE}.json"))
        result = result_from_table(table, gate.family)
        if run.data.tags.get(GATE_VERDICT) == result.verdict:
            return _evidence(run, result, f"the verdict on this gate is that of run {run_id}")
    result_or_none = _from_counts(run, gate, min_cell)
    if result_or_none is None:
        return None
    return _evidence(run, result_or_none, f"the gate was decided from {COUNTS} of run {run_id}")


def _from_counts(run: Run, gate: Gate, min_cell: int) -> GateResult | None:
    with tempfile.TemporaryDirectory() as folder:
        uri = f"runs:/{run.info.run_id}/{COUNTS}"
        path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        try:
            read_counts(str(path))
            return decide_file(str(path), gate, min_cell=min_cell)
        except RequestError:
            return None  # rows in clusters, sensitive data, or terms about scores


def _evidence(run: Run, result: GateResult | None, how: str) -> Evidence:
    run_id, there = run.info.run_id, _artifacts(run.info.run_id)
    tags = {VERSION_EVALUATED: run_id}
    for name, file in ((VERSION_CARD, MODEL_CARD_PAGE), (VERSION_REFERENCE, REFERENCE)):
        if file in there:
            tags[name] = f"runs:/{run_id}/{file}"
    return Evidence(run_id, result, how, (_digests(run) or {}).get("test", ""), tags)


def _artifacts(run_id: str) -> Sequence[str]:
    return [each.path for each in mlflow.MlflowClient().list_artifacts(run_id)]
