"""What all tables by group have in common: columns, merging, marginals, JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import check_same_length
from fairrun.metrics.grouping import Grouping

__all__ = ["GroupTable", "cell_of_row", "count_cells"]


@dataclass(frozen=True, eq=False)
class GroupTable:
    """Numbers by the values of protected columns and by outcomes.

    The base of `Counts`, `PairedCounts`, `WeightedCounts` and `ScoreHistogram`. Tables of separate
    rows (batches, days, partitions) are merged with ``+``.

    Parameters
    ----------
    columns : tuple of ProtectedColumn
        The protected columns; one axis of the table for each.
    table : array of shape (columns[0].size, ..., columns[-1].size, outcomes)
        The numbers, stored as a read-only copy.

    Raises
    ------
    RequestError
        If there is no column, a name stands twice, or the table is not of this shape and kind.
    """

    columns: tuple[ProtectedColumn, ...]
    table: NDArray[Any]

    #: What its JSON is called, the axes of its outcomes with their lengths (0: any), its type.
    kind: ClassVar[str]
    outcomes: ClassVar[dict[str, int]]
    dtype: ClassVar[type[np.generic]] = np.int64

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not names or len(set(names)) < len(names):
            raise RequestError(f"protected={names} cannot be counted; give distinct columns")
        table = np.asarray(self.table)
        sizes = tuple(column.size for column in self.columns)
        shape = (*sizes, *self.outcomes.values())
        kinds = "iu" if self.dtype is np.int64 else "iuf"
        if (
            table.ndim != len(shape)
            or any(
                length not in (0, given) for length, given in zip(shape, table.shape, strict=True)
            )
            or table.dtype.kind not in kinds
            or not (table >= 0).all()
        ):
            axes = ", ".join((*names, *self.outcomes))
            raise RequestError(
                f"a table of {self.kind} holds {self.dtype.__name__} of at least 0 in the shape "
                f"{shape} ({axes}); this one has type {table.dtype} and shape {table.shape}"
            )
        table = table.astype(self.dtype)  # a copy: the caller's array stays writeable
        table.setflags(write=False)
        object.__setattr__(self, "table", table)

    @property
    def cells(self) -> NDArray[Any]:
        """The table with one axis for all protected columns: shape (n_cells, outcomes)."""
        return self.table.reshape(-1, *self.table.shape[len(self.columns) :])

    def grouped(self, grouping: Grouping) -> NDArray[Any]:
        """Add the cells of each group up: shape (n_groups, outcomes)."""
        return np.ascontiguousarray(grouping.sum(self.cells, n_outcomes=len(self.outcomes)))

    def marginal(self, *names: str) -> Self:
        """Forget all protected columns but those named.

        Parameters
        ----------
        names : str
            The columns to keep; they stay in the table's order.

        Returns
        -------
        GroupTable
            Of the same class.

        Raises
        ------
        RequestError
            If none is named, or one that is not there.
        """
        known = [column.name for column in self.columns]
        if not set(names) <= set(known):
            raise RequestError(f"protected={','.join(names)} is not in {', '.join(known)}")
        forgotten = tuple(axis for axis, name in enumerate(known) if name not in names)
        kept = tuple(column for column in self.columns if column.name in names)
        return type(self)(kept, self.table.sum(axis=forgotten))

    def __add__(self, other: object) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        if self.columns != other.columns or self.table.shape != other.table.shape:
            raise RequestError(
                f"the {self.kind} cannot be added: their columns, values or groups differ; "
                "make both with the same columns in the same order"
            )
        return type(self)(self.columns, self.table + other.table)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.columns == other.columns and np.array_equal(self.table, other.table)

    def to_dict(self) -> dict[str, Any]:
        """Return the table in types that JSON has.

        Returns
        -------
        dict
            `kind`, `columns` and `table`, as `from_dict` takes them.
        """
        return {
            "kind": self.kind,
            "columns": [column.to_dict() for column in self.columns],
            "table": self.table.tolist(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Make a table of what `to_dict` returned.

        Parameters
        ----------
        document : mapping
            `kind`, `columns` and `table`.

        Returns
        -------
        GroupTable
            Of this class.

        Raises
        ------
        RequestError
            If the document is of another kind or lacks a part, or the table does not fit.
        """
        if set(document) != {"kind", "columns", "table"} or document["kind"] != cls.kind:
            raise RequestError(
                f"these are no {cls.kind}: give kind ({cls.kind!r}), columns and table, "
                "as to_dict returns them"
            )
        columns = tuple(map(ProtectedColumn.from_dict, document["columns"]))
        return cls(columns, document["table"])


def cell_of_row(
    columns: Sequence[ProtectedColumn],
    codes: Sequence[ArrayLike],
    outcomes: Mapping[str, tuple[NDArray[Any], int]],
) -> tuple[NDArray[Any], int]:
    """Find the cell of each row in a table of protected columns and outcomes.

    Parameters
    ----------
    columns : sequence of ProtectedColumn
        The columns.
    codes : sequence of arrays of int of shape (n_rows,)
        For each column the rows' positions in its values; −1 for none of them.
    outcomes : mapping of str to (array of shape (n_rows,), int)
        The checked outcomes by name, each with the length of its axis.

    Returns
    -------
    cells : array of int of shape (n_rows,)
        Positions in the flattened table (C order).
    n_cells : int
        Its length.

    Raises
    ------
    RequestError
        If the lengths differ, or a code is not a position or −1.
    """
    if len(codes) != len(columns):
        raise RequestError(f"{len(codes)} columns of codes for {len(columns)} protected columns")
    arrays = {column.name: np.asarray(array) for column, array in zip(columns, codes, strict=True)}
    check_same_length(**arrays, **{name: array for name, (array, _) in outcomes.items()})
    sizes = [column.size for column in columns]
    n_cells = math.prod(sizes) * math.prod(length for _, length in outcomes.values())
    # The smallest type that holds a cell, and no copies: the passes are bound by memory.
    dtype = np.min_scalar_type(n_cells)
    cell = np.zeros(arrays[columns[0].name].shape, dtype=dtype)
    for column in columns:
        array = arrays[column.name]
        least, most = (array.min(), array.max()) if array.size else (0, 0)
        if array.dtype.kind not in "iu" or least < -1 or most >= len(column.values):
            raise RequestError(
                f"the codes of {column.name!r} must be integers from 0 to "
                f"{len(column.values) - 1} (a position in its values), or -1 for none of them"
            )
        place = array.astype(dtype)
        if least < 0:
            # −1 is the largest number of the type: adding the size wraps around to the last place.
            place += (array < 0).astype(dtype) * dtype.type(column.size)
        cell *= dtype.type(column.size)
        cell += place
    for array, length in outcomes.values():
        cell *= dtype.type(length)
        cell += array.astype(dtype, copy=False)
    return cell, n_cells


def count_cells(cell: NDArray[Any], n_cells: int) -> NDArray[np.intp]:
    """Count the rows of each cell: `numpy.bincount`, in half the time where a cell is a byte.

    Parameters
    ----------
    cell : array of unsigned int of shape (n_rows,)
        Positions, as `cell_of_row` finds them.
    n_cells : int
        The number of cells.

    Returns
    -------
    array of int of shape (n_cells,)

    Examples
    --------
    >>> count_cells(np.array([2, 0, 2], dtype=np.uint8), n_cells=4).tolist()
    [1, 0, 2, 0]
    """
    if cell.dtype != np.uint8 or len(cell) < 2**16:
        return np.bincount(cell, minlength=n_cells)
    # Two rows make one number of two bytes: half as many numbers to count.
    even = len(cell) // 2 * 2
    pairs = np.bincount(cell[:even].view(np.uint16), minlength=2**16).reshape(256, 256)
    counts = pairs.sum(axis=0) + pairs.sum(axis=1) + np.bincount(cell[even:], minlength=256)
    return np.asarray(counts[:n_cells])
