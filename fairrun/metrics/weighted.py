"""Sums of weights by protected columns, label and prediction, for rows that do not count as one."""

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
    """Σw and Σw² of the rows of each crossing of protected values, label and prediction.

    The metrics are those of Σw, their intervals need Σw² as well. Merged with ``+``, up to the
    rounding of sums.

    Parameters
    ----------
    columns : tuple of ProtectedColumn
        The protected columns; one axis of the table for each.
    table : array of shape (columns[0].size, ..., columns[-1].size, 2, 2, 2)
        By the protected columns, label, prediction and moment: Σw, then Σw². Stored as a read-only
        copy of type float64.

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
        columns: Sequence[ProtectedColumn],
        codes: Sequence[ArrayLike],
        y_true: ArrayLike,
        y_pred: ArrayLike,
        weight: ArrayLike,
    ) -> Self:
        """Add the weights of rows up.

        Parameters
        ----------
        columns : sequence of ProtectedColumn
            The protected columns.
        codes : sequence of arrays of int of shape (n_rows,)
            For each column the rows' positions in its values; −1 for none of them.
        y_true, y_pred : array of shape (n_rows,)
            Label and prediction of each row, 0 or 1.
        weight : array of shape (n_rows,)
            The weight of each row, at least 0.

        Returns
        -------
        WeightedCounts

        Raises
        ------
        RequestError
            If the lengths differ, a label is neither 0 nor 1, a code is not a position or −1, or a
            weight is negative or not finite.
        """
        y_true, y_pred = as_binary("y_true", y_true), as_binary("y_pred", y_pred)
        weight = np.asarray(weight, dtype=np.float64)
        check_same_length(y_true=y_true, weight=weight)
        if not (np.isfinite(weight) & (weight >= 0)).all():
            raise RequestError("weight must be finite and at least 0 in every row")
        cell, n_cells = cell_of_row(columns, codes, {"y_true": (y_true, 2), "y_pred": (y_pred, 2)})
        moments = [np.bincount(cell, w, minlength=n_cells) for w in (weight, weight**2)]
        sizes = [column.size for column in columns]
        return cls(tuple(columns), np.stack(moments, axis=-1).reshape(*sizes, 2, 2, 2))
