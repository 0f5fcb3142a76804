"""Numbers by group: label shares, nulls, and groups that are too small to measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.checks import MIN_GROUP_ROWS
from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Finding
from fairrun.groups import (
    GROUP_A,
    GROUP_B,
    Protected,
    group_lookup,
    group_table_names,
    name_groups,
)
from fairrun.text import NAMED_FROM, few_rows

__all__ = ["Grouped", "group_rows", "label_shares", "small_groups", "uneven_nulls"]

#: The shares of null that are said: of one column, and as a difference between the groups.
_MANY_NULLS = 0.2
_UNEVEN = 0.1


@dataclass(frozen=True, eq=False)
class Grouped:
    """The group of each row by one protected column.

    Attributes
    ----------
    column : str
        The protected column.
    names : tuple of (str, str, str)
        The names of group_a, group_b and the rows in neither.
    codes : array of int of shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    """

    column: str
    names: tuple[str, str, str]
    codes: NDArray[np.int64]

    def masks(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Return the name and the rows of group_a, group_b and, if there are any, neither."""
        for code, name in zip((GROUP_A, GROUP_B, -1), self.names, strict=True):
            rows = self.codes == code
            if code >= 0 or rows.any():
                yield name, rows


def group_rows(frame: pd.DataFrame, protected: Iterable[Protected]) -> dict[str, Grouped]:
    """Return the group of each row for each protected column.

    Raises
    ------
    RequestError
        If a column is missing, or has not the values that make its groups.
    """
    return {
        each.column: Grouped(
            each.column,
            group_table_names(name_groups(frame, each)),
            group_lookup(frame, each).groups(frame).astype(np.int64),
        )
        for each in protected
    }


def label_shares(groups: Mapping[str, Grouped], labels: NDArray[np.int64]) -> pd.DataFrame:
    """Return the number of rows with a label, and the share of favourable labels, by group."""
    records = []
    for grouped in groups.values():
        for name, rows in grouped.masks():
            known = labels[rows & (labels >= 0)]
            share = known.mean() if len(known) else float("nan")
            records.append((grouped.column, name, len(known), int(known.sum()), float(share)))
    return pd.DataFrame(records, columns=["protected", "group", "rows", "favourable", "share"])


def small_groups(
    groups: Mapping[str, Grouped],
    columns: Mapping[str, CodedColumn],
    labels: NDArray[np.int64] | None,
    test_share: float,
) -> Iterator[Finding]:
    """Find groups with too few rows to split, and values with too few test rows to measure.

    A gate leaves out values with fewer rows than its `min_count`, which is `MIN_GROUP_ROWS` unless
    the gate says otherwise.
    """
    for name, grouped in groups.items():
        for group, rows in list(grouped.masks())[:2]:
            n = int(rows.sum())
            if n < MIN_GROUP_ROWS:
                how_many = few_rows(n)
                sentence = (
                    f"the group {group} of {name} has {how_many}, too few to split and measure"
                )
                way_out = f"{MIN_GROUP_ROWS} are needed: compare other values or merge values"
                yield Finding("small group", (name,), sentence, way_out)
                continue
            if labels is None:
                continue
            fewest = min(int((labels[rows] == value).sum()) for value in (0, 1))
            if fewest * test_share < 5:
                yield Finding(
                    "small group",
                    (name,),
                    f"the group {group} of {name} has {few_rows(fewest)} with the rarer label"
                    + (
                        f", about {fewest * test_share:.0f} of them in the test split"
                        if fewest >= NAMED_FROM
                        else ""
                    ),
                    "error rates of this group will be very uncertain; collect more rows",
                )
        column = columns[name]
        few = column.counts * test_share < MIN_GROUP_ROWS
        # A column of numbers is compared by groups of numbers, not by each number.
        if few.any() and column.n_distinct > 2 and not column.is_number:
            yield Finding(
                "small group",
                (name,),
                f"{name}: {int(few.sum())} of {column.n_distinct} values will have fewer than "
                f"{MIN_GROUP_ROWS} rows in the test split",
                "a gate cannot decide about them: collect more rows, or end its terms with "
                "[privileged vs unprivileged]",
            )


def uneven_nulls(
    features: Iterable[CodedColumn], groups: Mapping[str, Grouped], missing: str
) -> Iterator[Finding]:
    """Find columns with many nulls, and columns that are null much more often in one group."""
    keep, lost = "", "these nulls are imputed"
    if missing == "drop":
        keep, lost = " or missing=keep", "with missing=drop these rows are left out"
    for column in features:
        if not column.n_null or not column.n_distinct:
            continue
        null = column.codes < 0
        said = False
        for grouped in groups.values():
            masks = list(grouped.masks())[:2]
            # Ten points between two small groups come about by chance.
            if min(int(rows.sum()) for _, rows in masks) < 100:
                continue
            (a, of_a), (b, of_b) = ((name, float(null[rows].mean())) for name, rows in masks)
            if abs(of_a - of_b) >= _UNEVEN:
                sentence = (
                    f"{column.name} is null in {of_a:.0%} of the rows of group {a} and "
                    f"{of_b:.0%} of group {b}"
                )
                way_out = f"give drop={column.name}{keep}: {lost}, in one group more often"
                yield Finding("nulls", (column.name,), sentence, way_out)
                said = True
                break
        share = column.n_null / len(null)
        if not said and share >= _MANY_NULLS:
            way_out = f"give drop={column.name}{keep}: {lost}"
            sentence = f"{column.name} is null in {share:.0%} of the rows"
            yield Finding("nulls", (column.name,), sentence, way_out)
