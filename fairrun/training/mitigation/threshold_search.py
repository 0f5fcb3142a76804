"""One threshold for each group: the best labels that keep the groups' rates near each other.

Lowering a group's threshold past one score after another selects more and more of its rows, in
steps. Selection rate, true and false positive rate only grow from step to step, so the steps whose
rate lies in a given window are neighbours, and the best of them is a range maximum. The search
looks at every step there is; it fits no curve and draws no grid.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

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
#: Starts and stops, many windows at once.
_Windows = tuple[_Ints, _Ints]

_log = logging.getLogger(__name__)

#: Rates are quotients of whole numbers: what differs by less than this is equal.
_ROUNDING = 1e-12
#: Scores nearer than this, relative to their size, are one score: a threshold between them would
#: not separate them on a machine that rounds otherwise.
_SAME_SCORE = 1e-9
#: So many steps, over all groups, are looked at where two rates and more than two groups meet.
_MANY_STEPS = 2000


@dataclass(frozen=True)
class RateConstraint:
    """What is to be alike in all groups.

    Attributes
    ----------
    rates : tuple of str
        Of "selection", "true_positive" and "false_positive".
    ratio : bool
        Whether the groups' rates are compared by their ratio; otherwise by their difference.
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

#: What the thresholds make as large as they can.
OBJECTIVES = ("accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class GroupThresholdChoice:
    """The thresholds that were found; a row is labelled 1 if its score is above its threshold.

    Attributes
    ----------
    thresholds : ndarray of float64, shape (n_groups,)
        One for each group code.
    pooled : float
        For rows of no known group.
    """

    thresholds: _Floats
    pooled: float


def search_thresholds(
    log_odds: _Floats,
    label: _Ints,
    codes: NDArray[np.integer],
    n_groups: int,
    *,
    constraint: str,
    tolerance: float,
    objective: str,
    confidence: float,
) -> GroupThresholdChoice:
    """Find the thresholds of the best objective among all that meet the constraint.

    A threshold lies midway between two neighbouring scores of its group, or 1 below or above all
    of them. The answer is the best over all combinations of steps, in O(n log n); only for
    equalized odds of more than two groups is it the best over 2,000 steps, each group's share of
    them evenly spaced by rank.

    Of equally good answers the first is taken, going from few rows selected to many, and there
    the middle one of each group's equally good steps.

    Parameters
    ----------
    log_odds : ndarray of float64, shape (n_rows,)
        Scores that the model did not learn from these rows: out-of-fold, or of held-out rows.
    label : ndarray of int64, shape (n_rows,)
        1 = the favourable outcome.
    codes : ndarray of int, shape (n_rows,)
        The group of each row, 0 to n_groups − 1, or −1: of no known group, and of no effect on
        the groups' thresholds.
    n_groups : int
        At least 2.
    constraint : str
        A name of `CONSTRAINTS`.
    tolerance : float
        From 0 to 1. For every two groups a, b: each rate difference a − b within
        [−tolerance, tolerance], or for the disparate impact the ratio a / b within
        [1 − tolerance, 1 / (1 − tolerance)], which somebody must be selected for. 1 allows
        everything; 0 allows what one row of the smallest group weighs, see Notes.
    objective : {"accuracy", "balanced_accuracy"}
        Over all rows of a known group.
    confidence : float
        From 0.5 up to but not 1: the probability, about, with which the constraint is to hold for
        the population that the rows were drawn from. 0.5 asks it of the given rows alone.

    Returns
    -------
    GroupThresholdChoice
        The thresholds by group code, and the pooled one: it selects, as nearly as the scores
        allow, as many of the rows with a group as the groups' thresholds do.

    Raises
    ------
    RequestError
        If an argument is out of its range, or a group has too few rows for its rates.

    Notes
    -----
    With a confidence above 0.5 the constraint is tightened by its normal quantile times the
    standard error of the difference, or of the logarithm of the ratio, of two proportions; a
    Bonferroni correction shares the error among all pairs of groups and rates. Where that leaves
    less than one row of the smallest group weighs, the rates are brought as near as that, and a
    warning is logged.

    Group thresholds as the optimal fair rule: S. Corbett-Davies et al., Algorithmic decision making
    and the cost of fairness, KDD 2017; M. Hardt, E. Price, N. Srebro, Equality of opportunity in
    supervised learning, NeurIPS 2016 (there with random labels between two thresholds; here
    without).

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
    known = codes >= 0
    weights = _label_weights(label[known], objective)
    groups = [
        _group_steps(log_odds[codes == code], label[codes == code], asked, weights, code)
        for code in range(n_groups)
    ]
    if tolerance == 1:
        everything = [(np.array([0]), np.array([len(group.value)])) for group in groups]
        steps = _middle_best_steps(groups, everything, 0)
    else:
        if asked.ratio:
            # Nobody to nobody is no ratio.
            groups = [group.only(np.arange(1, len(group.value))) for group in groups]
        elif len(asked.rates) > 1 and n_groups > 2:
            groups = [
                group.only(_spread(len(group.value), _MANY_STEPS // n_groups)) for group in groups
            ]
        steps = _steps_within_tolerance(groups, constraint, tolerance, confidence)
    thresholds = [group.thresholds[step] for group, step in zip(groups, steps, strict=True)]
    selected = sum(int(group.selected[step]) for group, step in zip(groups, steps, strict=True))
    return GroupThresholdChoice(
        np.array(thresholds, dtype=np.float64), _pooled(log_odds, known, selected)
    )


@dataclass(frozen=True)
class _Steps:
    """A group's steps, from nobody selected to everybody.

    thresholds, selected (rows above the threshold) and value (its part of the objective) have
    shape (n_steps,); rates has one row for each rate and size how many rows that rate is out of.
    """

    thresholds: _Floats
    selected: _Ints
    rates: _Floats
    size: _Ints
    value: _Ints

    def window(self, rate: int, low: _Floats, high: _Floats) -> tuple[_Ints, _Ints]:
        """Start and stop of the steps whose rate is from `low` to `high`."""
        rates = self.rates[rate]
        return (
            np.searchsorted(rates, low - _ROUNDING, side="left"),
            np.searchsorted(rates, high + _ROUNDING, side="right"),
        )

    def only(self, kept: _Ints) -> _Steps:
        """Return these of the steps, in their order."""
        return _Steps(
            self.thresholds[kept],
            self.selected[kept],
            self.rates[:, kept],
            self.size,
            self.value[kept],
        )


class _RangeMaximum:
    """Maxima of any windows of an array, by a sparse table: windows of 1, 2, 4, … entries."""

    def __init__(self, values: _Ints) -> None:
        levels = [values]
        while (width := 2 ** (len(levels) - 1)) * 2 <= len(values):
            shorter = levels[-1]
            levels.append(shorter.copy())
            np.maximum(shorter[:-width], shorter[width:], out=levels[-1][:-width])
        self._levels = np.stack(levels)

    def __call__(self, start: _Ints, stop: _Ints) -> _Ints:
        """Maxima of `values[start:stop]`, elementwise; anything where a window is empty."""
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
    # Written so that NaN, which compares with nothing, is refused too.
    if not 0 <= tolerance <= 1:
        raise RequestError(f"tolerance={tolerance} is not possible; give a number from 0 to 1")
    if not 0.5 <= confidence < 1:
        raise RequestError(
            f"confidence={confidence} is not possible; give a number from 0.5 (no margin) to "
            "below 1"
        )
    if n_groups < 2:
        raise RequestError("there is one group only; two are needed for a threshold each")


def _label_weights(label: _Ints, objective: str) -> tuple[int, int]:
    """Return what a right label 0 and 1 count: whole numbers, so that ties are ties."""
    if objective == "accuracy":
        return 1, 1
    positive = int(label.sum())
    negative = len(label) - positive
    if not positive or not negative:
        raise RequestError(
            "balanced accuracy needs rows of both labels; give objective=accuracy or more rows"
        )
    return positive, negative


def _cuts(ordered: _Floats) -> tuple[_Ints, _Floats]:
    """Where scores in descending order can be cut: how many are above, and the threshold."""
    gap = ordered[:-1] - ordered[1:]
    size = np.maximum(1.0, np.abs(ordered[:-1]))
    inner = np.flatnonzero(gap > _SAME_SCORE * size) + 1
    above = np.concatenate([[0], inner, [len(ordered)]])
    midway = ordered[inner] + (ordered[inner - 1] - ordered[inner]) / 2
    return above, np.concatenate([[ordered[0] + 1], midway, [ordered[-1] - 1]])


def _group_steps(
    log_odds: _Floats, label: _Ints, asked: RateConstraint, weights: tuple[int, int], code: int
) -> _Steps:
    positive = int(label.sum())
    out_of = {
        "selection": len(label),
        "true_positive": positive,
        "false_positive": len(label) - positive,
    }
    kinds = {"selection": "", "true_positive": " with label 1", "false_positive": " with label 0"}
    for rate in ("selection", *asked.rates):
        if out_of[rate] == 0:
            raise RequestError(
                f"group {code} (counted from 0) has no row{kinds[rate]} to find a threshold on; "
                "give more rows, join it with another group, or leave its rows' group null"
            )
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = _cuts(log_odds[order])
    true_positive = np.concatenate([[0], np.cumsum(label[order])])[above]
    counts = {
        "selection": above,
        "true_positive": true_positive,
        "false_positive": above - true_positive,
    }
    right_0 = out_of["false_positive"] - counts["false_positive"]
    return _Steps(
        thresholds=thresholds,
        selected=above,
        rates=np.stack([counts[rate] / out_of[rate] for rate in asked.rates]),
        size=np.array([out_of[rate] for rate in asked.rates]),
        value=weights[0] * right_0 + weights[1] * true_positive,
    )


def _spread(n: int, at_most: int) -> _Ints:
    """At most so many of 0 to n − 1, evenly spaced, both ends among them."""
    return np.unique(np.linspace(0, n - 1, at_most).round().astype(np.int64))


def _steps_within_tolerance(
    groups: Sequence[_Steps], constraint: str, tolerance: float, confidence: float
) -> list[int]:
    """Narrow what is allowed until the best answer keeps its margin; the step of each group.

    The margin depends on the answer, and the answer on the margin: the first answer that keeps its
    own margin is taken. Each round allows less than the one before, so there is a last one.
    """
    ratio = CONSTRAINTS[constraint].ratio
    limit = -np.log1p(-tolerance) if ratio else tolerance
    n_rates = len(CONSTRAINTS[constraint].rates)
    pairs = np.triu_indices(len(groups), 1)
    allowed_error = (1 - confidence) / (n_rates * len(pairs[0]))
    quantile = 0.0 if confidence == 0.5 else float(ndtri(1 - allowed_error))
    size = np.array([group.size for group in groups])
    one_row = 1 / size.min(axis=0)

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
        # The margin of the pair that is farthest out, rate by rate.
        margin = np.take_along_axis(margin, (distance + margin).argmax(axis=0)[None], axis=0)[0]
        allowed = np.minimum(allowed, limit - margin)
        if (allowed < (one_row / rates.min(axis=0) if ratio else one_row)).any():
            break
    _log.warning(
        "%s: the rows are too few for tolerance=%g with confidence=%g; the groups' rates were "
        "brought as near as one row allows",
        constraint,
        tolerance,
        confidence,
    )
    return _best_steps(groups, one_row if ratio else np.maximum(allowed, one_row), ratio=False)


def _best_steps(groups: Sequence[_Steps], allowed: _Floats, ratio: bool) -> list[int]:
    """Find the best step of each group among all whose rates differ by no more than `allowed`."""
    if len(allowed) == 1:
        return _best_of_one_rate(groups, allowed[0], ratio)
    if len(groups) == 2:
        return _best_of_two_groups(groups[0], groups[1], allowed)
    return _best_of_two_rates(groups, allowed)


def _best_of_one_rate(groups: Sequence[_Steps], allowed: float, ratio: bool) -> list[int]:
    """For each rate that could be the groups' lowest, each group's best step not far above it."""
    lowest = np.unique(np.concatenate([group.rates[0] for group in groups]))
    highest = lowest * np.exp(allowed) if ratio else lowest + allowed
    windows = [group.window(0, lowest, highest) for group in groups]
    maxima = [_RangeMaximum(group.value) for group in groups]
    return _middle_best_steps(groups, windows, int(_totals(maxima, windows).argmax()))


def _best_of_two_groups(first: _Steps, second: _Steps, allowed: _Floats) -> list[int]:
    """For each step of the first group, the second's best step near it in both rates."""
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
    """For each two rates that could be the groups' lowest, each group's best step not far above."""
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
    """Sum of the groups' maxima for each of their windows; −1 where a group's is empty."""
    possible = np.logical_and.reduce([start < stop for start, stop in windows])
    values = [maximum(*window) for maximum, window in zip(maxima, windows, strict=True)]
    return np.where(possible, np.sum(values, axis=0), -1)


def _middle_best_steps(groups: Sequence[_Steps], windows: Sequence[_Windows], at: int) -> list[int]:
    """In the windows number `at`, each group's best step: of equally good ones the middle one."""
    steps = []
    for group, (start, stop) in zip(groups, windows, strict=True):
        values = group.value[start[at] : stop[at]]
        best = np.flatnonzero(values == values.max())
        steps.append(int(start[at] + best[len(best) // 2]))
    return steps


def _pooled(log_odds: _Floats, known: NDArray[np.bool_], selected: int) -> float:
    """Find the threshold on all scores that selects nearest to `selected` of the known rows."""
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = _cuts(log_odds[order])
    missed = np.abs(np.concatenate([[0], np.cumsum(known[order])])[above] - selected)
    nearest = np.flatnonzero(missed == missed.min())
    return float(thresholds[nearest[len(nearest) // 2]])
