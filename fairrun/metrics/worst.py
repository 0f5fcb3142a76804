"""Summaries of many groups: the largest difference and the smallest ratio of any pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.intervals import Intervals
from fairrun.metrics.rates import FloatArray, Tables, divide

__all__ = ["Pairs", "orient", "worst_of"]

#: Pairs of groups as positions, of shape (n_pairs, 2).
Pairs = NDArray[np.intp]


def orient(metric: BiasMetric, tables: Tables, pairs: Pairs) -> Pairs:
    """Return the pairs ordered so that each difference is at least 0, or each ratio at most 1.

    Parameters
    ----------
    metric : BiasMetric
        The metric.
    tables : array of shape (n_groups, 2, 2)
        Tables by group, label and prediction.
    pairs : array of int of shape (n_pairs, 2)
        Positions of groups.

    Returns
    -------
    array of int of shape (n_pairs, 2)
        The pairs. The two groups of a pair are exchanged where needed. A ratio x / 0, which is
        undefined, becomes 0 / x.
    """
    if metric.kind == "ratio":
        rates = metric.rates[0](tables)[pairs]
        turn = rates[:, 0] > rates[:, 1]
    else:
        turn = metric.function(tables[pairs]) < 0
    return np.where(turn[:, None], pairs[:, ::-1], pairs)


def worst_of(metric: BiasMetric, turned: Pairs, together: Intervals) -> tuple[Pairs, Intervals]:
    """Return the pair with the largest difference, or with the smallest ratio, and its interval.

    The interval is for the largest difference (or smallest ratio) itself, whichever pair has it. If
    all simultaneous intervals cover, the largest difference lies between the highest lower limit
    and the highest upper limit.

    Parameters
    ----------
    metric : BiasMetric
        The metric.
    turned : array of int of shape (n_pairs, 2)
        The pairs in the order that `orient` gives them.
    together : Intervals
        The simultaneous intervals of these pairs. Undefined values are left out, and so are pairs
        without limits if other pairs have some.

    Returns
    -------
    pair : array of int of shape (1, 2)
        The pair with the largest difference or smallest ratio; the first pair if all values are
        undefined.
    interval : Intervals
        The value and its limits, of shape (1,). The limits are NaN if a pair with a value has no
        interval, because that pair can be the worst.
    """
    value, low, high = together.value, together.low, together.high
    bounded = ~np.isnan(high)
    value = np.where(bounded | ~bounded.any(), value, np.nan)
    if np.isnan(value).all():
        place, low, high = 0, np.full(1, np.nan), np.full(1, np.nan)
    elif metric.reference == 1:
        place = int(np.nanargmin(value))
        # The true ratio of a pair can be above 1. Its inverse is then the ratio of at most 1.
        low, high = _least(np.minimum(low, divide(1, high))), _least(np.minimum(high, 1))
    else:
        place = int(np.nanargmax(value))
        low, high = -_least(-np.maximum(low, 0)), -_least(-np.maximum(high, -low))
    if (np.isnan(together.high) & ~np.isnan(value)).any():
        low = high = np.full(1, np.nan)
    at = slice(place, place + 1)
    undefined, method = together.undefined[at], together.method[at]
    return turned[at], Intervals(value[at], low, high, undefined, method)


def _least(limits: FloatArray) -> FloatArray:
    """Return the smallest limit that is not NaN, or NaN, as an array of shape (1,)."""
    defined = limits[~np.isnan(limits)]
    return defined.min(keepdims=True) if defined.size else np.full(1, np.nan)
