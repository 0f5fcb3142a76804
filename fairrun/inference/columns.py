"""Read raw columns as arrays, and refuse values of the wrong type.

All input of a model is read here, so this module implements the input policy. Types are checked, a
null stays a null, and an error names the column and rows but never a value. Rows are a DataFrame or
`Columns`, which hold parsed JSON. Both are read by the same code, so equal rows give equal answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError, name_rows

__all__ = ["Column", "Columns", "Table", "numbers", "take_columns", "text_codes", "texts"]

Column = pd.Series | list[Any]

_NUMBERS = {int, float, bool, type(None)}
_TEXTS = {str, type(None)}


@dataclass(frozen=True)
class Columns:
    """Raw rows as a mapping of columns.

    Attributes
    ----------
    values : mapping of str to list or pandas.Series
        The `n_rows` values of each column. A list holds values from JSON, with None for null.
    n_rows : int
        The number of rows.
    """

    values: Mapping[str, Column]
    n_rows: int

    def __len__(self) -> int:
        return self.n_rows


Table = pd.DataFrame | Columns


def take_columns(table: Table, names: tuple[str, ...]) -> Columns:
    """Return rows with the named columns; the order of columns and other columns do not matter.

    Parameters
    ----------
    table : pandas.DataFrame or Columns
        The raw rows.
    names : tuple of str
        The required columns.

    Returns
    -------
    Columns
        The rows with at least these columns.

    Raises
    ------
    InputError
        If a column is missing or occurs twice, or `table` has another type.
    """
    if isinstance(table, Columns):
        missing = [name for name in names if name not in table.values]
    elif isinstance(table, pd.DataFrame):
        labels = table.columns.tolist()
        missing = [name for name in names if name not in labels]
        twice = [name for name in names if labels.count(name) > 1]
        if twice and not missing:
            raise InputError(f"duplicate column{_plural(twice)} {_quoted(twice)}", column=twice[0])
    else:
        raise InputError(f"the rows are of type {type(table).__name__}; give a pandas DataFrame")
    if missing:
        raise InputError(f"missing column{_plural(missing)} {_quoted(missing)}", column=missing[0])
    if isinstance(table, Columns):
        return table
    if len(table) == 1:  # for one row, this is many times faster than reading column by column
        row = table.iloc[0].tolist()
        cells = [value.item() if isinstance(value, np.generic) else value for value in row]
        return Columns({label: [value] for label, value in zip(labels, cells, strict=True)}, 1)
    return Columns({name: table[name] for name in names}, len(table))


def numbers(column: Column, name: str) -> NDArray[np.float64]:
    """Read a column of numbers.

    Parameters
    ----------
    column : pandas.Series or list
        Values of any numeric dtype, booleans (0 and 1), or objects that are numbers or null.
    name : str
        The name of the column, for the error message.

    Returns
    -------
    array of float64 of shape (n_rows,)
        The numbers, with NaN for null.

    Raises
    ------
    InputError
        If a value is not a number, or is infinite.
    """
    if isinstance(column, list):
        values = _numbers_from_objects(column, name)
    else:
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(column.cat.categories.dtype)
        if pd.api.types.is_complex_dtype(column.dtype):
            raise InputError(
                f"column {name!r}: complex numbers where real numbers are expected", column=name
            )
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = _numbers_from_objects(column.to_numpy(dtype=object).tolist(), name)
    infinite = np.isinf(values)
    if infinite.any():
        raise _refused(name, "infinite number", np.flatnonzero(infinite).tolist())
    return values


def _numbers_from_objects(objects: list[Any], name: str) -> NDArray[np.float64]:
    if set(map(type, objects)) <= _NUMBERS:
        try:
            return np.array(objects, dtype=np.float64)
        except OverflowError:  # an int that is too large for float64
            pass
    values = np.full(len(objects), np.nan)
    wrong = []
    for row, value in enumerate(objects):
        if _is_null(value):
            continue
        if not isinstance(value, (int, float, np.number, np.bool_)) or np.iscomplexobj(value):
            wrong.append(row)
            continue
        try:
            values[row] = value
        except OverflowError:
            values[row] = np.inf
    if wrong:
        raise _refused(name, "not a number", wrong)
    return values


def texts(column: Column, name: str) -> list[str | None]:
    """Read a column of text.

    Parameters
    ----------
    column : pandas.Series or list
        Strings or nulls of any dtype.
    name : str
        The name of the column, for the error message.

    Returns
    -------
    list of str or None
        The text of each row, with None for null.

    Raises
    ------
    InputError
        If a value is not text.
    """
    values = column if isinstance(column, list) else column.to_numpy(dtype=object).tolist()
    if set(map(type, values)) <= _TEXTS:
        return values
    wrong = [
        row
        for row, value in enumerate(values)
        if not isinstance(value, str) and not _is_null(value)
    ]
    if wrong:
        raise _refused(name, "not text", wrong)
    return [value if isinstance(value, str) else None for value in values]


def text_codes(column: Column, name: str, known: Mapping[Any, int]) -> NDArray[np.intp]:
    """Read a column of text as codes of the known values.

    Parameters
    ----------
    column : pandas.Series or list
        Strings or nulls of any dtype.
    name : str
        The name of the column, for the error message.
    known : mapping of str to int
        The code (0 or more) of each known value.

    Returns
    -------
    array of int of shape (n_rows,)
        The code of each row; −1 for null and −2 for an unknown value.

    Raises
    ------
    InputError
        If a value is not text.
    """
    values = texts(column, name)
    codes = np.fromiter(map(known.get, values, repeat(-2)), dtype=np.intp, count=len(values))
    if codes.size and codes.min() < 0:
        codes[[row for row, value in enumerate(values) if value is None]] = -1
    return codes


def _is_null(value: Any) -> bool:
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _refused(name: str, what: str, rows: list[int]) -> InputError:
    return InputError(f"column {name!r}: {what} in {name_rows(rows)}", column=name, row=rows[0])


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _plural(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""
