"""Interval limits of means of numbers in [0, 1]: areas under the ROC curve and Brier scores.

A normal interval fails if few rows decide the mean: the rows that would show the variance, such as
a positive with a low score, may not be among them. `steady_size` therefore mixes the estimated
variance with an assumed, larger one, which counts like a few rows. `beta_limits` turns the
effective number of rows that results into limits. benchmarks/coverage_scores.py measures how often
the limits cover the true value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

from fairrun.metrics.binomial import clopper_pearson_limits, tail_of_each
from fairrun.metrics.rates import FloatArray, divide

__all__ = ["beta_limits", "kish_size", "limits_of_difference", "steady_size"]


def kish_size(weight: FloatArray) -> float:
    """Return Kish's effective number of rows, (Σw)² / Σw²; 0 without rows.

    Examples
    --------
    >>> kish_size(np.array([2.0, 2.0, 2.0]))
    3.0
    """
    return float(divide(weight.sum() ** 2, (weight**2).sum())) if weight.size else 0.0


def steady_size(
    value: float,
    variance: float,
    assumed: float,
    *,
    seen: float,
    added: float,
    freedom: float,
    confidence: float,
) -> float:
    """Return an effective number of rows for `beta_limits` that few rows cannot make too large.

    Parameters
    ----------
    value, variance : float
        The mean, in [0, 1], and the estimated variance of the mean; NaN if it has no estimate.
    assumed : float
        The effective number of rows under an assumption that holds without data.
    seen, added : float
        The number of rows behind `variance`, and the number of rows for which `assumed` counts.
        The two variances are mixed accordingly if the mixture is larger than `variance`.
    freedom : float
        The degrees of freedom of the variance. The number of rows is multiplied by the square of
        the ratio of the normal quantile and Student's.
    confidence : float
        Confidence level of the interval.

    Returns
    -------
    float
        At least 1.

    References
    ----------
    Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24, for the effective number of
    rows and its adjustment by Student's quantile.

    Examples
    --------
    >>> given = {"seen": 1e6, "added": 10, "freedom": 1e6, "confidence": 0.95}
    >>> round(steady_size(0.5, 0.0025, 25, **given))
    100
    >>> round(steady_size(0.5, 0.0025, 25, **given | {"seen": 10}))
    40
    """
    spread = value * (1 - value)
    per_row = 1 / assumed  # 1 / size is the variance in units of value (1 − value).
    if spread > 0 and not np.isnan(variance):
        estimated = variance / spread
        per_row = max(estimated, (seen * estimated + added / assumed) / (seen + added))
    level = (1 + confidence) / 2
    ratio = float(ndtri(level) / stdtrit(max(freedom, 1.0), level))
    return max(ratio**2 / per_row, 1.0)


def beta_limits(
    value: FloatArray | float, size: FloatArray | float, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Compute Clopper and Pearson's limits of a mean of numbers in [0, 1], or of a proportion.

    Parameters
    ----------
    value, size : float or array
        The mean and its effective number of rows, which need not be whole.
    confidence : float
        Confidence level of the interval.

    Returns
    -------
    low, high : array
        The limits of `clopper_pearson_limits`, with low ≤ value ≤ high. NaN where the value is NaN.

    Examples
    --------
    >>> low, high = beta_limits(0.0, 100, 0.95)
    >>> low.item(), round(high.item(), 4)
    (0.0, 0.0362)
    """
    value, size = np.asarray(value, dtype=np.float64), np.asarray(size, dtype=np.float64)
    low, high = clopper_pearson_limits(value * size, size, tail_of_each(confidence))
    return np.minimum(low, value), np.maximum(high, value)


def limits_of_difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Compute the limits of a − b of two independent estimates from their limits.

    Parameters
    ----------
    a, b : sequence of float
        The value and the two limits of each estimate.

    References
    ----------
    Zou and Donner (2008), "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27.

    Examples
    --------
    >>> [round(limit, 3) for limit in limits_of_difference((0.8, 0.76, 0.83), (0.7, 0.67, 0.74))]
    [0.043, 0.142]
    """
    (value_a, low_a, high_a), (value_b, low_b, high_b) = a, b
    value = value_a - value_b
    below = np.hypot(value_a - low_a, high_b - value_b)
    above = np.hypot(high_a - value_a, value_b - low_b)
    return float(value - below), float(value + above)
