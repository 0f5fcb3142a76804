"""Counts of two models on the same rows: the only source of differences between models."""

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
    """How many rows have each crossing of protected values, label and predictions of two models.

    Two models are compared on the same rows: their metrics are correlated, and the difference is
    known far better than from two separate tables. Merged with ``+``, exactly.

    Parameters
    ----------
    columns : tuple of ProtectedColumn
        The protected columns; one axis of the table for each.
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
        columns: Sequence[ProtectedColumn],
        codes: Sequence[ArrayLike],
        y_true: ArrayLike,
        y_pred_a: ArrayLike,
        y_pred_b: ArrayLike,
    ) -> Self:
        """Count rows, in one pass.

        Parameters
        ----------
        columns : sequence of ProtectedColumn
            The protected columns.
        codes : sequence of arrays of int of shape (n_rows,)
            For each column the rows' positions in its values; −1 for none of them.
        y_true, y_pred_a, y_pred_b : array of shape (n_rows,)
            The label, and the two models' predictions for the same row; 0 or 1.

        Returns
        -------
        PairedCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label is neither 0 nor 1, or a code is not a position or −1.
        """
        columns_of_rows = {"y_true": y_true, "y_pred_a": y_pred_a, "y_pred_b": y_pred_b}
        outcomes = {name: (as_binary(name, v), 2) for name, v in columns_of_rows.items()}
        cell, n_cells = cell_of_row(columns, codes, outcomes)
        sizes = [column.size for column in columns]
        return cls(tuple(columns), count_cells(cell, n_cells).reshape(*sizes, 2, 2, 2))

    def model(self, which: str) -> Counts:
        """Return the counts of one of the two models, `a` or `b`."""
        other = {"a": -1, "b": -2}[which]
        return Counts(self.columns, self.table.sum(axis=other))
