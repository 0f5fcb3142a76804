"""Protected columns as axes of a table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups.protected import Protected, group_lookup, value_text

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

    def codes(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Look the rows' values up.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows with the column.

        Returns
        -------
        ndarray of int, shape (n_rows,)
            Positions in `values`; −1 for a null or any other value.

        Examples
        --------
        >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
        >>> sex.codes(pd.DataFrame({"sex": ["Female", None, "Male"]})).tolist()
        [1, -1, 0]
        """
        codes, uniques = pd.factorize(frame[self.name].to_numpy(dtype=object))
        position = {value: place for place, value in enumerate(self.values)}
        places = np.array([position.get(value, -1) for value in uniques] + [-1], dtype=np.intp)
        return np.asarray(places[codes])

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
