"""Numbers of rows by the bins of one column: a small table that can be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.monitor.bins import Bins, bins_from_dict, fit_bins

__all__ = ["Histogram", "fit_histogram"]


@dataclass(frozen=True, eq=False)
class Histogram:
    """Numbers of rows by the bins of one column. ``+`` merges those of separate sets of rows.

    Attributes
    ----------
    bins : NumberBins or CategoryBins
        The bins.
    rows : ndarray of int64 of shape (bins.size,)
        The number of rows in each bin.
    weights : ndarray of float64 of shape (2, bins.size), or None
        The sums of the weights, and the sums of their squares, which give the effective number of
        rows; None if each row counts once.

    Raises
    ------
    ValueError
        If an array has another shape or a negative number.

    Examples
    --------
    >>> from fairrun.monitor import NumberBins
    >>> ages = pd.Series([19.0, 44.0, 71.0, None])
    >>> histogram = Histogram.of(NumberBins((20.0, 50.0)), ages)
    >>> (histogram + histogram).rows.tolist()
    [2, 2, 2, 2]
    """

    bins: Bins
    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", _checked(self.rows, np.int64, (self.bins.size,)))
        if self.weights is not None:
            weights = _checked(self.weights, np.float64, (2, self.bins.size))
            object.__setattr__(self, "weights", weights)

    @classmethod
    def of(cls, bins: Bins, values: pd.Series, weight: ArrayLike | None = None) -> Self:
        """Count values in bins.

        Parameters
        ----------
        bins : NumberBins or CategoryBins
            The bins.
        values : Series
            A value for each row.
        weight : array of shape (n_rows,), optional
            The weights of the rows.

        Returns
        -------
        Histogram
        """
        positions = bins.positions(values)
        rows = np.bincount(positions, minlength=bins.size)
        if weight is None:
            return cls(bins, rows)
        weights = np.asarray(weight, dtype=np.float64)
        sums = [np.bincount(positions, w, minlength=bins.size) for w in (weights, weights**2)]
        return cls(bins, rows, np.stack(sums))

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each bin, of the weights if there are any; NaN without rows."""
        sums = self.rows if self.weights is None else self.weights[0]
        total = float(sums.sum())
        return sums / total if total > 0 else np.full(len(sums), np.nan)

    def without_few(self, fewest: int) -> Self:
        """Return a copy in which rows of a bin with fewer than `fewest` are in the fullest bin.

        The number of all rows stays the same. If the few rows were left out, the difference to it
        would be their number.
        """
        few = (self.rows > 0) & (self.rows < fewest)
        into = int(np.argmax(self.rows))
        few[into] = False

        def moved(sums: NDArray[Any]) -> NDArray[Any]:
            kept = np.where(few, 0, sums)
            kept[..., into] += sums[..., few].sum(axis=-1)
            return kept

        weights = None if self.weights is None else moved(self.weights)
        return type(self)(self.bins, moved(self.rows), weights)

    def __add__(self, other: object) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        if self.bins != other.bins:
            raise RequestError(
                "histograms with different bins cannot be added; count both in the bins of one "
                "reference"
            )
        rows = self.rows + other.rows
        if self.weights is not None and other.weights is not None:
            return type(self)(self.bins, rows, self.weights + other.weights)
        if self.weights is not None or other.weights is not None:
            raise RequestError(
                "a histogram of weighted rows cannot be added to one without weights; count both "
                "with weights, or both without"
            )
        return type(self)(self.bins, rows)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the histogram as a dictionary that JSON can represent."""
        document = self.bins.to_dict() | {"rows": self.rows.tolist()}
        return document if self.weights is None else document | {"weights": self.weights.tolist()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the histogram that `to_dict` described; raises ValueError or KeyError."""
        return cls(bins_from_dict(document), document["rows"], document.get("weights"))


def _checked(given: ArrayLike, dtype: type[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a read-only copy of numbers of at least 0; raises ValueError for others."""
    array = np.array(given, dtype=dtype)
    if array.shape != shape or not (array >= 0).all():
        raise ValueError("a histogram has to hold a number of at least 0 for each bin")
    array.setflags(write=False)
    return array


def fit_histogram(values: pd.Series, fewest: int, weight: ArrayLike | None = None) -> Histogram:
    """Choose bins for a column and count its values, so that no bin is about few rows.

    Parameters
    ----------
    values : Series
        Numbers, or texts of dtype object.
    fewest : int
        The fewest rows of a bin that is not empty.
    weight : array of shape (n_rows,), optional
        The weights of the rows. Rows are counted, whatever their weights are.

    Returns
    -------
    Histogram
        Nulls, and other categories, that are fewer than `fewest` are counted in the fullest bin.

    Examples
    --------
    >>> jobs = pd.Series(["clerk"] * 7 + ["cook"] * 2 + ["smith"] * 3 + [None], dtype=object)
    >>> histogram = fit_histogram(jobs, fewest=5)
    >>> dict(zip(histogram.bins.names, histogram.rows.tolist(), strict=True))
    {'clerk': 8, '(other)': 5, '(missing)': 0}
    """
    return Histogram.of(fit_bins(values, fewest), values, weight).without_few(fewest)
