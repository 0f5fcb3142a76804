"""Sums of weights by protected columns, label and prediction, for weighted rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary, check_same_length
from fairrun.metrics.tables import GroupTable, cell_of_row

__all__ = ["WeightedCounts"]


@dataclass(frozen=True, eq=False)
class WeightedCounts(GroupTable):
    """Sums of weights and of squared weights by protected values, label and prediction.

    The metrics are computed from Σw. Their intervals need Σw², too. ``+`` merges the sums of
    separate sets of rows; the result is exact up to floating-point rounding.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of shape (columns[0].size, ..., columns[-1].size, 2, 2, 2)
        Sums by the protected columns, label, prediction and moment (Σw, then Σw²). Stored as a
        read-only copy of type float64.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> weighted = WeightedCounts.from_arrays([sex], [[0, 0]], [1, 1], [1, 1], weight=[0.5, 2.0])
    >>> weighted.table[0, 1, 1].tolist()
    [2.5, 4.25]
    """

    kind: ClassVar[str] = "weighted counts"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "prediction": 2, "moment": 2}
    dtype: ClassVar[type[np.generic]] = np.float64

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike,
        y_pred: ArrayLike,
        weight: ArrayLike,
    ) -> Self:
        """Sum the weights of the rows of arrays in one pass.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns.
        positions : sequence of arrays of int of shape (n_rows,)
            For each protected column, the position of each row's value in the column's `values`;
            −1 if the row has none of these values.
        y_true, y_pred : array of shape (n_rows,)
            The label and the prediction of each row, 0 or 1.
        weight : array of shape (n_rows,)
            The weight of each row, at least 0.

        Returns
        -------
        WeightedCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label or prediction is neither 0 nor 1, a code is neither a
            position nor −1, or a weight is negative or not finite.
        """
        y_true, y_pred = as_binary("y_true", y_true), as_binary("y_pred", y_pred)
        weight = np.asarray(weight, dtype=np.float64)
        check_same_length(y_true=y_true, weight=weight)
        if not (np.isfinite(weight) & (weight >= 0)).all():
            raise RequestError(
                "a weight is negative, NaN or infinite; give a number of at least 0 for every row"
            )
        outcomes = {"y_true": (y_true, 2), "y_pred": (y_pred, 2)}
        cell, n_cells = cell_of_row(protected, positions, outcomes)
        moments = [np.bincount(cell, w, minlength=n_cells) for w in (weight, weight**2)]
        sizes = [column.size for column in protected]
        return cls(tuple(protected), np.stack(moments, axis=-1).reshape(*sizes, 2, 2, 2))
