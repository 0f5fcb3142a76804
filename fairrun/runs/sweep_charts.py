"""Log the figures and the page of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fairrun.figures import plot_importance, plot_metric_bars, plot_parameters, plot_sweep
from fairrun.groups import ProtectedColumn
from fairrun.pages import (
    AlternativesShown,
    best_by_mitigator,
    chart_axes,
    constraint_limit,
    render_sweep,
    with_axes,
)
from fairrun.runs.main_defaults import COMPARED_METRICS
from fairrun.runs.sweep_request import Sweep
from fairrun.sweep.objectives import Constraint, Objective
from fairrun.sweep.selection import on_frontier
from fairrun.sweep.trial import TrialResult
from fairrun.tracking.names import IMPORTANCE
from fairrun.tracking.runs import log_figure
from fairrun.tracking.sweeps import log_page, put_table

__all__ = ["log_charts"]


def log_charts(
    sweep: Sweep,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
    paragraphs: Sequence[str],
    commands: Sequence[str],
    alternatives: AlternativesShown,
) -> None:
    """Log the figures and the page of a sweep.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    trials : mapping of int to TrialResult
        The trials as they are shown, by number. Those without a value on an axis are not drawn.
    table : pandas.DataFrame
        The table of trials; see `trials_table`.
    paragraphs : sequence of str
        What stands above the chart of the page.
    commands : sequence of str
        What to type next, as the page says it.
    alternatives : AlternativesShown
        The candidates for a less discriminatory alternative.
    """
    from fairrun.sweep.importance import parameter_importance  # imports Optuna

    plan, spec = sweep.plan, sweep.dataset.spec
    axes, groups = chart_axes(plan.axes), spec.protected[0].group_names
    points = with_axes(table, trials, plan.axes)
    limit = constraint_limit(plan.constraint, plan.axes[1])
    if len(points):
        log_figure("frontier", plot_sweep(points, axes, groups, limit=limit))
        best = best_by_mitigator(points, axes[0])
        log_figure("best_by_mitigator", plot_metric_bars(best, COMPARED_METRICS, *groups))
        in_ratios = [each.name for each in plan.space.dimensions if each.in_ratios]
        log_figure("parameters", plot_parameters(points, plan.space.names, axes, in_ratios))
    if plan.constraint is not None:
        _log_constrained(sweep, plan.constraint, trials, table)
    importance = parameter_importance(list(trials.values()), plan.space, plan.axes)
    if len(importance):
        put_table(IMPORTANCE, importance)
        log_figure(IMPORTANCE, plot_importance(importance))
    log_page(
        render_sweep(
            table,
            plan.shown,
            [name for name in plan.space.names if name in table],
            groups,
            title=f"Sweep of {len(table)} trials on {spec.name}",
            paragraphs=paragraphs,
            commands=commands,
            alternatives=alternatives,
        )
    )


def _log_constrained(
    sweep: Sweep,
    constraint: Constraint,
    trials: Mapping[int, TrialResult],
    table: pd.DataFrame,
) -> None:
    """Log a figure of the first constrained metric of groups that is no axis of the frontier."""
    axes = sweep.plan.axes
    drawn = {axis.key for axis in axes}
    terms = zip(constraint.gate.terms, constraint.keys, constraint.abouts, strict=True)
    for term, key, about in terms:
        if key in drawn or term.metric.kind == "performance":
            continue
        pair = (axes[0], Objective(term.metric, about, key))
        points = with_axes(table, trials, pair)
        if points.empty:
            return
        gains = [[axis.gain(trials[n].metrics)[0] for axis in pair] for n in points["number"]]
        figure = plot_sweep(
            points.assign(frontier=on_frontier(gains)),
            chart_axes(pair),
            _names_of_groups(key, about, sweep.problem.protected),
            limit=term.threshold,
            title=f"All trials and the constraint {term}",
        )
        log_figure("frontier_constrained", figure)
        return


def _names_of_groups(key: str, about: str, protected: Sequence[ProtectedColumn]) -> tuple[str, ...]:
    """Return the two groups of a metric; empty for the worst pair of several, and for crossings."""
    names = {column.name: column.group_names for column in protected}
    return () if "_worst" in key else names.get(about, ())
