"""The table of the subgroups that were found, without numbers about few rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.metrics.rates import Rate, selection_rate
from fairrun.metrics.subgroup_confirm import adjusted, compare_with_rest
from fairrun.metrics.subgroup_rows import ScannedRows
from fairrun.metrics.subgroup_search import Candidate

__all__ = ["REST", "table_of"]

#: The name of the rows that a subgroup is compared with.
REST = "all other rows"
_NUMBERS = ("rate_a", "rate_b", "value", "ci_low", "ci_high", "p_value", "q_value")


def table_of(
    rows: ScannedRows,
    searched: NDArray[np.bool_],
    candidates: Sequence[Candidate],
    min_cell: int,
    level: float,
) -> pd.DataFrame:
    """Test subgroups on the rows that were not searched, and return the table of a scan.

    Parameters
    ----------
    rows : ScannedRows
        All rows.
    searched : array of bool of shape (n_rows,)
        Whether a row belongs to the search half.
    candidates : sequence of Candidate
        The subgroups.
    min_cell : int
        Numbers about fewer rows are left out, with the reason.
    level : float
        The false discovery rate.

    Returns
    -------
    DataFrame
        See `SubgroupScan.table`.
    """
    found = pd.DataFrame(
        {
            "protected": [_columns(rows, candidate) for candidate in candidates],
            "group_a": [rows.words(candidate.conditions) for candidate in candidates],
            "group_b": REST,
            "metric": [candidate.rate.name for candidate in candidates],
        },
        dtype=object,
    )
    if not candidates:
        return found.assign(
            n_search=np.zeros(0, np.int64),
            n=np.zeros(0, np.int64),
            found=np.zeros(0),
            **{name: np.zeros(0) for name in _NUMBERS},
            confirmed=np.zeros(0, dtype=bool),
            reason=pd.Series(dtype=object),
        )
    owns = [rows.members(candidate.conditions) for candidate in candidates]
    tested = compare_with_rest(
        rows.take(~searched),
        [candidate.rate for candidate in candidates],
        [own[~searched] for own in owns],
        [candidate.sign for candidate in candidates],
    )
    hidden = _hidden(rows, searched, candidates, owns, min_cell)
    is_shown = np.array([not reason for reason in hidden], dtype=bool)
    # A hidden subgroup stays in the family, so that what is hidden does not change other tests.
    q = adjusted(np.where(is_shown, tested.p, np.nan))
    confirmed = np.nan_to_num(q, nan=1.0) <= level
    # The level at which the procedure rejected (Benjamini and Yekutieli, 2005).
    low, high = tested.limits(max(int(confirmed.sum()), 1) * level / len(q) / 2)
    numbers = (tested.in_subgroup, tested.in_rest, tested.difference, low, high, tested.p, q)
    n = np.array(
        [
            [_size(rows, candidate.rate, own & half) for half in (searched, ~searched)]
            for candidate, own in zip(candidates, owns, strict=True)
        ]
    )
    table = found.assign(
        n_search=n[:, 0],
        n=n[:, 1],
        found=[candidate.difference for candidate in candidates],
        **dict(zip(_NUMBERS, numbers, strict=True)),
        confirmed=confirmed,
        reason=[one or other for one, other in zip(hidden, tested.reasons, strict=True)],
    )
    gone = ["n_search", "n", "found", *_NUMBERS]
    if not is_shown.all():
        table[gone] = table[gone].astype(np.float64)
        table.loc[~is_shown, gone] = np.nan
    order = np.lexsort((-np.nan_to_num(np.abs(table["value"])), ~table["confirmed"]))
    return table.iloc[order].reset_index(drop=True)


def _columns(rows: ScannedRows, candidate: Candidate) -> str:
    return ":".join(rows.columns[place].name for place, _ in candidate.conditions)


def _cells(rows: ScannedRows, own: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the number of rows by label and prediction, of shape (2, 2)."""
    return np.bincount(rows.cell[own], minlength=4).reshape(2, 2)


def _size(rows: ScannedRows, rate: Rate, own: NDArray[np.bool_]) -> int:
    """Return the number of rows in the denominator of a rate."""
    return int(rate.size(_cells(rows, own)))


def _hidden(
    rows: ScannedRows,
    searched: NDArray[np.bool_],
    candidates: Sequence[Candidate],
    owns: Sequence[NDArray[np.bool_]],
    min_cell: int,
) -> list[str]:
    """Return for each subgroup why it must not be shown; empty if it may.

    Two subgroups of which one holds the other are not shown together if they differ by few rows:
    the numbers of these rows are what is left when one is subtracted from the other.
    """
    reasons: list[str] = []
    for i, (candidate, own) in enumerate(zip(candidates, owns, strict=True)):
        reason = ""
        for half in (searched, ~searched):
            joint = candidate.rate is not selection_rate
            reason = reason or _too_few(_cells(rows, own & half), min_cell, joint=joint)
            for before in range(i):
                if not reason and not reasons[before]:
                    reason = _gives_away(own & half, owns[before] & half, min_cell)
        reasons.append(reason)
    return reasons


def _too_few(cells: NDArray[np.intp], min_cell: int, *, joint: bool) -> str:
    """Return why a rate of some rows must not be shown; empty if it may."""
    if 0 < cells.sum() < min_cell:
        return f"hidden: fewer than {min_cell} rows"
    margins = np.concatenate([cells.sum(axis=0), cells.sum(axis=1)])
    if joint and ((margins > 0) & (margins < min_cell)).any():
        return f"hidden: fewer than {min_cell} rows with one label or prediction"
    return ""


def _gives_away(own: NDArray[np.bool_], other: NDArray[np.bool_], min_cell: int) -> str:
    """Return why two subgroups must not be shown together; empty if they may."""
    only_own, only_other = int((own & ~other).sum()), int((other & ~own).sum())
    if min(only_own, only_other) == 0 and 0 < max(only_own, only_other) < min_cell:
        return f"hidden: it would give away a group with fewer than {min_cell} rows"
    return ""
