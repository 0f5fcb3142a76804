"""The `main` run, which compares several mitigators on the same data."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import LoggedModelOutput

from fairrun.data import DataRequest, Dataset
from fairrun.figures import plot_fairness_accuracy, plot_metric_bars
from fairrun.gate import read_gate
from fairrun.metrics import MIN_CELL
from fairrun.runs.described import HEADLINES, describe_data, describe_dropped
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.findings import say_findings
from fairrun.runs.main_defaults import COMPARED_BY, COMPARED_METRICS, check_distinct
from fairrun.runs.main_table import Compared, compared_table, describe_comparison
from fairrun.runs.measure import protected_columns
from fairrun.runs.preprocess import run_preprocess
from fairrun.runs.ranking import Ranking, rank, way_to_decide
from fairrun.runs.train import run_train
from fairrun.sweep.objectives import Constraint, read_constraint
from fairrun.text import n_of
from fairrun.tracking.datasets import log_dropped, log_input, log_notes, log_spec
from fairrun.tracking.descriptions import describe_run, escaped
from fairrun.tracking.hints import mlflow_serve, next_command
from fairrun.tracking.looks import say_looks
from fairrun.tracking.metric_names import compared_metric_name
from fairrun.tracking.names import (
    COMPARED,
    COMPARED_RANK,
    COMPARISON,
    MODEL_NAME,
    RECOMMENDED,
    RECOMMENDED_RUN,
    parameter,
)
from fairrun.tracking.runs import log_figure, log_parameters, log_table, tracked_run
from fairrun.training import FairClassifier, TrainingRequest
from fairrun.training.mitigation import resolve_mitigator

__all__ = ["Comparison", "commands_after_comparison", "run_comparison"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """The result of a `main` run.

    Attributes
    ----------
    run_id : str
        The id of the parent run.
    table : pandas.DataFrame
        A row for each mitigator, the recommended one first; see `compared_table`.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    ranking : Ranking
        The rule of the order, and why the first one is recommended.
    constrained : tuple of str
        The names of the constrained metrics; none without a constraint.
    advice : str
        Which constraint to give if the rows cannot decide this one; mostly empty.
    """

    run_id: str
    table: pd.DataFrame
    groups: tuple[str, str]
    ranking: Ranking
    constrained: tuple[str, ...] = ()
    advice: str = ""

    @property
    def recommended(self) -> str:
        """The sentence that says which model is recommended, and why."""
        return f"recommended: {self.table['mitigator'].iloc[0]}, because {self.ranking.because}"

    @property
    def model_uri(self) -> str:
        """The URI of the recommended model."""
        return f"runs:/{self.table['train_run_id'].iloc[0]}/{MODEL_NAME}"


def run_comparison(
    request: DataRequest,
    mitigators: Sequence[str],
    training: TrainingRequest,
    min_cell: int = MIN_CELL,
    constraint: str | None = COMPARED_BY,
) -> Comparison:
    """Prepare the data once, train a model with each mitigator, and rank the models.

    The ranking and the recommendation use the validation rows. Every model is also measured on the
    test rows, which decide nothing.

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
    constraint : str or None
        What models are ranked by; see `read_constraint`. None ranks them by accuracy alone.

    Returns
    -------
    Comparison

    Raises
    ------
    RequestError
        If the data or a parameter cannot be used. Mitigators that are unknown or given twice are
        refused at the start.
    """
    for mitigator in mitigators:
        resolve_mitigator(mitigator)
    check_distinct(mitigators)
    if constraint is not None:
        read_gate(constraint)  # before the data are read
    with tracked_run("compare mitigators") as run:
        log_parameters({parameter("compare", "mitigators"): ",".join(mitigators)})
        _logger.info("preprocessing %s", request.data)
        dataset = run_preprocess(request, min_cell).dataset
        log_notes(dataset.notes, dataset.n_dropped, say=False)  # preprocess has said them
        say_findings(dataset)
        log_spec(dataset.spec)
        for split, rows in dataset.splits.items():
            log_input(rows, dataset.spec, context=split)
        by = _constraint(constraint, dataset, training)
        log_parameters({parameter("compare", "constraint"): by})
        if dataset.spec.weight is not None:
            for mitigator in mitigators:  # before the first fit, which may take long
                asked = replace(training, mitigator=mitigator)
                FairClassifier.for_dataset(dataset.spec, **vars(asked)).recipe().check_weights()
        models = _train_and_evaluate(dataset, mitigators, training, min_cell, by)
        ranking = rank([each.candidate for each in models], by)
        constrained = () if by is None else by.keys
        table = compared_table([models[place] for place in ranking.order], constrained)
        groups = dataset.spec.protected[0].group_names
        first = models[ranking.order[0]]
        advice = way_to_decide(first.trained.metrics, by, first.trained.judged)
        done = Comparison(run.info.run_id, table, groups, ranking, constrained, advice)
        log_table(COMPARISON, table.assign(group_a=groups[0], group_b=groups[1]))
        as_given = table.set_index("mitigator").loc[list(mitigators)].reset_index()
        for metric in ("disparate_impact", "statistical_parity"):
            figure = plot_fairness_accuracy(as_given, metric, *groups)
            log_figure(f"accuracy_against_{metric}", figure)
        log_figure(COMPARISON, plot_metric_bars(as_given, COMPARED_METRICS, *groups))
        _log_recommendation(done, models, mitigators)
        log_dropped(dataset.n_dropped)
        sentence = escaped(done.recommended)
        describe_run(
            f"**{sentence[0].upper()}{sentence[1:]}.**",
            escaped(advice) and f"{escaped(advice)}.",
            *describe_comparison(table, constrained, ranking.rule, groups),
            f"Trained {n_of(len(models), 'model')} on {describe_data(dataset.spec)}.",
            describe_dropped(dataset.n_dropped),
            commands=commands_after_comparison(done),
        )
        return done


def _constraint(text: str | None, dataset: Dataset, training: TrainingRequest) -> Constraint | None:
    if text is None:
        return None
    train, spec = dataset.splits["train"], dataset.spec
    columns = protected_columns(train.frame, spec.protected, training.min_frequency)
    return read_constraint(text, columns)


def _train_and_evaluate(
    dataset: Dataset,
    mitigators: Sequence[str],
    training: TrainingRequest,
    min_cell: int,
    constraint: Constraint | None,
) -> list[Compared]:
    models, looks = [], None
    of_none: dict[str, Any] = {}
    for number, mitigator in enumerate(mitigators, start=1):
        _logger.info("[%d/%d] %s", number, len(mitigators), mitigator)
        trained = run_train(
            *(dataset, replace(training, mitigator=mitigator)),
            known=of_none,
            min_cell=min_cell,
            demanded=None if constraint is None else constraint.gate,
        )
        evaluated = run_evaluate(
            trained.model_uri,
            dataset=dataset,
            report=False,
            mention_looks=False,
            min_cell=min_cell,
        )
        models.append(Compared(mitigator, trained, evaluated))
        looks = evaluated.looks
    say_looks(looks, gate=False)
    return models


def _log_recommendation(
    done: Comparison, models: Sequence[Compared], mitigators: Sequence[str]
) -> None:
    """Log the ranks, the recommended model as the output of the run, and its headline metrics."""
    client = mlflow.MlflowClient()
    for place, position in enumerate(done.ranking.order, start=1):
        for run_id in (models[position].trained.run_id, models[position].evaluated.run_id):
            client.set_tag(run_id, COMPARED_RANK, str(place))
    metrics, column = {}, models[0].trained.column.name
    for each in models:
        for name in dict.fromkeys([*HEADLINES, *done.constrained]):
            value = each.evaluated.metrics.get(name, math.nan)
            if math.isfinite(value):
                metrics[compared_metric_name(name, column, each.mitigator)] = value
    mlflow.log_metrics(metrics)
    first = models[done.ranking.order[0]].trained
    mlflow.log_outputs(models=[LoggedModelOutput(first.model_id, step=0)])
    mlflow.set_tags(
        {
            COMPARED: ",".join(mitigators),
            RECOMMENDED: done.table["mitigator"].iloc[0],
            RECOMMENDED_RUN: first.run_id,
        }
    )


def commands_after_comparison(done: Comparison) -> list[str]:
    """Return the commands to type after a comparison, which are about the recommended model."""
    uri = done.model_uri
    return [next_command(done.run_id, "evaluate", {"model": uri}), mlflow_serve(done.run_id, uri)]
