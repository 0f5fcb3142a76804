"""Repetitions: columns with the same values, equal rows, and two spellings of one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Finding
from fairrun.groups import spellings
from fairrun.text import NAMED_FROM

__all__ = ["repeated_columns", "repeated_rows", "two_spellings"]

#: The share of repeated rows from which training warns.
_MANY = 0.01
#: A column with more distinct values than this share of its rows is compared value by value.
_MOSTLY_DISTINCT = 0.5
#: Spellings are compared among this number of values of a feature, the most frequent ones.
_MOST_VALUES = 1000


def repeated_columns(columns: Iterable[CodedColumn]) -> Iterator[Finding]:
    """Find columns that tell the same rows apart as a column before them."""
    first: dict[object, CodedColumn] = {}
    for column in columns:
        if column.n_distinct < 2:
            continue
        key: list[object] = [column.codes.tobytes()]
        if column.n_distinct > _MOSTLY_DISTINCT * column.n_known:
            # Nearly all values are distinct, so equal codes alone mean little.
            values = column.values
            key.append(values.tobytes() if column.is_number else tuple(values.tolist()))
        before = first.setdefault(hash(tuple(key)), column)
        if before is not column and np.array_equal(before.codes, column.codes):
            yield Finding(
                "repeated column",
                (column.name, before.name),
                f"{column.name} repeats {before.name}: their values go together one to one",
                f"drop={column.name}",
                change={"drop": [column.name]},
            )


def repeated_rows(
    columns: Sequence[CodedColumn], labels: NDArray[np.int64] | None
) -> Iterator[Finding]:
    """Find rows that are equal in all columns but the target.

    Parameters
    ----------
    columns : sequence of CodedColumn
        The features and the protected columns.
    labels : array of int of shape (n_rows,) or None
        The labels, with −1 for a row without one.
    """
    if not columns:
        return
    row = columns[0].codes + 1
    for column in columns[1:]:
        row = pd.factorize(row * (column.n_distinct + 1) + column.codes + 1)[0].astype(np.int64)
    n = len(row)
    repeated = n - len(np.unique(row))
    disagree = 0
    if labels is not None:
        row = pd.factorize(row)[0]
        of_label = [np.bincount(row[labels == value], minlength=n) for value in (0, 1)]
        disagree = int(np.minimum(*of_label).sum())
    if repeated:
        rows = "1 row" if repeated == 1 else f"{repeated:,} rows"
        verb = "repeats" if repeated == 1 else "repeat"
        sentence = f"{rows} ({repeated / n:.1%}) {verb} an earlier row"
        if disagree:
            sentence += f", {disagree:,} of them with the other label"
        way_out = "remove them if they are the same people; else a test row may be a training row"
        yield Finding("repeated rows", (), sentence, way_out, warns=repeated >= _MANY * n)


def two_spellings(
    column: CodedColumn, role: str, together: Iterable[set[str]] = ()
) -> Iterator[Finding]:
    """Find values of a column that differ only in case, blanks or punctuation.

    Parameters
    ----------
    column : CodedColumn
        The column.
    role : str
        Its role.
    together : iterable of set of str
        Values that the user has named in one group.
    """
    if column.is_number:
        return
    counts = dict(column.texts(_MOST_VALUES))
    merged = list(together)
    found = [same for same in spellings(counts) if not any(same <= group for group in merged)]
    if not found:
        return
    named = [sorted(same) for same in found if all(counts[value] >= NAMED_FROM for value in same)]
    what = " and ".join(map(repr, named[0])) if named else "values"
    more = len(found) - 1
    others = f" (and {more} more such set{'s' if more > 1 else ''})" if more else ""
    sentence = f"{column.name}: {what} differ only in case, blanks or punctuation{others}"
    matters = role in ("target", "protected")
    way_out = "write them alike in the file"
    if role == "protected":
        example = f", such as {'|'.join(named[0])}" if named else ""
        way_out += f", or name them in one group{example}"
    elif role == "target":
        way_out += ", or they count as different labels"
    yield Finding("spellings", (column.name,), sentence, way_out, warns=matters)
