"""The base class of all tables by group: protected columns, merging, marginals and JSON."""

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
    """Numbers by the values of protected columns and by outcomes such as label and prediction.

    This is the base class of `Counts`, `PairedCounts`, `WeightedCounts` and `ScoreHistogram`. ``+``
    merges the tables of separate sets of rows (batches, days, partitions).

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of shape (columns[0].size, ..., columns[-1].size, outcomes)
        The numbers, stored as a read-only copy.
    labelled : bool
        Whether the true labels of the rows are known. If they are not, every row is counted with
        label 0, and only metrics of predictions can be computed.

    Raises
    ------
    RequestError
        If there is no column, two columns have the same name, or the table has another shape or
        type or a negative number.
    """

    columns: tuple[ProtectedColumn, ...]
    table: NDArray[Any]
    labelled: bool = True

    #: The name of this kind of table in JSON and in messages.
    kind: ClassVar[str]
    #: The axes of the outcomes and their lengths; 0 stands for any length.
    outcomes: ClassVar[dict[str, int]]
    #: The type of the numbers.
    dtype: ClassVar[type[np.generic]] = np.int64

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if not names or len(set(names)) < len(names):
            raise RequestError(
                f"protected={names} cannot be counted; give one or more distinct columns"
            )
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
                f"a table of {self.kind} has type {table.dtype} and shape {table.shape}; "
                f"give numbers of at least 0 of type {self.dtype.__name__} in the shape {shape} "
                f"({axes})"
            )
        # Sums of larger integers would not be exact, or begin again below 0 without a word.
        most = 2.0**53 if self.dtype is np.int64 else math.inf
        if not table.sum(dtype=np.float64) < most:
            raise RequestError(
                f"a table of {self.kind} has a sum of {most:g} or more; give smaller numbers"
            )
        table = table.astype(self.dtype)  # This is a copy, so the caller's array stays writeable.
        table.setflags(write=False)
        object.__setattr__(self, "table", table)

    @property
    def cells(self) -> NDArray[Any]:
        """Return the table with one axis for all protected columns: (n_cells, outcomes)."""
        return self.table.reshape(-1, *self.table.shape[len(self.columns) :])

    def grouped(self, grouping: Grouping) -> NDArray[Any]:
        """Return the sums of the cells of each group, of shape (n_groups, outcomes)."""
        return np.ascontiguousarray(grouping.sum(self.cells, n_outcomes=len(self.outcomes)))

    def marginal(self, *names: str) -> Self:
        """Return the table summed over all protected columns except the named ones.

        Parameters
        ----------
        names : str
            The columns to keep. They stay in the table's order.

        Returns
        -------
        GroupTable
            A table of the same class.

        Raises
        ------
        RequestError
            If no column is named, or a name is not a column of the table.
        """
        known = [column.name for column in self.columns]
        if not set(names) <= set(known):
            raise RequestError(
                f"protected={','.join(names)} is not known; give columns of {', '.join(known)}"
            )
        forgotten = tuple(axis for axis, name in enumerate(known) if name not in names)
        kept = tuple(column for column in self.columns if column.name in names)
        return type(self)(kept, self.table.sum(axis=forgotten), self.labelled)

    def __add__(self, other: object) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        if self.columns != other.columns or self.table.shape != other.table.shape:
            raise RequestError(
                f"the {self.kind} cannot be added, because their columns, values or groups differ; "
                "count both with the same columns in the same order"
            )
        if self.labelled is not other.labelled:
            raise RequestError(
                f"the {self.kind} cannot be added, because only one of them has true labels; count "
                "both with labels, or both without"
            )
        return type(self)(self.columns, self.table + other.table, self.labelled)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (
            self.columns == other.columns
            and self.labelled is other.labelled
            and np.array_equal(self.table, other.table)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict that can be written as JSON.

        Returns
        -------
        dict
            The keys `kind`, `columns` and `table`, which `from_dict` reads. Without true labels,
            the key `labelled` follows, which is false.
        """
        document = {
            "kind": self.kind,
            "columns": [column.to_dict() for column in self.columns],
            "table": self.table.tolist(),
        }
        return document if self.labelled else document | {"labelled": False}

    def suppressed(self) -> dict[str, Any]:
        """Return a dict that stands for the table without its numbers, for sensitive data.

        Returns
        -------
        dict
            The keys `kind` and `suppressed`. `from_dict` refuses it, and says what to do.
        """
        return {"kind": self.kind, "suppressed": True}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the table that a dict of `to_dict` describes.

        Parameters
        ----------
        document : mapping
            The keys `kind`, `columns` and `table`, and perhaps `labelled`.

        Returns
        -------
        GroupTable
            A table of this class.

        Raises
        ------
        RequestError
            If the document is of another kind, has other keys, holds a table of the wrong shape or
            type, or is one of `suppressed`.
        """
        if document.get("suppressed"):
            raise RequestError(
                f"the {cls.kind} of this run are suppressed, because its dataset spec says "
                "sensitive: true; give the gate to evaluate, which decides before it suppresses"
            )
        labelled = document.get("labelled", True)
        if (
            set(document) - {"labelled", "clustered"} != {"kind", "columns", "table"}
            or document["kind"] != cls.kind
            or not isinstance(labelled, bool)
        ):
            raise RequestError(
                f"the document does not hold {cls.kind}; give the keys kind ({cls.kind!r}), "
                "columns and table, as to_dict returns them"
            )
        columns = tuple(map(ProtectedColumn.from_dict, document["columns"]))
        return cls(columns, document["table"], labelled)


def cell_of_row(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    outcomes: Mapping[str, tuple[NDArray[Any], int]],
) -> tuple[NDArray[Any], int]:
    """Return the cell of each row in a table of protected columns and outcomes.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The protected columns.
    positions : sequence of arrays of int of shape (n_rows,)
        For each protected column, the position of each row's value in the column's `values`;
        −1 if the row has none of these values.
    outcomes : mapping of str to (array of shape (n_rows,), int)
        The outcomes by name, as values from 0 and with the length of the axis. They are not checked
        here.

    Returns
    -------
    cells : array of int of shape (n_rows,)
        Positions in the flattened table (C order).
    n_cells : int
        The number of cells of the table.

    Raises
    ------
    RequestError
        If the lengths differ, or a code is neither a position nor −1.
    """
    if not protected:
        raise RequestError("rows cannot be counted without a protected column; give at least one")
    if len(positions) != len(protected):
        raise RequestError(
            f"{len(positions)} arrays of positions were given for {len(protected)} protected "
            "columns; "
            "give one array for each column"
        )
    of_column = zip(protected, positions, strict=True)
    arrays = {column.name: np.asarray(array) for column, array in of_column}
    check_same_length(**arrays, **{name: array for name, (array, _) in outcomes.items()})
    sizes = [column.size for column in protected]
    n_cells = math.prod(sizes) * math.prod(length for _, length in outcomes.values())
    # Memory bandwidth limits the speed, so this uses the smallest type and avoids copies.
    dtype = np.min_scalar_type(n_cells)
    cell = np.zeros(arrays[protected[0].name].shape, dtype=dtype)
    for column in protected:
        array = arrays[column.name]
        whole = array.dtype.kind in "iu"
        least, most = (array.min(), array.max()) if array.size and whole else (0, 0)
        if not whole or least < -1 or most >= len(column.values):
            raise RequestError(
                f"the positions of {column.name!r} must be integers from 0 to "
                f"{len(column.values) - 1} (a position in its values), or -1 for none of them"
            )
        place = array.astype(dtype)
        if least < 0:
            # −1 became the largest number of the type. Adding the size overflows to the last place.
            place += (array < 0).astype(dtype) * dtype.type(column.size)
        cell *= dtype.type(column.size)
        cell += place
    for array, length in outcomes.values():
        cell *= dtype.type(length)
        cell += array.astype(dtype, copy=False)
    return cell, n_cells


def count_cells(cell: NDArray[Any], n_cells: int) -> NDArray[np.intp]:
    """Count the rows of each cell.

    The result is that of `numpy.bincount`. Large arrays of bytes take half the time.

    Parameters
    ----------
    cell : array of unsigned int of shape (n_rows,)
        Positions of cells, as `cell_of_row` returns them.
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
    # Two rows are read as one number of two bytes, so there are half as many numbers to count.
    even = len(cell) // 2 * 2
    pairs = np.bincount(cell[:even].view(np.uint16), minlength=2**16).reshape(256, 256)
    counts = pairs.sum(axis=0) + pairs.sum(axis=1) + np.bincount(cell[even:], minlength=256)
    return np.asarray(counts[:n_cells])
