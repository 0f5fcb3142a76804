"""Calibration of scores: in the large (the mean score), and over bins of the score.

The usual expected calibration error takes the absolute difference in each bin. By chance alone it
is above 0 for a perfectly calibrated model, and the smaller the group, the larger it is. The
squared error here has this part removed, so its mean is the true value for groups of every size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics.bounded_means import beta_limits, kish_size
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.rates import FloatArray, divide
from fairrun.metrics.scores import check_score_weights, check_scores

__all__ = [
    "CALIBRATION_BINS",
    "calibration_in_the_large",
    "score_bins",
    "squared_calibration_error",
    "squared_error_of_bins",
]

#: The number of bins of the calibration error. All have the same width.
CALIBRATION_BINS = 10

#: The estimated correlation of scores and labels is trusted as if this number of rows of the rarer
#: label contradicted it.
_UNCORRELATED = 5


def calibration_in_the_large(
    y_true: ArrayLike,
    score: ArrayLike,
    confidence: float = 0.95,
    weight: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Compute the mean score minus the share of label 1, with its limits.

    The limits join Clopper and Pearson's limits of the share and normal limits of the mean score.
    Scores that rank the labels well vary with them, which makes the difference less variable. This
    correlation is estimated, and shrunk if there are few rows of a label.

    Parameters
    ----------
    y_true, score : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    confidence : float, default 0.95
        Confidence level of the interval.
    weight : array of shape (n_rows,), optional
        The weights of the rows.

    Returns
    -------
    value, low, high : float
        The difference, above 0 if the scores are too high on average, and its limits. All are NaN
        without rows.

    References
    ----------
    Zou (2007), "Toward using confidence intervals to compare correlations", Psychological Methods
    12, for the limits of the difference of two correlated estimates.

    Examples
    --------
    >>> value, low, high = calibration_in_the_large([0, 0, 1, 1], [0.3, 0.4, 0.6, 0.9])
    >>> round(value, 3), low < value < high
    (0.05, True)
    """
    y_true, score, weights = _with_weights(y_true, score, weight)
    if not y_true.size:
        return np.nan, np.nan, np.nan
    n = kish_size(weights)
    rarer = min(kish_size(weights[y_true == label]) for label in (0, 1))
    shares = weights / weights.sum()
    # Rounding can take a mean of scores near 1 above 1. That of ones is exactly 1.
    mean, rate = (min(float(np.average(each, weights=weights)), 1.0) for each in (score, y_true))
    gaps = np.stack([score - mean, y_true - rate])
    (of_score, covariance), (_, of_rate) = (gaps * shares) @ gaps.T
    product = np.sqrt(of_score * of_rate)
    correlation = 0.0
    if product > 0:
        correlation = float(np.clip(covariance / product, -1, 1)) * rarer / (rarer + _UNCORRELATED)
    half = normal_quantile(confidence) * np.sqrt(of_score / max(n - 1, 1.0))
    low, high = beta_limits(rate, n, confidence)
    value = mean - rate
    # The score is above its mean by chance while the rate is at the limit on the other side.
    above, below = (
        float(np.sqrt(max(half**2 + gap**2 - 2 * correlation * half * gap, 0.0)))
        for gap in (rate - low, high - rate)
    )
    return value, max(value - below, -1.0), min(value + above, 1.0)


def squared_calibration_error(
    y_true: ArrayLike,
    score: ArrayLike,
    confidence: float = 0.95,
    weight: ArrayLike | None = None,
) -> tuple[float, float, float]:
    """Estimate the squared calibration error over `CALIBRATION_BINS` bins, without bias by chance.

    The error is the mean over rows of (mean score − share of label 1)² in the row's bin. The mean
    of the products of different rows of a bin estimates the square without bias. So a perfectly
    calibrated model has an error of 0 on average, and single estimates below 0. The error is in
    units of the Brier score, of which it is a part.

    Parameters
    ----------
    y_true, score : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    confidence : float, default 0.95
        Confidence level of the interval with both limits, of which only the upper one is computed:
        the true error is above it with probability (1 − `confidence`) / 2.
    weight : array of shape (n_rows,), optional
        The weights of the rows.

    Returns
    -------
    value, low, high : float
        The estimate, 0 or the estimate if that is below 0, and the upper limit. Rows that are alone
        in their bin are left out of the estimate. All are NaN if there are no others.

    References
    ----------
    Kumar, Liang and Ma (2019), "Verified uncertainty calibration", NeurIPS, section 4.1, and
    Bröcker (2012), "Estimating reliability and resolution of probability forecasts through
    decomposition of the empirical score", Climate Dynamics 39, for scores that are equal within a
    bin. Here they may differ.

    Examples
    --------
    >>> value, low, high = squared_calibration_error([0, 1, 1, 0], [0.25, 0.25, 0.95, 0.95])
    >>> value < 0, low == value, high > 0
    (True, True, True)
    """
    y_true, score, weights = _with_weights(y_true, score, weight)
    bins = score_bins(score, CALIBRATION_BINS)

    def total(part: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(bins, part, minlength=CALIBRATION_BINS), dtype=np.float64)

    w, own = total(weights), total(weights**2)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    gap = score - y_true
    squares, mean_square = squared_error_of_bins(
        w, own, rows, total(weights * gap), total(weights**2 * gap**2)
    )
    value = float(mean_square)
    if np.isnan(value):
        return np.nan, np.nan, np.nan
    used = w > 0
    w, own = w[used], own[used]
    mean, rate = (total(weights * x)[used] / w for x in (score, y_true))
    of_score = np.maximum(total(weights * score**2)[used] / w - mean**2, 0)
    n = w**2 / own
    low, high = beta_limits(rate, n, confidence)
    z = normal_quantile(confidence)
    half = z * np.sqrt(of_score / np.maximum(n - 1, 1))
    above = mean - rate + np.hypot(rate - low, half)
    below = mean - rate - np.hypot(high - rate, half)
    # The upper limits of the squares are joined as those of independent estimates are, and the
    # shares of the bins add the variance of a mean of the squares.
    shares, squares = w / w.sum(), squares[used]
    distance = np.maximum(np.maximum(above**2, below**2) - squares, 0)
    between = (shares * (squares - shares @ squares) ** 2).sum() / kish_size(weights)
    limit = value + float(np.sqrt(((shares * distance) ** 2).sum() + z**2 * between))
    return value, min(value, 0.0), min(limit, 1.0)


def squared_error_of_bins(
    weight: FloatArray,
    squared_weight: FloatArray,
    rows: NDArray[Any],
    gap: FloatArray,
    squared_gap: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the squared calibration error of each bin, and their mean.

    Parameters
    ----------
    weight, squared_weight, rows : array of shape (..., n_bins)
        Σw, Σw² and the number of rows of each bin.
    gap, squared_gap : array of shape (..., n_bins)
        Σ w (score − label) and Σ w² (score − label)² of each bin.

    Returns
    -------
    squares : array of shape (..., n_bins)
        The mean of the products of two different rows; 0 with fewer than two rows.
    value : array of shape (...)
        Their mean, weighted by `weight`, over the bins with two rows; NaN without such bins.
    """
    enough = rows > 1
    squares = np.where(enough, divide(gap**2 - squared_gap, weight**2 - squared_weight), 0.0)
    used = np.where(enough, weight, 0.0)
    return squares, divide((used * squares).sum(axis=-1), used.sum(axis=-1))


def score_bins(score: FloatArray, n_bins: int) -> NDArray[np.intp]:
    """Return the bin of each score; bin k is [k/n, (k + 1)/n), and the last bin includes 1."""
    edges = np.arange(1, n_bins) / n_bins
    return np.searchsorted(edges, score, side="right")


def _with_weights(
    y_true: ArrayLike, score: ArrayLike, weight: ArrayLike | None
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    y_true, score = check_scores(y_true, score)
    if weight is None:
        return y_true, score, np.ones(y_true.size)
    return check_score_weights(y_true, score, weight)
