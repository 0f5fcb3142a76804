"""Find the subgroups with the largest differences, among crossings that nobody named.

With 15 columns, three conditions give tens of thousands of subgroups, and some of them differ by
chance. One half of the rows therefore searches, and the other half confirms: the few subgroups that
were found are tested on rows that had no part in finding them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.data import deal_clusters
from fairrun.errors import RequestError
from fairrun.metrics.checks import as_binary, as_weights, check_same_length
from fairrun.metrics.rates import (
    accuracy,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from fairrun.metrics.subgroup_rows import ScannedRows
from fairrun.metrics.subgroup_search import search
from fairrun.metrics.subgroup_table import table_of
from fairrun.metrics.subgroup_values import CodedColumn, code_column
from fairrun.metrics.suppression import MIN_CELL, check_min_cell
from fairrun.text import did_you_mean, listed_names, n_of

__all__ = ["MAX_DEPTH", "SubgroupScan", "scan_subgroups"]

#: The largest number of conditions of a subgroup.
MAX_DEPTH = 3
#: The number of subgroups of each rate that are tested.
_CANDIDATES = 10
#: The largest number of crossings of columns. Each takes about a millisecond.
_MOST_CROSSINGS = 100_000


@dataclass(frozen=True, eq=False)
class SubgroupScan:
    """The subgroups that a search found, with their tests on the other half of the rows.

    Attributes
    ----------
    table : DataFrame
        One row for each subgroup and rate that was tested, confirmed ones first and then by the
        size of the difference. The columns are protected (the columns of the conditions, as
        ``age:sex``), group_a (the subgroup in words), group_b (all other rows), metric, n_search
        and n (the rows of the subgroup in each half, in the denominator of the rate), found (the
        difference in the search half, which is too large on average), rate_a, rate_b, value
        (rate_a − rate_b), ci_low, ci_high, p_value, q_value, confirmed, and reason (why a number is
        missing). All but n_search and found are of the confirmation half.
    depth : int
        The largest number of conditions.
    columns : tuple of str
        The columns that were crossed.
    n_search, n_confirm : int
        The rows of each half.
    n_compared : int
        The differences that were compared in the search half.
    level : float
        The largest expected share of false discoveries among the confirmed subgroups.
    left_out : tuple of str
        The columns that were not crossed, each with the reason.
    """

    table: pd.DataFrame
    depth: int
    columns: tuple[str, ...]
    n_search: int
    n_confirm: int
    n_compared: int
    level: float
    left_out: tuple[str, ...]

    @property
    def n_confirmed(self) -> int:
        """Return the number of confirmed differences."""
        return int(self.table["confirmed"].sum())


def scan_subgroups(
    frame: pd.DataFrame,
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    *,
    depth: int = 2,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    columns: Sequence[str] | None = None,
    min_count: int = 30,
    min_cell: int = MIN_CELL,
    level: float = 0.05,
    seed: int = 0,
) -> SubgroupScan:
    """Search for subgroups with other rates than all other rows, and test them on held-out rows.

    A subgroup has given values in up to `depth` columns, such as ``27 < age ≤ 37 and sex =
    Female``. Its selection rate is compared with that of all other rows; with labels, also its true
    positive rate, false positive rate and accuracy. For each rate, the ten subgroups with the
    largest differences in standard errors, without those that others explain, are tested.

    Parameters
    ----------
    frame : DataFrame
        The columns to cross, protected ones included. Leave out the target, the prediction, the
        score and the weight.
    y_true : array of shape (n_rows,) or None
        The labels, 0 or 1; None compares selection rates alone.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1, where 1 is the favourable outcome.
    depth : int, default 2
        The largest number of conditions, 1 to 3.
    weight : array of shape (n_rows,), optional
        The weights of the rows, at least 0. Rates and tests are weighted, and `min_count` is
        compared with effective rows. Rows of weight 0 are left out.
    cluster : array of int of shape (n_rows,), optional
        The cluster of each row. Clusters stay in one half, and tests count clusters.
    columns : sequence of str, optional
        The columns to cross; by default all.
    min_count : int, default 30
        The fewest rows of a subgroup, in the search half and in the denominator of the rate.
    min_cell : int
        Numbers about fewer rows are not shown, and `min_count` is at least this.
    level : float, default 0.05
        The false discovery rate.
    seed : int, default 0
        The seed of the halves.

    Returns
    -------
    SubgroupScan

    Raises
    ------
    RequestError
        If a parameter is not in its range, a column is unknown, there are too few rows for two
        halves, or too many crossings.

    Notes
    -----
    Halves: the rows, or whole clusters, are dealt at random within each combination of label and
    prediction.

    Multiplicity: all tests, of all rates, are one family for Benjamini and Hochberg's procedure.
    The tests are dependent, because subgroups overlap. The procedure is proven for some kinds of
    dependence only; ``benchmarks/subgroups.py`` measures that it holds here. Benjamini and
    Yekutieli's procedure needs no such check, but with 40 tests its threshold is 4.3 times lower.

    Intervals: their level is 1 − R × level / m, where R of m tests are confirmed (R is at least 1).
    Among the intervals of confirmed subgroups, the expected share that misses is at most `level`.

    References
    ----------
    Benjamini and Hochberg (1995), as in `adjusted`. Benjamini and Yekutieli (2005), "False
    discovery rate-adjusted multiple confidence intervals for selected parameters", Journal of the
    American Statistical Association 100.

    Examples
    --------
    Young women are selected half as often as everybody else:

    >>> rng = np.random.default_rng(0)
    >>> people = pd.DataFrame({
    ...     "sex": rng.choice(["Female", "Male"], 4000), "age": rng.integers(18, 66, 4000),
    ...     "region": rng.choice(["north", "south", "west"], 4000)})
    >>> young_women = (people["sex"] == "Female") & (people["age"] < 30)
    >>> selected = rng.random(4000) < np.where(young_women, 0.2, 0.4)
    >>> scan = scan_subgroups(people, None, selected)
    >>> scan.table.loc[scan.table["confirmed"], ["group_a", "value"]].round(2)
                         group_a  value
    0  sex = Female and age ≤ 29  -0.16
    """
    check_min_cell(min_cell)
    if not 1 <= depth <= MAX_DEPTH:
        raise RequestError(f"subgroups={depth} is no number of conditions; give 1, 2 or 3")
    if not 0 < level < 1:
        raise RequestError(f"level={level:g} is no false discovery rate; give one such as 0.05")
    prediction = as_binary("y_pred", y_pred)
    label = np.zeros_like(prediction) if y_true is None else as_binary("y_true", y_true)
    weights = np.ones(len(prediction)) if weight is None else as_weights(weight)
    check_same_length(y_pred=prediction, y_true=label, weight=weights, frame=frame.index.to_numpy())
    names = _names(frame, columns)
    used = weights > 0
    cell = (2 * label + prediction)[used]
    of_row = None if cluster is None else np.asarray(cluster)[used]
    half = _halves(cell, of_row, seed)
    n_search, n_confirm = np.bincount(half, minlength=2).tolist()
    min_count = max(min_count, min_cell)
    if min(n_search, n_confirm) < 2 * min_count:
        raise RequestError(
            f"{n_of(len(half), 'row')} cannot be searched for subgroups, because each half needs "
            f"{2 * min_count}; give more rows, or leave subgroups out"
        )
    searched = half == 0
    coded, left_out = _code(frame.loc[used, names], searched, min_count)
    _check_crossings(len(coded), depth)
    rates = [selection_rate]
    if y_true is not None:
        rates += [true_positive_rate, false_positive_rate, accuracy]
    rows = ScannedRows(coded, cell, None if weight is None else weights[used], of_row)
    candidates, n_compared = search(rows.take(searched), rates, depth, min_count, _CANDIDATES)
    table = table_of(rows, searched, candidates, min_cell, level)
    scanned = tuple(column.name for column in coded)
    return SubgroupScan(
        table, depth, scanned, n_search, n_confirm, n_compared, level, tuple(left_out)
    )


def _names(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    """Return the columns to cross."""
    names = [*frame.columns] if columns is None else [*dict.fromkeys(columns)]
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        known = [str(name) for name in frame.columns]
        raise RequestError(
            f"subgroups cannot use {unknown[0]!r}, which is no column of the rows; "
            + did_you_mean(unknown[0], known, f"give some of {listed_names(known)}")
        )
    return names


def _halves(
    cell: NDArray[np.uint8], cluster: NDArray[np.int64] | None, seed: int
) -> NDArray[np.intp]:
    """Return the half of each row: equal shares of each label and prediction, whole clusters."""
    if cluster is not None:
        return deal_clusters(cell, cluster, [0.5, 0.5], seed)
    shuffled = np.random.default_rng(seed).permutation(len(cell))
    order = shuffled[np.argsort(cell[shuffled], kind="stable")]
    half = np.empty(len(cell), dtype=np.intp)
    half[order] = np.arange(len(cell)) % 2
    return half


def _code(
    frame: pd.DataFrame, searched: NDArray[np.bool_], min_count: int
) -> tuple[list[CodedColumn], list[str]]:
    """Return the columns as codes, and those that are not crossed, each with the reason."""
    coded, without = [], []
    for name in frame.columns:
        found = code_column(frame[name], searched, min_count)
        if isinstance(found, str):
            without.append(f"{name} ({found})")
        elif len(np.unique(found.codes[searched])) < 2:
            without.append(f"{name} (its rows have one value or too many values)")
        else:
            coded.append(found)
    if not coded:
        raise RequestError(
            "no column can be searched for subgroups"
            + (f": {listed_names(without)}" if without else "")
            + "; give rows with columns that have several values"
        )
    return coded, without


def _check_crossings(n_columns: int, depth: int) -> None:
    n = sum(comb(n_columns, size) for size in range(1, depth + 1))
    if n > _MOST_CROSSINGS:
        raise RequestError(
            f"subgroups={depth} of {n_columns} columns are {n:,} crossings of columns, more than "
            f"{_MOST_CROSSINGS:,}; give subgroups={depth - 1}, or name fewer columns"
        )
