"""The steps of a group: all its thresholds, with the rates and the objective at each.

A step of a group is a threshold between two neighbouring scores. Each lower step selects more of
the group's rows, so that selection rate, true and false positive rate never fall from step to step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.training.mitigation.threshold_constraints import RateConstraint

__all__ = ["Steps", "cut_scores", "group_steps", "has_rates", "label_weights"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Rates are quotients of whole numbers, so rates that differ by less than this are equal.
ROUNDING = 1e-12
#: Scores with a smaller relative difference count as equal, because a threshold between them might
#: not separate them on another machine.
_SAME_SCORE = 1e-9
#: With weights, the objective is rounded to this many parts of its largest value, so that equally
#: good answers are exactly equal.
_FINE = 2.0**40


@dataclass(frozen=True)
class Steps:
    """The steps of a group, from no selected row to all rows selected.

    Attributes
    ----------
    thresholds : array of float64 of shape (n_steps,)
        The thresholds, in descending order.
    rows : array of int64 of shape (n_steps,)
        The number of rows above each threshold.
    selected : array of shape (n_steps,)
        The number of rows (or the sum of weights) above each threshold.
    rates : array of float64 of shape (n_rates, n_steps)
        The rates that the constraint compares, in ascending order.
    size : array of shape (n_rates,)
        The (effective) number of rows in the denominator of each rate.
    one_row : array of float64 of shape (n_rates,)
        The largest change of each rate by one row.
    value : array of int64 of shape (n_steps,)
        The part of the group in the objective, in the same unit for all groups.
    """

    thresholds: _Floats
    rows: _Ints
    selected: NDArray[Any]
    rates: _Floats
    size: NDArray[Any]
    one_row: _Floats
    value: _Ints

    def window(self, rate: int, low: _Floats, high: _Floats) -> tuple[_Ints, _Ints]:
        """Return start and stop of the steps with a rate from `low` to `high`."""
        rates = self.rates[rate]
        return (
            np.searchsorted(rates, low - ROUNDING, side="left"),
            np.searchsorted(rates, high + ROUNDING, side="right"),
        )

    def only(self, kept: _Ints) -> Steps:
        """Return the steps with the given positions."""
        return Steps(
            self.thresholds[kept],
            self.rows[kept],
            self.selected[kept],
            self.rates[:, kept],
            self.size,
            self.one_row,
            self.value[kept],
        )

    def at(self, n_rows: int) -> int:
        """Return the step with `n_rows` rows above it, or the next that selects more."""
        return min(int(np.searchsorted(self.rows, n_rows)), len(self.rows) - 1)


def has_rates(label: _Ints, asked: RateConstraint) -> bool:
    """Return whether every rate of a constraint has a row in its denominator."""
    positive = int(label.sum())
    out_of = {
        "selection": len(label),
        "true_positive": positive,
        "false_positive": len(label) - positive,
    }
    return all(out_of[rate] for rate in ("selection", *asked.rates))


def label_weights(label: _Ints, objective: str, weight: _Floats | None) -> tuple[float, float]:
    """Return the weights of a correct label 0 and 1 in the objective.

    They are whole numbers, so that equally good answers are exactly equal. With weights, the
    objective of all rows is `_FINE`, and `group_steps` rounds the parts of it.
    """
    positive: float
    negative: float
    if weight is None:
        if objective == "accuracy":
            return 1, 1
        positive = int(label.sum())
        negative = len(label) - positive
    else:
        if objective == "accuracy":
            return _FINE / weight.sum(), _FINE / weight.sum()
        positive, negative = weight[label == 1].sum(), weight[label == 0].sum()
    if not positive or not negative:
        raise RequestError(
            "balanced accuracy needs rows of both labels; give objective=accuracy or more rows"
        )
    if weight is not None:
        return _FINE / (2 * negative), _FINE / (2 * positive)
    return positive, negative


def cut_scores(ordered: _Floats) -> tuple[_Ints, _Floats]:
    """Return the steps for scores in descending order: number of scores above, and threshold."""
    gap = ordered[:-1] - ordered[1:]
    size = np.maximum(1.0, np.abs(ordered[:-1]))
    inner = np.flatnonzero(gap > _SAME_SCORE * size) + 1
    above = np.concatenate([[0], inner, [len(ordered)]])
    midway = ordered[inner] + (ordered[inner - 1] - ordered[inner]) / 2
    return above, np.concatenate([[ordered[0] + 1], midway, [ordered[-1] - 1]])


def group_steps(
    log_odds: _Floats,
    label: _Ints,
    weight: _Floats | None,
    asked: RateConstraint,
    weights: tuple[float, float],
) -> Steps:
    """Return the steps of a group.

    Parameters
    ----------
    log_odds, label, weight : arrays of shape (n_rows,)
        The rows of the group; `weight` may be None.
    asked : RateConstraint
        The rates to compute; each has a row in its denominator.
    weights : tuple of float
        The result of `label_weights` for all groups.

    Returns
    -------
    Steps
    """
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = cut_scores(log_odds[order])
    # Each sum is over its own rows, because a difference of two sums would not grow steadily.
    counted: NDArray[Any] = np.ones(len(label), dtype=np.int64) if weight is None else weight
    own = {
        "selection": counted,
        "true_positive": counted * (label == 1),
        "false_positive": counted * (label == 0),
    }
    summed = {
        rate: np.concatenate([[0], np.cumsum(of_row[order])])[above] for rate, of_row in own.items()
    }
    right_0 = summed["false_positive"][-1] - summed["false_positive"]
    value = weights[0] * right_0 + weights[1] * summed["true_positive"]
    return Steps(
        thresholds=thresholds,
        rows=above,
        selected=summed["selection"],
        rates=np.stack([summed[rate] / summed[rate][-1] for rate in asked.rates]),
        # Kish's effective number of rows; the number of rows without weights.
        size=np.array([own[rate].sum() ** 2 / (own[rate] ** 2).sum() for rate in asked.rates]),
        one_row=np.array([own[rate].max() / own[rate].sum() for rate in asked.rates]),
        value=np.rint(value).astype(np.int64),
    )
