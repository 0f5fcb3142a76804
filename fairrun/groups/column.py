"""Protected columns as axes of a table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups.protected import Protected, group_lookup, value_text
from fairrun.inference import GroupLookup

__all__ = ["MISSING", "ProtectedColumn"]

#: What tables call the rows whose value is null, or none that the column is known to have.
MISSING = "(missing)"


@dataclass(frozen=True)
class ProtectedColumn:
    """The values of a protected column, and which of them make group_a and group_b.

    Along its axis of a table, a value stands at its position in `values`; one more position, the
    last, is for rows whose value is null or not among them.

    Parameters
    ----------
    name : str
        The column.
    values : tuple of str or tuple of float
        All its values.
    group_a, group_b : tuple of str or tuple of float
        Those of the privileged and of the unprivileged group. A value may be in neither.

    Raises
    ------
    RequestError
        If a group has no value or one that is not among `values`, the two share one, or a value
        stands twice.

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

    def __post_init__(self) -> None:
        grouped = {*self.group_a, *self.group_b}
        if (
            not (self.group_a and self.group_b)
            or len(grouped) < len(self.group_a) + len(self.group_b)
            or not grouped <= set(self.values)
            or len(set(self.labels)) < self.size
        ):
            raise RequestError(
                f"the groups of {self.name!r} cannot be compared: give distinct values, and put "
                "at least one into group_a, at least one into group_b and none into both"
            )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, protected: Protected) -> ProtectedColumn:
        """Read the values off rows, those of group_a first and then those of group_b.

        Parameters
        ----------
        frame : pandas.DataFrame
            The training rows.
        protected : Protected
            The column and its groups.

        Returns
        -------
        ProtectedColumn

        Raises
        ------
        RequestError
            If the column is not there, or a group would have no row.

        Examples
        --------
        >>> frame = pd.DataFrame({"race": ["White", "Black", "Other", None]})
        >>> ProtectedColumn.from_frame(frame, Protected("race", "White", "Other")).values
        ('White', 'Other', 'Black')
        """
        lookup = group_lookup(frame, protected)
        group_a, group_b = lookup.group_a, lookup.group_b
        values = sorted(frame[protected.column].dropna().unique().tolist())
        rest = [value for value in values if value not in {*group_a, *group_b}]
        return cls(protected.column, (*group_a, *group_b, *rest), group_a, group_b)

    @property
    def size(self) -> int:
        """The length of the axis: the number of values, and one for the rows without one."""
        return len(self.values) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """What tables call the positions along the axis."""
        return (*(value_text(value) for value in self.values), MISSING)

    @property
    def group_names(self) -> tuple[str, str]:
        """What tables call group_a and group_b."""
        a, b = (" or ".join(map(value_text, group)) for group in (self.group_a, self.group_b))
        is_the_rest = len(self.group_a) + len(self.group_b) == len(self.values)
        return a, f"not {a}" if is_the_rest and len(self.group_b) > 1 else b

    @cached_property
    def lookup(self) -> GroupLookup:
        """The rule that a served model uses to find the group of a row."""
        return GroupLookup(self.name, self.group_a, self.group_b)

    @cached_property
    def group_of_position(self) -> NDArray[np.int8]:
        """The group of each position along the axis: 0 is group_a, 1 group_b, −1 neither."""
        places = {value: place for place, value in enumerate(self.lookup.values)}
        served = [places.get(value, -1) for value in self.values]
        return self.lookup.groups_of(np.array([*served, -1], dtype=np.intp))

    @cached_property
    def _all_values(self) -> tuple[GroupLookup, NDArray[np.intp]]:
        """The same rule over all values, and where each of its positions stands in `values`."""
        rest = tuple(value for value in self.values if value not in {*self.group_a, *self.group_b})
        lookup = GroupLookup(self.name, self.group_a, (*self.group_b, *rest))
        return lookup, np.array([self.values.index(v) for v in lookup.values] + [-1], dtype=np.intp)

    def positions(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Return which value each row has.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows with the column.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Positions in `values`; −1 for a null or any other value.

        Raises
        ------
        InputError
            If the column is missing, stands twice or has the wrong type.

        Examples
        --------
        >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
        >>> sex.positions(pd.DataFrame({"sex": ["Female", None, "Male"]})).tolist()
        [1, -1, 0]
        """
        lookup, places = self._all_values
        return np.asarray(places[lookup.positions(frame)])

    def groups(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        """Return the group of each row: 0 for group_a, 1 for group_b, −1 for neither.

        It is the group that a served model finds.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows with the column.
        """
        return self.lookup.groups(frame)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "name": self.name,
            "values": list(self.values),
            "group_a": list(self.group_a),
            "group_b": list(self.group_b),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ProtectedColumn:
        """Make a column of what `to_dict` returned."""
        values, group_a, group_b = (
            tuple(document[key]) for key in ("values", "group_a", "group_b")
        )
        return cls(document["name"], values, group_a, group_b)
