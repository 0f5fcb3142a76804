"""The end of a sweep: refit the frontier, evaluate the chosen model, log charts, register it."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from fairrun.data import Dataset, Rows
from fairrun.errors import RequestError
from fairrun.figures import plot_importance, plot_metric_bars, plot_parameters, plot_sweep
from fairrun.gate import GATE_METRICS
from fairrun.inference import InferenceModel
from fairrun.metrics import count_rows
from fairrun.models.log import log_model
from fairrun.pages import best_by_mitigator, chart_axes, constraint_limit, render_sweep, with_axes
from fairrun.runs.compare import COMPARED_METRICS
from fairrun.runs.evaluate import run_evaluate
from fairrun.sweep.objectives import Constraint, Objective, interval_keys
from fairrun.sweep.selection import Selection
from fairrun.sweep.space import Space
from fairrun.sweep.trial import Problem, TrialResult
from fairrun.tracking.names import (
    CHOSEN,
    IMPORTANCE,
    SWEEP_CHOSEN,
    SWEEP_CHOSEN_RUN,
    SWEEP_CONSTRAINT,
    SWEEP_FRONTIER,
    SWEEP_MODEL,
    SWEEP_REGISTERED,
    TRIALS,
    parameter,
)
from fairrun.tracking.runs import log_figure, log_parameters, log_table, reopened_run
from fairrun.tracking.sweeps import log_page
from fairrun.tracking.trials import mark, read_counts

__all__ = ["Outcome", "Sweep", "finish_sweep"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """The settings and data of a sweep.

    Attributes
    ----------
    problem : Problem
        The rows on which trials are fitted and measured.
    dataset : Dataset
        The splits, with the test rows, which trials do not use.
    axes : tuple of (Objective, Objective)
        The two objectives of the frontier.
    constraint : Constraint or None
        The constraint on trials.
    space : Space
        The parameters that were tried.
    """

    problem: Problem
    dataset: Dataset
    axes: tuple[Objective, ...]
    constraint: Constraint | None
    space: Space


@dataclass(frozen=True)
class Outcome:
    """The chosen model of a sweep.

    Attributes
    ----------
    model_uri : str
        The URI of the chosen model.
    metrics : pandas.DataFrame
        A row for each metric with the columns `metric`, its values and limits on the validation
        rows (`validation`, …) and on the test rows (`test`, …), and `optimism`, which is
        validation − test.
    """

    model_uri: str
    metrics: pd.DataFrame


def finish_sweep(
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
    selection: Selection,
    register: str | None,
) -> Outcome:
    """Log the models of the frontier, and evaluate the chosen one on the test rows.

    The trials of the frontier are fitted again, because trials do not keep their models. The test
    rows are used only here, once.

    Parameters
    ----------
    sweep : Sweep
        The settings and data of the sweep.
    trials : mapping of int to TrialResult
        The trials by number.
    table : pandas.DataFrame
        The table of trials; see `trials_table`.
    selection : Selection
        The frontier and the chosen trial.
    register : str or None
        The name under which to register the chosen model.

    Returns
    -------
    Outcome

    Raises
    ------
    RequestError
        If the registry refuses the name.
    """
    run_ids = dict(zip(table["number"], table["run_id"], strict=True))
    uris, refits = {}, _Refits(sweep.problem)
    kept = dict.fromkeys([*selection.frontier, selection.chosen])
    for place, number in enumerate(kept, start=1):
        trial = trials[number]
        mitigator = trial.parameters.get("mitigator", "none")
        _logger.info("[%d/%d] refitting trial %d, %s", place, len(kept), number, mitigator)
        uris[number] = refits.log(trial, run_ids[number])
        mark(run_ids[number], {SWEEP_FRONTIER: str(number in selection.frontier).lower()})
    mark(run_ids[selection.chosen], {SWEEP_CHOSEN: "true"})
    uri, chosen = uris[selection.chosen], trials[selection.chosen]
    gate = None if sweep.constraint is None else sweep.constraint.gate
    evaluated = run_evaluate(uri, dataset=sweep.dataset, gate=gate)
    metrics = _compare(chosen.metrics, evaluated.metrics)
    log_table(TRIALS, table)
    log_table(CHOSEN, metrics)
    _log_charts(sweep, trials, table, selection, metrics)
    of_compared = metrics[metrics["metric"].isin(COMPARED_METRICS)]
    mlflow.log_metrics(
        {
            f"{kind}_{row['metric']}": row[kind]
            for row in of_compared.to_dict("records")
            for kind in ("validation", "test", "optimism")
            if math.isfinite(row[kind])
        }
    )
    log_parameters(
        {
            parameter("sweep", "chosen_trial"): selection.chosen,
            parameter("sweep", "rule"): selection.rule,
        }
    )
    tags = {
        SWEEP_CHOSEN_RUN: run_ids[selection.chosen],
        SWEEP_CONSTRAINT: "none" if selection.verdict is None else str(selection.verdict),
        SWEEP_MODEL: uri,
    }
    if register is not None:
        tags[SWEEP_REGISTERED] = _register(register, uri, run_ids[selection.chosen])
    mlflow.set_tags(tags)
    return Outcome(uri, metrics)


class _Refits:
    """The refitting of trials, whose models are logged to the runs of the trials.

    Rows are encoded once, and intermediate results that trials share are computed once.

    Parameters
    ----------
    problem : Problem
        The rows of the sweep. With cross-validation, the models are fitted on all of them.
    """

    def __init__(self, problem: Problem) -> None:
        fit_on, self._held_out = problem.rows, None
        if len(problem.parts) == 1:
            fit_on, self._held_out = (problem.rows.take(part) for part in problem.parts[0])
        self._problem = problem
        self._rows = problem.classifier({}).encode(fit_on.frame, fit_on.label, fit_on.sample_weight)
        self._memory: dict[str, Any] = {}

    def log(self, trial: TrialResult, run_id: str) -> str:
        """Return the URI of a trial's model, and log it if an earlier process has not done so."""
        before = mlflow.get_run(run_id)
        if SWEEP_MODEL in before.data.tags:
            return str(before.data.tags[SWEEP_MODEL])
        problem = self._problem
        classifier = problem.classifier(trial.parameters)
        model = classifier.fit_encoded(self._rows, self._memory).inference_
        if self._held_out is not None:
            self._check(model, trial, run_id, self._held_out)
        with reopened_run(run_id):
            name = str(trial.parameters.get("mitigator", "none"))
            constraint = classifier.recipe().mitigation.constraint
            logged = log_model(model, problem.spec, problem.protected, name, constraint)
            mlflow.set_tag(SWEEP_MODEL, logged.uri)
        # The duration of a trial's run is that of the trial, without the refit.
        mlflow.MlflowClient().set_terminated(run_id, "FINISHED", before.info.end_time)
        return logged.uri

    def _check(self, model: InferenceModel, trial: TrialResult, run_id: str, rows: Rows) -> None:
        """Log a warning if the refitted model gives other labels, as other versions may do."""
        again = count_rows(
            self._problem.protected,
            [column.positions(rows.frame) for column in self._problem.protected],
            rows.label,
            model.predict(rows.frame)["prediction"].to_numpy(),
            rows.weight,
        )
        counts = trial.counts or read_counts(run_id)
        if (again.table != counts.table).any():
            _logger.warning(
                "warning: the refitted model of trial %d gives other labels than the trial; "
                "were packages updated since?",
                trial.number,
            )


def _log_charts(
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
    selection: Selection,
    metrics: pd.DataFrame,
) -> None:
    """Log the charts and the page of a sweep."""
    from fairrun.sweep.importance import parameter_importance  # imports Optuna

    axes = chart_axes(sweep.axes)
    groups = sweep.dataset.spec.protected[0].group_names
    points = with_axes(table, trials, sweep.axes)
    limit = constraint_limit(sweep.constraint, sweep.axes[1])
    log_figure("frontier", plot_sweep(points, axes, groups, limit=limit))
    best = best_by_mitigator(points, axes[0])
    log_figure("best_by_mitigator", plot_metric_bars(best, COMPARED_METRICS, *groups))
    in_ratios = [each.name for each in sweep.space.dimensions if each.in_ratios]
    log_figure("parameters", plot_parameters(points, sweep.space.names, axes, in_ratios))
    importance = parameter_importance(list(trials.values()), sweep.space, sweep.axes)
    if len(importance):
        log_table(IMPORTANCE, importance)
        log_figure(IMPORTANCE, plot_importance(importance))
    keys = [axis.key for axis in sweep.axes]
    said = ", ".join(
        f"{row['metric']} {row['validation']:.3f} on validation and {row['test']:.3f} on test"
        for row in metrics[metrics["metric"].isin(keys)].to_dict("records")
    )
    log_page(
        render_sweep(
            table,
            keys,
            [name for name in sweep.space.names if name in table],
            groups,
            title=f"Sweep of {len(table)} trials on {sweep.dataset.spec.name}",
            summary=f"Chosen: trial {selection.chosen} by the rule {selection.rule}: {said}.",
        )
    )


def _compare(validation: Mapping[str, float], test: Mapping[str, float]) -> pd.DataFrame:
    """Return a table of the metrics that both have, with those of comparisons first."""
    rows = []
    for name in dict.fromkeys([*COMPARED_METRICS, *GATE_METRICS]):
        if name in validation and name in test:
            of_both = [
                metrics.get(key, math.nan)
                for metrics in (validation, test)
                for key in interval_keys(name)
            ]
            rows.append((name, *of_both, of_both[0] - of_both[3]))
    ends = ("", "_ci_low", "_ci_high")
    columns = [f"{where}{end}" for where in ("validation", "test") for end in ends]
    return pd.DataFrame(rows, columns=["metric", *columns, "optimism"])


def _register(name: str, uri: str, run_id: str) -> str:
    try:
        version = mlflow.register_model(uri, name, tags={SWEEP_CHOSEN_RUN: run_id})
    except MlflowException as error:
        raise RequestError(
            f"the registry refuses register={name}: {error.message}; the model is {uri}"
        ) from error
    return f"models:/{name}/{version.version}"
