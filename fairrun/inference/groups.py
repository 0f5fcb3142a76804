"""The group of a row, from one protected column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table, numbers, take_columns, text_codes

__all__ = ["GROUP_A", "GROUP_B", "NEITHER", "GroupLookup"]

GROUP_A = 0
GROUP_B = 1
NEITHER = -1


@dataclass(frozen=True)
class GroupLookup:
    """The rule from the values of a protected column to groups.

    Attributes
    ----------
    column : str
        The protected column.
    group_a, group_b : tuple of str or tuple of float
        The values of the privileged and of the unprivileged group. Null and all other values are in
        neither group.

    Examples
    --------
    >>> import pandas as pd
    >>> lookup = GroupLookup("sex", ("Male",), ("Female",))
    >>> lookup.groups(pd.DataFrame({"sex": ["Female", "Male", None]}))
    array([ 1,  0, -1], dtype=int8)
    """

    column: str
    group_a: tuple[str, ...] | tuple[float, ...]
    group_b: tuple[str, ...] | tuple[float, ...]

    @property
    def is_text(self) -> bool:
        """Whether the values are text; they are numbers otherwise."""
        return isinstance(self.group_a[0], str)

    @property
    def values(self) -> tuple[Any, ...]:
        """The values of group_a, then those of group_b."""
        return self.group_a + self.group_b

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {value: place for place, value in enumerate(self.values)}

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
            return np.maximum(text_codes(raw, self.column, self._places), NEITHER)
        numeric = numbers(raw, self.column)
        positions = np.full(len(numeric), NEITHER, dtype=np.intp)
        for value, place in self._places.items():
            positions[numeric == value] = place
        return positions

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> GroupLookup:
        """Return the object with the fields that `to_dict` returned."""
        return cls(saved["column"], tuple(saved["group_a"]), tuple(saved["group_b"]))
