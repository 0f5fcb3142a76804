"""Column types for a check, where no file is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from fairrun.data.source_table import SourceTable
from fairrun.data.typed import TypedTable
from fairrun.groups import value_text

__all__ = ["loosely_typed"]


def loosely_typed(
    source: SourceTable,
    types: Mapping[str, str] | None = None,
    na_values: Iterable[str] = (),
) -> TypedTable:
    """Return a table with a type for each column, and refuse nothing.

    A check has to tell what is wrong with a file that training refuses. A column is a number if all
    of its cells are numbers. Otherwise it is text.

    Parameters
    ----------
    source : SourceTable
        The rows as they were read.
    types : mapping of str to {"number", "category"}, optional
        The types that the user gave. A cell that is not a number becomes null in a column that is
        declared to be a number.
    na_values : iterable of str
        Texts that mean a null.

    Returns
    -------
    TypedTable

    Examples
    --------
    >>> frame = pd.DataFrame({"age": ["31", "", "40"], "zip": ["01", "02", "10"]})
    >>> table = loosely_typed(SourceTable(frame, written=True))
    >>> table.kinds, table.nulls
    ({'age': 'number', 'zip': 'category'}, {'age': 1})
    """
    nulls = {*na_values, *([""] if source.written else [])}
    columns, kinds = {}, {}
    for name, column in source.frame.items():
        declared = (types or {}).get(str(name))
        plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"
        if plain and not nulls and declared != "category":
            # Numbers need no look at their texts.
            columns[str(name)], kinds[str(name)] = column.astype(np.float64), "number"
            continue
        codes, values = _factorized(column)
        texts = [value_text(value) for value in values.tolist()]
        kept = [None if text in nulls else text for text in texts]
        numbers = _numbers(column, kept, written=source.written, declared=declared)
        found = np.array(kept, dtype=object) if numbers is None else numbers
        # A null has the code −1, which takes the last value.
        missing = None if numbers is None else np.nan
        all_values = np.append(found, np.array([missing], dtype=found.dtype))
        columns[str(name)] = pd.Series(all_values[codes], column.index, dtype=found.dtype)
        kinds[str(name)] = "category" if numbers is None else "number"
    frame = pd.DataFrame(columns)
    missing_in = {str(name): int(n) for name, n in frame.isna().sum().items() if n}
    return TypedTable(frame, kinds, missing_in, source.notes)


def _factorized(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    try:
        codes, values = pd.factorize(column)
    except TypeError:  # Lists and other values that have no hash are told apart by their text.
        codes, values = pd.factorize(column.map(str, na_action="ignore"))
    return codes, pd.Index(values)


def _numbers(
    column: pd.Series, texts: list[str | None], *, written: bool, declared: str | None
) -> np.ndarray | None:
    """Return the distinct values as numbers; None if the column is text."""
    of_numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if declared == "category" or not (of_numbers or written or declared == "number"):
        return None
    numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    known = [text for text in texts if text is not None]
    if declared != "number":
        is_text = np.isnan(numbers).sum() > len(texts) - len(known)
        # "01" is a code: as a number it would lose its zero.
        is_code = any(
            text.lstrip("-")[:1] == "0" and text.lstrip("-")[1:2].isdigit() for text in known
        )
        if is_text or is_code or not known:
            return None
    return numbers
