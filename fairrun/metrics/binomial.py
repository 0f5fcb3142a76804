"""Interval limits in closed form, for rates that are counts divided by counts.

`clopper_pearson_limits` are the limits of one rate. The other functions combine the limits of
independent rates: the rates of different groups, or rates with denominators that share no row. They
replace a standard error by the distance from a rate to its limit (MOVER, the method of variance
estimates recovery), so that the limits stay skewed where the limits of the rates are.

The Clopper–Pearson limit of one side misses the true rate in at most 2.5 % of all samples, whatever
the rate is. No narrower limit can promise this. Limits that cover better on average miss far more
often at some rates: the limit of Jeffreys' prior misses a rate of 2.5 / n in 8 % of samples, and a
gate's threshold can be such a rate. `benchmarks/coverage.py --edges` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainccinv, betaincinv
from scipy.stats import norm, studentized_range

from fairrun.metrics.rates import FloatArray

__all__ = [
    "Estimate",
    "clopper_pearson_limits",
    "mover_difference",
    "mover_mean",
    "mover_ratio",
    "tail_of_each",
    "tail_of_pairs",
]


class Estimate(NamedTuple):
    """Rates with their limits; arrays of the same shape, NaN where a rate is undefined."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def tail_of_each(confidence: float) -> float:
    """Return the probability that one limit of a two-sided interval may miss."""
    return (1 - confidence) / 2


@cache
def tail_of_pairs(confidence: float, n_groups: int) -> float:
    """Return the probability that one limit may miss if all pairs of groups are covered at once.

    The critical value is that of Tukey's range test for a known variance. It is exact for groups
    with equal variances and conservative for others (Hayter, 1984).

    Parameters
    ----------
    confidence : float
        Probability that the intervals of all pairs cover at once, such as 0.95.
    n_groups : int
        The number of groups.

    References
    ----------
    Hayter (1984), "A proof of the conjecture that the Tukey–Kramer multiple comparisons procedure
    is conservative", Annals of Statistics 12.

    Examples
    --------
    >>> [round(tail_of_pairs(0.95, n_groups), 5) for n_groups in (2, 3, 10)]
    [0.025, 0.00955, 0.00078]
    """
    if n_groups <= 2:
        return tail_of_each(confidence)
    return float(norm.sf(studentized_range.ppf(confidence, n_groups, np.inf) / 2**0.5))


def clopper_pearson_limits(
    count: NDArray[Any], size: NDArray[Any], tail: float
) -> tuple[FloatArray, FloatArray]:
    """Compute the exact limits of a binomial proportion.

    Parameters
    ----------
    count, size : array
        The numerators and denominators.
    tail : float
        The largest probability that one limit misses, such as 0.025.

    Returns
    -------
    low, high : array
        The limits; 0 where the count is 0, 1 where it is the size, NaN where the size is 0.

    References
    ----------
    Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26.

    Examples
    --------
    >>> low, high = clopper_pearson_limits(np.array([0, 30]), np.array([60, 60]), 0.025)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.368], [0.06, 0.632])
    """
    x, n = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    # A parameter of 0 has no distribution; the limits of these counts are set below.
    low = betaincinv(np.maximum(x, 0.5), n - x + 1, tail)
    high = betainccinv(x + 1, np.maximum(n - x, 0.5), tail)
    low, high = np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)
    undefined = n == 0
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def mover_mean(parts: Sequence[Estimate]) -> Estimate:
    """Combine independent rates to their mean, with its limits.

    References
    ----------
    Zou and Donner (2008), "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27.
    """
    value = sum(part.value for part in parts) / len(parts)
    below = np.sqrt(sum((part.value - part.low) ** 2 for part in parts)) / len(parts)
    above = np.sqrt(sum((part.high - part.value) ** 2 for part in parts)) / len(parts)
    return Estimate(np.asarray(value), value - below, value + above)


def mover_difference(a: Estimate, b: Estimate) -> Estimate:
    """Combine two independent rates to their difference a − b, with its limits.

    References
    ----------
    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, method 10, with other limits of the rates. These limits are those of
    Laud (2017), "Equal-tailed confidence intervals for comparison of rates", Pharmaceutical
    Statistics 16, with a continuity correction of 1/2 (MOVER-J).

    Examples
    --------
    >>> a, b = (Estimate(*map(np.array, limits)) for limits in ((0.5, 0.4, 0.6), (0.2, 0.1, 0.3)))
    >>> [round(limit.item(), 3) for limit in mover_difference(a, b)]
    [0.3, 0.159, 0.441]
    """
    value = a.value - b.value
    low = value - np.hypot(a.value - a.low, b.high - b.value)
    high = value + np.hypot(a.high - a.value, b.value - b.low)
    return Estimate(value, low, high)


def mover_ratio(a: Estimate, b: Estimate) -> Estimate:
    """Combine two independent rates to their ratio a / b, with its limits.

    The ratio is undefined where b is 0. The lower limit is 0 where a is 0.

    References
    ----------
    Donner and Zou (2012), "Closed-form confidence intervals for functions of the normal mean and
    standard deviation", Statistical Methods in Medical Research 21.

    Examples
    --------
    >>> a, b = (Estimate(*map(np.array, limits)) for limits in ((0.2, 0.1, 0.3), (0.5, 0.4, 0.6)))
    >>> [round(limit.item(), 3) for limit in mover_ratio(a, b)]
    [0.4, 0.196, 0.637]
    """
    product = np.where(b.value > 0, a.value * b.value, np.nan)
    # The two factors under each root are p² − (p − limit)², so no root is of a negative number
    # except by rounding.
    low_a, high_a = (limit * (2 * a.value - limit) for limit in (a.low, a.high))
    low_b, high_b = (limit * (2 * b.value - limit) for limit in (b.low, b.high))
    # The equation's lower limit, multiplied by its conjugate, which never divides by 0 for a > 0.
    under = product + np.sqrt(np.maximum(product**2 - low_a * high_b, 0))
    low = np.where(product == 0, 0.0, low_a / np.where(product == 0, 1.0, under))
    above = product + np.sqrt(np.maximum(product**2 - high_a * low_b, 0))
    high = above / np.where(b.value > 0, low_b, np.nan)
    value = product / np.where(b.value > 0, b.value**2, np.nan)
    return Estimate(value, low, high)
