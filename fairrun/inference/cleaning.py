"""The nulls and blanks of the file that a model was trained on, for the rows that it answers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .cells import Column, plain_cells
from .columns import Columns
from .values import number_of

__all__ = ["BLANKS", "NULL_WORDS", "Cleaning"]

#: The characters that are stripped: blank, tab, and the no-break space of web pages.
BLANKS = " \t\u00a0"
#: The words that software writes for a null. In a file they are nulls in a column of numbers only,
#: because "NA" or "None" may be a category.
NULL_WORDS = frozenset(
    {"NaN", "nan", "NAN", "NA", "N/A", "n/a", "null", "NULL", "Null", "None", "<NA>", "#N/A", ""}
)
_TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Cleaning:
    """How texts are read: which of them mean a null, and whether blanks around them count.

    The reader of the training file may have removed blanks, and may have read texts such as ``?``
    as nulls. A model that is trained on this file does the same with the rows that it answers.
    Otherwise the file's own rows would get other answers than those that were measured.

    If such a text stands in a column of numbers, pandas reads the whole column as text. Therefore a
    model with `na_values` that are not numbers reads the text of a number as the number.

    Attributes
    ----------
    strip : bool
        Whether blanks before and after a text are removed. A text of blanks alone is then a null,
        like an empty cell.
    na_values : tuple of str
        Texts that mean a null. The text of a number stands for this number, too.

    Examples
    --------
    >>> rows = Columns({"job": [" clerk", "?"], "age": [38, -1]}, 2)
    >>> Cleaning(strip=True, na_values=("?", "-1")).clean(rows, ("age", "job")).values
    {'age': [38, None], 'job': ['clerk', None]}
    >>> rows = Columns({"age": ["38", "?"]}, 2)
    >>> Cleaning(na_values=("?",)).clean(rows, ("age",), numbers={"age"}).values
    {'age': [38.0, None]}
    """

    strip: bool = False
    na_values: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether any value can be changed."""
        return self.strip or bool(self.na_values)

    def clean(
        self, rows: Columns, names: tuple[str, ...], numbers: Collection[str] = ()
    ) -> Columns:
        """Return rows with the named columns as the reader leaves them.

        Parameters
        ----------
        rows : Columns
            Raw rows.
        names : tuple of str
            The columns to return.
        numbers : collection of str
            The columns that hold numbers.

        Returns
        -------
        Columns
        """
        if not self:
            return rows
        values = {name: self._column(rows.values[name]) for name in names}
        if self._makes_text:
            for name in numbers:
                column = values[name]
                if isinstance(column, list):
                    values[name] = [_number_in(cell) for cell in column]
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
                    parsed = [_number_in(cell) for cell in column]
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
    def _makes_text(self) -> bool:
        """Whether a text that means a null makes pandas read a column of numbers as text."""
        return any(_number_in(text) is text for text in self.na_values)

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


def _number_in(cell: Any) -> Any:
    """Return the number that a text is. Anything else is returned as it is."""
    if not isinstance(cell, str):
        return cell
    if cell.lower() in _TRUTH:
        return _TRUTH[cell.lower()]
    number = number_of(cell)  # "040" is a code and no number
    return cell if number is None else number
