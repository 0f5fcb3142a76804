"""Turns the trials of a sweep into the tables that its figures draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fairrun.figures import Axis
from fairrun.sweep.objectives import Constraint, Objective
from fairrun.sweep.trial import TrialResult

__all__ = ["best_by_mitigator", "chart_axes", "constraint_limit", "with_axes"]


def chart_axes(objectives: Sequence[Objective]) -> tuple[Axis, Axis]:
    """Return the two axes of a sweep. A difference is drawn by its distance from 0."""
    first, second = (_axis(each) for each in objectives)
    return first, second


def _axis(objective: Objective) -> Axis:
    metric, words = objective.metric, objective.key.replace("_", " ")
    if metric.kind == "difference":
        return Axis(f"axis {objective.key}", f"|{words}|", lower_is_better=True)
    if metric.kind == "ratio":
        return Axis(f"axis {objective.key}", f"{words}, r or 1/r", lower_is_better=False)
    return Axis(f"axis {objective.key}", words, lower_is_better=metric.name == "brier_score")


def with_axes(
    table: pd.DataFrame, trials: Mapping[int, TrialResult], objectives: Sequence[Objective]
) -> pd.DataFrame:
    """Return the trials of a table that charts can draw, with the columns that they need added.

    These are the complete trials that have a value on each axis, which a trial of sensitive data
    has only if the groups of the metric are shown.
    """
    complete = table[table["state"] == "complete"]
    added: dict[str, list[float]] = {}
    for objective, axis in zip(objectives, chart_axes(objectives), strict=True):
        gains = [objective.gain(trials[number].metrics) for number in complete["number"]]
        # If smaller is better, the gain is the negative value, so its limits swap places.
        down = axis.lower_is_better
        ends = ("", "_high", "_low") if down else ("", "_low", "_high")
        for place, end in enumerate(ends):
            added[axis.key + end] = [-gain[place] if down else gain[place] for gain in gains]
    keys = [axis.key for axis in chart_axes(objectives)]
    return complete.assign(**added).dropna(subset=keys)


def constraint_limit(constraint: Constraint | None, axis: Objective) -> float | None:
    """Return the threshold that a constraint sets for an axis, or None."""
    if constraint is None:
        return None
    of_axis = [
        term.threshold
        for term, key in zip(constraint.gate.terms, constraint.keys, strict=True)
        if key == axis.key
    ]
    return of_axis[0] if of_axis else None


def best_by_mitigator(points: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Return the best trial of each mitigator.

    Trials that meet the constraint come before the others. Without a constraint, trials on the
    frontier come before the others.

    Parameters
    ----------
    points : pandas.DataFrame
        The table that `with_axes` returns.
    axis : Axis
        The axis that decides which trial is best.
    """
    sign = -1 if axis.lower_is_better else 1
    judged = points["verdict"].ne("").any()
    first = points["verdict"].eq("pass") if judged else points["frontier"]
    order = np.lexsort((-sign * points[axis.key].to_numpy(), ~first.to_numpy()))
    best = points.iloc[order].drop_duplicates("mitigator")
    return best.sort_values("number").sort_values(
        "mitigator", key=lambda names: names.ne("none"), kind="stable"
    )
