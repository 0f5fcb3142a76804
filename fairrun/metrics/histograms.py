"""Histograms of scores by group and label, from which metrics of merged rows are approximated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics.calibration import CALIBRATION_BINS, score_bins, squared_error_of_bins
from fairrun.metrics.checks import as_weights, check_same_length
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.rates import FloatArray, divide
from fairrun.metrics.scores import check_scores
from fairrun.metrics.tables import GroupTable, cell_of_row, count_cells

__all__ = [
    "ScoreHistogram",
    "WeightedScoreHistogram",
    "histogram_brier_score",
    "histogram_calibration_in_the_large",
    "histogram_roc_auc",
    "histogram_squared_calibration_error",
]

Approximation = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class ScoreHistogram(GroupTable):
    """Numbers of rows by protected values, label and bin of the score.

    The bins have equal width over [0, 1] and do not depend on the data, so ``+`` merges histograms
    of separate sets of rows exactly. Metrics that are computed from a histogram are approximate,
    and each comes with a bound on its error. `fairrun.metrics.scores` is exact, but needs the rows.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of int of shape (columns[0].size, ..., columns[-1].size, 2, n_bins)
        Numbers of rows by the protected columns, label and bin. Stored as a read-only copy of type
        int64.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> histogram = ScoreHistogram.from_arrays([sex], [[0, 0]], [0, 1], [0.2, 0.9], n_bins=10)
    >>> histogram.table[0, 1].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    """

    kind: ClassVar[str] = "score histogram"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "bin": 0}

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike,
        score: ArrayLike,
        n_bins: int = 1000,
    ) -> Self:
        """Count the rows of arrays in one pass.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns.
        positions : sequence of arrays of int of shape (n_rows,)
            For each protected column, the position of each row's value in the column's `values`;
            −1 if the row has none of these values.
        y_true, score : array of shape (n_rows,)
            The label (0 or 1) and the predicted probability of label 1.
        n_bins : int, default 1000
            The number of bins: a multiple of 10, because the calibration error uses 10 bins.

        Returns
        -------
        ScoreHistogram

        Raises
        ------
        RequestError
            If the lengths differ, a label is neither 0 nor 1, a score is not in [0, 1], a code is
            neither a position nor −1, or `n_bins` is not a positive multiple of 10.
        """
        cell, n_cells = _cells(protected, positions, y_true, score, n_bins)
        sizes = [column.size for column in protected]
        return cls(tuple(protected), count_cells(cell, n_cells).reshape(*sizes, 2, n_bins))

    @property
    def n_bins(self) -> int:
        """Return the number of bins."""
        return int(self.table.shape[-1])

    def moments_of(self, grouping: Grouping) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return Σw, Σw² and the number of rows of each group, each (n_groups, 2, n_bins).

        Here all weights are 1, so the three are the same.
        """
        tables = self.grouped(grouping)
        return tables, tables, tables


@dataclass(frozen=True, eq=False)
class WeightedScoreHistogram(GroupTable):
    """Sums of weights by protected values, label and bin of the score.

    Attributes
    ----------
    columns : tuple of ProtectedColumn
        The protected columns. Each one has an axis of the table.
    table : array of shape (columns[0].size, ..., columns[-1].size, 2, n_bins, 3)
        Sums by the protected columns, label, bin and moment (Σw, then Σw², then the number of
        rows). Stored as a read-only copy of type float64.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> histogram = WeightedScoreHistogram.from_arrays(
    ...     [sex], [[0, 0]], [0, 1], [0.2, 0.9], weight=[0.5, 3.0], n_bins=10)
    >>> histogram.table[0, 1, -1].tolist()
    [3.0, 9.0, 1.0]
    """

    kind: ClassVar[str] = "weighted score histogram"
    outcomes: ClassVar[dict[str, int]] = {"label": 2, "bin": 0, "moment": 3}
    dtype: ClassVar[type[np.generic]] = np.float64

    @classmethod
    def from_arrays(
        cls,
        protected: Sequence[ProtectedColumn],
        positions: Sequence[ArrayLike],
        y_true: ArrayLike,
        score: ArrayLike,
        weight: ArrayLike,
        n_bins: int = 1000,
    ) -> Self:
        """Sum the weights of the rows of arrays in one pass.

        Parameters
        ----------
        protected, positions, y_true, score, n_bins
            See `ScoreHistogram.from_arrays`.
        weight : array of shape (n_rows,)
            The weight of each row, at least 0.

        Returns
        -------
        WeightedScoreHistogram

        Raises
        ------
        RequestError
            As `ScoreHistogram.from_arrays`, or if a weight is negative or not finite.
        """
        cell, n_cells = _cells(protected, positions, y_true, score, n_bins)
        weights = as_weights(weight)
        check_same_length(cells=cell, weight=weights)
        powers = (weights, weights**2, np.ones(len(weights)))
        moments = [np.bincount(cell, w, minlength=n_cells) for w in powers]
        sizes = [column.size for column in protected]
        return cls(tuple(protected), np.stack(moments, axis=-1).reshape(*sizes, 2, n_bins, 3))

    @property
    def n_bins(self) -> int:
        """Return the number of bins."""
        return int(self.table.shape[-2])

    def moments_of(self, grouping: Grouping) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return Σw, Σw² and the number of rows of each group, each (n_groups, 2, n_bins)."""
        sums, squares, rows = np.moveaxis(self.grouped(grouping), -1, 0)
        return sums, squares, rows


def _cells(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike,
    score: ArrayLike,
    n_bins: int,
) -> tuple[NDArray[Any], int]:
    """Return the cell of each row and the number of cells."""
    if n_bins < 1 or n_bins % CALIBRATION_BINS:
        raise RequestError(
            f"n_bins={n_bins} is not a multiple of {CALIBRATION_BINS}; "
            f"give {CALIBRATION_BINS}, {2 * CALIBRATION_BINS}, …"
        )
    y_true, score = check_scores(y_true, score)
    outcomes: dict[str, tuple[NDArray[np.generic], int]] = {
        "y_true": (y_true, 2),
        "score": (score_bins(score, n_bins), n_bins),
    }
    return cell_of_row(protected, positions, outcomes)


def histogram_roc_auc(tables: NDArray[np.int64]) -> Approximation:
    """Compute the approximate area under the ROC curve.

    Parameters
    ----------
    tables : array of int of shape (..., 2, n_bins)
        Numbers of rows by label and bin, such as `ScoreHistogram.grouped` returns.

    Returns
    -------
    value, error : array of shape (...)
        The area if all rows of a bin were tied, and half the share of tied pairs. The exact area is
        within `value` ± `error`. NaN unless both labels occur.

    Examples
    --------
    >>> value, error = histogram_roc_auc(np.array([[3, 1, 0], [0, 1, 3]]))
    >>> value.item(), error.item()
    (0.96875, 0.03125)
    """
    negative, positive = tables[..., 0, :], tables[..., 1, :]
    n_pairs = negative.sum(axis=-1) * positive.sum(axis=-1)
    below = np.cumsum(negative, axis=-1) - negative
    tied = (positive * negative).sum(axis=-1)
    return divide((positive * below).sum(axis=-1) + tied / 2, n_pairs), divide(tied / 2, n_pairs)


def histogram_brier_score(tables: NDArray[np.int64]) -> Approximation:
    """Compute the approximate Brier score.

    Parameters
    ----------
    tables : array of int of shape (..., 2, n_bins)
        Numbers of rows by label and bin.

    Returns
    -------
    value, error : array of shape (...)
        The Brier score if every row's score were the middle of its bin, and the width of a bin. A
        score changes by at most half a bin and its square by at most one bin, so the exact Brier
        score is within `value` ± `error`. NaN without rows.
    """
    n_bins = tables.shape[-1]
    middle = (np.arange(n_bins) + 0.5) / n_bins
    squares = np.stack([middle, 1 - middle]) ** 2
    n = tables.sum(axis=(-2, -1))
    return divide((tables * squares).sum(axis=(-2, -1)), n), np.where(n > 0, 1 / n_bins, np.nan)


def histogram_calibration_in_the_large(tables: NDArray[np.int64]) -> Approximation:
    """Compute the approximate mean score minus the share of label 1.

    Parameters
    ----------
    tables : array of int of shape (..., 2, n_bins)
        Numbers of rows by label and bin.

    Returns
    -------
    value, error : array of shape (...)
        The difference if every row's score were the middle of its bin, and half the width of a bin.
        The exact difference is within `value` ± `error`. NaN without rows.
    """
    n_bins = tables.shape[-1]
    n = tables.sum(axis=(-2, -1))
    value = divide(_gaps(tables).sum(axis=(-2, -1)), n)
    return value, np.where(n > 0, 0.5 / n_bins, np.nan)


def histogram_squared_calibration_error(tables: NDArray[np.int64]) -> Approximation:
    """Compute the approximate squared calibration error, without bias by chance.

    Parameters
    ----------
    tables : array of int of shape (..., 2, n_bins)
        Numbers of rows by label and bin.

    Returns
    -------
    value, error : array of shape (...)
        The error if every row's score were the middle of its bin, and a bound. A difference of
        score and label is at most 1 and changes by at most half a bin, so a product of two changes
        by at most one bin and the square of half a bin. The exact error is within
        `value` ± `error`. NaN if no two rows share a bin of the calibration error.
    """
    n_bins = tables.shape[-1]

    def coarse(table: NDArray[Any]) -> FloatArray:
        by_bin = table.sum(axis=-2)
        bins = by_bin.reshape(*by_bin.shape[:-1], CALIBRATION_BINS, -1)
        return np.asarray(bins.sum(axis=-1), dtype=np.float64)

    rows, gaps = coarse(tables), _gaps(tables)
    # _gaps holds sums over rows with the same difference, so this is the sum of their squares.
    squared = divide(gaps**2, tables)
    squares = coarse(np.nan_to_num(squared))
    _, value = squared_error_of_bins(rows, rows, rows, coarse(gaps), squares)
    return value, np.where(np.isnan(value), np.nan, 1 / n_bins + 0.25 / n_bins**2)


def _gaps(tables: NDArray[np.int64]) -> FloatArray:
    """Return the sums of score − label by label and bin, with the middle of a bin as the score."""
    n_bins = tables.shape[-1]
    middle = (np.arange(n_bins) + 0.5) / n_bins
    return np.asarray(tables * np.stack([middle, middle - 1]))
