"""Exact metrics of scores: area under the ROC curve and Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics.bounded_means import beta_limits, kish_size, steady_size
from fairrun.metrics.checks import as_binary, as_probability, as_weights, check_same_length
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.rates import FloatArray

__all__ = [
    "RocAuc",
    "brier_score",
    "check_score_weights",
    "check_scores",
    "paired_roc_auc_difference",
    "roc_auc",
]

#: The assumed variance counts like this number of rows: of the rarer label for an area under the
#: ROC curve, of all rows for a Brier score. benchmarks/coverage_scores.py has what comes of it.
_ADDED = 5


@dataclass(frozen=True)
class RocAuc:
    """An area under the ROC curve and its variance.

    Attributes
    ----------
    value : float
        The share of pairs of a positive and a negative row in which the positive row has the higher
        score; a tie counts half. With weights, a pair counts with the product of its weights. NaN
        unless both labels occur.
    variance : float
        The variance by DeLong's method. NaN if a label has fewer than two rows.
    n_positive, n_negative : float
        The numbers of rows with label 1 and label 0; with weights, Kish's effective numbers.
    """

    value: float
    variance: float
    n_positive: float
    n_negative: float

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Compute Beta limits from an effective number of rows; NaN if the value is NaN.

        DeLong's variance is too small if few pairs are in the wrong order. It is therefore mixed
        with the variance for exponentially distributed scores. That variance counts like five rows
        of the rarer label. DeLong's counts like 4 θ (1 − θ) for each of its rows, for an area θ.

        References
        ----------
        Hanley and McNeil (1982), "The meaning and use of the area under a receiver operating
        characteristic (ROC) curve", Radiology 143, equation 1.
        """
        theta = self.value
        if np.isnan(theta):
            return np.nan, np.nan
        positive, negative = max(self.n_positive, 1.0), max(self.n_negative, 1.0)
        rarer = min(positive, negative)
        # Equation 1 divided by θ (1 − θ). Either label can have the more variable scores.
        per_row = max(
            1 + (m - 1) * (1 - theta) / (2 - theta) + (n - 1) * theta / (1 + theta)
            for m, n in ((positive, negative), (negative, positive))
        )
        size = steady_size(
            theta,
            self.variance,
            positive * negative / per_row,
            seen=4 * rarer * theta * (1 - theta),
            added=_ADDED,
            freedom=rarer - 1,
            confidence=confidence,
        )
        low, high = beta_limits(theta, size, confidence)
        return float(low), float(high)


def check_scores(y_true: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.uint8], FloatArray]:
    """Return labels as uint8 and probabilities as float64.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, or a score is not in [0, 1].
    """
    y_true, score = as_binary("y_true", y_true), np.asarray(score)
    check_same_length(y_true=y_true, probability=score)
    return y_true, as_probability("the scores", score)


def check_score_weights(
    y_true: NDArray[np.uint8], score: FloatArray, weight: ArrayLike
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """Return labels, scores and weights of the rows with a weight above 0.

    Raises
    ------
    RequestError
        If the lengths differ, or a weight is negative or not finite.
    """
    weights = as_weights(weight)
    check_same_length(y_true=y_true, weight=weights)
    counts = weights > 0
    return y_true[counts], score[counts], weights[counts]


def roc_auc(y_true: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> RocAuc:
    """Compute the area under the ROC curve with its variance.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    score : array of shape (n_rows,)
        The predicted probability of label 1.
    weight : array of shape (n_rows,), optional
        The weights. The variance is then DeLong's with each row's part multiplied by its weight,
        for independent rows with fixed weights. Equal weights give the unweighted result.

    Returns
    -------
    RocAuc

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, a score is not in [0, 1], or a weight is
        negative or not finite.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44. The computation by sorting is from Sun
    and Xu (2014), "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21.

    Examples
    --------
    >>> auc = roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> auc.value, auc.variance
    (0.75, 0.125)
    """
    y_true, score = check_scores(y_true, score)
    if weight is not None:
        return _weighted_roc_auc(*check_score_weights(y_true, score, weight))
    n_positive = int(y_true.sum())
    n_negative = len(y_true) - n_positive
    rarer = min(n_positive, n_negative)
    if rarer == 0:
        return RocAuc(np.nan, np.nan, n_positive, n_negative)
    of_positive, of_negative = _placements(y_true, score)
    variance = np.nan
    if rarer > 1:
        variance = float(
            of_positive.var(ddof=1) / n_positive + of_negative.var(ddof=1) / n_negative
        )
    return RocAuc(float(of_positive.mean()), variance, n_positive, n_negative)


def _weighted_roc_auc(y_true: NDArray[np.uint8], score: FloatArray, weight: FloatArray) -> RocAuc:
    of_0, of_1 = (weight[y_true == label] for label in (0, 1))
    sizes = kish_size(of_1), kish_size(of_0)
    if not (len(of_0) and len(of_1)):
        return RocAuc(np.nan, np.nan, *sizes)
    shares = _placements(y_true, score, weight)
    value = float(np.average(shares[0], weights=of_1))
    # The variance of a weighted mean, for each label. With equal weights it is var(ddof=1) / n.
    variance = 0.0
    for share, own in zip(shares, (of_1, of_0), strict=True):
        n = len(own)
        part = (own * (share - value) / own.sum()) ** 2
        variance += float(part.sum()) * n / (n - 1) if n > 1 else np.nan
    return RocAuc(value, variance, *sizes)


def _weighted_share_below(scores: FloatArray, weight: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the share of the weights of `scores` below each limit; equal scores count half."""
    order = np.argsort(scores, kind="stable")
    ordered, summed = scores[order], np.append(0.0, np.cumsum(weight[order]))
    below, up_to = (summed[ordered.searchsorted(limits, side)] for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * summed[-1]))


def paired_roc_auc_difference(
    y_true: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    confidence: float = 0.95,
    weight: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Compute the difference of two models' areas under the ROC curve, A − B, on the same rows.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    score_a, score_b : array of shape (n_rows,)
        The predicted probabilities of label 1 by model A and by model B.
    confidence : float, default 0.95
        Confidence level of the interval.
    weight : array of shape (n_rows,), optional
        The weights. The variance is then that of `roc_auc`, with differences of placements.

    Returns
    -------
    value, low, high : float
        The difference and its normal interval with DeLong's variance. All are NaN unless both
        labels occur. The limits are also NaN if a label occurs only once.

    Examples
    --------
    >>> a, b = [0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.6, 0.8]
    >>> value, low, high = paired_roc_auc_difference([0, 0, 1, 1], a, b)
    >>> value, low < value < high
    (-0.25, True)
    """
    labels, score_a = check_scores(y_true, score_a)
    _, score_b = check_scores(y_true, score_b)
    weights = np.ones(len(labels))
    if weight is not None:
        labels, score_a, weights = check_score_weights(labels, score_a, weight)
        _, score_b, _ = check_score_weights(*check_scores(y_true, score_b), weight)
    by_label = [weights[labels == label] for label in (1, 0)]
    rarer = min(map(len, by_label))
    if rarer == 0:
        return np.nan, np.nan, np.nan
    given = None if weight is None else weights
    placements = (_placements(labels, score, given) for score in (score_a, score_b))
    differences = [a - b for a, b in zip(*placements, strict=True)]
    value = float(np.average(differences[0], weights=by_label[0]))
    if rarer == 1:
        return value, np.nan, np.nan
    variance = 0.0
    for each, own in zip(differences, by_label, strict=True):
        part = (own * (each - value) / own.sum()) ** 2
        variance += float(part.sum()) * len(own) / (len(own) - 1)
    half = normal_quantile(confidence) * float(np.sqrt(variance))
    return value, value - half, value + half


def _placements(
    y_true: NDArray[np.uint8], score: FloatArray, weight: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the share of negatives below each positive, and of positives above each negative."""
    positive, negative = score[y_true == 1], score[y_true == 0]
    if weight is not None:
        of_1, of_0 = weight[y_true == 1], weight[y_true == 0]
        below = _weighted_share_below(negative, of_0, positive)
        return below, 1 - _weighted_share_below(positive, of_1, negative)
    return _share_below(negative, positive), 1 - _share_below(positive, negative)


def _share_below(scores: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the share of `scores` below each limit; a score equal to the limit counts half."""
    ordered = np.sort(scores)
    below, up_to = ordered.searchsorted(limits, "left"), ordered.searchsorted(limits, "right")
    return np.asarray((below + up_to) / (2 * len(scores)))


def brier_score(
    y_true: ArrayLike,
    score: ArrayLike,
    confidence: float = 0.95,
    weight: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Compute the Brier score, the mean of (score − label)², with Beta limits.

    If a label is rare, a few rows decide the score, and their variance may not be seen. The
    variance of the mean is therefore mixed with the largest one that a mean of this value in [0, 1]
    can have. The latter counts like five rows.

    Parameters
    ----------
    y_true, score : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    confidence : float, default 0.95
        Confidence level of the interval.
    weight : array of shape (n_rows,), optional
        The weights of the rows. The variance is then that of a weighted mean of independent rows.

    Returns
    -------
    value, low, high : float
        The score and its limits, all in [0, 1]. All are NaN without rows.

    Examples
    --------
    >>> value, low, high = brier_score([0, 1], [0.5, 1.0])
    >>> value
    0.125
    """
    y_true, score = check_scores(y_true, score)
    weights = np.ones(y_true.size)
    if weight is not None:
        y_true, score, weights = check_score_weights(y_true, score, weight)
    if not y_true.size:
        return np.nan, np.nan, np.nan
    squares = (score - y_true) ** 2
    value = float(squares.mean() if weight is None else np.average(squares, weights=weights))
    n, rarer = kish_size(weights), min(kish_size(weights[y_true == label]) for label in (0, 1))
    parts, rows = weights * (squares - value) / weights.sum(), squares.size
    size = steady_size(
        value,
        float((parts**2).sum()) * rows / (rows - 1) if rows > 1 else np.nan,
        n,
        seen=4 * n * value * (1 - value),
        added=_ADDED,
        freedom=rarer + _ADDED - 1,
        confidence=confidence,
    )
    low, high = beta_limits(value, size, confidence)
    return value, float(low), float(high)
