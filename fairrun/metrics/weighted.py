"""Sums of weights by protected columns, label and prediction, for weighted rows.

`AnyCounts` is either kind of counts. Both have `n_rows`, `total` and `tables_of`, so code that only
needs tables by label and prediction treats them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_binary, as_labels, as_weights, check_same_length
from fairrun.metrics.counts import Counts
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.rates import FloatArray, Rate, divide
from fairrun.metrics.tables import GroupTable, cell_of_row
from fairrun.metrics.weighted_refusals import uneven_reason
from fairrun.metrics.weighted_share import sides_of

__all__ = [
    "AnyCounts",
    "WeightedCounts",
    "count_rows",
    "counts_from_dict",
    "sizes_of",
    "why_no_interval",
]


@dataclass(frozen=True, eq=False)
class WeightedCounts(GroupTable):
    """Sums of powers of the weights by protected values, label and prediction.

    The metrics are computed from Σw. Their intervals need Σw² and Σw⁴, too. The number of rows is
    kept beside them, because a sum of weights does not give it. ``+`` merges the sums of separate
    sets of rows; the result is exact up to floating-point rounding.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of shape (columns[0].size, ..., columns[-1].size, 2, 2, 4)
        Sums by the protected columns, label, prediction and moment (Σw, Σw², the number of rows,
        Σw⁴). Stored as a read-only copy of type float64. `from_dict` also reads a table without
        Σw⁴, as earlier versions wrote it, and gives Σw⁴ its smallest possible value.
    labelled : bool
        Whether the true labels are known; see `GroupTable`.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> weighted = WeightedCounts.from_arrays([sex], [[0, 0]], [1, 1], [1, 1], weight=[0.5, 2.0])
    >>> weighted.table[0, 1, 1].tolist()
    [2.5, 4.25, 2.0, 16.0625]
    >>> weighted.n, weighted.n_rows, round(weighted.effective_n, 2)
    (2.5, 2, 1.47)
    """

    kind: ClassVar[str] = "weighted counts"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "prediction": 2, "moment": 4}
    dtype: ClassVar[type[np.generic]] = np.float64

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike | None,
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
        y_true : array of shape (n_rows,), or None
            The label of each row, 0 or 1; None if the labels are not known.
        y_pred : array of shape (n_rows,)
            The prediction of each row, 0 or 1.
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
        predicted = as_binary("y_pred", y_pred)
        labels = as_labels(y_true, predicted)
        weight = as_weights(weight)
        check_same_length(y_true=labels, weight=weight)
        outcomes = {"y_true": (labels, 2), "y_pred": (predicted, 2)}
        cell, n_cells = cell_of_row(protected, positions, outcomes)
        squares = weight**2
        powers = (weight, squares, np.ones(len(weight)), squares**2)
        moments = [np.bincount(cell, w, minlength=n_cells) for w in powers]
        sizes = [column.size for column in protected]
        table = np.stack(moments, axis=-1).reshape(*sizes, 2, 2, 4)
        return cls(tuple(protected), table, labelled=y_true is not None)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the table that a dict of `to_dict` describes; see `GroupTable.from_dict`."""
        table = np.asarray(document.get("table", ()), dtype=object)
        if table.ndim > 1 and table.shape[-1] == 3:
            table = table.astype(np.float64)
            # Weights that are equal within the cell have the smallest Σw⁴ for their Σw².
            fourths = np.nan_to_num(divide(table[..., 1] ** 2, table[..., 2]))
            document = {**document, "table": np.append(table, fourths[..., None], axis=-1)}
        return super().from_dict(document)

    @property
    def n(self) -> float:
        """Return the sum of all weights."""
        return float(self.table[..., 0].sum())

    @property
    def n_rows(self) -> int:
        """Return the number of rows, those with weight 0 included."""
        return int(self.table[..., 2].sum())

    @property
    def effective_n(self) -> float:
        """Return Kish's effective number of rows, (Σw)² / Σw²; 0 without weights."""
        squares = float(self.table[..., 1].sum())
        return self.n**2 / squares if squares else 0.0

    @property
    def total(self) -> FloatArray:
        """Return the sums of weights of all rows by label and prediction, of shape (2, 2)."""
        return np.asarray(self.cells[..., 0].sum(axis=0))

    def tables_of(self, grouping: Grouping) -> FloatArray:
        """Return the sums of weights of each group, of shape (n_groups, 2, 2)."""
        return self.grouped(grouping)[..., 0]


#: Counts of rows, or sums of weights.
AnyCounts = Counts | WeightedCounts


def count_rows(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    weight: ArrayLike | None,
) -> AnyCounts:
    """Return the `Counts` of rows, or their `WeightedCounts` if they have weights.

    Parameters
    ----------
    protected, positions, y_true, y_pred
        See `Counts.from_arrays`.
    weight : array of shape (n_rows,), or None
        The weight of each row, at least 0; None if the rows have none.

    Raises
    ------
    RequestError
        If the rows cannot be counted.
    """
    if weight is None:
        return Counts.from_arrays(protected, positions, y_true, y_pred)
    return WeightedCounts.from_arrays(protected, positions, y_true, y_pred, weight)


def counts_from_dict(document: Mapping[str, Any]) -> AnyCounts:
    """Return the counts, weighted or not, that a dict of `to_dict` describes.

    Parameters
    ----------
    document : mapping
        The content of an artifact ``counts.json``. Its key `kind` is "counts" or "weighted counts".

    Raises
    ------
    RequestError
        If the document holds neither kind, or is not valid.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> weighted = WeightedCounts.from_arrays([sex], [[0, 1]], [1, 1], [1, 1], weight=[0.5, 2.0])
    >>> counts_from_dict(weighted.to_dict()) == weighted
    True
    """
    kind = WeightedCounts if document.get("kind") == WeightedCounts.kind else Counts
    return kind.from_dict(document)


def sizes_of(
    counts: AnyCounts, grouping: Grouping, rate: Rate
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the effective number of rows and the number of rows in a rate's denominator.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    grouping : Grouping
        The groups.
    rate : Rate
        The rate.

    Returns
    -------
    effective : array of float of shape (n_groups,)
        Kish's effective number of rows, (Σw)² / Σw²; the number of rows for unweighted counts.
    rows : array of int of shape (n_groups,)
        The number of rows.

    Examples
    --------
    >>> from fairrun.metrics import selection_rate, values_of
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> weighted = WeightedCounts.from_arrays([sex], [[0, 0]], [1, 1], [1, 1], weight=[1.0, 3.0])
    >>> effective, rows = sizes_of(weighted, values_of([sex], "sex"), selection_rate)
    >>> effective.tolist(), rows.tolist()
    ([1.6, 0.0], [2, 0])
    """
    if isinstance(counts, Counts):
        rows = rate.size(counts.grouped(grouping))
        return rows.astype(np.float64), rows
    sums, squares, of_rows, _ = np.moveaxis(counts.grouped(grouping), -1, 0)
    effective = divide(rate.size(sums) ** 2, rate.size(squares))
    return np.nan_to_num(effective), rate.size(of_rows).astype(np.int64)


def why_no_interval(counts: AnyCounts, grouping: Grouping, rates: Sequence[Rate]) -> list[str]:
    """Return for each group why one of the rates has no interval; empty if all have one.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows. Every rate of unweighted counts has an interval.
    grouping : Grouping
        The groups.
    rates : sequence of Rate
        The rates.

    Examples
    --------
    >>> from fairrun.metrics import selection_rate, values_of
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> codes, y = np.repeat([0, 1], 100), np.tile([0, 1], 100)
    >>> weight = np.where(np.arange(200) < 197, 1.0, 30.0)  # three women carry half the weight
    >>> weighted = WeightedCounts.from_arrays([sex], [codes], y, y, weight)
    >>> reasons = why_no_interval(weighted, values_of([sex], "sex"), [selection_rate])
    >>> reasons[0], reasons[1][-28:]
    ('', ' the heaviest about 16% each')
    """
    reasons = [""] * len(grouping.groups)
    if isinstance(counts, Counts):
        return reasons
    powers = counts.grouped(grouping)[..., [0, 1, 3]]
    for rate in rates:
        for i, (yes, no) in enumerate(zip(*sides_of(rate, powers), strict=True)):
            name = f"{rate.name} of {grouping.groups[i]}"
            reasons[i] = reasons[i] or uneven_reason(name, yes, no)
    return reasons
