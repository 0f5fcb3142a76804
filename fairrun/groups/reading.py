"""The distinct values of a protected column, whatever the type of the column."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.inference import has_text, value_text

__all__ = ["distinct_values", "has_large_integers"]

#: Above this number, some integers have no float64 of their own.
_MOST_EXACT = 2**53

_NUMBERS = (int, float, Decimal)


def distinct_values(frame: pd.DataFrame, name: str) -> tuple[str, ...] | tuple[float, ...]:
    """Return the sorted values of a protected column, without nulls.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with the column.
    name : str
        The column.

    Returns
    -------
    tuple of float or tuple of str
        Numbers if all values are numbers that float64 holds exactly or as decimals. Text otherwise:
        dates, True and False, integers above 2**53, and columns of mixed types, where 1 and "1" are
        one value.

    Raises
    ------
    RequestError
        If the column is missing or stands twice, has no value, or holds an infinite number or a
        value that is no text, number, date or bool.

    Examples
    --------
    >>> distinct_values(pd.DataFrame({"site": [2, 1, None]}), "site")
    (1.0, 2.0)
    >>> distinct_values(pd.DataFrame({"site": ["2", 1, "1"]}), "site")
    ('1', '2')
    """
    if name not in frame.columns:
        raise RequestError(
            f"the protected column {name!r} is not in the data; "
            f"the columns are {', '.join(map(str, frame.columns))}"
        )
    column = frame[name]
    if isinstance(column, pd.DataFrame):
        raise RequestError(f"the protected column {name!r} stands twice; rename one of the two")
    values = list(_distinct(column))
    if not values:
        raise RequestError(
            f"the protected column {name!r} has no value in any row; give another protected column"
        )
    wrong = [value for value in values if not has_text(value)]
    if wrong:
        raise RequestError(
            f"the protected column {name!r} holds values of type {type(wrong[0]).__name__}; "
            "give text, numbers, dates or True and False"
        )
    numbers = [v for v in values if isinstance(v, _NUMBERS) and not isinstance(v, bool)]
    if not all(isinstance(v, int) or math.isfinite(v) for v in numbers):
        raise RequestError(
            f"the protected column {name!r} holds an infinite number; correct it, or make it empty"
        )
    if len(numbers) == len(values) and not _large(numbers):
        return tuple(sorted({float(value) + 0.0 for value in numbers}))
    return tuple(sorted(set(map(value_text, values))))


def has_large_integers(column: pd.Series[Any]) -> bool:
    """Return whether a column holds integers that float64 would merge.

    Examples
    --------
    >>> has_large_integers(pd.Series([2**53, 2**53 + 1])), has_large_integers(pd.Series([1.5, 2]))
    (True, False)
    """
    if pd.api.types.is_integer_dtype(column.dtype):
        return len(column.dropna()) > 0 and _large([int(column.min()), int(column.max())])
    return pd.api.types.is_object_dtype(column.dtype) and _large(column.tolist())


def _large(values: Iterable[Any]) -> bool:
    whole = (int(v) for v in values if isinstance(v, int) or _is_whole_decimal(v))
    return any(abs(value) > _MOST_EXACT for value in whole)


def _is_whole_decimal(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()


def _distinct(column: pd.Series[Any]) -> Iterable[Any]:
    """Return the distinct values as Python objects; True and 1 stay apart."""
    if column.dtype != object:
        found = column.dropna().unique()
        objects = np.asarray(found, dtype=object).tolist()
        return [value.item() if isinstance(value, np.generic) else value for value in objects]
    cells = column.tolist()
    if set(map(type, cells)) <= {str, type(None)}:  # many times faster for long columns
        return set(cells) - {None}
    plain = [v.item() if isinstance(v, np.generic) else v for v in cells]
    try:
        distinct = {(type(value), value): value for value in plain}.values()
    except TypeError:  # a list or a dict has no hash
        return [next(value for value in plain if not _has_hash(value))]
    return [v for v in distinct if not (pd.api.types.is_scalar(v) and pd.isna(v))]


def _has_hash(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
