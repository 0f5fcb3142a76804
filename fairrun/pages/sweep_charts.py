"""From trials to what the figures of a sweep draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fairrun.figures import Axis
from fairrun.sweep.objectives import Constraint, Objective
from fairrun.sweep.trial import TrialResult

__all__ = ["best_by_mitigator", "chart_axes", "constraint_limit", "with_axes"]


def chart_axes(objectives: Sequence[Objective]) -> tuple[Axis, Axis]:
    """Name the two axes of a sweep, a difference by its distance from 0."""
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
    """Take the complete trials of a table, with the columns that the axes are drawn from."""
    complete = table[table["state"] == "complete"]
    added: dict[str, list[float]] = {}
    for objective, axis in zip(objectives, chart_axes(objectives), strict=True):
        gains = [objective.gain(trials[number].metrics) for number in complete["number"]]
        # Of what is the better the smaller, the most gained is the least there is.
        down = axis.lower_is_better
        ends = ("", "_high", "_low") if down else ("", "_low", "_high")
        for place, end in enumerate(ends):
            added[axis.key + end] = [-gain[place] if down else gain[place] for gain in gains]
    return complete.assign(**added)


def constraint_limit(constraint: Constraint | None, axis: Objective) -> float | None:
    """Find the threshold that a constraint sets on an axis."""
    if constraint is None:
        return None
    of_axis = [
        term.threshold
        for term, key in zip(constraint.gate.terms, constraint.keys, strict=True)
        if key == axis.key
    ]
    return of_axis[0] if of_axis else None


def best_by_mitigator(points: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Take of each mitigator the best trial: of those that meet the constraint, if any do.

    Parameters
    ----------
    points : pandas.DataFrame
        What `with_axes` gives.
    axis : Axis
        By what; without a constraint the trials on the frontier go first.
    """
    sign = -1 if axis.lower_is_better else 1
    judged = points["verdict"].ne("").any()
    first = points["verdict"].eq("pass") if judged else points["frontier"]
    order = np.lexsort((-sign * points[axis.key].to_numpy(), ~first.to_numpy()))
    best = points.iloc[order].drop_duplicates("mitigator")
    return best.sort_values("number").sort_values(
        "mitigator", key=lambda names: names.ne("none"), kind="stable"
    )
