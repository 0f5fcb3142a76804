"""Intervals from replicates of a table of counts.

A row bootstrap draws n rows with replacement; a metric of labels sees of them only how many fall
into each cell, and those numbers are multinomial. So the replicates are drawn as tables, once, on
the finest table, and every group's are sums of them: what is said of sex, of race and of their
crossings comes from the same draws.

Where a cell of a group holds fewer than `FEW` rows such draws understate what is not known (a cell
without a row stays without one). That group's replicates are then drawn from the Dirichlet
distribution of its cells with 1/2 added to each, the posterior under Jeffreys' prior, whose
intervals cover a proportion well down to no row at all (Brown, Cai and DasGupta, 2001, "Interval
estimation for a binomial proportion", Statistical Science 16).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.rates import FloatArray, divide

__all__ = [
    "FEW",
    "Intervals",
    "draw_replicates",
    "has_few",
    "percentile_limits",
    "simultaneous_limits",
    "smooth",
    "without_limits",
]

#: A group with fewer rows than this in one of its cells gets smoothed replicates.
FEW = 10


@dataclass(frozen=True, eq=False)
class Intervals:
    """Values with their limits; each array has the same shape (k,).

    Parameters
    ----------
    value : array of float
        The values; NaN where undefined.
    low, high : array of float
        The limits, which hold the value; NaN where it is undefined.
    undefined : array of float
        The share of the multinomial replicates in which the value is undefined.
    method : array of str
        How the limits were made: "multinomial", "smoothed", "linearised", …; empty where there are
        none.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    undefined: FloatArray
    method: NDArray[np.str_]


def draw_replicates(cells: NDArray[np.int64], n_replicates: int, seed: int) -> FloatArray:
    """Draw replicates of a finest table: its n rows, drawn from its own shares.

    Parameters
    ----------
    cells : array of int of shape (n_cells, outcomes)
        The counts, as `Counts.cells`.
    n_replicates : int
        How many.
    seed : int
        The seed.

    Returns
    -------
    array of shape (n_replicates, n_cells, outcomes)
        Whole numbers as float64, in which they are exact, and which matrix products are fast in.
        In memory the replicates of a number lie next to each other.

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
    """Draw the replicates of groups with few rows in a cell anew, with 1/2 added to each cell.

    Parameters
    ----------
    tables : array of int of shape (n_groups, outcomes)
        The counts of each group.
    replicates : array of shape (n_replicates, n_groups, outcomes)
        Their multinomial replicates.
    seed : int
        The seed.

    Returns
    -------
    array of shape (n_replicates, n_groups, outcomes)
        The replicates, some of them smoothed: fractions, which sum to the group's number of rows.
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
    """Tell which groups have fewer than `FEW` rows in one of their cells."""
    return np.asarray((tables < FEW).any(axis=tuple(range(1, tables.ndim))))


def percentile_limits(
    value: FloatArray, replicates: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Take the percentiles of replicates as limits; each interval for itself.

    Parameters
    ----------
    value : array of shape (k,)
        The values of the counts.
    replicates : array of shape (n_replicates, k)
        Their replicates; NaN where undefined.
    confidence : float
        How often each interval shall cover, such as 0.95.

    Returns
    -------
    low, high : array of shape (k,)
        The limits. They hold the value (a rate of 0 has the lower limit 0), and are NaN if it is.
    """
    tail = (1 - confidence) / 2
    low, high = _defined_quantiles(replicates, (tail, 1 - tail))
    return _holding(value, low, high)


def simultaneous_limits(
    value: FloatArray, replicates: FloatArray, confidence: float, *, ratio: bool
) -> tuple[FloatArray, FloatArray]:
    """Widen the intervals until all hold at once: max-t.

    For the worst of many pairs, which is picked by the same data. Each value's replicates are
    standardised; the largest of their absolute values over all pairs has the quantile c, and the
    limits are mean ± c standard deviations of the replicates (Westfall and Young, 1993,
    Resampling-Based Multiple Testing, chapter 2).

    Parameters
    ----------
    value, replicates
        As for `percentile_limits`.
    confidence : float
        How often all the intervals together shall cover.
    ratio : bool
        Whether the values are ratios: then all of this happens to their logarithms.

    Returns
    -------
    low, high : array of shape (k,)
        The limits. They hold the value, and are NaN if it is.
    """
    t = np.log(np.where(replicates > 0, replicates, np.nan)) if ratio else replicates
    defined = ~np.isnan(t)
    count = defined.sum(axis=0)
    centre = divide(np.where(defined, t, 0).sum(axis=0), count)
    deviation = np.where(defined, t - centre, 0)
    spread = np.sqrt(divide((deviation**2).sum(axis=0), count))
    standardised = np.abs(divide(deviation, spread))
    # A value that is undefined, or the same in all replicates, has no part in the largest.
    standardised[:, np.isnan(value) | ~(spread > 0)] = 0
    c = np.quantile(standardised.max(axis=1, initial=0), confidence)
    low, high = centre - c * spread, centre + c * spread
    return _holding(value, *((np.exp(low), np.exp(high)) if ratio else (low, high)))


def _holding(value: FloatArray, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Make limits hold their value; where that is NaN, so are they."""
    return np.minimum(low, value), np.maximum(high, value)


def _defined_quantiles(replicates: FloatArray, levels: tuple[float, float]) -> FloatArray:
    """Take quantiles of each column's defined values; many times faster than nanquantile."""
    ordered = np.sort(replicates.T, axis=1)  # NaN last
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
    """Give values that have no interval."""
    none = np.full(value.shape, np.nan)
    return Intervals(value, none, none, none, np.full(value.shape, "", dtype=np.str_))
