"""Exact metrics of scores: area under the ROC curve, Brier score and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics.checks import as_binary, as_probability, as_weights, check_same_length
from fairrun.metrics.closed_form import effective_size, normal_quantile, wilson_limits
from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "CALIBRATION_BINS",
    "RocAuc",
    "brier_score",
    "calibration_error",
    "check_score_weights",
    "check_scores",
    "roc_auc",
    "roc_auc_difference",
]

#: The number of bins of the calibration error. All have the same width.
CALIBRATION_BINS = 10


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
    effective_size : float
        The number of rows for which a proportion of this value has the same variance. If the
        variance is 0 or NaN, the number of rows (with weights, Kish's effective number) with the
        rarer label.
    """

    value: float
    variance: float
    effective_size: float

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Compute Wilson's score limits from the effective size; NaN if the value is NaN."""
        z = normal_quantile(confidence)
        low, high = wilson_limits(np.array(self.value), np.array(self.effective_size), z)
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
    rarer = min(n_positive, len(y_true) - n_positive)
    if rarer == 0:
        return RocAuc(np.nan, np.nan, 0.0)
    of_positive, of_negative = _placements(y_true, score)
    value = float(of_positive.mean())
    variance = np.nan
    if rarer > 1:
        variance = float(
            of_positive.var(ddof=1) / len(of_positive) + of_negative.var(ddof=1) / len(of_negative)
        )
    size = effective_size(np.array(value), np.array(variance), np.array(float(rarer)))
    return RocAuc(value, variance, float(size))


def _weighted_roc_auc(y_true: NDArray[np.uint8], score: FloatArray, weight: FloatArray) -> RocAuc:
    if len(np.unique(y_true)) < 2:
        return RocAuc(np.nan, np.nan, 0.0)
    by_label = [(score[y_true == label], weight[y_true == label]) for label in (0, 1)]
    (negative, of_0), (positive, of_1) = by_label
    shares = [_weighted_share_below(negative, of_0, positive)]
    value = float(np.average(shares[0], weights=of_1))
    shares.append(1 - _weighted_share_below(positive, of_1, negative))
    # The variance of a weighted mean, for each label. With equal weights it is var(ddof=1) / n.
    variance = 0.0
    for share, own in zip(shares, (of_1, of_0), strict=True):
        n = len(own)
        part = (own * (share - value) / own.sum()) ** 2
        variance += float(part.sum()) * n / (n - 1) if n > 1 else np.nan
    fewest = min(float(own.sum() ** 2 / (own**2).sum()) for own in (of_0, of_1))
    size = effective_size(np.array(value), np.array(variance), np.array(fewest))
    return RocAuc(value, variance, float(size))


def _weighted_share_below(scores: FloatArray, weight: FloatArray, limits: FloatArray) -> FloatArray:
    """Return the share of the weights of `scores` below each limit; equal scores count half."""
    order = np.argsort(scores, kind="stable")
    ordered, summed = scores[order], np.append(0.0, np.cumsum(weight[order]))
    below, up_to = (summed[ordered.searchsorted(limits, side)] for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * summed[-1]))


def roc_auc_difference(
    y_true: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, confidence: float = 0.95
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

    Returns
    -------
    value, low, high : float
        The difference and its normal interval with DeLong's variance. All are NaN unless both
        labels occur. The limits are also NaN if a label occurs only once.

    Examples
    --------
    >>> a, b = [0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.6, 0.8]
    >>> value, low, high = roc_auc_difference([0, 0, 1, 1], a, b)
    >>> value, low < value < high
    (-0.25, True)
    """
    y_true, score_a = check_scores(y_true, score_a)
    _, score_b = check_scores(y_true, score_b)
    n_positive = int(y_true.sum())
    rarer = min(n_positive, len(y_true) - n_positive)
    if rarer == 0:
        return np.nan, np.nan, np.nan
    placements = zip(_placements(y_true, score_a), _placements(y_true, score_b), strict=True)
    by_label = [a - b for a, b in placements]
    value = float(by_label[0].mean())
    if rarer == 1:
        return value, np.nan, np.nan
    error = float(np.sqrt(sum(d.var(ddof=1) / len(d) for d in by_label)))
    half = normal_quantile(confidence) * error
    return value, value - half, value + half


def _placements(y_true: NDArray[np.uint8], score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the share of negatives below each positive, and of positives above each negative."""
    positive, negative = score[y_true == 1], score[y_true == 0]
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
    """Compute the Brier score, the mean of (score − label)², with the normal interval of a mean.

    Parameters
    ----------
    y_true, score : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    confidence : float, default 0.95
        Confidence level of the interval.
    weight : array of shape (n_rows,), optional
        The weights of the rows. The interval is then that of a weighted mean of independent rows.

    Returns
    -------
    value, low, high : float
        The score and its limits, all in [0, 1]. All are NaN without rows. The limits are also NaN
        with one row.

    Examples
    --------
    >>> value, low, high = brier_score([0, 1], [0.5, 1.0])
    >>> value
    0.125
    """
    y_true, score = check_scores(y_true, score)
    weights = None
    if weight is not None:
        y_true, score, weights = check_score_weights(y_true, score, weight)
    if not y_true.size:
        return np.nan, np.nan, np.nan
    squares = (score - y_true) ** 2
    value = float(squares.mean() if weights is None else np.average(squares, weights=weights))
    n = squares.size
    if n == 1:
        return value, np.nan, np.nan
    z = normal_quantile(confidence)
    if weights is None:
        half = z * float(squares.std(ddof=1)) / n**0.5
    else:
        parts = weights * (squares - value) / weights.sum()
        half = z * float(np.sqrt((parts**2).sum() * n / (n - 1)))
    return value, max(value - half, 0.0), min(value + half, 1.0)


def calibration_error(
    y_true: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None
) -> float:
    """Compute the expected calibration error over `CALIBRATION_BINS` bins of equal width.

    The error is the mean over rows of |mean score − share of label 1| in the row's bin. It has no
    interval, because even a perfectly calibrated model has an error above 0 by chance, and the
    error grows as the number of rows gets smaller.

    Parameters
    ----------
    y_true, score : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    weight : array of shape (n_rows,), optional
        The weights of the rows, which count in the means and in the shares.

    Returns
    -------
    float
        A number in [0, 1]; NaN without rows.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI.

    Examples
    --------
    >>> round(calibration_error([0, 1, 1], [0.25, 0.25, 1.0]), 6)
    0.166667
    """
    y_true, score = check_scores(y_true, score)
    if not y_true.size:
        return np.nan
    bins = score_bins(score, CALIBRATION_BINS)
    if weight is None:
        gaps = np.bincount(bins, score - y_true, minlength=CALIBRATION_BINS)
        return float(np.abs(gaps).sum() / y_true.size)
    weights = as_weights(weight)
    check_same_length(y_true=y_true, weight=weights)
    gaps = np.bincount(bins, weights * (score - y_true), minlength=CALIBRATION_BINS)
    return float(divide(np.abs(gaps).sum(), weights.sum()))


def score_bins(score: FloatArray, n_bins: int) -> NDArray[np.intp]:
    """Return the bin of each score; bin k is [k/n, (k + 1)/n), and the last bin includes 1."""
    edges = np.arange(1, n_bins) / n_bins
    return np.searchsorted(edges, score, side="right")
