"""Which rows make which groups: every group is a set of cells of the finest table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import GROUP_A, GROUP_B, ProtectedColumn

__all__ = ["Grouping", "everybody", "group_a_and_b", "one_and_two_way", "values_of"]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of the rows of a table.

    Parameters
    ----------
    protected : str
        What the groups are of: the names of the protected columns, joined by ":"; empty if the one
        group is everybody.
    groups : tuple of str
        The names of the groups.
    members : array of shape (n_groups, n_cells)
        1 where a cell of the finest table (C order of its protected columns) is in the group, else
        0.
    """

    protected: str
    groups: tuple[str, ...]
    members: NDArray[np.int64]

    def sum(self, cells: NDArray[Any], n_outcomes: int = 2) -> NDArray[Any]:
        """Add the cells of each group up.

        Parameters
        ----------
        cells : array of shape (..., n_cells, outcomes)
            One finest table or many.
        n_outcomes : int, default 2
            How many of the last axes are outcomes (label, prediction).

        Returns
        -------
        array of shape (..., n_groups, outcomes)
            Of the type of `cells`. In memory the tables lie next to each other, number by number:
            what is computed of all of them at once runs through it in order.
        """
        axis = cells.ndim - n_outcomes - 1
        leading, outcomes = cells.shape[:axis], cells.shape[axis + 1 :]
        flat = cells.reshape(math.prod(leading), cells.shape[axis], math.prod(outcomes))
        # One product of matrices for each outcome, however many tables there are.
        summed = self.members.astype(cells.dtype) @ flat.transpose(2, 1, 0)
        grouped = summed.transpose(2, 1, 0).reshape(*leading, len(self.groups), *outcomes)
        return np.asarray(grouped)

    def take(self, places: Sequence[int]) -> Grouping:
        """Keep the groups at these positions."""
        groups = tuple(self.groups[place] for place in places)
        return Grouping(self.protected, groups, self.members[list(places)])

    def pairs(self) -> NDArray[np.intp]:
        """Every pair of groups once, by position, the earlier group first; shape (n_pairs, 2)."""
        return np.array([*combinations(range(len(self.groups)), 2)], dtype=np.intp).reshape(-1, 2)


def everybody(columns: Sequence[ProtectedColumn]) -> Grouping:
    """Make one group of all rows, those without a known value included."""
    n_cells = math.prod(column.size for column in columns)
    return Grouping("", ("(all)",), np.ones((1, n_cells), dtype=np.int64))


def values_of(columns: Sequence[ProtectedColumn], *names: str) -> Grouping:
    """Make a group of each value of a column, or of each crossing of the values of several.

    Parameters
    ----------
    columns : sequence of ProtectedColumn
        The columns of the table.
    names : str
        The columns to group by. Rows without a known value in one of them are in no group.

    Returns
    -------
    Grouping
        The groups of a crossing are named like `Male:White`.

    Raises
    ------
    RequestError
        If a name is not that of a column, or stands twice.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> values_of([sex], "sex").members.tolist()
    [[1, 0, 0], [0, 1, 0]]
    """
    parts = {
        column.name: (column.labels[:-1], np.eye(column.size, dtype=np.int64)[:-1])
        for column in columns
    }
    return _cross(columns, names, parts)


def group_a_and_b(columns: Sequence[ProtectedColumn], *names: str) -> Grouping:
    """Make the two groups a comparison is about: group_a and group_b of a column.

    Of several columns, the first group is in group_a of each of them, the second in group_b of
    each; rows that are in a of one and in b of another are in neither.

    Parameters
    ----------
    columns : sequence of ProtectedColumn
        The columns of the table.
    names : str
        The columns whose groups are compared.

    Returns
    -------
    Grouping
        Of two groups.

    Raises
    ------
    RequestError
        If a name is not that of a column, or stands twice.

    Examples
    --------
    >>> race = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
    >>> grouping = group_a_and_b([race], "race")
    >>> grouping.groups, grouping.members.tolist()
    (('White', 'not White'), [[1, 0, 0, 0], [0, 1, 1, 0]])
    """
    parts = {}
    for column in columns:
        members = [column.group_of_position == group for group in (GROUP_A, GROUP_B)]
        parts[column.name] = (column.group_names, np.array(members, dtype=np.int64))
    crossed = _cross(columns, names, parts)
    return crossed.take([0, len(crossed.groups) - 1])  # a of each, and b of each


def one_and_two_way(columns: Sequence[ProtectedColumn]) -> list[tuple[str, ...]]:
    """List the columns, and then every two of them, by name."""
    names = [column.name for column in columns]
    return [*((name,) for name in names), *combinations(names, 2)]


def _cross(
    columns: Sequence[ProtectedColumn],
    names: Sequence[str],
    parts: Mapping[str, tuple[tuple[str, ...], NDArray[np.int64]]],
) -> Grouping:
    """Cross the parts of the named columns; every position of the others is taken."""
    if not names or len(set(names)) < len(names) or not set(names) <= set(parts):
        raise RequestError(
            f"cannot group by {', '.join(names) or 'nothing'}; "
            f"name one or more of {', '.join(parts)}, each once"
        )
    labels = [""]
    members = np.ones((1, 1), dtype=np.int64)
    for column in columns:
        if column.name in names:
            groups, of_column = parts[column.name]
            labels = [f"{label}:{group}" for label in labels for group in groups]
        else:
            of_column = np.ones((1, column.size), dtype=np.int64)
        members = np.kron(members, of_column)
    # In the order of the table's columns, in which a crossing has one name only.
    protected = ":".join(column.name for column in columns if column.name in names)
    return Grouping(protected, tuple(label[1:] for label in labels), members)
