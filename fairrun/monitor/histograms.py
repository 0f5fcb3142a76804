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
    weight, squared_weight : ndarray of float64 of shape (bins.size,), or None
        The sums of the weights and of their squares; None if each row counts once. The squares give
        the effective number of rows.

    Raises
    ------
    ValueError
        If an array has another shape or a negative number, or only one sum of weights is given.

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
    weight: NDArray[np.float64] | None = None
    squared_weight: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if (self.weight is None) is not (self.squared_weight is None):
            raise ValueError("weight and squared_weight belong together")
        for name, dtype in _ARRAYS.items():
            given = getattr(self, name)
            if given is None:
                continue
            array = np.array(given, dtype=dtype)
            if array.shape != (self.bins.size,) or not (array >= 0).all():
                raise ValueError(f"{name} has to hold a number for each bin, none below 0")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

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

        def total(each: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.bincount(positions, each, minlength=bins.size).astype(np.float64)

        return cls(bins, rows, total(weights), total(weights**2))

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each bin, of the weights if there are any; NaN without rows."""
        sums = np.asarray(self.rows if self.weight is None else self.weight, dtype=np.float64)
        total = sums.sum()
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
            kept[into] += sums[few].sum()
            return kept

        if self.weight is None or self.squared_weight is None:
            return type(self)(self.bins, moved(self.rows))
        weights = moved(self.weight), moved(self.squared_weight)
        return type(self)(self.bins, moved(self.rows), *weights)

    def __add__(self, other: object) -> Self:
        if type(other) is not type(self):
            return NotImplemented
        if self.bins != other.bins:
            raise RequestError(
                "histograms with different bins cannot be added; count both in the bins of one "
                "reference"
            )
        rows = self.rows + other.rows
        if self.weight is None and other.weight is None:
            return type(self)(self.bins, rows)
        if self.weight is None or other.weight is None:
            raise RequestError(
                "a histogram of weighted rows cannot be added to one without weights; count both "
                "with weights, or both without"
            )
        squares = np.add(self.squared_weight, other.squared_weight)
        return type(self)(self.bins, rows, self.weight + other.weight, squares)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the histogram as a dictionary that JSON can represent."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return self.bins.to_dict() | {
            name: array.tolist() for name, array in arrays.items() if array is not None
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the histogram that `to_dict` described; raises ValueError or KeyError."""
        weights = (document.get(name) for name in ("weight", "squared_weight"))
        return cls(bins_from_dict(document), document["rows"], *weights)


#: The arrays of a histogram and their types.
_ARRAYS: dict[str, type[np.generic]] = {
    "rows": np.int64,
    "weight": np.float64,
    "squared_weight": np.float64,
}


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
