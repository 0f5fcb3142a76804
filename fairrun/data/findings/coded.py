"""Columns as codes of their distinct values, on which all findings are computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CodedColumn", "Codes", "code_columns"]

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column as its distinct values and the code of each row.

    Attributes
    ----------
    name, kind : str
        The name of the column, and its type: number, category or other.
    codes : array of int of shape (n_rows,)
        The position of each row's value in `values`; −1 for a null. Values are in the order of
        their first rows, so two columns have the same codes if they tell the same rows apart.
    values : array of shape (n_values,)
        The distinct values: float64, or text with the dtype object.
    """

    name: str
    kind: str
    codes: Codes
    values: NDArray[np.float64] | NDArray[np.object_]

    @property
    def is_number(self) -> bool:
        """Whether the column has numbers."""
        return self.kind == "number"

    @cached_property
    def counts(self) -> Codes:
        """The number of rows of each value."""
        return np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:]

    @property
    def n_known(self) -> int:
        """The number of rows that have a value."""
        return int(self.counts.sum())

    @property
    def n_null(self) -> int:
        """The number of nulls."""
        return len(self.codes) - self.n_known

    @property
    def n_distinct(self) -> int:
        """The number of distinct values."""
        return len(self.values)

    @cached_property
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""
        if not self.is_number or not self.n_distinct:
            return False
        values = self.values.astype(np.float64)
        return bool(np.all(np.isfinite(values)) and np.all(values == np.round(values)))

    def texts(self, most: int = 2000) -> list[tuple[str, int]]:
        """Return values that are text with their numbers of rows, the most frequent first."""
        if self.is_number:
            return []
        first = np.argsort(-self.counts, kind="stable")[:most]
        return [(str(self.values[i]), int(self.counts[i])) for i in first]


def code_columns(frame: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, CodedColumn]:
    """Return each column of a typed table as codes.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows of a `TypedTable`.
    kinds : mapping of str to {"number", "category", "other"}
        The type of each column.

    Examples
    --------
    >>> frame = pd.DataFrame({"job": ["clerk", None, "sales", "clerk"]})
    >>> coded = code_columns(frame, {"job": "category"})["job"]
    >>> coded.codes.tolist(), coded.values.tolist(), coded.n_null
    ([0, -1, 1, 0], ['clerk', 'sales'], 1)
    """
    coded = {}
    for name, column in frame.items():
        try:
            codes, values = pd.factorize(column.to_numpy())
        except TypeError:  # Lists and other values without a hash are told apart by their text.
            codes, values = pd.factorize(column.map(str, na_action="ignore").to_numpy())
        coded[str(name)] = CodedColumn(
            str(name), kinds[str(name)], codes.astype(np.int64), np.asarray(values)
        )
    return coded
