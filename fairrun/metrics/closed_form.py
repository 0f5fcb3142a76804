"""Interval limits in closed form, for independent proportions with an effective number of rows.

Weighted rows and areas under the ROC curve use these formulas, because they have a standard error
but no table of counts from which replicates could be drawn. All functions take the normal quantile
z (1.96 for 95 %). The limits are valid for proportions of 0 and 1, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import norm

from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "Limits",
    "difference_limits",
    "effective_size",
    "normal_quantile",
    "ratio_limits",
    "wilson_limits",
]

Limits = tuple[FloatArray, FloatArray]


@cache
def normal_quantile(confidence: float, n_intervals: int = 1) -> float:
    """Return the quantile z for two-sided normal intervals that cover at once (Bonferroni).

    Parameters
    ----------
    confidence : float
        Probability that all intervals cover at once, such as 0.95.
    n_intervals : int, default 1
        The number of intervals.

    Examples
    --------
    >>> round(normal_quantile(0.95), 2), round(normal_quantile(0.95, n_intervals=10), 2)
    (1.96, 2.81)
    """
    return float(norm.isf((1 - confidence) / 2 / n_intervals))


def effective_size(p: FloatArray, variance: FloatArray, otherwise: FloatArray) -> FloatArray:
    """Return the number of unweighted rows with the same variance: p (1 − p) / variance.

    Parameters
    ----------
    p, variance : array
        The proportions, and the variances of their estimates.
    otherwise : array
        The number of rows to return where p is 0 or 1, or where the variance is 0 or NaN.
    """
    size = divide(p * (1 - p), np.nan_to_num(variance))
    return np.where(size > 0, size, otherwise)


def wilson_limits(p: FloatArray, n: FloatArray, z: float | FloatArray) -> Limits:
    """Compute Wilson's score limits of a proportion.

    Parameters
    ----------
    p, n : array
        The proportions and their numbers of rows.
    z : float or array
        The normal quantile.

    Returns
    -------
    low, high : array
        The limits; NaN where n is 0.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22.

    Examples
    --------
    >>> low, high = wilson_limits(np.array(0.0), np.array(100), z=1.96)
    >>> low.item(), round(high.item(), 4)
    (0.0, 0.037)
    """
    n = np.where(n > 0, n, np.nan)
    centre = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)
    # The limits are exactly 0 and 1 here, but the formula rounds.
    return np.where(p == 0, 0.0, low), np.where(p == 1, 1.0, high)


def difference_limits(
    parts: Sequence[tuple[FloatArray, FloatArray, FloatArray, FloatArray]], z: float
) -> Limits:
    """Compute the limits of the mean of differences p_a − p_b of independent proportions.

    The distance from each proportion to its score limit replaces the standard error.

    Parameters
    ----------
    parts : sequence of (p_a, n_a, p_b, n_b)
        The proportions and effective numbers of rows of each difference.
    z : float
        The normal quantile.

    Returns
    -------
    low, high : array
        The limits of the mean difference.

    References
    ----------
    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, method 10. For several differences: Zou, Huang and Zhang (2009), "A
    note on confidence interval estimation for a linear function of binomial proportions",
    Computational Statistics & Data Analysis 53.

    Examples
    --------
    >>> arrays = [np.array(x) for x in (56 / 70, 70, 48 / 80, 80)]
    >>> [round(limit.item(), 4) for limit in difference_limits([tuple(arrays)], z=1.96)]
    [0.0524, 0.3339]
    """
    value = below = above = np.zeros(())
    for p_a, n_a, p_b, n_b in parts:
        (low_a, high_a), (low_b, high_b) = wilson_limits(p_a, n_a, z), wilson_limits(p_b, n_b, z)
        value = value + (p_a - p_b)
        below = below + (p_a - low_a) ** 2 + (high_b - p_b) ** 2
        above = above + (high_a - p_a) ** 2 + (p_b - low_b) ** 2
    return (value - np.sqrt(below)) / len(parts), (value + np.sqrt(above)) / len(parts)


def ratio_limits(
    p_a: FloatArray, n_a: FloatArray, p_b: FloatArray, n_b: FloatArray, z: float
) -> Limits:
    """Compute the limits of the ratio p_a / p_b of independent proportions.

    The interval is normal on the logarithm of the ratio, and 1/2 is added to each number of rows.

    Parameters
    ----------
    p_a, n_a, p_b, n_b : array
        The proportions and their effective numbers of rows.
    z : float
        The normal quantile.

    Returns
    -------
    low, high : array
        The limits. The lower limit is 0 where p_a is 0. NaN where p_b is 0.

    References
    ----------
    Walter (1975), "The distribution of Levin's measure of attributable risk", Biometrika 62.
    """
    x_a, x_b = p_a * n_a + 0.5, p_b * n_b + 0.5
    m_a, m_b = n_a + 0.5, n_b + 0.5
    centre = np.log(x_a / m_a) - np.log(x_b / m_b)
    half = z * np.sqrt(np.maximum(1 / x_a - 1 / m_a + 1 / x_b - 1 / m_b, 0))
    low = np.where(p_a == 0, 0.0, np.exp(centre - half))
    # Adding 1/2 moves the centre towards 1, so for a tiny p the interval can miss the value.
    value = divide(p_a, p_b)
    return np.minimum(low, value), np.maximum(np.exp(centre + half), value)
