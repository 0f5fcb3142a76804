"""The bins of a column: ranges of numbers, or categories, chosen once and then fixed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Bins", "CategoryBins", "NumberBins", "bins_from_dict", "fit_bins", "roundest"]

Floats = NDArray[np.float64]

#: The names of the bins for categories without a bin of their own, and for nulls.
OTHER, MISSING = "(other)", "(missing)"
#: The quantiles between the bins of a numeric column. The outer ones show the tails.
_LEVELS = (0.01, *np.arange(0.05, 0.96, 0.05).round(2).tolist(), 0.99)


@dataclass(frozen=True)
class NumberBins:
    """Ranges of numbers, each with its upper edge, and a bin for nulls, which is the last.

    The first range has no lower end and the last one has no upper end, so that every number is in a
    bin and no edge is the lowest or highest number of the rows.

    Attributes
    ----------
    edges : tuple of float
        The edges between the ranges, ascending.

    Examples
    --------
    >>> bins = NumberBins((20.0, 30.0))
    >>> bins.positions(pd.Series([20.0, 20.5, 31.0, None])).tolist()
    [0, 1, 2, 3]
    >>> bins.names
    ('<= 20', '> 20 to 30', '> 30', '(missing)')
    """

    edges: tuple[float, ...]

    kind: ClassVar[str] = "number"

    @property
    def size(self) -> int:
        """The number of bins."""
        return len(self.edges) + 2

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bins in tables."""
        texts = [f"{edge:.12g}" for edge in self.edges]
        between = (f"> {low} to {high}" for low, high in pairwise(texts))
        ends = (f"<= {texts[0]}", f"> {texts[-1]}") if texts else ("(any number)",)
        return (*ends[:1], *between, *ends[1:], MISSING)

    def positions(self, values: pd.Series) -> NDArray[np.intp]:
        """Return the position of the bin of each value."""
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        found = np.searchsorted(np.asarray(self.edges, dtype=np.float64), numbers, side="left")
        return np.where(np.isnan(numbers), self.size - 1, found)

    def to_dict(self) -> dict[str, Any]:
        """Return the bins as a dictionary that JSON can represent."""
        return {"kind": self.kind, "edges": list(self.edges)}


@dataclass(frozen=True)
class CategoryBins:
    """A bin for each named category, one for all other categories, and one for nulls.

    Attributes
    ----------
    categories : tuple of str
        The named categories, sorted.

    Examples
    --------
    >>> bins = CategoryBins(("clerk", "cook"))
    >>> bins.positions(pd.Series(["cook", "smith", None], dtype=object)).tolist()
    [1, 2, 3]
    >>> bins.names
    ('clerk', 'cook', '(other)', '(missing)')
    """

    categories: tuple[str, ...]

    kind: ClassVar[str] = "category"

    @property
    def size(self) -> int:
        """The number of bins."""
        return len(self.categories) + 2

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bins in tables."""
        return (*self.categories, OTHER, MISSING)

    def positions(self, values: pd.Series) -> NDArray[np.intp]:
        """Return the position of the bin of each value."""
        codes, distinct = pd.factorize(values)
        places = {category: place for place, category in enumerate(self.categories)}
        # A null has the code −1, which takes the last entry.
        found = [places.get(each, self.size - 2) for each in distinct] + [self.size - 1]
        return np.asarray(found, dtype=np.intp)[codes]

    def to_dict(self) -> dict[str, Any]:
        """Return the bins as a dictionary that JSON can represent."""
        return {"kind": self.kind, "categories": list(self.categories)}


Bins = NumberBins | CategoryBins


def bins_from_dict(document: Mapping[str, Any]) -> Bins:
    """Return the bins that `to_dict` described; raises ValueError for another kind."""
    if document["kind"] == NumberBins.kind:
        edges = tuple(map(float, document["edges"]))
        if any(not low < high for low, high in pairwise(edges)):
            raise ValueError("the edges do not ascend")
        return NumberBins(edges)
    if document["kind"] == CategoryBins.kind:
        return CategoryBins(tuple(map(str, document["categories"])))
    raise ValueError("the kind of the bins is not known")


def fit_bins(values: pd.Series, fewest: int) -> Bins:
    """Choose the bins of a column from its values.

    Parameters
    ----------
    values : Series
        Numbers, or texts of dtype object.
    fewest : int
        The fewest rows of a bin.

    Returns
    -------
    NumberBins or CategoryBins
        Numbers are divided near the 1st, 5th, 10th, …, 95th and 99th percentile, at numbers with
        few digits. An edge is never a value that fewer than `fewest` rows have. Each category with
        `fewest` rows has a bin.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return NumberBins(_edges(np.sort(numbers[~np.isnan(numbers)]), fewest))
    counts = values.value_counts()
    return CategoryBins(tuple(sorted(map(str, counts.index[counts >= fewest]))))


def _edges(ordered: Floats, fewest: int) -> tuple[float, ...]:
    """Return the edges of sorted numbers."""
    if not len(ordered):
        return ()
    quantiles = np.unique(np.quantile(ordered, _LEVELS, method="inverted_cdf"))
    # Rounded upwards, so that equal numbers at a quantile are together below its edge. Only
    # distances between quantiles decide: that to the highest number would show where it is.
    half_gaps = np.diff(quantiles / 2)
    room = np.minimum(np.append(half_gaps, np.inf), np.insert(half_gaps, 0, np.inf))
    room[np.isinf(room)] = 0.0
    upto = np.minimum(quantiles, np.finfo(np.float64).max - room) + room
    rounded = map(roundest, quantiles.tolist(), upto.tolist())
    found = np.unique([_beside_few(edge, ordered, fewest) for edge in rounded])
    found = found[~_have_few(found, ordered, fewest)]
    n_below = np.searchsorted(ordered, found, side="right")
    kept: list[float] = []
    start = 0
    for edge, end in zip(found.tolist(), n_below.tolist(), strict=True):
        if end - start >= fewest and len(ordered) - end >= fewest:
            kept.append(edge)
            start = end
    return tuple(kept)


def _have_few(edges: ArrayLike, ordered: Floats, fewest: int) -> NDArray[np.bool_]:
    """Return whether each edge is a value that 1 to `fewest` − 1 rows have."""
    having = np.searchsorted(ordered, edges, "right") - np.searchsorted(ordered, edges, "left")
    return np.asarray((having > 0) & (having < fewest))


def _beside_few(edge: float, ordered: Floats, fewest: int) -> float:
    """Return an edge, or if few rows have this value a number between it and the next value."""
    place = int(np.searchsorted(ordered, edge, side="right"))
    if place == len(ordered) or not _have_few(edge, ordered, fewest):
        return edge
    gap = float(ordered[place] / 4 - edge / 4)
    return roundest(edge + gap, edge + 3 * gap)


def roundest(low: float, high: float) -> float:
    """Return the number from `low` to `high` with the fewest digits.

    Parameters
    ----------
    low, high : float
        The ends, of which the first is not the larger one.

    Examples
    --------
    >>> roundest(3871.2, 5211.9), roundest(-0.0371, 0.2), roundest(37.0, 39.0), roundest(7.3, 7.3)
    (5000.0, 0.0, 38.0, 7.3)
    """
    if low <= 0 <= high:
        return 0.0
    if not low < high:
        return low
    size = math.floor(math.log10(high - low))
    for digits in range(min(size + 2, 300), max(size - 2, -300), -1):
        for step in (5, 2, 1):
            unit = step * 10.0**digits
            place = math.ceil(low / unit) * unit
            # Rounded to whole units, because a product such as 3 * 0.1 is not.
            place = round(place, -digits) if digits < 0 else place
            if low <= place <= high:
                return place
    return low
