"""Search a threshold for each group: the best labels with similar rates in all groups.

A step of a group is a threshold between two neighbouring scores. Each lower step selects more of
the group's rows, so that selection rate, true and false positive rate never fall from step to step.
The steps with a rate in a given range are therefore neighbours, and the best of them is a range
maximum. The search is exact, because it considers every step and not a grid of thresholds.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fairrun.errors import RequestError

__all__ = [
    "CONSTRAINTS",
    "OBJECTIVES",
    "GroupThresholdChoice",
    "RateConstraint",
    "search_thresholds",
]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
#: The first and the last step (excluded) of many ranges of steps.
_Windows = tuple[_Ints, _Ints]

_log = logging.getLogger(__name__)

#: Rates are quotients of whole numbers, so rates that differ by less than this are equal.
_ROUNDING = 1e-12
#: Scores with a smaller relative difference count as equal, because a threshold between them might
#: not separate them on another machine.
_SAME_SCORE = 1e-9
#: The largest number of steps of all groups for two rates and more than two groups. The time grows
#: with the square of this number.
_MANY_STEPS = 2000
#: With weights, the objective is rounded to this many parts of its largest value, so that equally
#: good answers are exactly equal.
_FINE = 2.0**40


@dataclass(frozen=True)
class RateConstraint:
    """The rates that a constraint makes similar in all groups.

    Attributes
    ----------
    rates : tuple of str
        One or more of "selection", "true_positive" and "false_positive".
    ratio : bool
        Whether the rates of two groups are compared by their ratio or by their difference.
    """

    rates: tuple[str, ...]
    ratio: bool = False


#: Every constraint by name.
CONSTRAINTS: Mapping[str, RateConstraint] = MappingProxyType(
    {
        "statistical_parity": RateConstraint(("selection",)),
        "disparate_impact": RateConstraint(("selection",), ratio=True),
        "equality_of_opportunity_difference": RateConstraint(("true_positive",)),
        "equalized_odds": RateConstraint(("true_positive", "false_positive")),
    }
)

#: The metrics that the thresholds can maximise.
OBJECTIVES = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class GroupThresholdChoice:
    """The thresholds of a search. The label is 1 if the log-odds are above the threshold.

    Attributes
    ----------
    thresholds : array of float64 of shape (n_groups,)
        The threshold of each group code.
    pooled : float
        The threshold of rows without a group.
    """

    thresholds: _Floats
    pooled: float


def search_thresholds(
    log_odds: _Floats,
    label: _Ints,
    positions: NDArray[np.integer],
    n_groups: int,
    *,
    constraint: str,
    tolerance: float,
    objective: str,
    confidence: float,
    weight: _Floats | None = None,
) -> GroupThresholdChoice:
    """Find the thresholds with the best objective among all thresholds that meet the constraint.

    A threshold lies midway between two neighbouring scores of its group, or 1 below or above all of
    them. The search covers all combinations of thresholds, in O(n log n). For equalized odds with
    more than two groups, it covers 2,000 thresholds, evenly spaced by rank in each group.

    If several combinations are equally good, the one that selects the fewest rows is preferred, and
    then the middle one of each group's equally good thresholds.

    Parameters
    ----------
    log_odds : array of float64 of shape (n_rows,)
        Scores from a model that was not fitted on these rows.
    label : array of int64 of shape (n_rows,)
        0 or 1, where 1 is the favourable outcome.
    positions : array of int of shape (n_rows,)
        The group of each row, from 0 to n_groups − 1. Rows with −1 have no group and no effect on
        the thresholds of the groups.
    n_groups : int
        The number of groups, at least 2.
    constraint : str
        A name in `CONSTRAINTS`.
    tolerance : float
        The largest allowed distance from parity, from 0 to 1. For each pair of groups a and b, each
        difference of rates a − b must lie within [−tolerance, tolerance]. For the disparate impact,
        every group must have a selected row, and the ratio a / b must lie within
        [1 − tolerance, 1 / (1 − tolerance)]. With 1 there is no constraint. With 0 the rates may
        differ by one row of the smallest group; see Notes.
    objective : {"accuracy", "balanced_accuracy"}
        The metric to maximise, over all rows with a group.
    confidence : float
        The approximate probability that the constraint holds in the population of the rows, at
        least 0.5 and below 1. With 0.5 the constraint is checked for the given rows without a
        margin.
    weight : array of float64 of shape (n_rows,), optional
        The weights of the rows, above 0. Rates and objective are then weighted, and the margin
        comes from each group's effective number of rows, (Σw)² / Σw².

    Returns
    -------
    GroupThresholdChoice
        The thresholds of the groups and the pooled threshold. The latter selects as many of the
        rows with a group as the groups' thresholds do, as nearly as the scores allow.

    Raises
    ------
    RequestError
        If an argument is not allowed, or a group has too few rows to compute its rates.

    Notes
    -----
    With a confidence above 0.5, the tolerance is reduced by a margin: the normal quantile of the
    confidence times the standard error of the difference of two proportions, or of the logarithm of
    their ratio. A Bonferroni correction divides the error among all pairs of groups and rates. If
    the reduced tolerance is smaller than the change of a rate by one row of the smallest group, the
    search uses this change as tolerance and logs a warning.

    References
    ----------
    S. Corbett-Davies et al., "Algorithmic decision making and the cost of fairness", KDD 2017:
    group thresholds are the optimal fair rule. M. Hardt, E. Price and N. Srebro, "Equality of
    opportunity in supervised learning", NeurIPS 2016: there, labels between two thresholds of a
    group are random; here, each group has one threshold.

    Examples
    --------
    >>> score = np.array([-2.0, -1.0, 1.0, 2.0, -4.0, -3.0, -2.0, -1.0])
    >>> label = np.array([0, 0, 1, 1, 0, 0, 0, 1])
    >>> group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> search_thresholds(
    ...     score, label, group, 2, constraint="disparate_impact", tolerance=0.2,
    ...     objective="accuracy", confidence=0.5,
    ... )
    GroupThresholdChoice(thresholds=array([ 1.5, -1.5]), pooled=0.0)
    """
    _check_arguments(constraint, tolerance, objective, confidence, n_groups)
    asked = CONSTRAINTS[constraint]
    known = positions >= 0
    weights = _label_weights(label[known], objective, None if weight is None else weight[known])
    groups = [
        _group_steps(log_odds[positions == code], label[positions == code], asked, weights, code)
        if weight is None
        else _weighted_steps(
            *(log_odds[positions == code], label[positions == code], weight[positions == code]),
            *(asked, weights, code),
        )
        for code in range(n_groups)
    ]
    if tolerance == 1:
        everything = [(np.array([0]), np.array([len(group.value)])) for group in groups]
        steps = _middle_best_steps(groups, everything, 0)
    else:
        if asked.ratio:
            # The ratio of two rates is undefined if both are 0, so each group selects a row.
            groups = [group.only(np.arange(1, len(group.value))) for group in groups]
        elif len(asked.rates) > 1 and n_groups > 2:
            groups = [
                group.only(_spread(len(group.value), _MANY_STEPS // n_groups)) for group in groups
            ]
        steps = _steps_within_tolerance(groups, constraint, tolerance, confidence)
    thresholds = [group.thresholds[step] for group, step in zip(groups, steps, strict=True)]
    selected = sum(group.selected[step].item() for group, step in zip(groups, steps, strict=True))
    counted = known if weight is None else known * weight
    return GroupThresholdChoice(
        np.array(thresholds, dtype=np.float64), _pooled(log_odds, counted, selected)
    )


@dataclass(frozen=True)
class _Steps:
    """The steps of a group, from no selected row to all rows selected.

    Attributes
    ----------
    thresholds : array of float64 of shape (n_steps,)
        The thresholds, in descending order.
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
    selected: NDArray[Any]
    rates: _Floats
    size: NDArray[Any]
    one_row: _Floats
    value: _Ints

    def window(self, rate: int, low: _Floats, high: _Floats) -> tuple[_Ints, _Ints]:
        """Return start and stop of the steps with a rate from `low` to `high`."""
        rates = self.rates[rate]
        return (
            np.searchsorted(rates, low - _ROUNDING, side="left"),
            np.searchsorted(rates, high + _ROUNDING, side="right"),
        )

    def only(self, kept: _Ints) -> _Steps:
        """Return the steps with the given positions."""
        return _Steps(
            self.thresholds[kept],
            self.selected[kept],
            self.rates[:, kept],
            self.size,
            self.one_row,
            self.value[kept],
        )


class _RangeMaximum:
    """A sparse table of an array, with the maxima of all windows of 1, 2, 4, … entries."""

    def __init__(self, values: _Ints) -> None:
        levels = [values]
        while (width := 2 ** (len(levels) - 1)) * 2 <= len(values):
            shorter = levels[-1]
            levels.append(shorter.copy())
            np.maximum(shorter[:-width], shorter[width:], out=levels[-1][:-width])
        self._levels = np.stack(levels)

    def __call__(self, start: _Ints, stop: _Ints) -> _Ints:
        """Return the maximum of ``values[start:stop]`` for each window.

        The result for an empty window has no meaning.
        """
        level = np.frexp(np.maximum(stop - start, 1))[1] - 1
        last = self._levels.shape[1] - 1
        first = self._levels[level, np.minimum(start, last)]
        second = self._levels[level, np.clip(stop - 2**level, 0, last)]
        return np.asarray(np.maximum(first, second))


def _check_arguments(
    constraint: str, tolerance: float, objective: str, confidence: float, n_groups: int
) -> None:
    if constraint not in CONSTRAINTS:
        raise RequestError(
            f"constraint={constraint} is not known; give one of {', '.join(CONSTRAINTS)}"
        )
    if objective not in OBJECTIVES:
        raise RequestError(
            f"objective={objective} is not known; give one of {', '.join(OBJECTIVES)}"
        )
    # Every comparison with NaN is false, so this order of the limits refuses NaN as well.
    if not 0 <= tolerance <= 1:
        raise RequestError(f"tolerance={tolerance} is not possible; give a number from 0 to 1")
    if not 0.5 <= confidence < 1:
        raise RequestError(
            f"confidence={confidence} is not possible; give a number from 0.5 (no margin) to "
            "below 1"
        )
    if n_groups < 2:
        raise RequestError("group thresholds need at least two groups, and there is only one")


def _label_weights(label: _Ints, objective: str, weight: _Floats | None) -> tuple[float, float]:
    """Return the weights of a correct label 0 and 1 in the objective.

    They are whole numbers, so that equally good answers are exactly equal. With weights, the
    objective of all rows is `_FINE`, and `_weighted_steps` rounds the parts of it.
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


def _cuts(ordered: _Floats) -> tuple[_Ints, _Floats]:
    """Return the steps for scores in descending order: number of scores above, and threshold."""
    gap = ordered[:-1] - ordered[1:]
    size = np.maximum(1.0, np.abs(ordered[:-1]))
    inner = np.flatnonzero(gap > _SAME_SCORE * size) + 1
    above = np.concatenate([[0], inner, [len(ordered)]])
    midway = ordered[inner] + (ordered[inner - 1] - ordered[inner]) / 2
    return above, np.concatenate([[ordered[0] + 1], midway, [ordered[-1] - 1]])


def _group_steps(
    log_odds: _Floats,
    label: _Ints,
    asked: RateConstraint,
    weights: tuple[float, float],
    code: int,
) -> _Steps:
    positive = int(label.sum())
    out_of = {
        "selection": len(label),
        "true_positive": positive,
        "false_positive": len(label) - positive,
    }
    _check_rows(label, asked, code)
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = _cuts(log_odds[order])
    true_positive = np.concatenate([[0], np.cumsum(label[order])])[above]
    counts = {
        "selection": above,
        "true_positive": true_positive,
        "false_positive": above - true_positive,
    }
    right_0 = out_of["false_positive"] - counts["false_positive"]
    size = np.array([out_of[rate] for rate in asked.rates])
    return _Steps(
        thresholds=thresholds,
        selected=above,
        rates=np.stack([counts[rate] / out_of[rate] for rate in asked.rates]),
        size=size,
        one_row=1 / size,
        value=weights[0] * right_0 + weights[1] * true_positive,
    )


def _weighted_steps(
    log_odds: _Floats,
    label: _Ints,
    weight: _Floats,
    asked: RateConstraint,
    weights: tuple[float, float],
    code: int,
) -> _Steps:
    """Return the steps of a group whose rows have weights, from sums of weights."""
    _check_rows(label, asked, code)
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = _cuts(log_odds[order])
    # Each sum is over its own rows, because a difference of two sums would not grow steadily.
    own = {
        "selection": weight,
        "true_positive": weight * (label == 1),
        "false_positive": weight * (label == 0),
    }
    summed = {
        rate: np.concatenate([[0.0], np.cumsum(of_row[order])])[above]
        for rate, of_row in own.items()
    }
    right_0 = summed["false_positive"][-1] - summed["false_positive"]
    value = weights[0] * right_0 + weights[1] * summed["true_positive"]
    return _Steps(
        thresholds=thresholds,
        selected=summed["selection"],
        rates=np.stack([summed[rate] / summed[rate][-1] for rate in asked.rates]),
        size=np.array([own[rate].sum() ** 2 / (own[rate] ** 2).sum() for rate in asked.rates]),
        one_row=np.array([own[rate].max() / own[rate].sum() for rate in asked.rates]),
        value=np.rint(value).astype(np.int64),
    )


def _check_rows(label: _Ints, asked: RateConstraint, code: int) -> None:
    """Raise RequestError if a rate of the constraint has no row in its denominator."""
    positive = int(label.sum())
    out_of = {
        "selection": (len(label), ""),
        "true_positive": (positive, " with label 1"),
        "false_positive": (len(label) - positive, " with label 0"),
    }
    for n_rows, kind in (out_of[rate] for rate in ("selection", *asked.rates)):
        if n_rows == 0:
            raise RequestError(
                f"group {code} (counted from 0) has no row{kind} to fit a threshold on; "
                "give more rows, merge it with another group, or set its protected value to null"
            )


def _spread(n: int, at_most: int) -> _Ints:
    """Return at most `at_most` of the numbers 0 to n − 1, evenly spaced, with both ends."""
    return np.unique(np.linspace(0, n - 1, at_most).round().astype(np.int64))


def _steps_within_tolerance(
    groups: Sequence[_Steps], constraint: str, tolerance: float, confidence: float
) -> list[int]:
    """Return the best step of each group such that the tolerance is met with its margin.

    The margin depends on the steps, because the standard error depends on the rates. The search is
    therefore repeated with a smaller allowed distance until the steps meet the tolerance with their
    own margin. It ends because the allowed distance falls in each round.
    """
    ratio = CONSTRAINTS[constraint].ratio
    limit = -np.log1p(-tolerance) if ratio else tolerance
    n_rates = len(CONSTRAINTS[constraint].rates)
    pairs = np.triu_indices(len(groups), 1)
    allowed_error = (1 - confidence) / (n_rates * len(pairs[0]))
    quantile = 0.0 if confidence == 0.5 else float(ndtri(1 - allowed_error))
    size = np.array([group.size for group in groups])
    one_row = np.max([group.one_row for group in groups], axis=0)

    allowed = np.full(n_rates, limit)
    while True:
        steps = _best_steps(groups, allowed, ratio)
        rates = np.array([group.rates[:, step] for group, step in zip(groups, steps, strict=True)])
        if ratio:
            place, variance = np.log(rates), (1 - rates) / (size * rates)
        else:
            place, variance = rates, rates * (1 - rates) / size
        distance = np.abs(place[pairs[0]] - place[pairs[1]])
        margin = quantile * np.sqrt(variance[pairs[0]] + variance[pairs[1]])
        if tolerance and (distance + margin <= limit + 10 * _ROUNDING).all():
            return steps
        # For each rate, the margin of the pair of groups with the largest distance plus margin.
        margin = np.take_along_axis(margin, (distance + margin).argmax(axis=0)[None], axis=0)[0]
        allowed = np.minimum(allowed, limit - margin)
        if (allowed < (one_row / rates.min(axis=0) if ratio else one_row)).any():
            break
    _log.warning(
        "%s: there are too few rows for tolerance=%g with confidence=%g; the groups' rates differ "
        "by about one row of the smallest group instead",
        constraint,
        tolerance,
        confidence,
    )
    return _best_steps(groups, one_row if ratio else np.maximum(allowed, one_row), ratio=False)


def _best_steps(groups: Sequence[_Steps], allowed: _Floats, ratio: bool) -> list[int]:
    """Return the best step of each group such that the groups' rates differ by at most `allowed`.

    If `ratio` is true, the logarithms of the rates differ by at most `allowed`.
    """
    if len(allowed) == 1:
        return _best_of_one_rate(groups, allowed[0], ratio)
    if len(groups) == 2:
        return _best_of_two_groups(groups[0], groups[1], allowed)
    return _best_of_two_rates(groups, allowed)


def _best_of_one_rate(groups: Sequence[_Steps], allowed: float, ratio: bool) -> list[int]:
    """Return the best steps for one rate.

    Each rate of a step is tried as the lowest rate of all groups. Every group then takes its best
    step with a rate from the lowest to the highest allowed one.
    """
    lowest = np.unique(np.concatenate([group.rates[0] for group in groups]))
    highest = lowest * np.exp(allowed) if ratio else lowest + allowed
    windows = [group.window(0, lowest, highest) for group in groups]
    maxima = [_RangeMaximum(group.value) for group in groups]
    return _middle_best_steps(groups, windows, int(_totals(maxima, windows).argmax()))


def _best_of_two_groups(first: _Steps, second: _Steps, allowed: _Floats) -> list[int]:
    """Return the best steps for two rates and two groups.

    Each step of the first group is tried with the second group's best step near it in both rates.
    """
    windows = [
        second.window(rate, first.rates[rate] - allowed[rate], first.rates[rate] + allowed[rate])
        for rate in range(2)
    ]
    (start_0, stop_0), (start_1, stop_1) = windows
    itself = np.arange(len(first.value))
    both = [
        (itself, itself + 1),
        (np.maximum(start_0, start_1), np.minimum(stop_0, stop_1)),
    ]
    groups = (first, second)
    maxima = [_RangeMaximum(group.value) for group in groups]
    return _middle_best_steps(groups, both, int(_totals(maxima, both).argmax()))


def _best_of_two_rates(groups: Sequence[_Steps], allowed: _Floats) -> list[int]:
    """Return the best steps for two rates and more than two groups.

    Each pair of values of the two rates is tried as the lowest rates of all groups, as in
    `_best_of_one_rate`.
    """
    lowest = [np.unique(np.concatenate([group.rates[rate] for group in groups])) for rate in (0, 1)]
    by_rate = [
        [group.window(rate, lowest[rate], lowest[rate] + allowed[rate]) for group in groups]
        for rate in (0, 1)
    ]
    maxima = [_RangeMaximum(group.value) for group in groups]
    best, best_windows, best_at = -1, by_rate[0], 0
    for i in range(len(lowest[0])):
        windows = [
            (np.maximum(start_0[i], start_1), np.minimum(stop_0[i], stop_1))
            for (start_0, stop_0), (start_1, stop_1) in zip(*by_rate, strict=True)
        ]
        totals = _totals(maxima, windows)
        at = int(totals.argmax())
        if totals[at] > best:
            best, best_windows, best_at = int(totals[at]), windows, at
    return _middle_best_steps(groups, best_windows, best_at)


def _totals(maxima: Sequence[_RangeMaximum], windows: Sequence[_Windows]) -> _Ints:
    """Return the sum over groups of the maximum in each window; −1 if one of them is empty."""
    possible = np.logical_and.reduce([start < stop for start, stop in windows])
    values = [maximum(*window) for maximum, window in zip(maxima, windows, strict=True)]
    return np.where(possible, np.sum(values, axis=0), -1)


def _middle_best_steps(groups: Sequence[_Steps], windows: Sequence[_Windows], at: int) -> list[int]:
    """Return each group's best step in its window `at`; of equally good steps, the middle one."""
    steps = []
    for group, (start, stop) in zip(groups, windows, strict=True):
        values = group.value[start[at] : stop[at]]
        best = np.flatnonzero(values == values.max())
        steps.append(int(start[at] + best[len(best) // 2]))
    return steps


def _pooled(log_odds: _Floats, known: NDArray[Any], selected: float) -> float:
    """Return the threshold for all rows that selects about `selected` of the rows with a group.

    `known` is whether a row has a group, or its weight if it has one.
    """
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = _cuts(log_odds[order])
    missed = np.abs(np.concatenate([[0], np.cumsum(known[order])])[above] - selected)
    nearest = np.flatnonzero(missed == missed.min())
    return float(thresholds[nearest[len(nearest) // 2]])
