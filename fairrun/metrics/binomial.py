"""Exact limits of a rate that is a count divided by a count.

The Clopper–Pearson limit of one side misses the true rate in at most 2.5 % of all samples, whatever
the rate is. No narrower limit can promise this. Limits that cover better on average miss far more
often at some rates: the limit of Jeffreys' prior misses a rate of 2.5 / n in 8 % of samples, and a
gate's threshold can be such a rate. `benchmarks/coverage.py --edges` compares them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv, ndtr

from fairrun.metrics.rates import FloatArray

__all__ = [
    "clopper_pearson_limits",
    "tail_of_each",
    "tail_of_pairs",
]


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
    # Imported here because scipy.stats takes half a second, and only these pairs need it.
    from scipy.stats import studentized_range

    return float(ndtr(-studentized_range.ppf(confidence, n_groups, np.inf) / 2**0.5))


def clopper_pearson_limits(
    count: ArrayLike, size: ArrayLike, tail: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Compute the exact limits of a binomial proportion.

    Parameters
    ----------
    count, size : array
        The numerators and denominators. They can be effective numbers of rows, which are not whole.
    tail : float or array
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
    low = betaincinv(np.where(x > 0, x, 1.0), n - x + 1, tail)
    high = betainccinv(x + 1, np.where(n > x, n - x, 1.0), tail)
    low, high = np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)
    undefined = (n == 0) | np.isnan(x)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
