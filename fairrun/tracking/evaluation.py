"""Evaluations in the store: metrics, counts, tables, plots, the gate's verdict, the report."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import mlflow
from mlflow.data.pandas_dataset import PandasDataset

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import Gate, GateResult
from fairrun.groups import without_empty_neither
from fairrun.metrics import Evaluation, bias_table, confusion_table
from fairrun.tracking.names import (
    AUDIT,
    BIAS_METRICS,
    CONFUSION,
    COUNTS,
    EXPLANATIONS,
    FRONTIER,
    GATE,
    GATE_VERDICT,
    REPORT,
    SCORES,
    parameter,
)
from fairrun.tracking.runs import log_parameters, log_pictures, log_table

__all__ = ["log_evaluation", "log_explanations", "log_gate", "log_report", "loggable"]

#: MLflow's stores take a thousand in one batch, and a run's page gets no better with more.
_MOST_METRICS = 500
#: Names of columns are part of names of metrics, which MLflow also reads as paths.
_NOT_IN_A_NAME = re.compile(r"[^\w.\-: ]|^\.+$")


def log_evaluation(
    evaluation: Evaluation,
    *,
    model_id: str | None,
    dataset: PandasDataset,
    plots: Mapping[str, Plot] | None = None,
) -> None:
    """Log an evaluation: metrics, counts, histograms of scores, tables, plots.

    Undefined metrics are not logged; `audit` has the reason. So many protected columns that there
    are more metrics than a run can take are in `audit` alone, the crossings first.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    model_id : str or None
        The logged model the metrics are of.
    dataset : PandasDataset
        The rows they were measured on.
    plots : mapping of str to Plot, optional
        Its plots by name.
    """
    metrics = loggable(evaluation.metrics)
    # MLflow links model and dataset to the run again for each metric of the first call.
    first, *_ = metrics
    mlflow.log_metrics({first: metrics.pop(first)}, model_id=model_id, dataset=dataset)
    mlflow.log_metrics(metrics, model_id=model_id, dataset=dataset)
    # Not log_dict, which gives every number a line of its own.
    mlflow.log_text(json.dumps(evaluation.counts.to_dict()), COUNTS)
    mlflow.log_text(json.dumps(evaluation.scores.to_dict()), SCORES)
    protected = evaluation.protected
    log_table(BIAS_METRICS, bias_table(evaluation.audit, protected.name))
    confusion = without_empty_neither(confusion_table(evaluation.counts), "n")
    log_table(CONFUSION, confusion)
    _log_audit(evaluation)
    if evaluation.frontier is not None:
        log_table(FRONTIER, evaluation.frontier.table)
    if plots:
        log_pictures({name: plot.png for name, plot in plots.items()})


def log_explanations(
    overview: Overview,
    *,
    model_id: str | None,
    dataset: PandasDataset,
    plots: Mapping[str, Plot],
) -> None:
    """Log what a model looks at: metrics, tables as `explanations/*.json`, plots.

    Parameters
    ----------
    overview : Overview
        What was measured.
    model_id : str or None
        The logged model the metrics are of.
    dataset : PandasDataset
        The rows they were measured on.
    plots : mapping of str to Plot
        Its plots by name.
    """
    mlflow.log_metrics(loggable(overview.metrics), model_id=model_id, dataset=dataset)
    for name, table in overview.tables.items():
        log_table(f"{EXPLANATIONS}/{name}", table)
    log_pictures({name: plot.png for name, plot in plots.items()})


def log_gate(gate: Gate, result: GateResult) -> None:
    """Log what a gate demanded, and what came of it: the table and the tag `fairness.gate`."""
    log_parameters({parameter("evaluate", "gate"): gate})
    log_table(GATE, result.table)
    mlflow.set_tag(GATE_VERDICT, str(result.verdict))


def log_report(html: str) -> None:
    """Log the report of an evaluation, `report.html`."""
    mlflow.log_text(html, REPORT)


def loggable(metrics: Mapping[str, float]) -> dict[str, float]:
    """Keep the metrics that are numbers, under names that MLflow takes."""
    numbers = {}
    for name, value in metrics.items():
        metric, slash, column = name.partition("/")
        if math.isfinite(value):
            numbers[metric + slash + _NOT_IN_A_NAME.sub("_", column)] = value
    by_column = sorted(numbers, key=lambda name: ":" in name)
    kept = {*by_column[:_MOST_METRICS]}
    return {name: value for name, value in numbers.items() if name in kept}


def _log_audit(evaluation: Evaluation) -> None:
    """Log the tables of all audits, and the flip test where there is one, as `audit/*.csv`."""
    tables = vars(evaluation.audit) | evaluation.impact_audits
    if evaluation.flips is not None:
        tables["flips"] = evaluation.flips
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)
        mlflow.log_artifacts(folder, AUDIT)
