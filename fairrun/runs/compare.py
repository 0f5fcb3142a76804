"""The `main` run: the same data, several mitigators, one comparison."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import mlflow
import pandas as pd

from fairrun.data import DataRequest
from fairrun.figures import plot_fairness_accuracy, plot_metric_bars
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.preprocess import run_preprocess
from fairrun.runs.train import TrainingRequest, run_train
from fairrun.tracking.datasets import log_spec
from fairrun.tracking.names import COMPARED, COMPARISON, parameter
from fairrun.tracking.runs import log_figure, log_parameters, log_table, tracked_run
from fairrun.training.mitigation import MITIGATORS, resolve_mitigator

__all__ = ["COMPARED_METRICS", "COMPARED_MITIGATORS", "Comparison", "run_comparison"]

_logger = logging.getLogger(__name__)

#: The mitigators that are compared unless others are asked for: the unmitigated model and the
#: pre-processors, which are quick to fit.
COMPARED_MITIGATORS = tuple(
    name for name, mitigator in MITIGATORS.items() if mitigator.stage in ("none", "pre")
)

#: The metrics of the comparison's table and bars.
COMPARED_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "roc_auc",
    "disparate_impact",
    "statistical_parity",
    "equality_of_opportunity_difference",
    "average_odds_difference",
)


@dataclass(frozen=True)
class Comparison:
    """What a `main` run made.

    Attributes
    ----------
    run_id : str
        The parent run.
    table : pandas.DataFrame
        One row for each mitigator: `mitigator`, the metrics on test, the limits of their 95 %
        intervals (`accuracy_ci_low`, …), `train_run_id`.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    """

    run_id: str
    table: pd.DataFrame
    groups: tuple[str, str]


def run_comparison(
    request: DataRequest, mitigators: Sequence[str], training: TrainingRequest
) -> Comparison:
    """Preprocess once, train and evaluate each mitigator, compare them on test.

    Parameters
    ----------
    request : DataRequest
        Which data, and how.
    mitigators : sequence of str
        Their names.
    training : TrainingRequest
        What they have in common; its own mitigator is not used.

    Raises
    ------
    RequestError
        If the request cannot be met; unknown mitigators are refused before anything is done.
    """
    for mitigator in mitigators:
        resolve_mitigator(mitigator)
    with tracked_run("compare mitigators") as run:
        log_parameters({parameter("compare", "mitigators"): ",".join(mitigators)})
        _logger.info("preprocessing %s", request.data)
        dataset = run_preprocess(request).dataset
        log_spec(dataset.spec)
        records = []
        for number, mitigator in enumerate(mitigators, start=1):
            _logger.info("[%d/%d] %s", number, len(mitigators), mitigator)
            trained = run_train(dataset, replace(training, mitigator=mitigator))
            evaluated = run_evaluate(trained.model_uri, dataset=dataset, report=False)
            limits = [f"{name}_ci_{end}" for name in COMPARED_METRICS for end in ("low", "high")]
            metrics = {name: evaluated.metrics[name] for name in (*COMPARED_METRICS, *limits)}
            records.append({"mitigator": mitigator, **metrics, "train_run_id": trained.run_id})
        table = pd.DataFrame(records)
        groups = dataset.spec.protected[0].group_names
        log_table(COMPARISON, table.assign(group_a=groups[0], group_b=groups[1]))
        for metric in ("disparate_impact", "statistical_parity"):
            figure = plot_fairness_accuracy(table, metric, *groups)
            log_figure(f"accuracy_against_{metric}", figure)
        log_figure(COMPARISON, plot_metric_bars(table, COMPARED_METRICS, *groups))
        mlflow.set_tag(COMPARED, ",".join(mitigators))
        return Comparison(run.info.run_id, table, groups)
