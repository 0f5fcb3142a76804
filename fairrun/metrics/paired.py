"""Counts of two models' predictions on the same rows, for differences between the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary, as_labels, as_weights, check_same_length
from fairrun.metrics.counts import Counts
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.tables import GroupTable, cell_of_row, count_cells
from fairrun.metrics.weighted import WeightedCounts

__all__ = ["AnyPairedCounts", "PairedCounts", "WeightedPairedCounts", "count_pairs", "paired_cells"]


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
    labelled : bool
        Whether the true labels are known; see `GroupTable`.

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
        y_true: ArrayLike | None,
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
        y_true : array of shape (n_rows,), or None
            The label of each row, 0 or 1; None if the labels are not known.
        y_pred_a, y_pred_b : array of shape (n_rows,)
            The two models' predictions for each row, 0 or 1.

        Returns
        -------
        PairedCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label or prediction is neither 0 nor 1, or a code is neither a
            position nor −1.
        """
        cell, n_cells = paired_cells(protected, positions, y_true, y_pred_a, y_pred_b)
        sizes = [column.size for column in protected]
        table = count_cells(cell, n_cells).reshape(*sizes, 2, 2, 2)
        return cls(tuple(protected), table, labelled=y_true is not None)

    def model(self, which: str) -> Counts:
        """Return the counts of one model; `which` is "a" or "b"."""
        other = {"a": -1, "b": -2}[which]
        return Counts(self.columns, self.table.sum(axis=other), self.labelled)

    def moments(self, grouping: Grouping) -> FloatArray:
        """Return Σw, Σw² and Σw⁴ of each group for w = 1, of shape (n_groups, 2, 2, 2, 3)."""
        counts = self.grouped(grouping).astype(np.float64)
        return np.repeat(counts[..., np.newaxis], 3, axis=-1)

    def rows(self, grouping: Grouping) -> NDArray[np.int64]:
        """Return the numbers of rows of each group, of shape (n_groups, 2, 2, 2)."""
        return self.grouped(grouping)


@dataclass(frozen=True, eq=False)
class WeightedPairedCounts(GroupTable):
    """Sums of powers of weights by protected values, label and the predictions of two models.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of shape (columns[0].size, ..., columns[-1].size, 2, 2, 2, 4)
        Sums by the protected columns, label, prediction of model A, prediction of model B and
        moment (Σw, Σw², the number of rows, Σw⁴, as in `WeightedCounts`).
    labelled : bool
        Whether the true labels are known; see `GroupTable`.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> paired = count_pairs([sex], [[0, 0]], [1, 1], [1, 1], [1, 0], weight=[0.5, 2.0])
    >>> paired.table[0, 1, 1].tolist()
    [[2.0, 4.0, 1.0, 16.0], [0.5, 0.25, 1.0, 0.0625]]
    """

    kind: ClassVar[str] = "weighted paired counts"
    outcomes: ClassVar[dict[str, int]] = PairedCounts.outcomes | {"moment": 4}
    dtype: ClassVar[type[np.generic]] = np.float64

    def model(self, which: str) -> WeightedCounts:
        """Return the counts of one model; `which` is "a" or "b"."""
        other = {"a": -2, "b": -3}[which]
        return WeightedCounts(self.columns, self.table.sum(axis=other), self.labelled)

    def moments(self, grouping: Grouping) -> FloatArray:
        """Return Σw, Σw² and Σw⁴ of each group, of shape (n_groups, 2, 2, 2, 3)."""
        return np.asarray(self.grouped(grouping)[..., [0, 1, 3]], dtype=np.float64)

    def rows(self, grouping: Grouping) -> NDArray[np.int64]:
        """Return the numbers of rows of each group, of shape (n_groups, 2, 2, 2)."""
        return np.asarray(self.grouped(grouping)[..., 2], dtype=np.int64)


AnyPairedCounts = PairedCounts | WeightedPairedCounts


def count_pairs(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred_a: ArrayLike,
    y_pred_b: ArrayLike,
    weight: ArrayLike | None = None,
) -> AnyPairedCounts:
    """Count the rows of arrays, or sum their weights.

    Parameters
    ----------
    protected, positions, y_true, y_pred_a, y_pred_b
        See `PairedCounts.from_arrays`.
    weight : array of shape (n_rows,), optional
        The weight of each row, at least 0.

    Raises
    ------
    RequestError
        See `PairedCounts.from_arrays`; also if a weight is negative or not finite.
    """
    if weight is None:
        return PairedCounts.from_arrays(protected, positions, y_true, y_pred_a, y_pred_b)
    cell, n_cells = paired_cells(protected, positions, y_true, y_pred_a, y_pred_b)
    weights = as_weights(weight)
    check_same_length(y_true=cell, weight=weights)
    powers = (weights, weights**2, np.ones(len(weights)), weights**4)
    sums = np.stack([np.bincount(cell, each, minlength=n_cells) for each in powers], axis=-1)
    sizes = [column.size for column in protected]
    table = sums.reshape(*sizes, 2, 2, 2, 4)
    return WeightedPairedCounts(tuple(protected), table, labelled=y_true is not None)


def paired_cells(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred_a: ArrayLike,
    y_pred_b: ArrayLike,
) -> tuple[NDArray[np.int64], int]:
    """Return the cell of each row in the flattened table of `PairedCounts`, and their number."""
    a, b = as_binary("y_pred_a", y_pred_a), as_binary("y_pred_b", y_pred_b)
    outcomes = {"y_true": (as_labels(y_true, a), 2), "y_pred_a": (a, 2), "y_pred_b": (b, 2)}
    return cell_of_row(protected, positions, outcomes)
