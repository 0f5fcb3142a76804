"""Counts by protected columns, label and prediction: all that a metric of labels needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary
from fairrun.metrics.tables import GroupTable, cell_of_row, count_cells

__all__ = ["Counts"]


@dataclass(frozen=True, eq=False)
class Counts(GroupTable):
    """How many rows have each crossing of protected values, each label and each prediction.

    Counts of separate rows are merged with ``+``, exactly.

    Parameters
    ----------
    columns : tuple of ProtectedColumn
        The protected columns; one axis of the table for each.
    table : array of int of shape (columns[0].size, ..., columns[-1].size, 2, 2)
        Numbers of rows by the protected columns, label and prediction, where 1 is the favourable
        outcome. Stored as a read-only copy of type int64.

    Raises
    ------
    RequestError
        If there is no column, a name stands twice, or the table is not of this shape and kind.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[5, 1], [2, 4]], [[6, 0], [1, 3]], [[1, 0], [0, 0]]])
    >>> counts.n, (counts + counts).n
    (23, 46)
    """

    kind: ClassVar[str] = "counts"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "prediction": 2}

    @classmethod
    def from_arrays(
        cls,
        columns: Sequence[ProtectedColumn],
        codes: Sequence[ArrayLike],
        y_true: ArrayLike,
        y_pred: ArrayLike,
    ) -> Self:
        """Count rows, in one pass.

        Parameters
        ----------
        columns : sequence of ProtectedColumn
            The protected columns.
        codes : sequence of arrays of int of shape (n_rows,)
            For each column the rows' positions in its values; −1 for none of them.
        y_true, y_pred : array of shape (n_rows,)
            Label and prediction of each row, 0 or 1.

        Returns
        -------
        Counts

        Raises
        ------
        RequestError
            If the lengths differ, a label is neither 0 nor 1, or a code is not a position or −1.

        Examples
        --------
        >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
        >>> Counts.from_arrays([sex], [[0, 1, 1, -1]], [1, 0, 1, 1], [1, 0, 0, 1]).table.tolist()
        [[[0, 0], [0, 1]], [[1, 0], [1, 0]], [[0, 0], [0, 1]]]
        """
        cell, n_cells = cell_of_row(
            columns,
            codes,
            {
                "y_true": (as_binary("y_true", y_true), 2),
                "y_pred": (as_binary("y_pred", y_pred), 2),
            },
        )
        sizes = [column.size for column in columns]
        return cls(tuple(columns), count_cells(cell, n_cells).reshape(*sizes, 2, 2))

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.table.sum())

    @property
    def total(self) -> NDArray[np.int64]:
        """The table over all rows, of shape (2, 2): label, prediction."""
        total: NDArray[np.int64] = self.cells.sum(axis=0)
        return total
