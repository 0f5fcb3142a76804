"""Counts of group_a, group_b and neither: what an evaluation of one protected column logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.metrics.checks import as_binary, check_same_length

__all__ = ["TwoGroupCounts"]


@dataclass(frozen=True, eq=False)
class TwoGroupCounts:
    """How many rows have each group, label and prediction.

    Counts of separate rows (batches, days, partitions) are merged with ``+``, exactly.

    Parameters
    ----------
    groups : tuple of str
        The names of the groups: group_a (the privileged one), group_b, ..., and last the rows that
        belong to none of them. Those count in the performance over all rows and in no comparison
        of groups.
    protected : str
        The name of the protected column.
    table : array of shape (n_groups, 2, 2)
        Numbers of rows by group, label (0 or 1) and prediction (0 or 1), where 1 is the favourable
        outcome. Stored as a read-only copy of type int64.

    Raises
    ------
    RequestError
        If the groups are fewer than three or not distinct, or the table has another shape, other
        numbers than integers, or a negative one.

    Examples
    --------
    >>> counts = TwoGroupCounts(("Male", "Female", "(neither)"), "sex",
    ...                 [[[5, 1], [2, 4]], [[6, 0], [1, 3]], [[1, 0], [0, 0]]])
    >>> counts.n
    23
    >>> (counts + counts).n
    46
    """

    groups: tuple[str, ...]
    protected: str
    table: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.groups) < 3 or len(set(self.groups)) < len(self.groups):
            raise RequestError(
                f"groups={self.groups} cannot be counted; "
                "give distinct names for group_a, group_b and the rows in neither"
            )
        table = np.asarray(self.table)
        shape = (len(self.groups), 2, 2)
        if table.shape != shape or table.dtype.kind not in "iu" or (table < 0).any():
            raise RequestError(
                f"the table of counts must hold integers of at least 0 in the shape {shape} "
                f"(group, label, prediction); it has type {table.dtype} and shape {table.shape}"
            )
        table = table.astype(np.int64)  # a copy: the caller's array stays writeable
        table.setflags(write=False)
        object.__setattr__(self, "table", table)

    @classmethod
    def from_arrays(
        cls,
        codes: ArrayLike,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        groups: tuple[str, ...],
        protected: str,
    ) -> TwoGroupCounts:
        """Count rows, in one pass.

        Parameters
        ----------
        codes : array of int of shape (n_rows,)
            The group of each row, as a position in `groups`: 0 is group_a, 1 is group_b. -1 stands
            for the last name: the row belongs to none of the others.
        y_true, y_pred : array of shape (n_rows,)
            Label and prediction of each row, 0 or 1.
        groups : tuple of str
            The names of the groups, the rows in none of them last.
        protected : str
            The name of the protected column.

        Returns
        -------
        TwoGroupCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label is neither 0 nor 1, or a code has no group.

        Examples
        --------
        >>> TwoGroupCounts.from_arrays([0, 1, 1, -1], [1, 0, 1, 1], [1, 0, 0, 1],
        ...                    ("Male", "Female", "(neither)"), "sex").table.tolist()
        [[[0, 0], [0, 1]], [[1, 0], [1, 0]], [[0, 0], [0, 1]]]
        """
        y_true, y_pred = as_binary("y_true", y_true), as_binary("y_pred", y_pred)
        codes = np.asarray(codes)
        check_same_length(codes=codes, y_true=y_true, y_pred=y_pred)
        none_of_them = len(groups) - 1
        if codes.dtype.kind not in "iu" or ((codes < -1) | (codes >= none_of_them)).any():
            raise RequestError(
                f"codes must be integers from 0 to {none_of_them - 1} (a position in {groups}), "
                "or -1 for a row in none of the groups"
            )
        group = np.where(codes == -1, none_of_them, codes).astype(np.int64)
        cell = 4 * group + 2 * y_true + y_pred
        table = np.bincount(cell, minlength=4 * len(groups)).reshape(len(groups), 2, 2)
        return cls(groups, protected, table)

    @property
    def n(self) -> int:
        """The number of rows, those in neither group included."""
        return int(self.table.sum())

    @property
    def total(self) -> NDArray[np.int64]:
        """The table over all rows, of shape (2, 2): label, prediction."""
        total: NDArray[np.int64] = self.table.sum(axis=0)
        return total

    def __add__(self, other: object) -> TwoGroupCounts:
        if not isinstance(other, TwoGroupCounts):
            return NotImplemented
        if (self.groups, self.protected) != (other.groups, other.protected):
            raise RequestError(
                f"counts of {self.protected} {self.groups} and of {other.protected} "
                f"{other.groups} cannot be added; count the same groups in the same order"
            )
        return TwoGroupCounts(self.groups, self.protected, self.table + other.table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TwoGroupCounts):
            return NotImplemented
        return (self.groups, self.protected) == (other.groups, other.protected) and np.array_equal(
            self.table, other.table
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the counts in types that JSON has.

        Returns
        -------
        dict
            `protected`, `groups` and `table`, as `from_dict` takes them.
        """
        return {
            "protected": self.protected,
            "groups": list(self.groups),
            "table": self.table.tolist(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> TwoGroupCounts:
        """Make counts of what `to_dict` returned.

        Parameters
        ----------
        document : mapping
            `protected`, `groups` and `table`.

        Returns
        -------
        TwoGroupCounts

        Raises
        ------
        RequestError
            If a key is missing or unknown, or the table is not one of counts.

        Examples
        --------
        >>> counts = TwoGroupCounts(("Male", "Female", "(neither)"), "sex", [[[1, 2], [3, 4]]] * 3)
        >>> TwoGroupCounts.from_dict(counts.to_dict()) == counts
        True
        """
        if set(document) != {"protected", "groups", "table"}:
            raise RequestError(
                f"counts have the keys protected, groups and table; these have {sorted(document)}"
            )
        return cls(tuple(document["groups"]), document["protected"], document["table"])
