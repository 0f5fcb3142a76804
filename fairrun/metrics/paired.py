"""Counts of two models' predictions on the same rows, for differences between the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from numpy.typing import ArrayLike

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary
from fairrun.metrics.counts import Counts
from fairrun.metrics.tables import GroupTable, cell_of_row, count_cells

__all__ = ["PairedCounts"]


@dataclass(frozen=True, eq=False)
class PairedCounts(GroupTable):
    """Numbers of rows by protected values, label and the predictions of two models.

    The metrics of two models on the same rows are correlated, so their difference has a narrower
    interval than it would have from two separate tables. ``+`` merges the counts of separate sets
    of rows exactly.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of int of shape (columns[0].size, ..., columns[-1].size, 2, 2, 2)
        Numbers of rows by the protected columns, label, prediction of model A and prediction of
        model B. Stored as a read-only copy of type int64.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> paired = PairedCounts.from_arrays(
    ...     [sex], [[0, 0, 1]], y_true=[1, 0, 1], y_pred_a=[1, 0, 0], y_pred_b=[1, 1, 1])
    >>> paired.model("b").table[1].tolist()
    [[0, 0], [0, 1]]
    """

    kind: ClassVar[str] = "paired counts"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "prediction A": 2, "prediction B": 2}

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike,
        y_pred_a: ArrayLike,
        y_pred_b: ArrayLike,
    ) -> Self:
        """Count the rows of arrays in one pass.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns.
        positions : sequence of arrays of int of shape (n_rows,)
            For each protected column, the position of each row's value in the column's `values`;
            −1 if the row has none of these values.
        y_true, y_pred_a, y_pred_b : array of shape (n_rows,)
            The label of each row and the two models' predictions for it, 0 or 1.

        Returns
        -------
        PairedCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label or prediction is neither 0 nor 1, or a code is neither a
            position nor −1.
        """
        columns_of_rows = {"y_true": y_true, "y_pred_a": y_pred_a, "y_pred_b": y_pred_b}
        outcomes = {name: (as_binary(name, v), 2) for name, v in columns_of_rows.items()}
        cell, n_cells = cell_of_row(protected, positions, outcomes)
        sizes = [column.size for column in protected]
        return cls(tuple(protected), count_cells(cell, n_cells).reshape(*sizes, 2, 2, 2))

    def model(self, which: str) -> Counts:
        """Return the counts of one model; `which` is "a" or "b"."""
        other = {"a": -1, "b": -2}[which]
        return Counts(self.columns, self.table.sum(axis=other), self.labelled)
