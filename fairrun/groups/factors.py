"""Legitimate factors, within whose values groups are compared: columns with values or bins."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fairrun.errors import RequestError
from fairrun.groups.column import ProtectedColumn
from fairrun.groups.grammar import parse_group
from fairrun.groups.reading import distinct_values
from fairrun.text import did_you_mean

__all__ = ["MOST_STRATA", "factor_columns"]

#: The largest number of values of a column without bins: numbers, and anything else.
_MOST_NUMBERS, _MOST_VALUES = 20, 200
#: The largest number of combinations of the values of all factors.
MOST_STRATA = 2000


def factor_columns(frame: pd.DataFrame, given: Sequence[str]) -> tuple[ProtectedColumn, ...]:
    """Return the axes of a table of counts for the factors within which groups are compared.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    given : sequence of str
        The factors: a column such as ``education``, or a column of numbers with bins in the grammar
        of groups, such as ``age:18..25..40`` or ``age:<25|25..40|>=40``.

    Returns
    -------
    tuple of ProtectedColumn
        One column for each factor. Rows without a value, or with a number in no bin, are at the
        last position. The two groups of these columns mean nothing: the first value is group_a.

    Raises
    ------
    RequestError
        If a column is unknown or given twice, has one value only or too many, or the bins cannot be
        read.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [19, 30, 70, None], "education": ["BA", "MA", "BA", "BA"]})
    >>> [column.values for column in factor_columns(frame, ["age:18..25..40", "education"])]
    [('18..25', '25..40'), ('BA', 'MA')]
    """
    columns = tuple(_factor(frame, item.strip()) for item in given)
    names = [column.name for column in columns]
    if not names or len(set(names)) < len(names):
        raise RequestError(
            f"given={', '.join(given) or 'nothing'} names no column, or one twice; give one or "
            "more different columns, such as given=education"
        )
    n_strata = 1
    for column in columns:
        n_strata *= len(column.values)
    if n_strata > MOST_STRATA:
        raise RequestError(
            f"given={', '.join(names)} makes {n_strata:,} strata, and at most {MOST_STRATA:,} can "
            "be compared; give fewer columns, or wider bins such as age:18..40..65"
        )
    return columns


def _factor(frame: pd.DataFrame, item: str) -> ProtectedColumn:
    name, bins = item, ""
    if item not in frame.columns and ":" in item:
        name, bins = (part.strip() for part in item.split(":", 1))
    if name not in frame.columns:
        columns = [*map(str, frame.columns)]
        meant = did_you_mean(name, columns, f"the columns are {', '.join(columns)}")
        raise RequestError(f"given={name} is not a column of the data; {meant}")
    if not pd.notna(frame[name]).to_numpy().any():
        raise RequestError(f"given={name} has no value in any row; give another column")
    values = distinct_values(frame, name)
    is_number = isinstance(values[0], float)
    if bins:
        values = _bins(name, bins, is_number=is_number)
    elif len(values) > (_MOST_NUMBERS if is_number else _MOST_VALUES):
        instead = (
            f"give bins, such as given={name}:18..25..40"
            if is_number
            else "give a column with fewer values, or join rare ones first"
        )
        raise RequestError(
            f"given={name} has {len(values):,} different values, so that few rows could be "
            f"compared; {instead}"
        )
    if len(values) < 2:
        what = "bin" if bins else "value"
        raise RequestError(
            f"given={name} has one {what} only, so that it changes no comparison; leave it out"
            + (", or give two or more bins" if bins else "")
        )
    return ProtectedColumn(name, values, values[:1], values[1:], ranges=bool(bins))


def _bins(name: str, bins: str, *, is_number: bool) -> tuple[str, ...]:
    items = parse_group(bins)
    if not is_number:
        raise RequestError(
            f"given={name} has bins, but the column holds text; give given={name} without bins"
        )
    ranges = [item.as_range for item in items]
    if None in ranges:
        raise RequestError(
            f"given={name} has a bin that is not a range of numbers; give edges such as "
            f"{name}:18..25..40, or conditions such as {name}:<25|>=25"
        )
    return tuple(map(str, ranges))
