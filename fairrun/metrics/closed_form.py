"""Interval limits in closed form, for independent proportions and for what is computed from them.

The functions that end in `_of` combine estimates which have limits already, such as the rates of
different groups. They replace a standard error by the distance from an estimate to its own limit
(MOVER, the method of variance estimates recovery), so that the limits stay skewed where those of
the estimates are. `wilson_limits` and `difference_limits` take a proportion with an effective
number of rows, and the normal quantile z (1.96 for 95 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "Estimate",
    "Limits",
    "difference_limits",
    "difference_of",
    "effective_size",
    "mean_of",
    "normal_quantile",
    "paired_difference_of",
    "pairs_of",
    "ratio_of",
    "wilson_limits",
]

Limits = tuple[FloatArray, FloatArray]
#: A value, its lower limit and its upper limit.
Estimate = tuple[FloatArray, FloatArray, FloatArray]


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
    return -float(ndtri((1 - confidence) / 2 / n_intervals))


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
    Statistics in Medicine 17, method 10.

    Examples
    --------
    >>> arrays = [np.array(x) for x in (56 / 70, 70, 48 / 80, 80)]
    >>> [round(limit.item(), 4) for limit in difference_limits([tuple(arrays)], z=1.96)]
    [0.0524, 0.3339]
    """
    return difference_of(
        [
            ((p_a, *wilson_limits(p_a, n_a, z)), (p_b, *wilson_limits(p_b, n_b, z)))
            for p_a, n_a, p_b, n_b in parts
        ]
    )


def mean_of(parts: Sequence[Estimate]) -> Limits:
    """Compute the limits of the mean of independent estimates.

    Parameters
    ----------
    parts : sequence of (value, low, high)
        The estimates with their limits.

    References
    ----------
    Zou and Donner (2008), "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27.
    """
    none = (np.zeros(()),) * 3
    return difference_of([(part, none) for part in parts])


def difference_of(parts: Sequence[tuple[Estimate, Estimate]]) -> Limits:
    """Compute the limits of the mean of differences a − b of independent estimates.

    Parameters
    ----------
    parts : sequence of ((value, low, high), (value, low, high))
        The estimates a and b of each difference, with their limits.

    Returns
    -------
    low, high : array
        The limits of the mean difference.

    References
    ----------
    Newcombe (1998), as in `difference_limits`, with the given limits of the proportions. Zou, Huang
    and Zhang (2009), "A note on confidence interval estimation for a linear function of binomial
    proportions", Computational Statistics & Data Analysis 53. With Clopper and Pearson's limits,
    the limits of one difference are those of Laud (2017), "Equal-tailed confidence intervals for
    comparison of rates", Pharmaceutical Statistics 16, with a continuity correction of 1/2.
    """
    value = below = above = np.zeros(())
    for (a, low_a, high_a), (b, low_b, high_b) in parts:
        value = value + (a - b)
        below = below + (a - low_a) ** 2 + (high_b - b) ** 2
        above = above + (high_a - a) ** 2 + (b - low_b) ** 2
    return (value - np.sqrt(below)) / len(parts), (value + np.sqrt(above)) / len(parts)


def ratio_of(a: Estimate, b: Estimate) -> Limits:
    """Compute the limits of the ratio a / b of independent estimates of at least 0.

    Parameters
    ----------
    a, b : (value, low, high)
        The estimates with their limits.

    Returns
    -------
    low, high : array
        The limits. The lower limit is 0 where a is 0. The upper limit is infinite where the lower
        limit of b is 0. NaN where b is 0.

    References
    ----------
    Donner and Zou (2012), "Closed-form confidence intervals for functions of the normal mean and
    standard deviation", Statistical Methods in Medical Research 21, section 2.

    Examples
    --------
    >>> a, b = [tuple(map(np.array, x)) for x in ((0.4, 0.3, 0.5), (0.5, 0.4, 0.6))]
    >>> [round(limit.item(), 3) for limit in ratio_of(a, b)]
    [0.57, 1.097]
    """
    (p, low_a, high_a), (q, low_b, high_b) = a, b
    product = p * q
    # (p − low)² = p² − low (2 p − low), so these terms are p² without the squared distance.
    least, most = low_a * (2 * p - low_a), high_a * (2 * p - high_a)
    of_high, of_low = high_b * (2 * q - high_b), low_b * (2 * q - low_b)
    # Both roots of one quadratic equation. The lower one is written so that it has no 0 / 0.
    low = divide(least, product + np.sqrt(np.maximum(product**2 - least * of_high, 0)))
    high = divide(product + np.sqrt(np.maximum(product**2 - most * of_low, 0)), of_low)
    high = np.where(of_low == 0, np.inf, high)
    none = np.where(q > 0, 0.0, np.nan)
    return np.where(p > 0, low, 0.0) + none, high + none


def pairs_of(estimates: Sequence[Estimate], pairs: NDArray[np.intp], *, ratio: bool) -> Limits:
    """Compute the limits of what compares two groups, for each pair of groups.

    Parameters
    ----------
    estimates : sequence of (value, low, high)
        The estimates of each rate that is compared; arrays of shape (n_groups,).
    pairs : array of int of shape (n_pairs, 2)
        Positions of the groups a and b.
    ratio : bool
        Whether the first rate is compared by its ratio a / b, or all rates by the mean of their
        differences a − b.
    """
    a, b = pairs.T
    parts = [
        ((value[a], low[a], high[a]), (value[b], low[b], high[b])) for value, low, high in estimates
    ]
    return ratio_of(*parts[0]) if ratio else difference_of(parts)


def paired_difference_of(
    plus: Estimate, minus: Estimate, *, correlation: FloatArray | None = None
) -> Limits:
    """Compute the limits of the difference of two shares of the same rows that exclude each other.

    Parameters
    ----------
    plus, minus : (value, low, high)
        The two shares with their limits, such as the share of rows that only one model labels
        correctly, and the share that only the other does.
    correlation : array, optional
        The correlation of the two shares. The default is that of rows of equal weight.

    References
    ----------
    Zou and Donner (2008), as in `mean_of`: equation 7, with the correlation of two multinomial
    shares.

    Examples
    --------
    >>> shares = [tuple(map(np.array, x)) for x in ((0.2, 0.15, 0.25), (0.1, 0.06, 0.15))]
    >>> [round(limit.item(), 3) for limit in paired_difference_of(*shares)]
    [0.024, 0.169]
    """
    (p, low_p, high_p), (q, low_q, high_q) = plus, minus
    if correlation is None:
        correlation = -np.sqrt(np.nan_to_num(divide(p * q, (1 - p) * (1 - q))))

    def distance(one: FloatArray, other: FloatArray) -> FloatArray:
        return np.sqrt(np.maximum(one**2 + other**2 - 2 * correlation * (one * other), 0))

    return p - q - distance(p - low_p, high_q - q), p - q + distance(high_p - p, q - low_q)
