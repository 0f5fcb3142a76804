"""Inequality of benefits among individuals, as functions of the counts of label and prediction.

The benefit of a row is b = prediction − label + 1: 0 for a false negative, 1 for a correct
prediction, 2 for a false positive (Speicher et al., 2018, "A unified approach to quantifying
algorithmic unfairness", KDD). The counts of these three benefits are enough to compute every metric
here. All functions take tables of shape (..., 2, 2), indexed by label and prediction. The value is
NaN if there are no rows, or if every row is a false negative and the mean benefit is 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fairrun.metrics.rates import FloatArray, Tables, divide

__all__ = [
    "INEQUALITY_METRICS",
    "coefficient_of_variation",
    "generalized_entropy_index",
    "theil_index",
]


def _shares(tables: Tables) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the share of benefit 1, the share of benefit 2, and the mean benefit (NaN if 0)."""
    n = tables.sum(axis=(-2, -1))
    one = divide(tables[..., 0, 0] + tables[..., 1, 1], n)
    two = divide(tables[..., 0, 1], n)
    mean = one + 2 * two
    return one, two, np.where(mean > 0, mean, np.nan)


def theil_index(tables: Tables) -> FloatArray:
    """Compute the mean of (b/μ) ln(b/μ), where μ is the mean benefit; 0 if all benefits are equal.

    Examples
    --------
    >>> theil_index(np.array([[1, 0], [1, 1]])).round(6).item()  # benefits 1, 0, 1
    0.405465
    """
    _, two, mean = _shares(tables)
    return np.asarray((2 * two * np.log(2) - mean * np.log(mean)) / mean)


def generalized_entropy_index(tables: Tables) -> FloatArray:
    """Compute half the mean of (b/μ)² − 1, where μ is the mean benefit; 0 if all b are equal.

    Examples
    --------
    >>> generalized_entropy_index(np.array([[1, 0], [1, 1]])).round(6).item()
    0.25
    """
    one, two, mean = _shares(tables)
    zero = 1 - one - two
    variance = zero * mean**2 + one * (1 - mean) ** 2 + two * (2 - mean) ** 2
    return np.asarray(variance / mean**2 / 2)


def coefficient_of_variation(tables: Tables) -> FloatArray:
    """Compute 2 √GEI, as holisticai does; GEI is the generalized entropy index.

    The standard deviation divided by the mean is √(2 GEI), which aif360 returns. The value here is
    √2 times as large.

    Examples
    --------
    >>> coefficient_of_variation(np.array([[1, 0], [1, 1]])).round(6).item()
    1.0
    """
    return np.asarray(2 * np.sqrt(generalized_entropy_index(tables)))


#: The metrics by holisticai's titles in snake_case, in the order of its table.
INEQUALITY_METRICS: dict[str, Callable[[Tables], FloatArray]] = {
    "theil_index": theil_index,
    "generalized_entropy_index": generalized_entropy_index,
    "coefficient_of_variation": coefficient_of_variation,
}
