"""Limits of estimates from clusters: tails of percentiles, and closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtr, stdtrit

from fairrun.metrics.closed_form import Limits
from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "Part",
    "expanded_tail",
    "linear_limits",
    "ratio_limits_of",
]


def expanded_tail(confidence: float | FloatArray, n_clusters: NDArray[np.int64]) -> FloatArray:
    """Return the tail probability of each side for percentiles of a bootstrap of few clusters.

    A bootstrap of n clusters understates the variance by the factor (n − 1) / n, and its normal
    percentiles should be those of the t distribution with n − 1 degrees of freedom.

    References
    ----------
    Hesterberg (2015), "What teachers should know about the bootstrap", The American Statistician
    69, section 4.3 (the expanded percentile interval).

    Examples
    --------
    >>> expanded_tail(0.95, np.array([10, 30, 100_000])).round(4).tolist()
    [0.0086, 0.0188, 0.025]
    """
    n = np.maximum(n_clusters, 2)
    return np.asarray(ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 - confidence) / 2)))


@dataclass(frozen=True, eq=False)
class Part:
    """An estimate of k groups that is a part of a sum.

    Attributes
    ----------
    times : float
        The number by which the estimate is multiplied in the sum.
    value, low, high : array of shape (k,)
        The estimate and its own limits.
    influence : sparse array of shape (n_kinds, k)
        The influence of each kind of cluster on the estimate.
    n_of_kind : array of int of shape (n_kinds,)
        The number of clusters of each kind.
    """

    times: float
    value: FloatArray
    low: FloatArray
    high: FloatArray
    influence: sparse.csc_array
    n_of_kind: NDArray[np.int64]

    def correlation(self, other: Part) -> FloatArray:
        """Return the correlation with another part over clusters; 0 where one does not vary."""
        squares = [self._sum(a, b) for a, b in ((self, other), (self, self), (other, other))]
        return np.nan_to_num(divide(squares[0], np.sqrt(squares[1] * squares[2])))

    def _sum(self, one: Part, other: Part) -> FloatArray:
        return np.asarray(one.influence.multiply(other.influence).T @ self.n_of_kind)


def linear_limits(parts: Sequence[Part]) -> Limits:
    """Compute the limits of a sum of estimates that may be correlated.

    The distance from each estimate to its own limit replaces its standard error.

    References
    ----------
    Zou (2008), "On the estimation of additive interaction by use of the four-by-two table and
    beyond", American Journal of Epidemiology 168: the method of variance estimates recovery for
    correlated estimates.
    """
    value = below = above = np.zeros(())
    # The distance towards the lower limit of the sum has the sign of `times`.
    down = [p.times * (p.value - p.low if p.times > 0 else p.high - p.value) for p in parts]
    up = [p.times * (p.high - p.value if p.times > 0 else p.value - p.low) for p in parts]
    for i, one in enumerate(parts):
        value = value + one.times * one.value
        below, above = below + down[i] ** 2, above + up[i] ** 2
        for j, other in enumerate(parts[:i]):
            twice = 2 * one.correlation(other)
            below, above = below + twice * down[i] * down[j], above + twice * up[i] * up[j]
    return value - np.sqrt(np.maximum(below, 0)), value + np.sqrt(np.maximum(above, 0))


def ratio_limits_of(a: Part, b: Part) -> Limits:
    """Compute the limits of the ratio of two estimates of at least 0 that may be correlated.

    Returns
    -------
    low, high : array
        The limits. The upper one is infinite where the lower limit of b is 0; NaN where b is 0.

    References
    ----------
    Donner and Zou (2012), "Closed-form confidence intervals for functions of the normal mean and
    standard deviation", Statistical Methods in Medical Research 21, section 2.
    """
    correlation = a.correlation(b)
    # (p − low)² = p² − low (2 p − low), so these terms are p² without the squared distance.
    least, most = (limit * (2 * a.value - limit) for limit in (a.low, a.high))
    of_low, of_high = (limit * (2 * b.value - limit) for limit in (b.low, b.high))
    product = a.value * b.value
    one = product - correlation * (a.value - a.low) * (b.high - b.value)
    other = product - correlation * (a.high - a.value) * (b.value - b.low)
    # Both roots of one quadratic equation. The lower one is written so that it has no 0 / 0.
    low = np.nan_to_num(divide(least, one + np.sqrt(np.maximum(one**2 - least * of_high, 0))))
    root = other + np.sqrt(np.maximum(other**2 - most * of_low, 0))
    high = np.where(of_low > 0, divide(root, of_low), np.inf)
    undefined = ~(b.value > 0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
