"""Ranges of numbers, such as `>=40` and `25..40`, as values of a protected column."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .values import number_of, value_text

__all__ = ["REST", "Range", "places_in", "read_range", "rest_of", "some_number"]

#: The first word of the text for all numbers that are in no other range of a column.
REST = "not "

_CONDITION = re.compile(r"(>=|<=|>|<|=)\s*(\S+)")


@dataclass(frozen=True)
class Range:
    """A range of numbers.

    Attributes
    ----------
    low, high : float
        The ends; infinite where there is none.
    has_low, has_high : bool
        Whether the ends belong to the range.

    Examples
    --------
    >>> str(Range(25.0, 40.0)), str(Range(high=40.0)), str(read_range("> 7.50"))
    ('25..40', '<40', '>7.5')
    """

    low: float = -math.inf
    high: float = math.inf
    has_low: bool = True
    has_high: bool = False

    def contains(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether each number is in the range; a null is not."""
        above = numbers >= self.low if self.has_low else numbers > self.low
        below = numbers <= self.high if self.has_high else numbers < self.high
        return np.asarray(above & below)

    def overlaps(self, other: Range) -> bool:
        """Return whether a number can be in both ranges."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        ends = np.array([low, high])
        return low < high or bool((self.contains(ends) & other.contains(ends)).any())

    def __str__(self) -> str:
        low, high = value_text(self.low), value_text(self.high)
        if self.low == self.high:
            return f"={low}"
        if math.isinf(self.low):
            return f"<{'=' if self.has_high else ''}{high}"
        if math.isinf(self.high):
            return f">{'=' if self.has_low else ''}{low}"
        return f"{low}..{high}"


def read_range(text: str) -> Range | None:
    """Return the range that a text says, or None if it says none.

    Examples
    --------
    >>> read_range("18..25"), read_range("White")
    (Range(low=18.0, high=25.0, has_low=True, has_high=False), None)
    """
    condition = _CONDITION.fullmatch(text)
    if condition is not None:
        number = number_of(condition[2])
        if number is None:
            return None
        ends = {
            ">=": Range(low=number),
            ">": Range(low=number, has_low=False),
            "<=": Range(high=number, has_high=True),
            "<": Range(high=number),
            "=": Range(number, number, has_high=True),
        }
        return ends[condition[1]]
    edges = [number_of(edge.strip()) for edge in text.split("..")]
    if len(edges) != 2 or edges[0] is None or edges[1] is None or edges[0] >= edges[1]:
        return None
    return Range(edges[0], edges[1])


def rest_of(ranges: Sequence[Range]) -> str | None:
    """Return the text for the numbers in none of the ranges; None if there is no such number.

    Examples
    --------
    >>> rest_of([Range(low=40.0)]), rest_of([Range(25.0, 40.0), Range(low=60.0)])
    ('<40', 'not 25..40 or >=60')
    >>> rest_of([Range(low=40.0), Range(high=40.0)]) is None
    True
    """
    if some_number(None, ranges) is None:
        return None
    turned = [
        Range(high=each.low, has_high=not each.has_low)
        if math.isinf(each.high)
        else Range(low=each.high, has_low=not each.has_high)
        for each in ranges
        if math.isinf(each.low) != math.isinf(each.high)
    ]
    if len(turned) == 2 and len(ranges) == 2:  # the numbers between two conditions
        (low, high) = sorted(turned, key=lambda each: math.isinf(each.low))
        between = Range(low.low, high.high, low.has_low, high.has_high)
        simple = (between.low == between.high) or (between.has_low and not between.has_high)
        return str(between) if simple else _negated(ranges)
    return str(turned[0]) if len(turned) == len(ranges) == 1 else _negated(ranges)


def _negated(ranges: Sequence[Range]) -> str:
    return REST + " or ".join(map(str, ranges))


def places_in(items: Sequence[str], numbers: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the place among `items` of each number; −1 for a null and for a number in none.

    Parameters
    ----------
    items : sequence of str
        Ranges that do not overlap. One may be the rest, which begins with `REST`.
    numbers : array of float64 of shape (n_rows,)
        The numbers, with NaN for a null.

    Examples
    --------
    >>> places_in(["25..40", "not 25..40"], np.array([25, 39.5, 40, np.nan])).tolist()
    [0, 0, 1, -1]
    """
    places = np.full(len(numbers), -1, dtype=np.intp)
    rest = None
    for place, item in enumerate(items):
        read = read_range(item)
        if read is None:
            rest = place
        else:
            places[read.contains(numbers)] = place
    if rest is not None:
        places[(places < 0) & ~np.isnan(numbers)] = rest
    return places


def some_number(own: Range | None, others: Sequence[Range] = ()) -> Any:
    """Return a number in a range, or, if it is None, a number in none of the others.

    Returns None if every number is in one of the others.
    """
    taken = others if own is None else (own,)
    ends = [end for each in taken for end in (each.low, each.high) if math.isfinite(end)] or [0.0]
    near = [
        number
        for end in ends
        for number in (end, end - 1, end + 1, np.nextafter(end, -np.inf), np.nextafter(end, np.inf))
    ]
    tried = np.array(near, dtype=np.float64)
    inside = np.logical_or.reduce([each.contains(tried) for each in taken])
    fits = tried[inside if own is not None else ~inside & np.isfinite(tried)]
    return float(fits[0]) if fits.size else None
