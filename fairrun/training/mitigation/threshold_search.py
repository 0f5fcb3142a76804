"""Search thresholds of groups: one for all if it suffices, else as different as the rows carry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_base import one_threshold
from fairrun.training.mitigation.threshold_constraints import (
    CONSTRAINTS,
    OBJECTIVES,
    RateConstraint,
    check_arguments,
)
from fairrun.training.mitigation.threshold_margins import Margins
from fairrun.training.mitigation.threshold_rule import find_steps
from fairrun.training.mitigation.threshold_steps import (
    cut_scores,
    group_steps,
    has_rates,
    label_weights,
)

__all__ = [
    "CONSTRAINTS",
    "OBJECTIVES",
    "GroupThresholdChoice",
    "RateConstraint",
    "search_thresholds",
]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GroupThresholdChoice:
    """The thresholds of a search. The label is 1 if the log-odds are above the threshold.

    Attributes
    ----------
    thresholds : array of float64 of shape (n_groups,)
        The threshold of each group code.
    pooled : float
        The threshold of rows without a group.
    shown : bool
        Whether all groups keep the constraint on the given rows, with the margin of the confidence.
    too_few : tuple of int
        The codes of the groups whose rows are too few to show that they keep the constraint.
    """

    thresholds: _Floats
    pooled: float
    shown: bool
    too_few: tuple[int, ...] = ()

    @property
    def one(self) -> bool:
        """Whether one threshold serves all rows, so that nothing has to know the groups."""
        return bool((self.thresholds == self.pooled).all())


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
    names: Sequence[object] | None = None,
) -> GroupThresholdChoice:
    """Find thresholds that meet a constraint; of groups only if one threshold does not.

    The search begins with one threshold for all groups: 0, or another one with a clearly better
    objective (see `one_threshold`). It keeps this threshold unless the rows show that two groups
    miss the constraint. Otherwise, a threshold lies midway between two neighbouring scores of its
    group, or 1 below or above all of them.

    - If all groups have rows enough to show that they keep the constraint, the search covers all
      combinations of thresholds, in O(n log n), and takes the best one. For equalized odds with
      more than two groups, it covers 2,000 thresholds, evenly spaced by rank in each group.
    - If some groups have not, thresholds move as little as possible from the one threshold. Groups
      with rows enough move inside the tolerance. Of the other groups, only those move that the rows
      show to differ. They move until their distance from the common rate is half of what shows it.

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
        [1 − tolerance, 1 / (1 − tolerance)]. With 1 there is no constraint. With 0 and
        confidence=0.5, the rates may differ by one row of the smallest group.
    objective : {"accuracy", "balanced_accuracy"}
        The metric to maximise, over all rows with a group.
    confidence : float
        At least 0.5 and below 1. Of all searches, at most about 1 − confidence say that the
        constraint is shown to hold, although it does not hold in the population of the rows. With
        0.5 the constraint is checked for the given rows without a margin.
    weight : array of float64 of shape (n_rows,), optional
        The weights of the rows, above 0. Rates and objective are then weighted, and the margin
        comes from each group's effective number of rows, (Σw)² / Σw².
    names : sequence, optional
        The name of each group for the log; by default its code.

    Returns
    -------
    GroupThresholdChoice
        The thresholds of the groups and the pooled threshold. The latter selects as many of the
        rows with a group as the groups' thresholds do, as nearly as the scores allow.

    Raises
    ------
    RequestError
        If an argument is not allowed, or the objective needs labels that the rows do not have.

    Notes
    -----
    With a confidence above 0.5, the tolerance is reduced by a margin: the normal quantile of the
    confidence times the standard error of the difference of two proportions, or of the logarithm of
    their ratio. A Bonferroni correction divides the error among all pairs of groups and rates. The
    proportions are smoothed, (x + ½) / (n + 1), so that 0 or 1 of few rows has a standard error.

    The rows show that two groups miss the constraint if their rates differ by more than the reduced
    tolerance and by more than three standard errors, again with a Bonferroni correction.

    A group whose rows cannot show this keeps the one threshold. So it does if it has no row for one
    of the rates. With confidence=0.5 the rates of the given rows count as those of the population,
    and every group may have a threshold of its own if one threshold does not meet the constraint.

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
    GroupThresholdChoice(thresholds=array([ 1.5, -1.5]), pooled=0.0, shown=True, too_few=())

    Eight rows show nothing, so with a margin one threshold stays:

    >>> search_thresholds(
    ...     score, label, group, 2, constraint="disparate_impact", tolerance=0.2,
    ...     objective="accuracy", confidence=0.95,
    ... )
    GroupThresholdChoice(thresholds=array([0., 0.]), pooled=0.0, shown=False, too_few=(0, 1))
    """
    check_arguments(constraint, tolerance, objective, confidence, n_groups)
    known = positions >= 0
    weight_known = None if weight is None else weight[known]
    weights = label_weights(label[known], objective, weight_known)
    base = one_threshold(log_odds[known], label[known], weight_known, weights)
    asked = CONSTRAINTS[constraint]
    of_group = [positions == code for code in range(n_groups)]
    codes = [code for code in range(n_groups) if has_rates(label[of_group[code]], asked)]
    groups = [
        group_steps(
            log_odds[of_group[code]],
            label[of_group[code]],
            None if weight is None else weight[of_group[code]],
            asked,
            weights,
        )
        for code in codes
    ]
    margins = Margins.of(constraint, tolerance, confidence, n_groups)
    everybody = len(codes) == n_groups

    def search(base: float) -> GroupThresholdChoice:
        above = [int((log_odds[of_group[code]] > base).sum()) for code in codes]
        found = find_steps(groups, above, asked, margins, tolerance)
        thresholds = np.full(n_groups, base)
        for at in np.flatnonzero(found.moved).tolist():
            thresholds[codes[at]] = found.groups[at].thresholds[found.steps[at]]
        chosen = known & (log_odds > np.append(thresholds, np.inf)[positions])
        selected = float(chosen.sum() if weight is None else weight[chosen].sum())
        pooled = base
        if (thresholds != base).any():
            pooled = _pooled(log_odds, known if weight is None else known * weight, selected)
        too_few = [code for code, carried in zip(codes, found.carried, strict=True) if not carried]
        missing = [code for code in range(n_groups) if code not in codes]
        shown = tolerance == 1 or (everybody and found.shown)
        return GroupThresholdChoice(
            thresholds, pooled, shown, () if shown else tuple(sorted([*too_few, *missing]))
        )

    choice = search(base)
    if base and objective == "accuracy" and confidence > 0.5 and not choice.shown:
        # The better threshold may have a larger distance from parity than 0, so it has to be safe.
        choice = search(0.0)
    asked_for = f"{constraint} with tolerance={tolerance:g} and confidence={confidence:g}"
    _say(choice, asked_for, names or range(n_groups))
    return choice


def _say(choice: GroupThresholdChoice, asked_for: str, names: Sequence[object]) -> None:
    """Log in one line what was chosen, and which groups have too few rows."""
    few = ", ".join(str(names[code]) for code in choice.too_few)
    if choice.shown and choice.one:
        _log.info("%s: one threshold serves all groups, so the group is not used", asked_for)
    elif not choice.shown:
        what = "one threshold serves all groups" if choice.one else "the groups differ less"
        why = f"too few rows of {few}" if few else "the rates are too far apart for its rows"
        _log.warning("%s: %s, but the rows do not show that it holds: %s", asked_for, what, why)


def _pooled(log_odds: _Floats, known: NDArray[Any], selected: float) -> float:
    """Return the threshold for all rows that selects about `selected` of the rows with a group.

    `known` is whether a row has a group, or its weight if it has one.
    """
    order = np.argsort(-log_odds, kind="stable")
    above, thresholds = cut_scores(log_odds[order])
    missed = np.abs(np.concatenate([[0], np.cumsum(known[order])])[above] - selected)
    nearest = np.flatnonzero(missed == missed.min())
    return float(thresholds[nearest[len(nearest) // 2]])
