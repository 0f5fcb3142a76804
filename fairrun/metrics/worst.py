"""Any number of groups: every pair, the largest difference, the smallest ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.intervals import Intervals
from fairrun.metrics.rates import FloatArray, Tables, divide

__all__ = ["Pairs", "largest_difference", "orient", "smallest_ratio", "worst_of"]

#: Positions of two groups each, shape (n_pairs, 2).
Pairs = NDArray[np.intp]


def largest_difference(values: FloatArray) -> FloatArray:
    """Find the largest difference between any two groups, as fairlearn's `difference()` does.

    Parameters
    ----------
    values : array of shape (..., n_groups)
        A rate of each group; NaN where it is undefined.

    Returns
    -------
    array of shape (...)
        max − min of the defined values; NaN if there are fewer than two.

    Examples
    --------
    >>> largest_difference(np.array([0.2, np.nan, 0.5])).item()
    0.3
    """
    low, high = _extremes(values)
    return high - low


def smallest_ratio(values: FloatArray) -> FloatArray:
    """Find the smallest ratio between any two groups, as fairlearn's `ratio()` does.

    Parameters
    ----------
    values : array of shape (..., n_groups)
        A rate of each group; NaN where it is undefined.

    Returns
    -------
    array of shape (...)
        min / max of the defined values; NaN if there are fewer than two, or all are 0.

    Examples
    --------
    >>> smallest_ratio(np.array([0.2, np.nan, 0.5])).item()
    0.4
    """
    low, high = _extremes(values)
    return np.asarray(low / np.where(high > 0, high, np.nan))


def _extremes(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    defined = ~np.isnan(values)
    low = np.where(defined, values, np.inf).min(axis=-1, initial=np.inf)
    high = np.where(defined, values, -np.inf).max(axis=-1, initial=-np.inf)
    enough = defined.sum(axis=-1) > 1
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def orient(metric: BiasMetric, tables: Tables, pairs: Pairs) -> Pairs:
    """Turn each pair so that its difference is at least 0, or its ratio at most 1.

    Parameters
    ----------
    metric : BiasMetric
        The metric.
    tables : array of shape (n_groups, 2, 2)
        The groups' tables.
    pairs : array of int of shape (n_pairs, 2)
        Positions of groups.

    Returns
    -------
    array of int of shape (n_pairs, 2)
        The pairs, some of them turned. A ratio to 0 becomes a ratio of 0, which is defined.
    """
    if metric.kind == "ratio":
        rates = metric.rates[0](tables)[pairs]
        turn = rates[:, 0] > rates[:, 1]
    else:
        turn = metric.function(tables[pairs]) < 0
    return np.where(turn[:, None], pairs[:, ::-1], pairs)


def worst_of(metric: BiasMetric, turned: Pairs, together: Intervals) -> tuple[Pairs, Intervals]:
    """Find the largest difference, or the smallest ratio, with the interval of just that.

    Whichever pair it is of: if all intervals hold, the largest difference is at least the highest
    lower limit, and at most the highest upper one.

    Parameters
    ----------
    metric : BiasMetric
        The metric.
    turned : array of int of shape (n_pairs, 2)
        The pairs, as `orient` has turned them.
    together : Intervals
        Theirs, which hold at once; those of undefined values are left out.

    Returns
    -------
    pair : array of int of shape (1, 2)
        The pair it is seen in; the first one if all are undefined.
    interval : Intervals
        Of shape (1,).
    """
    value, low, high = together.value, together.low, together.high
    if np.isnan(value).all():
        place, low, high = 0, np.full(1, np.nan), np.full(1, np.nan)
    elif metric.reference == 1:
        place = int(np.nanargmin(value))
        # The pair may be the other way round: then it is the inverse that is at most 1.
        low, high = _least(np.minimum(low, divide(1, high))), _least(np.minimum(high, 1))
    else:
        place = int(np.nanargmax(value))
        low, high = -_least(-np.maximum(low, 0)), -_least(-np.maximum(high, -low))
    at = slice(place, place + 1)
    undefined, method = together.undefined[at], together.method[at]
    return turned[at], Intervals(value[at], low, high, undefined, method)


def _least(limits: FloatArray) -> FloatArray:
    """Find the least of the limits there are, as an array of shape (1,)."""
    defined = limits[~np.isnan(limits)]
    return defined.min(keepdims=True) if defined.size else np.full(1, np.nan)
