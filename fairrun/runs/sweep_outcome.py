"""The end of a sweep: refit the frontier, evaluate the chosen model, log charts, register it."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from fairrun.data import Dataset, Rows
from fairrun.errors import RequestError
from fairrun.figures import plot_importance, plot_metric_bars, plot_parameters, plot_sweep
from fairrun.gate import GATE_METRICS, GateResult
from fairrun.inference import InferenceModel
from fairrun.metrics import PairedCounts, compare_models, count_rows
from fairrun.models.log import log_model
from fairrun.pages import best_by_mitigator, chart_axes, constraint_limit, render_sweep, with_axes
from fairrun.runs.compare import COMPARED_METRICS
from fairrun.runs.evaluate import run_evaluate
from fairrun.sweep.objectives import Constraint, Objective, interval_keys
from fairrun.sweep.selection import Selection, on_frontier
from fairrun.sweep.space import Space
from fairrun.sweep.trial import Problem, TrialResult
from fairrun.tracking.names import (
    CHOSEN,
    FRONTIER_DIFFERENCES,
    GATE_VERDICT,
    IMPORTANCE,
    SWEEP_CHOSEN,
    SWEEP_CHOSEN_RUN,
    SWEEP_CONSTRAINT,
    SWEEP_FRONTIER,
    SWEEP_MODEL,
    SWEEP_REGISTERED,
    TRIALS,
    metric_name,
    parameter,
)
from fairrun.tracking.runs import log_figure, log_parameters, log_table, reopened_run
from fairrun.tracking.sweeps import log_page
from fairrun.tracking.trials import mark, read_counts

__all__ = ["Outcome", "Sweep", "finish_sweep", "keys_of"]

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
        validation − test, with its limits.
    gate : GateResult or None
        The result of the constraint on the test rows; None without a constraint.
    """

    model_uri: str
    metrics: pd.DataFrame
    gate: GateResult | None


def finish_sweep(
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
    selection: Selection,
    register: str | None,
    min_cell: int,
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
    min_cell : int
        See `run_evaluate`.

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
    evaluated = run_evaluate(uri, dataset=sweep.dataset, gate=gate, min_cell=min_cell)
    constrained = keys_of(sweep.constraint)
    metrics = _compare(chosen.metrics, evaluated.metrics, constrained)
    log_table(TRIALS, table)
    log_table(CHOSEN, metrics)
    refits.compare_with(selection.chosen)
    _log_charts(sweep, trials, table, selection, metrics)
    of_compared = metrics[metrics["metric"].isin([*COMPARED_METRICS, *constrained])]
    kinds = ("validation", "test", "optimism", "optimism_ci_low", "optimism_ci_high")
    mlflow.log_metrics(
        {
            _named(kind, row["metric"]): row[kind]
            for row in of_compared.to_dict("records")
            for kind in kinds
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
    if evaluated.gate is not None:
        tags[GATE_VERDICT] = str(evaluated.gate.verdict)
    mlflow.set_tags(tags)
    return Outcome(uri, metrics, evaluated.gate)


def keys_of(constraint: Constraint | None) -> tuple[str, ...]:
    """Return the names of the constrained metrics; none without a constraint."""
    return () if constraint is None else constraint.keys


def _named(kind: str, metric: str) -> str:
    """Return the name of a logged metric: a limit of the optimism ends as other limits do."""
    if not kind.startswith("optimism_ci"):
        return metric_name(f"{kind}_{metric}")
    _, low, high = interval_keys(f"optimism_{metric}")
    return metric_name(low if kind.endswith("low") else high)


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
        self._labels: dict[int, NDArray[np.int64]] = {}

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
        labels = model.predict(rows.frame)["prediction"].to_numpy()
        self._labels[trial.number] = labels
        protected = self._problem.protected
        positions = [column.positions(rows.frame) for column in protected]
        again = count_rows(protected, positions, rows.label, labels, rows.weight)
        counts = trial.counts or read_counts(run_id)
        if (again.table != counts.table).any():
            _logger.warning(
                "warning: the refitted model of trial %d gives other labels than the trial; "
                "were packages updated since?",
                trial.number,
            )

    def compare_with(self, chosen: int) -> None:
        """Log how the other models of the frontier differ from the chosen one on the same rows.

        Both labels of a row are counted together, so that errors which two models share cancel. It
        needs the models that this process has fitted, and rows without weights.
        """
        rows = self._held_out
        others = [number for number in self._labels if number != chosen]
        if rows is None or rows.weight is not None or chosen not in self._labels or not others:
            return
        protected = self._problem.protected[:1]
        positions = [column.positions(rows.frame) for column in protected]
        found = []
        for number in others:
            both = (self._labels[number], self._labels[chosen])
            paired = PairedCounts.from_arrays(protected, positions, rows.label, *both)
            differences = compare_models(paired, n_replicates=1000)
            everybody = differences.rates.query("protected == '' and metric == 'accuracy'")
            parity = differences.compared.query("metric == 'statistical_parity'")
            table = pd.concat([everybody, parity])[["metric", "value", "ci_low", "ci_high"]]
            found.append(table.assign(trial=number, chosen=chosen))
        table = pd.concat(found, ignore_index=True)
        log_table(FRONTIER_DIFFERENCES, table[["trial", "chosen", *table.columns[:4]]])
        accuracy = table[table["metric"] == "accuracy"]
        alike = accuracy[(accuracy["ci_low"] <= 0) & (accuracy["ci_high"] >= 0)]
        if len(alike):
            _logger.info(
                "%d of %d other models of the frontier cannot be told from the chosen one in "
                "accuracy (95 %% intervals of the differences on the same rows: %s.json)",
                *(len(alike), len(accuracy), FRONTIER_DIFFERENCES),
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
    _log_constrained(sweep, trials, table)
    best = best_by_mitigator(points, axes[0])
    log_figure("best_by_mitigator", plot_metric_bars(best, COMPARED_METRICS, *groups))
    in_ratios = [each.name for each in sweep.space.dimensions if each.in_ratios]
    log_figure("parameters", plot_parameters(points, sweep.space.names, axes, in_ratios))
    importance = parameter_importance(list(trials.values()), sweep.space, sweep.axes)
    if len(importance):
        log_table(IMPORTANCE, importance)
        log_figure(IMPORTANCE, plot_importance(importance))
    keys = list(dict.fromkeys([*(axis.key for axis in sweep.axes), *keys_of(sweep.constraint)]))
    said = ", ".join(
        f"{row['metric']} {row['validation']:.3f} on validation and {row['test']:.3f} on test"
        for row in metrics[metrics["metric"].isin(keys)].to_dict("records")
    )
    of_constraint = ""
    if sweep.constraint is not None:
        of_constraint = f" The constraint is {sweep.constraint}: {selection.verdict}."
    log_page(
        render_sweep(
            table,
            keys,
            [name for name in sweep.space.names if name in table],
            groups,
            title=f"Sweep of {len(table)} trials on {sweep.dataset.spec.name}",
            summary=f"Chosen: trial {selection.chosen}, because {selection.how}: {said}."
            + of_constraint,
        )
    )


def _log_constrained(sweep: Sweep, trials: Mapping[int, TrialResult], table: pd.DataFrame) -> None:
    """Log a figure of the constrained metric, if it is not an axis of the frontier."""
    drawn = {axis.key for axis in sweep.axes}
    if sweep.constraint is None:
        return
    of_constraint = zip(
        sweep.constraint.gate.terms, sweep.constraint.keys, sweep.constraint.abouts, strict=True
    )
    for term, key, about in of_constraint:
        if key in drawn or term.metric.kind == "performance":
            continue
        pair = (sweep.axes[0], Objective(term.metric, about, key))
        points = with_axes(table, trials, pair)
        gains = [[axis.gain(trials[n].metrics)[0] for axis in pair] for n in points["number"]]
        points = points.assign(frontier=on_frontier(gains))
        protected = {column.name: column for column in sweep.problem.protected}
        names = protected[about].group_names if about in protected else ()
        if "_worst" in key or not names:
            names = ()
        figure = plot_sweep(
            points,
            chart_axes(pair),
            names,
            limit=term.threshold,
            title=f"All trials and the constraint {term}",
        )
        log_figure("frontier_constrained", figure)
        return


def _compare(
    validation: Mapping[str, float], test: Mapping[str, float], constrained: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a table of the metrics that both have, with those of comparisons first.

    Validation and test rows are independent, so the limits of a difference come from the limits of
    both values (Zou and Donner 2008, "Construction of confidence limits about effect measures: a
    general approach", Statistics in Medicine 27).
    """
    rows = []
    for name in dict.fromkeys([*COMPARED_METRICS, *constrained, *GATE_METRICS]):
        if name in validation and name in test:
            of_both = [
                metrics.get(key, math.nan)
                for metrics in (validation, test)
                for key in interval_keys(name)
            ]
            (value, low, high), (other, other_low, other_high) = of_both[:3], of_both[3:]
            difference = value - other
            below = math.hypot(value - low, other_high - other)
            above = math.hypot(high - value, other - other_low)
            rows.append((name, *of_both, difference, difference - below, difference + above))
    ends = ("", "_ci_low", "_ci_high")
    columns = [f"{where}{end}" for where in ("validation", "test") for end in ends]
    columns += [f"optimism{end}" for end in ends]
    return pd.DataFrame(rows, columns=["metric", *columns])


def _register(name: str, uri: str, run_id: str) -> str:
    try:
        version = mlflow.register_model(uri, name, tags={SWEEP_CHOSEN_RUN: run_id})
    except MlflowException as error:
        raise RequestError(
            f"the registry refuses register={name}: {error.message}; the model is {uri}"
        ) from error
    return f"models:/{name}/{version.version}"
