"""The group of a row, from one protected column."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import Column, Table, numbers, take_columns, text_codes
from .ranges import places_in, read_range, some_number
from .values import has_text, number_of, value_text, yes_no_texts

__all__ = ["GROUP_A", "GROUP_B", "NEITHER", "GroupLookup"]

GROUP_A = 0
GROUP_B = 1
NEITHER = -1

_LATER_FIELDS = ("ranges", "yes_no")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class GroupLookup:
    """The rule from the values of a protected column to groups.

    A number and its plain text are the same value: 2 is found where training had the text "2", and
    "2" where training had the number 2. The text "02" is another value.

    Attributes
    ----------
    column : str
        The protected column.
    group_a, group_b : tuple of str or tuple of float
        The values of the privileged and of the unprivileged group. Null and all other values are in
        neither group.
    ranges : bool, default False
        Whether the values are ranges of numbers, such as `>=40` and `25..40`. A raw value, such as
        43, is in the group whose range contains it.
    yes_no : bool, default False
        Whether the two values mean yes and no, so that another word for yes, such as True, 1 or
        "yes", is found, too. See `yes_no_texts`.

    Examples
    --------
    >>> import pandas as pd
    >>> lookup = GroupLookup("sex", ("Male",), ("Female",))
    >>> lookup.groups(pd.DataFrame({"sex": ["Female", "Male", None]}))
    array([ 1,  0, -1], dtype=int8)
    >>> by_age = GroupLookup("age", (">=40",), ("<40",), ranges=True)
    >>> by_age.groups(pd.DataFrame({"age": [39, 40, None]}))
    array([ 1,  0, -1], dtype=int8)
    """

    column: str
    group_a: tuple[str, ...] | tuple[float, ...]
    group_b: tuple[str, ...] | tuple[float, ...]
    ranges: bool = False
    yes_no: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the column holds text; it holds numbers otherwise."""
        return isinstance(self.group_a[0], str) and not self.ranges

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of group_a, then those of group_b."""
        return self.group_a + self.group_b

    @cached_property
    def examples(self) -> tuple[Any, ...]:
        """A raw value for each of `values`: the value itself, or a number in the range."""
        if not self.ranges:
            return self.values
        read = [read_range(item) for item in self.values]
        known = [each for each in read if each is not None]
        return tuple(some_number(each, known) for each in read)

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {value: place for place, value in enumerate(self.values)}

    @cached_property
    def _words(self) -> dict[str, int]:
        """The place of each word for yes and no, in lower case."""
        texts = yes_no_texts(self.values) if self.yes_no else {}
        return {text: self._places[value] for text, value in texts.items()}

    @cached_property
    def _groups(self) -> NDArray[np.int8]:
        groups = [GROUP_A] * len(self.group_a) + [GROUP_B] * len(self.group_b)
        return np.array([*groups, NEITHER], dtype=np.int8)  # position −1 is the last entry

    def groups(self, table: Table) -> NDArray[np.int8]:
        """Return the group of each row.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows with the protected column.

        Returns
        -------
        array of int8 of shape (n_rows,)
            0 for group_a, 1 for group_b, −1 for neither.

        Raises
        ------
        InputError
            If the column is missing, occurs twice or has the wrong type.
        """
        return self.groups_of(self.positions(table))

    def groups_of(self, positions: NDArray[np.intp]) -> NDArray[np.int8]:
        """Return the group of each position that `positions` returned."""
        return self._groups[positions]

    def positions(self, table: Table) -> NDArray[np.intp]:
        """Return the position of each row's protected value.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows with the protected column.

        Returns
        -------
        array of int of shape (n_rows,)
            The position in the list of group_a's values followed by group_b's; −1 for neither.

        Raises
        ------
        InputError
            If the column is missing, occurs twice or has the wrong type.
        """
        raw = take_columns(table, (self.column,)).values[self.column]
        if self.is_text:
            return self._positions_of_text(raw)
        numeric = numbers(self._as_numbers(raw), self.column)
        if self.ranges:
            return places_in(self.values, numeric)
        positions = np.full(len(numeric), NEITHER, dtype=np.intp)
        for value, place in self._places.items():
            positions[numeric == value] = place
        return positions

    def _positions_of_text(self, raw: Column) -> NDArray[np.intp]:
        known = self._places
        cells = _objects(raw)
        if not set(map(type, cells)) <= {str, type(None)}:
            cells = [self._as_text(cell) for cell in cells]
        if self._words:
            known = known | {
                cell: self._words[cell.lower()]
                for cell in set(filter(None, _texts_of(cells)))
                if cell not in known and cell.lower() in self._words
            }
        return np.maximum(text_codes(cells, self.column, known), NEITHER)

    @cached_property
    def _kinds(self) -> tuple[type, ...]:
        """The types besides text that the values of the column had in some file."""
        numbers: tuple[type, ...] = (int, float, Decimal)
        dates: tuple[type, ...] = (datetime.date, datetime.time)
        found = numbers if any(number_of(text) is not None for text in self.values) else ()
        return found + (dates if any(map(_DATE.match, self.values)) else ())

    def _as_text(self, cell: Any) -> Any:
        """Return a number, a date or True as text; `text_codes` refuses what stays as it is."""
        value = cell.item() if isinstance(cell, np.generic) else cell
        if isinstance(value, str) or value is None or not has_text(value):
            return value
        if pd.isna(value):
            return None
        text = value_text(value)
        if text in self._places or text.lower() in self._words:
            return text
        # An unknown number is in neither group where other numbers are known, and an error where
        # all known values are words.
        return text if isinstance(value, self._kinds) and not isinstance(value, bool) else cell

    def _as_numbers(self, raw: Column) -> Column:
        """Return the column with the numbers that are written as text, and with words for yes."""
        if not isinstance(raw, list):
            kind = raw.dtype
            if pd.api.types.is_numeric_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
                plain = raw.cat.categories.dtype if isinstance(kind, pd.CategoricalDtype) else kind
                if pd.api.types.is_numeric_dtype(plain):
                    return raw
        return [self._as_number(cell) for cell in _objects(raw)]

    def _as_number(self, cell: Any) -> Any:
        if isinstance(cell, Decimal):
            return float(cell)
        if not isinstance(cell, str):
            return cell
        number = number_of(cell)
        if number is None and cell.lower() in self._words:
            number = self.values[self._words[cell.lower()]]
        return cell if number is None else number  # `numbers` refuses any other text

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        saved = asdict(self)
        return {k: v for k, v in saved.items() if v or k not in _LATER_FIELDS}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> GroupLookup:
        """Return the object with the fields that `to_dict` returned."""
        return cls(
            saved["column"],
            tuple(saved["group_a"]),
            tuple(saved["group_b"]),
            # Formats 1 to 3 do not have these fields.
            *(bool(saved.get(name, False)) for name in _LATER_FIELDS),
        )


def _objects(raw: Column) -> list[Any]:
    if isinstance(raw, list):
        return raw
    objects: list[Any] = raw.to_numpy(dtype=object).tolist()
    return objects


def _texts_of(cells: list[Any]) -> list[str]:
    return [cell for cell in cells if isinstance(cell, str)]
