"""Counts by protected columns, label and prediction: enough to compute every metric of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary, as_labels
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.tables import GroupTable, cell_of_row, count_cells

__all__ = ["Counts"]


@dataclass(frozen=True, eq=False)
class Counts(GroupTable):
    """Numbers of rows by protected values, label and prediction.

    ``+`` merges the counts of separate sets of rows exactly.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of int of shape (columns[0].size, ..., columns[-1].size, 2, 2)
        Numbers of rows by the protected columns, label and prediction, where 1 is the favourable
        outcome. Stored as a read-only copy of type int64.
    labelled : bool
        Whether the true labels are known; see `GroupTable`.

    Raises
    ------
    RequestError
        If there is no column, two columns have the same name, or the table has another shape or
        type or a negative number.

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
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike | None,
        y_pred: ArrayLike,
    ) -> Self:
        """Count the rows of arrays in one pass.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns.
        positions : sequence of arrays of int of shape (n_rows,)
            For each protected column, the position of each row's value in the column's `values`;
            −1 if the row has none of these values.
        y_true : array of shape (n_rows,), or None
            The label of each row, 0 or 1; None if the labels are not known.
        y_pred : array of shape (n_rows,)
            The prediction of each row, 0 or 1.

        Returns
        -------
        Counts

        Raises
        ------
        RequestError
            If the lengths differ, a label or prediction is neither 0 nor 1, or a code is neither a
            position nor −1.

        Examples
        --------
        >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
        >>> Counts.from_arrays([sex], [[0, 1, 1, -1]], [1, 0, 1, 1], [1, 0, 0, 1]).table.tolist()
        [[[0, 0], [0, 1]], [[1, 0], [1, 0]], [[0, 0], [0, 1]]]
        """
        predicted = as_binary("y_pred", y_pred)
        outcomes = {"y_true": (as_labels(y_true, predicted), 2), "y_pred": (predicted, 2)}
        cell, n_cells = cell_of_row(protected, positions, outcomes)
        sizes = [column.size for column in protected]
        table = count_cells(cell, n_cells).reshape(*sizes, 2, 2)
        return cls(tuple(protected), table, labelled=y_true is not None)

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.table.sum())

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return self.n

    @property
    def total(self) -> NDArray[np.int64]:
        """Return the counts of all rows by label and prediction, of shape (2, 2)."""
        total: NDArray[np.int64] = self.cells.sum(axis=0)
        return total

    def tables_of(self, grouping: Grouping) -> NDArray[np.int64]:
        """Return the counts of each group, of shape (n_groups, 2, 2)."""
        return self.grouped(grouping)
