"""Rows with coded columns, as the search for subgroups and its tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.rates import FloatArray
from fairrun.metrics.subgroup_values import CodedColumn

__all__ = ["Conditions", "ScannedRows"]

#: The position of each column of a subgroup, and the code of its rows.
Conditions = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class ScannedRows:
    """Rows with coded columns.

    Attributes
    ----------
    columns : sequence of CodedColumn
        The columns.
    cell : array of uint8 of shape (n_rows,)
        2 × label + prediction.
    weight : array of shape (n_rows,) or None
        The weights, all above 0.
    cluster : array of int of shape (n_rows,) or None
        The cluster of each row.
    """

    columns: Sequence[CodedColumn]
    cell: NDArray[np.uint8]
    weight: FloatArray | None = None
    cluster: NDArray[np.int64] | None = None

    def take(self, rows: NDArray[np.bool_]) -> ScannedRows:
        """Return some of the rows."""
        columns = [replace(column, codes=column.codes[rows]) for column in self.columns]
        weight = None if self.weight is None else self.weight[rows]
        cluster = None if self.cluster is None else self.cluster[rows]
        return ScannedRows(columns, self.cell[rows], weight, cluster)

    def members(self, conditions: Conditions) -> NDArray[np.bool_]:
        """Return whether each row meets all conditions."""
        found = [self.columns[place].codes == code for place, code in conditions]
        return np.asarray(np.logical_and.reduce(found))

    def tables(self, codes: NDArray[np.integer[Any]], n_codes: int) -> FloatArray:
        """Return Σw and Σw² by code and cell, of shape (2, n_codes, 4)."""
        both = codes.astype(np.int64) * 4 + self.cell
        powers = [None] if self.weight is None else [self.weight, self.weight**2]
        sums = [np.bincount(both, w, minlength=4 * n_codes).astype(np.float64) for w in powers]
        return np.stack([sums[0], sums[-1]]).reshape(2, n_codes, 4)

    def words(self, conditions: Conditions) -> str:
        """Return the conditions in words, such as "sex = Female and age > 50"."""
        return " and ".join(self.columns[place].words[code] for place, code in conditions)
