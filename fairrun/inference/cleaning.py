"""The nulls and blanks of the file that a model was trained on, for the rows that it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .cells import Column, plain_cells
from .columns import Columns
from .values import number_of

__all__ = ["BLANKS", "Cleaning"]

#: The characters that are stripped: blank, tab, and the no-break space of web pages.
BLANKS = " \t\u00a0"


@dataclass(frozen=True)
class Cleaning:
    """How texts are read: which of them mean a null, and whether blanks around them count.

    The reader of the training file may have removed blanks, and may have read texts such as ``?``
    as nulls. A model that is trained on this file does the same with the rows that it answers.
    Otherwise the file's own rows would get other answers than those that were measured.

    Attributes
    ----------
    strip : bool
        Whether blanks before and after a text are removed. A text of blanks alone is then a null,
        like an empty cell.
    na_values : tuple of str
        Texts that mean a null. The text of a number stands for this number, too. A reader that does
        not know these texts reads a column of numbers that has one as text. So in a column of
        numbers the text of a number is this number.

    Examples
    --------
    >>> rows = Columns({"job": [" clerk", "?"], "age": [38, -1]}, 2)
    >>> Cleaning(strip=True, na_values=("?", "-1")).clean(rows, ("age", "job")).values
    {'age': [38, None], 'job': ['clerk', None]}
    """

    strip: bool = False
    na_values: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether any value can be changed."""
        return self.strip or bool(self.na_values)

    def clean(
        self, rows: Columns, names: tuple[str, ...], numbers: frozenset[str] = frozenset()
    ) -> Columns:
        """Return rows with the named columns, some of them numbers, as the reader leaves them."""
        if not self:
            return rows
        values = {name: self._column(rows.values[name]) for name in names}
        if self.na_values:
            for name in numbers & values.keys():
                values[name] = _parsed(values[name])
        return replace(rows, values=values)

    def clean_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with its columns as the reader leaves them."""
        if not self:
            return frame
        changed = {}
        for name in frame.columns:
            column = self._column(frame[name])
            if isinstance(column, list):
                if self.na_values and frame[name].isin(self.na_values).any():
                    parsed = _parsed(column)
                    column = column if any(isinstance(c, str) for c in parsed) else parsed
                column = pd.Series(column, index=frame.index, dtype=object)
            changed[name] = column
        return frame.assign(**changed)

    def _column(self, column: Column) -> Column:
        if isinstance(column, pd.Series) and column.dtype.kind in "biuf":
            if column.dtype.kind == "b" or not self._numbers:
                return column
            null = column.isin(self._numbers)
            return column.astype(np.float64).mask(null) if null.any() else column
        return [self._cell(cell) for cell in plain_cells(column)]

    def _cell(self, cell: Any) -> Any:
        if isinstance(cell, str):
            text = cell.strip(BLANKS) if self.strip else cell
            return None if text in self._texts else text
        if self._numbers and isinstance(cell, (int, float)) and not isinstance(cell, bool):
            return None if cell in self._numbers else cell
        return cell

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset((*self.na_values, "") if self.strip else self.na_values)

    @cached_property
    def _numbers(self) -> frozenset[float]:
        found = set()
        for text in self.na_values:
            try:
                number = float(text)
            except ValueError:
                continue
            if math.isfinite(number):
                found.add(number)
        return frozenset(found)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Cleaning:
        """Return the object with the fields that `to_dict` returned."""
        return cls(saved["strip"], tuple(saved["na_values"]))


def _parsed(column: Column) -> Column:
    """Return a column with the texts of numbers as numbers."""
    if not isinstance(column, list):
        return column
    found = (number_of(cell) if isinstance(cell, str) else None for cell in column)
    return [cell if number is None else number for cell, number in zip(column, found, strict=True)]
