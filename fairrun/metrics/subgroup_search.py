"""Search all crossings of the values of a few columns for subgroups whose rate differs.

The statistic only ranks subgroups, and no probability is computed from it: the largest of thousands
of differences is large by chance alone. `subgroup_confirm` tests what is found on other rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.rates import FloatArray, Rate, divide
from fairrun.metrics.subgroup_rows import Conditions, ScannedRows

__all__ = ["Candidate", "search"]

_logger = logging.getLogger(__name__)

#: A subgroup is more than a part of another one, or than what is left of it, if this share of its
#: difference remains, and at least this number of standard errors.
_SHARE, _APART = 0.5, 2.0
#: For each rate, only this number of subgroups with the largest statistics is looked at in detail.
_MOST_RANKED = 1000
#: Seconds between two lines about the progress.
_PAUSE = 10.0


@dataclass(frozen=True)
class Candidate:
    """A subgroup that was found.

    Attributes
    ----------
    rate : Rate
        The rate that differs.
    conditions : tuple of (int, int)
        The position of each column and the code of its rows.
    statistic : float
        The difference of the rates in standard errors.
    difference : float
        The rate of the subgroup minus that of the other rows, on the search half.
    size : float
        The rows of the subgroup, or effective rows, in the denominator of the rate.
    """

    rate: Rate
    conditions: Conditions
    statistic: float
    difference: float
    size: float

    @property
    def sign(self) -> float:
        """1 if the rate of the subgroup is higher than that of the other rows, otherwise −1."""
        return float(np.sign(self.statistic))


def search(
    rows: ScannedRows, rates: Sequence[Rate], depth: int, min_count: int, most: int
) -> tuple[list[Candidate], int]:
    """Return the subgroups with the largest differences of each rate, and how many were compared.

    A subgroup meets a condition in each of up to `depth` columns. It is compared with all other
    rows by the difference of two proportions in standard errors. Two rules leave out subgroups that
    others explain. What remains of a difference must be at least half of it, in the same direction,
    and two standard errors.

    - A crossing counts only if it differs in this way from the rest of each larger subgroup that
      has one condition less.
    - Subgroups are taken from the largest statistic on. Without the rows of a subgroup that was
      taken before, and without the rows of all of them, a subgroup must still differ from the other
      rows. A part of a subgroup that was taken before must differ from the rest of it.

    Parameters
    ----------
    rows : ScannedRows
        The rows.
    rates : sequence of Rate
        The rates to compare.
    depth : int
        The largest number of conditions.
    min_count : int
        The fewest rows, or effective rows (Kish) if they have weights, of the subgroup and of what
        it is compared with. Only rows in the denominator of the rate count.
    most : int
        The largest number of subgroups for each rate.

    Returns
    -------
    candidates : list of Candidate
        By rate and then by the size of the statistic.
    n_compared : int
        The number of differences: one for each rate and each subgroup with enough rows.
    """
    ranked, n_compared = _rank(rows, rates, depth, min_count)
    found = [_unexplained(rows, candidates, min_count, most) for candidates in ranked]
    return [candidate for of_rate in found for candidate in of_rate], n_compared


@dataclass(frozen=True, eq=False)
class _Sums:
    """For each rate, Σw of the rows that count, Σw of the denominator, and its effective rows."""

    yes: FloatArray
    n: FloatArray
    effective: FloatArray

    @classmethod
    def of(cls, tables: FloatArray, rates: Sequence[Rate]) -> _Sums:
        """Sum tables of shape (2, …, 4) for each rate; the sums have the shape (…, n_rates)."""
        counts, squares = tables
        yes = counts @ np.array([rate.numerator for rate in rates], dtype=np.float64).T
        of_denominator = np.array([rate.denominator for rate in rates], dtype=np.float64).T
        n = counts @ of_denominator
        return cls(yes, n, np.nan_to_num(divide(n**2, squares @ of_denominator)))


def _standardised(one: _Sums, other: _Sums, min_count: int) -> tuple[FloatArray, FloatArray]:
    """Return the differences one − other and their size in standard errors.

    Both are NaN if one of the two has too few rows, or if all rows together count or none does. The
    variance is that of equal rates, p (1 − p), divided by the effective number of rows.
    """
    difference = divide(one.yes, one.n) - divide(other.yes, other.n)
    p = divide(one.yes + other.yes, one.n + other.n)
    variance = p * (1 - p) * (divide(1, one.effective) + divide(1, other.effective))
    enough = (np.minimum(one.effective, other.effective) >= min_count) & (variance > 0)
    difference = np.where(enough, difference, np.nan)
    return difference, divide(difference, np.sqrt(np.where(enough, variance, np.nan)))


def _rank(
    rows: ScannedRows, rates: Sequence[Rate], depth: int, min_count: int
) -> tuple[list[list[Candidate]], int]:
    """Return for each rate the subgroups with the largest statistics, and the number compared."""
    everybody = rows.tables(np.zeros(len(rows.cell), dtype=np.int64), 1)
    kept: list[list[Candidate]] = [[] for _ in rates]
    least = np.zeros(len(rates))
    n_compared = 0
    for places in _with_progress(len(rows.columns), depth):
        sizes = [len(rows.columns[place].words) for place in places]
        codes = np.ravel_multi_index(
            tuple(rows.columns[place].codes for place in places), tuple(sizes)
        )
        tables = rows.tables(codes, int(np.prod(sizes))).reshape(2, *sizes, 4)
        own = _Sums.of(tables, rates)
        others = everybody.reshape(2, *[1] * len(places), 4) - tables
        difference, statistic = _standardised(own, _Sums.of(others, rates), min_count)
        n_compared += int((~np.isnan(statistic)).sum())
        adds = _adds(tables, own, difference, rates, min_count)
        ranks = np.where(adds, np.abs(statistic), -1.0)
        for *cell, number in np.argwhere(ranks > least).tolist():
            where = (*cell, number)
            conditions = tuple(zip(places, cell, strict=True))
            numbers = (float(each[where]) for each in (statistic, difference, own.effective))
            kept[number].append(Candidate(rates[number], conditions, *numbers))
        for number in range(len(rates)):
            if len(kept[number]) > 2 * _MOST_RANKED:
                kept[number] = _largest(kept[number])
                least[number] = abs(kept[number][-1].statistic)
    return [_largest(candidates) for candidates in kept], n_compared


def _adds(
    tables: FloatArray,
    own: _Sums,
    difference: FloatArray,
    rates: Sequence[Rate],
    min_count: int,
) -> NDArray[np.bool_]:
    """Return whether a crossing differs from the rest of every subgroup with one condition less."""
    adds = ~np.isnan(difference)
    n_columns = tables.ndim - 2
    for axis in range(1, n_columns + 1) if n_columns > 1 else ():
        rest = _Sums.of(tables.sum(axis=axis, keepdims=True) - tables, rates)
        adds &= _remains(difference, own, rest, min_count)
    return adds


def _remains(difference: FloatArray, one: _Sums, other: _Sums, min_count: int) -> NDArray[np.bool_]:
    """Return whether enough of a difference remains if one part of the rows meets another."""
    left, apart = _standardised(one, other, min_count)
    # NaN is False in both comparisons.
    enough = (np.abs(left) >= _SHARE * np.abs(difference)) & (np.abs(apart) >= _APART)
    return np.asarray(enough & (np.sign(left) == np.sign(difference)))


def _largest(candidates: list[Candidate]) -> list[Candidate]:
    # A subgroup and its complement have the same statistic, apart from rounding. The smaller of two
    # equal ones comes first, and then the order of the conditions decides.
    def order(candidate: Candidate) -> tuple[float, float, Conditions]:
        return -round(abs(candidate.statistic), 9), candidate.size, candidate.conditions

    return sorted(candidates, key=order)[:_MOST_RANKED]


def _unexplained(
    rows: ScannedRows, candidates: list[Candidate], min_count: int, most: int
) -> list[Candidate]:
    """Return the first subgroups that those before them do not explain."""
    taken: list[Candidate] = []
    before = np.zeros(len(rows.cell), dtype=np.int64)  # a bit for each subgroup that was taken
    for candidate in candidates:
        if len(taken) == most:
            break
        own = rows.members(candidate.conditions)
        if _is_more(rows, candidate, own, before, len(taken), min_count):
            before |= own.astype(np.int64) << len(taken)
            taken.append(candidate)
    return taken


def _is_more(
    rows: ScannedRows,
    candidate: Candidate,
    own: NDArray[np.bool_],
    before: NDArray[np.int64],
    n_taken: int,
    min_count: int,
) -> bool:
    """Return whether a subgroup differs without those that were taken before, or inside them."""
    n_codes = 2**n_taken
    tables = rows.tables(own * n_codes + before, 2 * n_codes).reshape(2, 2, n_codes, 4)
    difference = np.array([candidate.difference])

    def remains(taken: NDArray[np.bool_], *, otherwise: bool) -> bool:
        """Compare what is left of the subgroup; if too little is, its part of those taken."""
        parts = (tables[:, 1, ~taken], tables[:, 0, ~taken])
        if _Sums.of(parts[0].sum(axis=1), [candidate.rate]).effective[0] < min_count:
            if otherwise:
                return True
            parts = (tables[:, 1, taken], tables[:, 0, taken])
        one, other = (_Sums.of(part.sum(axis=1), [candidate.rate]) for part in parts)
        return bool(_remains(difference, one, other, min_count)[0])

    codes = np.arange(n_codes)
    each = (remains(codes >> place & 1 == 1, otherwise=False) for place in range(n_taken))
    return all(each) and (n_taken < 2 or remains(codes > 0, otherwise=True))


def _with_progress(n_columns: int, depth: int) -> Iterator[tuple[int, ...]]:
    """Yield every crossing of up to `depth` columns, and log how many are done."""
    crossings = [
        places for size in range(1, depth + 1) for places in combinations(range(n_columns), size)
    ]
    said = time.monotonic()
    for done, places in enumerate(crossings):
        if time.monotonic() - said > _PAUSE:
            said = time.monotonic()
            _logger.info(
                "subgroups: %s of %s crossings of columns", f"{done:,}", f"{len(crossings):,}"
            )
        yield places
