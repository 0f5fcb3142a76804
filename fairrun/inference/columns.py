"""From one raw column of a table to an array that is either right or refused.

Everything that enters a model passes here, so this is where the input policy stands: the type is
checked, a null stays a null, and an error names the column and the rows, never a value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError, name_rows

__all__ = ["numbers", "take_columns", "text_codes"]


def take_columns(frame: pd.DataFrame, names: tuple[str, ...]) -> dict[str, pd.Series]:
    """Take the named columns, in whatever order they stand; others are ignored.

    Parameters
    ----------
    frame : pandas.DataFrame
        The raw rows.
    names : tuple of str
        The columns that are read.

    Returns
    -------
    dict of str to pandas.Series
        The columns by name.

    Raises
    ------
    InputError
        If a column is missing, or its name stands twice.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"a pandas DataFrame is expected, not {type(frame).__name__}")
    places: dict[Any, list[int]] = {}
    for place, label in enumerate(frame.columns):
        places.setdefault(label, []).append(place)
    missing = [name for name in names if name not in places]
    if missing:
        raise InputError(f"missing column{_plural(missing)} {_quoted(missing)}")
    twice = [name for name in names if len(places[name]) > 1]
    if twice:
        raise InputError(f"duplicate column{_plural(twice)} {_quoted(twice)}")
    return {name: frame.iloc[:, places[name][0]] for name in names}


def numbers(column: pd.Series, name: str) -> NDArray[np.float64]:
    """Read a column of numbers.

    Parameters
    ----------
    column : pandas.Series
        Any numeric dtype, booleans (0 and 1), or objects that are numbers or null.
    name : str
        The column's name, for the error.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        The numbers; null is NaN.

    Raises
    ------
    InputError
        If a value is not a number, or is infinite.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_complex_dtype(column.dtype):
        raise InputError(f"column {name!r}: complex numbers where real numbers are expected")
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = _numbers_from_objects(column, name)
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise InputError(f"column {name!r}: infinite number in {name_rows(infinite)}")
    return values


def _numbers_from_objects(column: pd.Series, name: str) -> NDArray[np.float64]:
    values = np.full(len(column), np.nan)
    wrong = []
    for row, (value, null) in enumerate(zip(column, pd.isna(column), strict=True)):
        if null is True or (isinstance(null, np.bool_) and null):
            continue
        if not isinstance(value, (int, float, np.number, np.bool_)) or np.iscomplexobj(value):
            wrong.append(row)
            continue
        try:
            values[row] = value
        except OverflowError:  # an int beyond float64
            values[row] = np.inf
    if wrong:
        raise InputError(f"column {name!r}: not a number in {name_rows(wrong)}")
    return values


def text_codes(column: pd.Series, name: str, known: dict[str, int]) -> NDArray[np.intp]:
    """Read a column of text as codes of the known values.

    Parameters
    ----------
    column : pandas.Series
        Strings or nulls, of any dtype that holds them.
    name : str
        The column's name, for the error.
    known : dict of str to int
        The code (0 or more) of each known value.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        The code; −1 for null, −2 for a value that is not known.

    Raises
    ------
    InputError
        If a value is not text.
    """
    try:
        codes, uniques = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=True)
        is_text = all(isinstance(value, str) for value in uniques)
    except TypeError:  # lists and dicts have no hash
        is_text = False
    if not is_text:
        wrong = [
            row
            for row, value in enumerate(column)
            if not isinstance(value, str) and not (pd.api.types.is_scalar(value) and pd.isna(value))
        ]
        raise InputError(f"column {name!r}: not text in {name_rows(wrong)}")
    lookup = np.array([known.get(value, -2) for value in uniques] + [-1], dtype=np.intp)
    return np.asarray(lookup[codes])


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _plural(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""
