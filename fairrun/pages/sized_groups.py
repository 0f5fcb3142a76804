"""The largest groups of a table, their numbers of rows, and the rows in no group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairrun.groups import MISSING
from fairrun.metrics import Evaluation, WeightedCounts, one_and_two_way, values_of
from fairrun.pages.cells import Cell, count
from fairrun.text import n_of

__all__ = [
    "groups_of",
    "largest",
    "left_out",
    "share_of",
    "size_cells",
    "unknown_rows",
    "values_by_column",
]

#: A table shows at most this number of groups, those with the most rows.
_MOST_GROUPS = 24


def values_by_column(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Return the values of each protected column and of each crossing of two columns."""
    columns = evaluation.counts.columns
    groupings = [values_of(columns, *names) for names in one_and_two_way(columns)]
    return {grouping.protected: grouping.groups for grouping in groupings}


def unknown_rows(evaluation: Evaluation, protected: str) -> dict[str, Any]:
    """Return size and base rate of the rows without a known value, as in a table of rates.

    Without true labels, the rate is the selection rate.
    """
    counts = evaluation.counts
    unknown = counts.marginal(protected).table[-1]
    if not counts.labelled:
        unknown = np.swapaxes(unknown, 0, 1)
    if not isinstance(counts, WeightedCounts):
        n = int(unknown.sum())
        return {"n": n, "n_rows": n, "value": share_of(unknown[1].sum(), n)}
    n, squares, n_rows, _ = unknown.sum(axis=(0, 1)).tolist()
    return {
        "n": n,
        "n_rows": int(n_rows),
        "effective_n": n**2 / squares if squares else 0.0,
        "value": share_of(unknown[1, :, 0].sum(), n),
    }


def groups_of(
    rates: pd.DataFrame, protected: str, names: Iterable[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows of a table of rates by group and metric, for the largest groups."""
    found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in names}
    for row in rates[rates["protected"] == protected].to_dict("records"):
        if row["group"] in found:
            found[row["group"]][str(row["metric"])] = {str(k): v for k, v in row.items()}
    sizes = {name: _known(of_group["selection_rate"]["n"]) for name, of_group in found.items()}
    largest = set(sorted(sizes, key=sizes.__getitem__, reverse=True)[:_MOST_GROUPS])
    return {name: of_group for name, of_group in found.items() if name in largest}


def largest(table: pd.DataFrame, by: str) -> tuple[list[dict[Any, Any]], int]:
    """Return the rows of each protected column's largest groups, and the number left out."""
    known = table.get("category", table.get("group")) != MISSING
    sizes = table[known].assign(n=table["n"].astype(float).fillna(0.0))
    rank = sizes.groupby(by)["n"].rank(method="first", ascending=False)
    kept = table[~known | (rank.reindex(table.index) <= _MOST_GROUPS)]
    return kept.to_dict("records"), len(table) - len(kept)


def left_out(n: int, where: str) -> str:
    """Return a sentence about groups that a table has no room for, with a space in front."""
    said = n_of(n, "group with fewer rows is", "groups with fewer rows are")
    return f" {said} in {where}." if n else ""


def size_cells(row: Mapping[str, Any], weighted: bool, instead: str = "") -> tuple[Cell, ...]:
    """Return the cells with the number of rows and, if they are weighted, the effective number.

    `instead` is said in place of a number that is not shown.
    """
    if not weighted:
        return (count(row["n"], instead),)
    if instead:
        return Cell(instead, is_number=True), Cell("")
    return count(row["n_rows"]), Cell(f"{row['effective_n']:,.1f}", is_number=True)


def _known(n: float) -> float:
    """Return a number of rows, 0 if it is not shown."""
    return 0.0 if pd.isna(n) else float(n)


def share_of(part: float, whole: float) -> float:
    """Return the share of a part, NaN of nothing."""
    return part / whole if whole else float("nan")
