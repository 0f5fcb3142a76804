"""Groups as sets of cells of a table of counts: by value, by crossing, and group_a with group_b."""

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

__all__ = [
    "Grouping",
    "everybody",
    "group_a_and_b",
    "group_a_and_b_within",
    "one_and_two_way",
    "values_of",
]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of the rows of a table.

    A cell is one combination of the values of all protected columns of the table.

    Attributes
    ----------
    protected : str
        The names of the protected columns that define the groups, joined by ":". Empty if the only
        group is all rows.
    groups : tuple of str
        The names of the groups.
    members : array of shape (n_groups, n_cells)
        1 where the cell is in the group, else 0. The cells are in C order of the table's protected
        columns.
    """

    protected: str
    groups: tuple[str, ...]
    members: NDArray[np.int64]

    def sum(self, cells: NDArray[Any], n_outcomes: int = 2) -> NDArray[Any]:
        """Return the sum of the cells of each group.

        Parameters
        ----------
        cells : array of shape (..., n_cells, outcomes)
            One table, or many tables such as replicates.
        n_outcomes : int, default 2
            The number of trailing axes that are outcomes (label, prediction).

        Returns
        -------
        array of shape (..., n_groups, outcomes)
            The type is that of `cells`. The same cell of all tables is contiguous in memory, which
            makes elementwise work on many tables fast.
        """
        axis = cells.ndim - n_outcomes - 1
        leading, outcomes = cells.shape[:axis], cells.shape[axis + 1 :]
        flat = cells.reshape(math.prod(leading), cells.shape[axis], math.prod(outcomes))
        # This is one matrix product for each outcome, however many tables there are.
        summed = self.members.astype(cells.dtype) @ flat.transpose(2, 1, 0)
        grouped = summed.transpose(2, 1, 0).reshape(*leading, len(self.groups), *outcomes)
        return np.asarray(grouped)

    def take(self, places: Sequence[int]) -> Grouping:
        """Return a grouping with only the groups at these positions."""
        groups = tuple(self.groups[place] for place in places)
        return Grouping(self.protected, groups, self.members[list(places)])

    def pairs(self) -> NDArray[np.intp]:
        """Return every pair of groups once, as positions, the earlier first; shape (n_pairs, 2)."""
        return np.array([*combinations(range(len(self.groups)), 2)], dtype=np.intp).reshape(-1, 2)


def everybody(protected: Sequence[ProtectedColumn]) -> Grouping:
    """Return one group of all rows, including rows without a known value."""
    n_cells = math.prod(column.size for column in protected)
    return Grouping("", ("(all)",), np.ones((1, n_cells), dtype=np.int64))


def values_of(protected: Sequence[ProtectedColumn], *names: str) -> Grouping:
    """Return one group for each value of a column, or for each combination of several columns.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The columns of the table.
    names : str
        The columns that define the groups. A row without a known value in one of them is in no
        group.

    Returns
    -------
    Grouping
        A combination of values has a name such as `Male:White`.

    Raises
    ------
    RequestError
        If no name is given, a name is not a column of the table, or a name is given twice.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> values_of([sex], "sex").members.tolist()
    [[1, 0, 0], [0, 1, 0]]
    """
    parts = {
        column.name: (column.labels[:-1], np.eye(column.size, dtype=np.int64)[:-1])
        for column in protected
    }
    return _cross(protected, names, parts)


def group_a_and_b(protected: Sequence[ProtectedColumn], *names: str) -> Grouping:
    """Return two groups: group_a and group_b of a column.

    For several columns, the first group holds the rows in group_a of every column, and the second
    holds the rows in group_b of every column. All other rows are in neither group.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The columns of the table.
    names : str
        The columns whose groups are compared.

    Returns
    -------
    Grouping
        The two groups, group_a first.

    Raises
    ------
    RequestError
        If no name is given, a name is not a column of the table, or a name is given twice.

    Examples
    --------
    >>> race = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
    >>> grouping = group_a_and_b([race], "race")
    >>> grouping.groups, grouping.members.tolist()
    (('White', 'not White'), [[1, 0, 0, 0], [0, 1, 1, 0]])
    """
    parts = {}
    for column in protected:
        members = [column.group_of_position == group for group in (GROUP_A, GROUP_B)]
        parts[column.name] = (column.group_names, np.array(members, dtype=np.int64))
    crossed = _cross(protected, names, parts)
    # The first combination is group_a of every column, and the last one is group_b of every column.
    return crossed.take([0, len(crossed.groups) - 1])


def group_a_and_b_within(
    protected: Sequence[ProtectedColumn], name: str, given: Sequence[str]
) -> Grouping:
    """Return group_a and group_b of a column within each combination of the values of others.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The columns of the table.
    name : str
        The column whose groups are compared; it comes before those of `given`.
    given : sequence of str
        The columns whose values are the strata.

    Returns
    -------
    Grouping
        group_a of every stratum, then group_b of every stratum.

    Raises
    ------
    RequestError
        If a name is not a column of the table, or is given twice.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> site = ProtectedColumn("site", ("x", "y"), ("x",), ("y",))
    >>> group_a_and_b_within([sex, site], "sex", ["site"]).groups
    ('Male:x', 'Male:y', 'Female:x', 'Female:y')
    """
    parts = {}
    for column in protected:
        members = np.eye(column.size, dtype=np.int64)[:-1]
        names = column.labels[:-1]
        if column.name == name:
            names = column.group_names
            groups = [column.group_of_position == group for group in (GROUP_A, GROUP_B)]
            members = np.array(groups, dtype=np.int64)
        parts[column.name] = (names, members)
    return _cross(protected, [name, *given], parts)


def one_and_two_way(protected: Sequence[ProtectedColumn]) -> list[tuple[str, ...]]:
    """Return the name of every column, and then the names of every two columns."""
    names = [column.name for column in protected]
    return [*((name,) for name in names), *combinations(names, 2)]


def _cross(
    columns: Sequence[ProtectedColumn],
    names: Sequence[str],
    parts: Mapping[str, tuple[tuple[str, ...], NDArray[np.int64]]],
) -> Grouping:
    """Return the combinations of the named columns' groups, summed over all other columns."""
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
    # The order of the table's columns gives each crossing one name, whatever the order of `names`.
    protected = ":".join(column.name for column in columns if column.name in names)
    return Grouping(protected, tuple(label[1:] for label in labels), members)
