"""Take the columns that a model reads from a table of raw rows, in whatever form the table is.

All input of a model is read here and in `cells`, so these modules implement the input policy: a
table of pandas, polars or Arrow and the parsed JSON of a request are read by the same code, so
equal rows get equal answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .cells import Column, is_other_spelling, numbers, plain, plain_cells, text_codes, texts
from .errors import InputError

__all__ = [
    "Column",
    "Columns",
    "Table",
    "column_names",
    "is_other_spelling",
    "numbers",
    "plain_cells",
    "take_columns",
    "text_codes",
    "texts",
]

# Up to here, float64 represents every integer.
_EXACT = 2.0**53


@dataclass(frozen=True)
class Columns:
    """Raw rows as a mapping of columns.

    Attributes
    ----------
    values : mapping of str to list or pandas.Series
        The `n_rows` values of each column. A list holds values from JSON, with None for null.
    n_rows : int
        The number of rows.
    index : pandas.Index or None
        The index of the rows, which the answers get too. None means positions from 0.
    """

    values: Mapping[str, Column]
    n_rows: int
    index: pd.Index | None = None

    def __len__(self) -> int:
        return self.n_rows


#: A polars DataFrame, a pyarrow Table and a pyarrow RecordBatch are read too. They have no name
#: here, because a model needs neither package.
Table = pd.DataFrame | Columns


def take_columns(table: Table, names: tuple[str, ...]) -> Columns:
    """Return rows with the named columns; the order of columns and other columns do not matter.

    Parameters
    ----------
    table : pandas.DataFrame, Columns, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        The raw rows. The name of a column that is not text, such as 0, is read as its text.
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

    Examples
    --------
    >>> take_columns(pd.DataFrame({1: [5, 6], "x": [7, 8]}, index=["a", "b"]), ("1",)).index
    Index(['a', 'b'], dtype='str')
    """
    if isinstance(table, Columns):
        _check_names(names, table.values)
        return table
    if isinstance(table, pd.DataFrame):
        return _from_pandas(table, names)
    return _from_other(table, names)


def _from_pandas(frame: pd.DataFrame, names: tuple[str, ...]) -> Columns:
    labels = frame.columns.tolist()
    places = _places(labels, names)
    if len(frame) == 1:  # for one row, this is many times faster than reading column by column
        cells = _only_row(frame)
        if cells is not None:
            return Columns({name: [cells[places[name]]] for name in names}, 1, frame.index)
    values = {
        # A label such as 1 also finds a column that is labelled True.
        name: frame[name] if labels[place] == name else frame.iloc[:, place]
        for name, place in ((name, places[name]) for name in names)
    }
    return Columns(values, len(frame), frame.index)


def _only_row(frame: pd.DataFrame) -> list[Any] | None:
    """Return the cells of a frame with one row, or None if pandas would change some of them."""
    row = frame.iloc[0]
    cells = row.tolist()
    if row.dtype == object:
        return [plain(cell) if isinstance(cell, np.generic) else cell for cell in cells]
    # All columns are numeric. If their dtypes differ, pandas has cast all cells to one of them.
    if row.dtype.kind in "iuf" and all(
        isinstance(cell, (int, float)) and -_EXACT < cell < _EXACT for cell in cells
    ):
        return cells
    return None


def _from_other(table: Any, names: tuple[str, ...]) -> Columns:
    labels = _labels(table)
    places = _places(labels, names)
    values: dict[str, Column] = {}
    if _is_polars(table):
        values = {name: table.get_column(name).to_list() for name in names}
        return Columns(values, int(table.height))
    for name in names:
        cells = pd.arrays.ArrowExtensionArray(table.column(places[name]))
        values[name] = pd.Series(cells)
    return Columns(values, int(table.num_rows))


def _labels(table: Any) -> list[Any]:
    """Return the names of the columns of a table of pandas, polars or Arrow."""
    if isinstance(table, pd.DataFrame) or _is_polars(table):
        return list(table.columns)
    if hasattr(table, "schema") and hasattr(table, "num_rows"):  # Arrow
        return list(table.schema.names)
    raise InputError(
        f"the rows are of type {type(table).__name__}; give a pandas DataFrame, a polars "
        "DataFrame or a pyarrow Table"
    )


def _is_polars(table: Any) -> bool:
    # The packages are not imported, because a model needs neither.
    return hasattr(table, "get_column") and hasattr(table, "height")


def column_names(table: Table) -> list[str]:
    """Return the names of the columns of a table as text.

    Examples
    --------
    >>> column_names(pd.DataFrame({0: [1], "x": [2]}))
    ['0', 'x']
    """
    if isinstance(table, Columns):
        return list(table.values)
    return [*map(str, _labels(table))]


def _places(labels: list[Any], names: tuple[str, ...]) -> dict[str, int]:
    """Return the position of each column by its name as text; raise if a required name is twice."""
    spelled = [label if type(label) is str else str(label) for label in labels]
    places = {name: place for place, name in enumerate(spelled)}
    _check_names(names, places)
    if len(places) < len(spelled):
        twice = [name for name in names if spelled.count(name) > 1]
        if twice:
            raise InputError(f"duplicate column{_plural(twice)} {_quoted(twice)}", column=twice[0])
    return places


def _check_names(names: tuple[str, ...], given: Mapping[str, Any]) -> None:
    missing = [name for name in names if name not in given]
    if missing:
        raise InputError(f"missing column{_plural(missing)} {_quoted(missing)}", column=missing[0])


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _plural(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""
