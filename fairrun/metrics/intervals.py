"""Intervals from replicates of a table of counts.

A row bootstrap draws n rows with replacement. A metric of labels depends only on the number of rows
in each cell, and these numbers have a multinomial distribution. The replicates are therefore drawn
as tables, once, for the table with all protected columns. The replicates of a group are sums of its
cells, so the metrics of sex, of race and of their crossings come from the same draws.

If a cell of a group has fewer than `FEW` rows, multinomial draws understate the uncertainty: an
empty cell stays empty in every draw. The replicates of such a group are drawn from a Dirichlet
distribution instead, with 1/2 added to the count of each cell. This is the posterior under
Jeffreys' prior. Its intervals cover a proportion well even if no row was observed (Brown, Cai and
DasGupta, 2001, "Interval estimation for a binomial proportion", Statistical Science 16).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "FEW",
    "Intervals",
    "defined_quantiles",
    "draw_replicates",
    "has_few",
    "max_t_limits",
    "percentile_limits",
    "simultaneous_limits",
    "smooth",
    "without_limits",
]

#: A group with fewer rows than this in one of its cells gets smoothed replicates.
FEW = 10


@dataclass(frozen=True, eq=False)
class Intervals:
    """Values with interval limits; all arrays have the same shape (k,).

    Attributes
    ----------
    value : array of float
        The values; NaN where undefined.
    low, high : array of float
        The limits, with low ≤ value ≤ high; NaN where the value is undefined.
    undefined : array of float
        The share of the multinomial replicates in which the value is undefined.
    method : array of str
        How the limits were computed: "multinomial", "smoothed", "linearised", …; empty where there
        are no limits.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    undefined: FloatArray
    method: NDArray[np.str_]


def draw_replicates(cells: NDArray[np.int64], n_replicates: int, seed: int) -> FloatArray:
    """Draw multinomial replicates of a table: n rows each, with the table's shares.

    Parameters
    ----------
    cells : array of int of shape (n_cells, outcomes)
        The counts, as in `Counts.cells`.
    n_replicates : int
        The number of replicates.
    seed : int
        The seed of the random numbers.

    Returns
    -------
    array of shape (n_replicates, n_cells, outcomes)
        Whole numbers as float64, which represents them exactly and makes matrix products fast. The
        replicates of one cell are contiguous in memory.

    Examples
    --------
    >>> cells = np.array([[[5, 1], [2, 4]], [[0, 0], [1, 3]]])
    >>> draw_replicates(cells, n_replicates=1000, seed=0).sum(axis=(1, 2, 3)).max().item()
    16.0
    """
    rng = np.random.default_rng(seed)
    flat = cells.ravel()
    replicates = np.zeros((cells[0].size, len(cells), n_replicates))
    cell, outcome = cells.reshape(len(cells), -1).nonzero()
    if len(cell):
        shares = flat[flat > 0] / flat.sum()
        replicates[outcome, cell] = rng.multinomial(flat.sum(), shares, size=n_replicates).T
    return replicates.transpose(2, 1, 0).reshape(n_replicates, *cells.shape)


def smooth(tables: NDArray[np.int64], replicates: FloatArray, seed: int) -> FloatArray:
    """Replace the replicates of groups with few rows in a cell by smoothed ones.

    Smoothed replicates are Dirichlet draws with 1/2 added to the count of each cell.

    Parameters
    ----------
    tables : array of int of shape (n_groups, outcomes)
        The counts of each group.
    replicates : array of shape (n_replicates, n_groups, outcomes)
        The multinomial replicates of these counts.
    seed : int
        The seed of the random numbers.

    Returns
    -------
    array of shape (n_replicates, n_groups, outcomes)
        The replicates. Smoothed ones hold fractions of rows that sum to the group's number of rows.
    """
    few = has_few(tables)
    if not few.any():
        return replicates
    counts = tables[few]
    axes = tuple(range(1, counts.ndim))
    rng = np.random.default_rng(seed)
    shares = rng.standard_gamma(counts + 0.5, size=(len(replicates), *counts.shape))
    shares /= shares.sum(axis=tuple(axis + 1 for axis in axes), keepdims=True)
    smoothed = replicates.copy(order="K")
    smoothed[:, few] = counts.sum(axis=axes, keepdims=True) * shares
    return smoothed


def has_few(tables: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, for each group, whether one of its cells has fewer than `FEW` rows."""
    return np.asarray((tables < FEW).any(axis=tuple(range(1, tables.ndim))))


def percentile_limits(
    value: FloatArray, replicates: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Return the percentiles of replicates as limits; each interval covers separately.

    Parameters
    ----------
    value : array of shape (k,)
        The values that were computed from the counts.
    replicates : array of shape (n_replicates, k)
        The same values computed from each replicate; NaN where undefined.
    confidence : float
        Confidence level of each interval, such as 0.95.

    Returns
    -------
    low, high : array of shape (k,)
        The limits, widened where needed so that low ≤ value ≤ high (a rate of 0 has the lower limit
        0). NaN where the value is NaN.
    """
    tail = (1 - confidence) / 2
    low, high = defined_quantiles(replicates, (tail, 1 - tail))
    return _holding(value, low, high)


def simultaneous_limits(
    value: FloatArray, replicates: FloatArray, confidence: float, *, ratio: bool
) -> tuple[FloatArray, FloatArray]:
    """Return limits that cover all values at once, by the max-t method.

    The worst of many pairs needs such limits, because the same data choose the pair and estimate
    its value. The replicates of each value are standardised. In each replicate, the largest
    absolute value over all pairs is taken, and c is the quantile of these maxima. The limits are
    mean ± c standard deviations of the replicates.

    Parameters
    ----------
    value : array of shape (k,)
        The values that were computed from the counts.
    replicates : array of shape (n_replicates, k)
        The same values computed from each replicate; NaN where undefined.
    confidence : float
        Probability that all intervals cover at once, such as 0.95.
    ratio : bool
        Whether the values are ratios. The method then works on their logarithms.

    Returns
    -------
    low, high : array of shape (k,)
        The limits, widened where needed so that low ≤ value ≤ high. NaN where the value is NaN.

    References
    ----------
    Westfall and Young (1993), Resampling-Based Multiple Testing, chapter 2.
    """
    return _holding(value, *max_t_limits(value, replicates, confidence, ratio=ratio))


def max_t_limits(
    value: FloatArray,
    replicates: FloatArray,
    confidence: float,
    *,
    ratio: bool,
    factor: FloatArray | float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of `simultaneous_limits` before they are widened to hold the values.

    Parameters
    ----------
    value, replicates, confidence, ratio
        See `simultaneous_limits`. A column of NaN is left out.
    factor : array of shape (k,) or float, default 1.0
        The factor that widens each interval, for example because there are few clusters.

    Returns
    -------
    low, high : array of shape (k,)
        The limits.
    """
    t = np.log(np.where(replicates > 0, replicates, np.nan)) if ratio else replicates
    defined = ~np.isnan(t)
    count = defined.sum(axis=0)
    centre = divide(np.where(defined, t, 0).sum(axis=0), count)
    deviation = np.where(defined, t - centre, 0)
    spread = np.sqrt(divide((deviation**2).sum(axis=0), count))
    standardised = np.abs(divide(deviation, spread))
    # A value that is undefined, or the same in all replicates, must not contribute to the maximum.
    standardised[:, np.isnan(value) | ~(spread > 0)] = 0
    c = np.quantile(standardised.max(axis=1, initial=0), confidence) * factor
    low, high = centre - c * spread, centre + c * spread
    return (np.exp(low), np.exp(high)) if ratio else (low, high)


def _holding(value: FloatArray, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return limits widened so that low ≤ value ≤ high; NaN where the value is NaN."""
    return np.minimum(low, value), np.maximum(high, value)


def defined_quantiles(
    replicates: FloatArray, levels: tuple[FloatArray | float, FloatArray | float]
) -> FloatArray:
    """Return quantiles of each column without its NaN; much faster than `numpy.nanquantile`.

    Parameters
    ----------
    replicates : array of shape (n_replicates, k)
        The replicates; NaN where undefined.
    levels : tuple of two floats or arrays of shape (k,)
        The levels of the quantiles, for all columns or for each.

    Returns
    -------
    array of shape (2, k)

    Examples
    --------
    >>> defined_quantiles(np.arange(11.0)[:, None], (0.1, np.array([0.9]))).tolist()
    [[1.0], [9.0]]
    """
    ordered = np.sort(replicates.T, axis=1)  # NumPy sorts NaN to the end.
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    rows = np.arange(len(ordered))
    quantiles = []
    for level in levels:
        place = np.maximum(level * last, 0)
        below = place.astype(np.intp)
        above = np.minimum(below + 1, np.maximum(last, 0))
        lower = ordered[rows, below]
        quantiles.append(lower + (place - below) * (ordered[rows, above] - lower))
    return np.array(quantiles)


def without_limits(value: FloatArray) -> Intervals:
    """Return `Intervals` with these values, NaN limits and an empty method."""
    none = np.full(value.shape, np.nan)
    return Intervals(value, none, none, none, np.full(value.shape, "", dtype=np.str_))
