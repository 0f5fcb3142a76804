"""Read the cells of one raw column as numbers or as text, in whatever form the column is.

A column is a pandas Series of any dtype, or a list of Python or numpy values. The same values give
the same result in every form, and a null in any form is a null. An error names the column and the
rows, but never a value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError, name_rows

__all__ = ["Column", "is_other_spelling", "numbers", "plain", "plain_cells", "text_codes", "texts"]

Column = pd.Series | list[Any]

_NUMBERS: set[type] = {int, float, bool, type(None)}
_TEXTS: set[type] = {str, type(None)}
_PLAIN: set[type] = {str, int, bool, type(None)}
# The kinds of numpy, masked, sparse and Arrow dtypes that float64 can represent.
_NUMERIC_KINDS = "biuf"
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_STARTS_A_NUMBER = frozenset("+-.0123456789 \t")
# Python refuses to write integers of more than 4,300 digits. No category is as large as this.
_LARGEST = 10**300


def numbers(column: Column, name: str) -> NDArray[np.float64]:
    """Read a column of numbers.

    Parameters
    ----------
    column : pandas.Series or list
        Numbers of any type, booleans (1 and 0), and nulls, of any dtype.
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

    Examples
    --------
    >>> numbers(pd.Series([1, None], dtype="Int8"), "age")
    array([ 1., nan])
    >>> numbers([Decimal("38.5"), True, None], "age")
    array([38.5,  1. ,  nan])
    """
    values = _numbers_from_list(column, name) if isinstance(column, list) else _read(column, name)
    infinite = np.isinf(values)
    if infinite.any():
        raise _refused(name, "infinite number", np.flatnonzero(infinite).tolist())
    return values


def _read(column: pd.Series, name: str) -> NDArray[np.float64]:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        used = np.unique(codes[codes >= 0])
        by_code = np.full(len(dtype.categories) + 1, np.nan)  # a null has the code −1
        try:
            by_code[used] = _read(pd.Series(dtype.categories[used]), name)
        except InputError:  # it has the positions of categories; the next lines find the rows
            return _numbers_from_list(_cells(column, _NUMBERS), name)
        return by_code[codes]
    if dtype.kind in _NUMERIC_KINDS:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return _numbers_from_list(_cells(column, _NUMBERS), name)


def _numbers_from_list(cells: list[Any], name: str) -> NDArray[np.float64]:
    if set(map(type, cells)) <= _NUMBERS:
        try:
            return np.array(cells, dtype=np.float64)
        except OverflowError:  # an int that is too large for float64
            pass
    values = np.full(len(cells), np.nan)
    wrong = []
    for row, cell in enumerate(cells):
        try:
            values[row] = _number(cell)
        except TypeError:
            if not _is_null(cell):
                wrong.append(row)
    if wrong:
        raise _refused(name, "not a number", wrong)
    return values


def _number(cell: Any) -> float:
    """Return a cell as float, infinite if it is too large; raise TypeError if it is no number."""
    if isinstance(cell, Decimal):
        return math.nan if cell.is_nan() else float(cell)
    if not isinstance(cell, (int, float, np.bool_, np.number)) or isinstance(
        cell, (np.complexfloating, np.timedelta64)
    ):
        raise TypeError
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def texts(
    column: Column,
    name: str,
    known: Mapping[Any, int] | None = None,
    *,
    other_spellings: bool = False,
) -> list[str | None]:
    """Read a column of text.

    A column that was trained as text may have been read from numbers or booleans. Numbers and
    booleans are therefore read as their text: 1 and 1.0 as ``1``, True as ``True``.

    Parameters
    ----------
    column : pandas.Series or list
        Text, numbers, booleans and nulls, of any dtype.
    name : str
        The name of the column, for the error message.
    known : mapping of str to int, optional
        The known values. If it is given, numbers are read only if a known value is the text of a
        number, and none is another spelling of one, such as ``01``. Booleans are read only if
        ``True`` or ``False`` is known.
    other_spellings : bool
        Whether a value that is not among the known ones may be another spelling of a number, so
        that numbers are refused.

    Returns
    -------
    list of str or None
        The text of each row, with None for null.

    Raises
    ------
    InputError
        If a value is not text and not read as text.

    Examples
    --------
    >>> texts([1, 2.0, Decimal("3.0"), "x", None, True], "code")
    ['1', '2', '3', 'x', None, 'True']
    >>> texts(["01"], "code", {"01": 0, "10": 1})  # the number 1 would be refused
    ['01']
    """
    cells = column if isinstance(column, list) else _cells(column, _TEXTS)
    if set(map(type, cells)) <= _TEXTS:
        return cells
    write, why = _writer(known, other_spellings=other_spellings)
    read: list[str | None] = []
    wrong = []
    for row, cell in enumerate(cells):
        if type(cell) is str or cell is None:
            read.append(cell)
            continue
        text = write(cell)
        if text is None and not _is_null(cell):
            wrong.append(row)
        read.append(text)
    if wrong:
        raise _refused(name, "not text", wrong, why)
    return read


def _writer(
    known: Mapping[Any, int] | None, *, other_spellings: bool
) -> tuple[Callable[[Any], str | None], str]:
    """Return the function from a cell to its text, and why it may refuse numbers.

    The function returns None for a cell that is null or is not read as text.
    """
    reads_numbers = reads_booleans = True
    why = ""
    if known is not None:
        spelled = [text for text in known if _is_number(text)]
        canonical = sum(map(_is_canonical, spelled))
        other_spellings = other_spellings or canonical < len(spelled)
        reads_numbers = canonical > 0 and not other_spellings
        reads_booleans = "True" in known or "False" in known
        if other_spellings:
            why = "; give text, because the model's values include spellings such as 01 or 1.0"

    def write(cell: Any) -> str | None:
        if isinstance(cell, str):
            return str(cell)
        if isinstance(cell, (bool, np.bool_)):
            return str(bool(cell)) if reads_booleans else None
        if isinstance(cell, Decimal) and known is not None and str(cell) in known:
            return str(cell)
        return _text_of_number(cell) if reads_numbers else None

    return write, why


def _text_of_number(cell: Any) -> str | None:
    if isinstance(cell, (int, np.integer)) and not isinstance(cell, np.timedelta64):
        whole = int(cell)
        return str(whole) if -_LARGEST < whole < _LARGEST else None
    if isinstance(cell, Decimal) and cell.is_finite() and abs(cell) < _LARGEST:
        return str(int(cell)) if cell == cell.to_integral_value() else repr(float(cell))
    if isinstance(cell, (float, np.floating)):
        number = float(cell)
        if abs(number) < _LARGEST:
            return str(int(number)) if number.is_integer() else repr(number)
    return None


def _is_number(text: str) -> bool:
    try:
        return text[:1] in _STARTS_A_NUMBER and "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def is_other_spelling(text: str) -> bool:
    """Return whether a text is a number that Python writes in another way.

    Examples
    --------
    >>> [is_other_spelling(text) for text in ("01", "1.0", " 1", "1", "0.5", "clerk")]
    [True, True, True, False, False, False]
    """
    return _is_number(text) and not _is_canonical(text)


def _is_canonical(text: str) -> bool:
    """Return whether a number is spelled as `_text_of_number` spells it."""
    if _WHOLE.fullmatch(text):
        return True
    return not float(text).is_integer() and repr(float(text)) == text


def text_codes(
    column: Column, name: str, known: Mapping[Any, int], *, other_spellings: bool = False
) -> NDArray[np.intp]:
    """Read a column of text as codes of the known values.

    Parameters
    ----------
    column : pandas.Series or list
        Text, numbers, booleans and nulls, of any dtype; see `texts`.
    name : str
        The name of the column, for the error message.
    known : mapping of str to int
        The code (0 or more) of each known value.
    other_spellings : bool
        See `texts`.

    Returns
    -------
    array of int of shape (n_rows,)
        The code of each row; −1 for null and −2 for an unknown value.

    Raises
    ------
    InputError
        If a value is not text and not read as text.

    Examples
    --------
    >>> text_codes(pd.Series([2.0, 1.0, None, 7.0]), "code", {"1": 0, "2": 1})
    array([ 1,  0, -1, -2])
    """
    values = texts(column, name, known, other_spellings=other_spellings)
    codes = np.fromiter(map(known.get, values, repeat(-2)), dtype=np.intp, count=len(values))
    if codes.size and codes.min() < 0:
        codes[[row for row, value in enumerate(values) if value is None]] = -1
    return codes


def plain_cells(column: Column) -> list[Any]:
    """Return the values of a column as Python values, with None for null.

    Examples
    --------
    >>> plain_cells(pd.Series([1, None], dtype="Int8")), plain_cells([np.float32(0.5), pd.NaT])
    ([1, None], [0.5, None])
    """
    cells = column if isinstance(column, list) else _cells(column, _PLAIN)
    if set(map(type, cells)) <= _PLAIN:
        return cells
    if isinstance(column, list):
        cells = [None if _is_null(cell) else cell for cell in cells]
    if any(issubclass(kind, np.generic) for kind in set(map(type, cells))):
        cells = [*map(plain, cells)]
    return cells


def plain(cell: Any) -> Any:
    """Return a numpy scalar as a Python value, and every other value as it is."""
    # The times of numpy would become integers.
    if isinstance(cell, np.generic) and not isinstance(cell, (np.datetime64, np.timedelta64)):
        return cell.item()
    return cell


def _cells(column: pd.Series, plain: set[type]) -> list[Any]:
    """Return the values of a Series as a list; a null is None unless all cells have plain types."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        # A null would make floats of whole numbers, so the categories are looked up by code.
        values = [*column.cat.categories.tolist(), None]
        return [values[code] for code in column.cat.codes.tolist()]
    cells: list[Any] = column.to_numpy(dtype=object).tolist()
    if set(map(type, cells)) <= plain:
        return cells
    for row in np.flatnonzero(column.isna().to_numpy()).tolist():
        cells[row] = None
    return cells


def _is_null(cell: Any) -> bool:
    return cell is None or bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _refused(name: str, what: str, rows: list[int], why: str = "") -> InputError:
    return InputError(
        f"column {name!r}: {what} in {name_rows(rows)}{why}", column=name, row=rows[0]
    )
