"""The accuracy of a model minus that of the best equally fair threshold, with an interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics.closed_form import paired_difference_of
from fairrun.metrics.threshold_frontier import threshold_frontier
from fairrun.metrics.weighted_share import few_carry_the_weight, moments, share_estimate

__all__ = ["FOLDS", "accuracy_over_threshold"]

#: Each row is labelled by a threshold that was chosen on the other folds.
FOLDS = 5
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
    therefore divided into five parts, each with the same shares of groups and labels. For each part
    the threshold is the most accurate one of the other parts, of those whose |statistical parity|
    there is not larger than the model's. The value is the accuracy of the model minus that of these
    thresholds, over all rows. The interval comes from the rows that only one of both labels
    correctly, as McNemar's test does.

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
        The seed of the division into parts.

    Returns
    -------
    value, low, high : float
        NaN if a group has fewer than two rows. The limits are NaN if a few rows carry too much of
        the weight.

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
    [0.08, 0.06, 0.11]
    """
    groups, y_true, y_pred = np.asarray(groups), np.asarray(y_true), np.asarray(y_pred)
    score = np.asarray(probability, dtype=np.float64)
    weights = np.ones(len(score)) if weight is None else np.asarray(weight, dtype=np.float64)
    counted = weights > 0
    groups, y_true, y_pred, score, weights = (
        column[counted] for column in (groups, y_true, y_pred, score, weights)
    )
    if any(np.sum(groups == group) < 2 for group in (0, 1)):
        return np.nan, np.nan, np.nan
    fold = _folds(groups, y_true, seed)
    by_threshold = np.zeros(len(score), dtype=bool)
    for k in range(FOLDS):
        rest, held = fold != k, fold == k
        frontier = threshold_frontier(
            groups[rest], y_true[rest], score[rest], None if weight is None else weights[rest]
        ).table
        allowed = frontier["statistical_parity"].abs() <= _ROUNDING + abs(
            _parity(groups[rest], y_pred[rest], weights[rest])
        )
        # Accuracy increases from row to row of the frontier.
        threshold = frontier.loc[allowed, "threshold"].iloc[-1]
        by_threshold[held] = score[held] > threshold
    of_model, of_threshold = y_pred == y_true, by_threshold == y_true
    total = moments(weights)
    only = []
    for rows in (of_model & ~of_threshold, of_threshold & ~of_model):
        here = moments(weights[rows])
        only.append(share_estimate(here, np.maximum(total - here, 0), confidence))
    value = float(only[0][0] - only[1][0])
    if few_carry_the_weight(total):
        return value, np.nan, np.nan
    low, high = paired_difference_of(*only)
    return value, float(low), float(high)


def _folds(groups: NDArray[np.int64], label: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the fold of each row. Every group has the same share of each label in every fold."""
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    order = shuffled[np.lexsort((label[shuffled], groups[shuffled]))]
    fold = np.empty(len(groups), dtype=np.int64)
    fold[order] = np.arange(len(groups)) % FOLDS
    return fold


def _parity(
    groups: NDArray[np.int64], y_pred: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    a, b = (np.average(y_pred[groups == g], weights=weights[groups == g]) for g in (0, 1))
    return float(a - b)
