"""The accuracy of a model minus that of the best equally fair threshold, with an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics.closed_form import paired_difference_of
from fairrun.metrics.rates import FloatArray, divide
from fairrun.metrics.weighted_refusals import too_uneven
from fairrun.metrics.weighted_share import moments, share_estimate

__all__ = ["FOLDS", "accuracy_over_threshold", "chosen_thresholds"]

#: The rows of each half are labelled by the threshold that the other half chooses. With more parts
#: the thresholds share rows, and the interval covers less often than it says (84 % with ten parts).
FOLDS = 2
#: Sums of weights in another order differ in their last digits.
_ROUNDING = 1e-9


def accuracy_over_threshold(
    groups: ArrayLike,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    probability: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Compare the accuracy of a model with that of one threshold that is at most as unfair.

    A threshold that is chosen and measured on the same rows looks better than it is. The rows are
    therefore divided into two halves with the same shares of groups and labels. For each half, the
    threshold is the most accurate one of the other half, of those whose |statistical parity| there
    is not larger than the model's. The value is the accuracy of the model minus that of these two
    thresholds, over all rows. The interval comes from the rows that only one of both labels
    correctly, as McNemar's test does.

    The interval is about these thresholds on other rows of the same population. It does not say how
    far they are from the best threshold of the population: in a small group, the statistical parity
    by which they are chosen is uncertain itself.

    Parameters
    ----------
    groups : array of int of shape (n_rows,)
        The group of each row: 0 for group_a, 1 for group_b, any other number for neither.
    y_true, y_pred : array of shape (n_rows,)
        Label and prediction, 0 or 1.
    probability : array of shape (n_rows,)
        The predicted probabilities of label 1, before any decision.
    weight : array of shape (n_rows,), optional
        The weights of the rows. A row of weight 0 is left out.
    confidence : float, default 0.95
        Confidence level of the interval.
    seed : int, default 0
        The seed of the division into halves.

    Returns
    -------
    value, low, high : float
        NaN if a group has fewer than two rows. The limits are NaN if the weights are too uneven
        for an interval.

    References
    ----------
    Chernozhukov et al. (2018), "Double/debiased machine learning for treatment and structural
    parameters", The Econometrics Journal 21 (what is chosen on some rows is measured on others).

    Examples
    --------
    The model gives group 1 a lower threshold, and is more often right:

    >>> rng = np.random.default_rng(0)
    >>> groups, score = np.repeat([0, 1], 500), rng.random(1000)
    >>> label = (score + 0.1 * rng.normal(size=1000) > np.where(groups == 1, 0.3, 0.6)).astype(int)
    >>> predicted = (score > np.where(groups == 1, 0.3, 0.6)).astype(int)
    >>> [round(x, 2) for x in accuracy_over_threshold(groups, label, predicted, score)]
    [0.05, 0.03, 0.08]
    """
    groups, y_true, y_pred = np.asarray(groups), np.asarray(y_true), np.asarray(y_pred)
    score = np.asarray(probability, dtype=np.float64)
    weights = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=np.float64)
    kept = weights > 0
    rows = groups[kept], y_true[kept], y_pred[kept], score[kept], weights[kept]
    groups, y_true, y_pred, score, weights = rows
    if any(np.sum(groups == group) < 2 for group in (0, 1)):
        return np.nan, np.nan, np.nan
    fold, thresholds = chosen_thresholds(*rows, seed=seed)
    of_threshold = (score > thresholds[fold]) == y_true
    of_model = y_pred == y_true
    only, refused = [], False
    for counted in (of_model & ~of_threshold, of_threshold & ~of_model):
        yes, no = moments(weights[counted]), moments(weights[~counted])
        only.append(share_estimate(yes, no, confidence))
        refused |= bool(too_uneven(yes, no))
    value = float(only[0][0] - only[1][0])
    if refused:
        return value, np.nan, np.nan
    low, high = paired_difference_of(*only)
    return value, float(low), float(high)


def chosen_thresholds(
    groups: NDArray[Any],
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    score: FloatArray,
    weights: FloatArray,
    *,
    seed: int,
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the half of each row, and the threshold that the other half chooses for it.

    Parameters
    ----------
    groups, y_true, y_pred, score, weights : array of shape (n_rows,)
        As in `accuracy_over_threshold`. All weights are above 0, and each group has two rows.
    seed : int
        The seed of the division into halves.

    Returns
    -------
    fold : array of int of shape (n_rows,)
        The half of each row, 0 or 1.
    thresholds : array of shape (FOLDS,)
        A row of the half with a higher score is labelled 1.
    """
    fold = _folds(groups, y_true, seed)
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    # Both halves at once: the rows from the highest score on, with the weights of the other half.
    others = weights[order] * (fold[order] != np.arange(FOLDS)[:, None])
    in_a, in_b = others * (groups[order] == 0), others * (groups[order] == 1)
    right = others * (2 * y_true[order] - 1)
    # A threshold selects the first k rows, where the score changes after row k, or no row at all.
    ends = np.append(0, np.flatnonzero(np.diff(ranked, append=-np.inf)) + 1)

    def selected(of_row: FloatArray) -> FloatArray:
        return np.pad(np.cumsum(of_row, axis=1), ((0, 0), (1, 0)))[:, ends]

    def parity(a: FloatArray, b: FloatArray) -> FloatArray:
        """Return |selection rate of a − that of b| from sums of weights of the selected rows."""
        of_a, of_b = in_a.sum(axis=1, keepdims=True), in_b.sum(axis=1, keepdims=True)
        return np.asarray(np.abs(divide(a, of_a) - divide(b, of_b)))

    chosen = y_pred[order] == 1
    limit = parity(*(x[:, chosen].sum(axis=1, keepdims=True) for x in (in_a, in_b)))
    allowed = parity(selected(in_a), selected(in_b)) <= limit + _ROUNDING
    best = np.argmax(np.where(allowed, selected(right), -np.inf), axis=1)
    below = np.append(ranked, -np.inf)[ends[best]]
    above = np.append(np.inf, ranked)[ends[best]]
    # Halfway between two scores; beyond the last one on either side.
    inner = np.isfinite(below) & np.isfinite(above)
    middle = (np.where(inner, below, 0) + np.where(inner, above, 0)) / 2
    return fold, np.where(inner, middle, np.where(np.isfinite(below), np.inf, -np.inf))


def _folds(groups: NDArray[Any], label: NDArray[Any], seed: int) -> NDArray[np.intp]:
    """Return the half of each row. Every group has the same share of each label in both halves."""
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    order = shuffled[np.lexsort((label[shuffled], groups[shuffled]))]
    fold = np.empty(len(groups), dtype=np.intp)
    fold[order] = np.arange(len(groups)) % FOLDS
    return fold
