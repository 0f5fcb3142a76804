"""Log evaluations: metrics, counts, tables, plots, the gate's verdict and the report."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import PandasDataset

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import CLUSTERED, Gate, GateResult
from fairrun.groups import without_empty_neither
from fairrun.metrics import Evaluation, bias_table, shown_confusion
from fairrun.text import without_formulas
from fairrun.tracking.looks import Looks
from fairrun.tracking.metric_names import is_headline, loggable, place_of_headline
from fairrun.tracking.names import (
    AUDIT,
    BIAS_METRICS,
    CARD_MISSING,
    CARD_USE,
    CONFUSION,
    COUNTS,
    EXPLANATION,
    EXPLANATIONS,
    FRONTIER,
    GATE,
    GATE_VERDICT,
    RANDOMISED,
    READS_GROUP,
    REPORT,
    SCORES,
    parameter,
)
from fairrun.tracking.runs import log_for_run_alone, log_parameters, log_pictures, log_table

__all__ = [
    "log_analysis",
    "log_card_tags",
    "log_document",
    "log_evaluation",
    "log_explanations",
    "log_gate",
    "log_report",
]

#: The longest intended use that the descriptions of registered versions repeat.
_LONGEST_USE = 600


def log_evaluation(
    evaluation: Evaluation,
    sensitive: bool = False,
    *,
    model_id: str | None,
    dataset: PandasDataset,
    plots: Mapping[str, Plot] | None = None,
) -> None:
    """Log an evaluation: metrics, counts, histograms of scores, tables and plots.

    Undefined metrics are not logged; the tables in `audit` have the reason. If there are more than
    500 metrics, the last ones, which are those of crossings, are only in `audit`. Only headline
    metrics are linked to the model, so that its page in MLflow can be read.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation as it is shown; see `fairrun.metrics.show`.
    sensitive : bool
        Whether the counts and the histogram of scores, which are exact, are suppressed.
    model_id : str or None
        The id of the logged model that was evaluated.
    dataset : PandasDataset
        The rows of the evaluation.
    plots : mapping of str to Plot, optional
        The plots by name.
    """
    column = evaluation.protected.name
    headlines = sorted(filter(is_headline, evaluation.metrics), key=place_of_headline)
    linked = loggable({name: evaluation.metrics[name] for name in headlines}, column)
    # In the first call, MLflow links model and dataset to the run once for each metric, so the
    # first call has only one.
    first, *_ = linked
    mlflow.log_metrics({first: linked.pop(first)}, model_id=model_id, dataset=dataset)
    if linked:
        mlflow.log_metrics(linked, model_id=model_id, dataset=dataset)
    metrics = loggable(evaluation.metrics, column)
    log_for_run_alone({n: v for n, v in metrics.items() if n not in linked and n != first})
    # `log_dict` would write each number on a separate line.
    for table, artifact in ((evaluation.counts, COUNTS), (evaluation.scores, SCORES)):
        if table is not None:
            kept = table.suppressed() if sensitive else table.to_dict()
            if evaluation.audit.clusters is not None:
                kept[CLUSTERED] = True  # their intervals cannot be computed from this file
            mlflow.log_text(json.dumps(kept), artifact)
    log_table(BIAS_METRICS, bias_table(evaluation.audit, column))
    if evaluation.labelled:
        confusion = without_empty_neither(shown_confusion(evaluation), "n")
        log_table(CONFUSION, confusion)
    _log_audit(evaluation)
    if evaluation.frontier is not None:
        log_table(FRONTIER, evaluation.frontier.table)
    if plots:
        log_pictures({name: plot.png for name, plot in plots.items()})


def log_explanations(overview: Overview, plots: Mapping[str, Plot]) -> None:
    """Log the explanations of a model: metrics, tables as `explanations/*.json`, and plots.

    Parameters
    ----------
    overview : Overview
        The explanations. Their metrics are logged as `explanation/…`.
    plots : mapping of str to Plot
        The plots by name.
    """
    log_for_run_alone(
        {
            f"{EXPLANATION}/{name.removeprefix(f'{EXPLANATION}_')}": value
            for name, value in overview.metrics.items()
            if math.isfinite(value)
        }
    )
    for name, table in overview.tables.items():
        log_table(f"{EXPLANATIONS}/{name}", table)
    log_pictures({name: plot.png for name, plot in plots.items()})


def log_analysis(
    tables: Mapping[str, pd.DataFrame],
    metrics: Mapping[str, float],
    plots: Mapping[str, Plot],
    column: str,
) -> None:
    """Log the result of a further analysis: tables as `audit/*.csv`, metrics and plots.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables by name.
    metrics : mapping of str to float
        The metrics, named as inside fairrun.
    plots : mapping of str to Plot
        The plots by name.
    column : str
        The first protected column.
    """
    _log_tables(tables)
    log_for_run_alone(loggable(metrics, column))
    log_pictures({name: plot.png for name, plot in plots.items()})


def log_gate(gate: Gate, result: GateResult, looks: Looks | None = None) -> None:
    """Log a gate, its table of results, and its verdict as the tag `fairness.gate`.

    The table has the numbers of `Looks`, if the rows are a test split.
    """
    log_parameters({parameter("evaluate", "gate"): gate})
    table = result.table
    if looks is not None:
        table = table.assign(looks=looks.evaluations, looks_models=looks.models)
    log_table(GATE, table)
    mlflow.set_tag(GATE_VERDICT, str(result.verdict))


def log_report(html: str) -> None:
    """Log the report of an evaluation as `report.html`."""
    mlflow.log_text(html, REPORT)


def log_document(name: str, text: str) -> None:
    """Log a document that describes the evaluated model, such as its model card."""
    mlflow.log_text(text, name)


def log_card_tags(missing: int, intended_use: str, of_model: Mapping[str, str]) -> None:
    """Log what the short card of a registered version needs, as tags of the evaluation.

    Parameters
    ----------
    missing : int
        How many answers of people the model card lacks.
    intended_use : str
        The intended use; empty if nobody has said it.
    of_model : mapping of str to str
        The tags of the model. The run of a trial does not have those about its rule.
    """
    tags = {name: of_model[name] for name in (READS_GROUP, RANDOMISED) if name in of_model}
    if intended_use:
        use = " ".join(intended_use.split())
        tags[CARD_USE] = use if len(use) <= _LONGEST_USE else f"{use[:_LONGEST_USE]}…"
    mlflow.set_tags(tags | {CARD_MISSING: str(missing)})


def _log_audit(evaluation: Evaluation) -> None:
    """Log the tables of all audits, and of the flip test if there is one, as `audit/*.csv`."""
    tables = evaluation.audit.tables | evaluation.impact_audits
    if evaluation.flips is not None:
        tables["flips"] = evaluation.flips
    _log_tables(tables)


def _log_tables(tables: Mapping[str, pd.DataFrame]) -> None:
    """Log tables as `audit/<name>.csv`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables.items():
            without_formulas(table).to_csv(Path(folder) / f"{name}.csv", index=False)
        mlflow.log_artifacts(folder, AUDIT)
