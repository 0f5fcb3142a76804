"""Protected columns as axes of tables of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups.lookup import group_lookup
from fairrun.groups.protected import Protected
from fairrun.groups.reading import distinct_values
from fairrun.inference import NEITHER, GroupLookup, read_range, rest_of, value_text
from fairrun.text import shortened

__all__ = ["MISSING", "ProtectedColumn"]

#: The name in tables for rows whose value is null or not among the known values of the column.
MISSING = "(missing)"

_LATER_FIELDS = ("ranges", "yes_no")


@dataclass(frozen=True)
class ProtectedColumn:
    """The values of a protected column and their groups.

    A table of counts has an axis for the column. The index of a value on this axis is its position
    in `values`. The last index is for rows whose value is null or not in `values`.

    Attributes
    ----------
    name : str
        The name of the column.
    values : tuple of str or tuple of float
        All values of the column.
    group_a, group_b : tuple of str or tuple of float
        The values of the privileged and of the unprivileged group. A value may be in neither.
    ranges : bool, default False
        Whether the values are ranges of numbers, such as `>=40`; see `GroupLookup`.
    yes_no : bool, default False
        Whether the two values mean yes and no; see `GroupLookup`.

    Raises
    ------
    RequestError
        If a group is empty or has a value that is not in `values`, both groups have the same value,
        or `values` has a value twice.

    Examples
    --------
    >>> race = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
    >>> race.group_names
    ('White', 'not White')
    >>> race.labels
    ('White', 'Black', 'Other', '(missing)')
    """

    name: str
    values: tuple[str, ...] | tuple[float, ...]
    group_a: tuple[str, ...] | tuple[float, ...]
    group_b: tuple[str, ...] | tuple[float, ...]
    ranges: bool = False
    yes_no: bool = False

    def __post_init__(self) -> None:
        grouped = {*self.group_a, *self.group_b}
        if (
            not (self.group_a and self.group_b)
            or len(grouped) < len(self.group_a) + len(self.group_b)
            or not grouped <= set(self.values)
            or len(set(self.labels)) < self.size
        ):
            raise RequestError(
                f"the groups of {self.name!r} cannot be compared; give distinct values, at least "
                "one in group_a, at least one in group_b, and none in both"
            )

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, protected: Protected, *, min_frequency: int = 1
    ) -> ProtectedColumn:
        """Return the column with the values that occur in rows.

        The values of group_a come first, then those of group_b, then all others. The others of
        ranges are one value: all numbers that rows have outside both groups.

        Parameters
        ----------
        frame : pandas.DataFrame
            The training rows.
        protected : Protected
            The column and its groups.
        min_frequency : int
            The fewest rows of a value. A rarer value is left out, as if it had not occurred,
            because it may be the name of one person; unless the user has named it, or all values of
            a group are rare. Ranges are never left out.

        Returns
        -------
        ProtectedColumn

        Raises
        ------
        RequestError
            If the column is missing, or a group has no row.

        Examples
        --------
        >>> frame = pd.DataFrame({"race": ["White", "Black", "Other", None]})
        >>> ProtectedColumn.from_frame(frame, Protected("race", "White", "Other")).values
        ('White', 'Other', 'Black')
        """
        lookup = group_lookup(frame, protected)
        known = lookup.values
        values = distinct_values(frame, protected.column)
        rest: tuple[Any, ...] = tuple(value for value in values if value not in known)
        if lookup.ranges:
            outside = lookup.groups(pd.DataFrame({protected.column: values})) == NEITHER
            ranges = [each for each in map(read_range, known) if each is not None]
            rest = (rest_of(ranges),) if outside.any() else ()
        column = cls(
            *(protected.column, (*known, *rest), lookup.group_a, lookup.group_b),
            ranges=lookup.ranges,
            yes_no=lookup.yes_no,
        )
        return column if lookup.ranges else column._without_rare(frame, protected, min_frequency)

    def _without_rare(
        self, frame: pd.DataFrame, protected: Protected, min_frequency: int
    ) -> ProtectedColumn:
        """Return the column without the values that have fewer rows and that nobody named."""
        positions = self.positions(frame)
        counts = np.bincount(positions[positions >= 0], minlength=len(self.values)).tolist()
        named = {*self.group_a, *(self.group_b if protected.unprivileged is not None else ())}
        often = {
            value
            for value, count in zip(self.values, counts, strict=True)
            if count >= min_frequency or value in named
        }
        group_b: tuple[Any, ...] = tuple(value for value in self.group_b if value in often)
        group_b = group_b or self.group_b
        values: tuple[Any, ...] = tuple(v for v in self.values if v in often or v in group_b)
        return replace(self, values=values, group_b=group_b)

    @property
    def size(self) -> int:
        """The length of the axis: the number of values plus 1."""
        return len(self.values) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The names in tables for the positions on the axis."""
        return (*(shortened(value_text(value)) for value in self.values), MISSING)

    @property
    def group_names(self) -> tuple[str, str]:
        """The names in tables for group_a and group_b."""
        a, b = (
            " or ".join(shortened(value_text(value)) for value in group)
            for group in (self.group_a, self.group_b)
        )
        is_the_rest = len(self.group_a) + len(self.group_b) == len(self.values)
        return a, f"not {a}" if is_the_rest and len(self.group_b) > 1 else b

    @cached_property
    def lookup(self) -> GroupLookup:
        """The rule that a served model uses to find the group of a row."""
        return GroupLookup(self.name, self.group_a, self.group_b, self.ranges, self.yes_no)

    @property
    def examples(self) -> dict[Any, str]:
        """A raw value of each value of group_a and group_b, and the name of the value in tables."""
        return {
            example: shortened(value_text(value))
            for example, value in zip(self.lookup.examples, self.lookup.values, strict=True)
        }

    @cached_property
    def group_of_position(self) -> NDArray[np.int8]:
        """The group of each position on the axis: 0 is group_a, 1 is group_b, −1 is neither."""
        places = {value: place for place, value in enumerate(self.lookup.values)}
        served = [places.get(value, -1) for value in self.values]
        return self.lookup.groups_of(np.array([*served, -1], dtype=np.intp))

    @cached_property
    def _all_values(self) -> tuple[GroupLookup, NDArray[np.intp]]:
        """A lookup of all values, and the position in `values` of each of its positions."""
        rest = tuple(value for value in self.values if value not in {*self.group_a, *self.group_b})
        lookup = replace(self.lookup, group_b=(*self.group_b, *rest))
        return lookup, np.array([self.values.index(v) for v in lookup.values] + [-1], dtype=np.intp)

    def positions(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Return the position in `values` of each row's value.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows with the column.

        Returns
        -------
        array of int of shape (n_rows,)
            Positions in `values`; −1 for a null or any other value.

        Raises
        ------
        InputError
            If the column is missing, occurs twice or has the wrong type.

        Examples
        --------
        >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
        >>> sex.positions(pd.DataFrame({"sex": ["Female", None, "Male"]})).tolist()
        [1, -1, 0]
        """
        lookup, places = self._all_values
        return np.asarray(places[lookup.positions(frame)])

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        """Return the group of each row, as a served model computes it.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows with the column.

        Returns
        -------
        array of int8 of shape (n_rows,)
            0 for group_a, 1 for group_b, −1 for neither.

        Raises
        ------
        InputError
            If the column is missing, occurs twice or has the wrong type.
        """
        return self.lookup.groups(frame)

    def to_dict(self) -> dict[str, Any]:
        """Return the column as a dictionary that JSON can represent."""
        return {
            "name": self.name,
            "values": list(self.values),
            "group_a": list(self.group_a),
            "group_b": list(self.group_b),
        } | {name: True for name in _LATER_FIELDS if getattr(self, name)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ProtectedColumn:
        """Return the column that `to_dict` described."""
        values, group_a, group_b = (
            tuple(document[key]) for key in ("values", "group_a", "group_b")
        )
        # Tables and models of earlier versions do not have these fields.
        later = (bool(document.get(name, False)) for name in _LATER_FIELDS)
        return cls(document["name"], values, group_a, group_b, *later)
