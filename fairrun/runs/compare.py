"""The `main` run, which compares several mitigators on the same data."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import pandas as pd

from fairrun.data import DataRequest
from fairrun.figures import plot_fairness_accuracy, plot_metric_bars
from fairrun.metrics import MIN_CELL
from fairrun.runs.compared import COMPARED_METRICS
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.findings import say_findings
from fairrun.runs.preprocess import run_preprocess
from fairrun.runs.train import run_train
from fairrun.tracking.datasets import log_notes, log_spec
from fairrun.tracking.looks import say_looks
from fairrun.tracking.names import COMPARED, COMPARISON, parameter
from fairrun.tracking.runs import log_figure, log_parameters, log_table, tracked_run
from fairrun.training import FairClassifier, TrainingRequest
from fairrun.training.mitigation import resolve_mitigator

__all__ = ["Comparison", "run_comparison"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """The result of a `main` run.

    Attributes
    ----------
    run_id : str
        The id of the parent run.
    table : pandas.DataFrame
        A row for each mitigator with `mitigator`, the metrics on the test rows, the limits of their
        95 % intervals (`accuracy_ci_low`, …), `constraint` (whether the test rows show that the
        mitigator's constraint is kept; empty without one), `effect` (what the mitigator does to the
        validation rows; an `EffectKind`) and `train_run_id`.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    """

    run_id: str
    table: pd.DataFrame
    groups: tuple[str, str]


def run_comparison(
    request: DataRequest,
    mitigators: Sequence[str],
    training: TrainingRequest,
    min_cell: int = MIN_CELL,
) -> Comparison:
    """Prepare the data once, train a model with each mitigator, and compare them on the test rows.

    Parameters
    ----------
    request : DataRequest
        The data and how to prepare them.
    mitigators : sequence of str
        The names of the mitigators.
    training : TrainingRequest
        The other parameters of all models; its mitigator is not used.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all.

    Returns
    -------
    Comparison

    Raises
    ------
    RequestError
        If the data or a parameter cannot be used. Unknown mitigators are refused at the start.
    """
    for mitigator in mitigators:
        resolve_mitigator(mitigator)
    with tracked_run("compare mitigators") as run:
        log_parameters({parameter("compare", "mitigators"): ",".join(mitigators)})
        _logger.info("preprocessing %s", request.data)
        dataset = run_preprocess(request, min_cell).dataset
        log_notes(dataset.notes, dataset.n_dropped, say=False)  # preprocess has said them
        say_findings(dataset)
        log_spec(dataset.spec)
        if dataset.spec.weight is not None:
            for mitigator in mitigators:  # before the first fit, which may take long
                asked = replace(training, mitigator=mitigator)
                FairClassifier.for_dataset(dataset.spec, **vars(asked)).recipe().check_weights()
        records, looks = [], None
        of_none: dict[str, Any] = {}
        for number, mitigator in enumerate(mitigators, start=1):
            _logger.info("[%d/%d] %s", number, len(mitigators), mitigator)
            trained = run_train(
                *(dataset, replace(training, mitigator=mitigator)),
                known=of_none,
                min_cell=min_cell,
            )
            evaluated = run_evaluate(
                trained.model_uri,
                dataset=dataset,
                report=False,
                mention_looks=False,
                min_cell=min_cell,
            )
            limits = [f"{name}_ci_{end}" for name in COMPARED_METRICS for end in ("low", "high")]
            metrics = {name: evaluated.metrics[name] for name in (*COMPARED_METRICS, *limits)}
            check = evaluated.constraint
            records.append(
                {
                    "mitigator": mitigator,
                    **metrics,
                    "constraint": "" if check is None else check.kept,
                    "effect": trained.effect,
                    "train_run_id": trained.run_id,
                }
            )
            looks = evaluated.looks
        say_looks(looks, gate=False)
        table = pd.DataFrame(records)
        groups = dataset.spec.protected[0].group_names
        log_table(COMPARISON, table.assign(group_a=groups[0], group_b=groups[1]))
        for metric in ("disparate_impact", "statistical_parity"):
            figure = plot_fairness_accuracy(table, metric, *groups)
            log_figure(f"accuracy_against_{metric}", figure)
        log_figure(COMPARISON, plot_metric_bars(table, COMPARED_METRICS, *groups))
        mlflow.set_tag(COMPARED, ",".join(mitigators))
        return Comparison(run.info.run_id, table, groups)
