"""Search for the nearest round number that changes a label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_turning"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]

# The largest number of bisection steps; fewer are enough for the precision of the rounding.
_HALVINGS = 50


def nearest_turning(
    tried: Floats,
    present: Floats,
    bounds: tuple[float, float],
    ask: Callable[[Places, Floats], Flags],
    *,
    whole: bool,
) -> tuple[Places, Floats]:
    """Return the nearest values above and below a row's present value that change its label.

    Of the given values, the nearest one that changes the label and its neighbour towards the
    present value are chosen. Bisection between them finds the point where the label changes. This
    point is rounded away from the present value, to two digits of the change or to a thousandth of
    the range, whichever is coarser. The change is therefore at most a tenth, or a thousandth of the
    range, larger than necessary. If the rounded value does not change the label, the value before
    rounding is returned.

    Parameters
    ----------
    tried : array of float64 of shape (n_rows, n_values)
        The values to try first, sorted and within the bounds.
    present : array of float64 of shape (n_rows,)
        The present values, which may lie outside the bounds.
    bounds : tuple of float
        The smallest and the largest value to return.
    ask : callable
        ``ask(rows, values)`` returns whether each value changes the label of the row at this
        position. All arrays have shape (n_asked,).
    whole : bool
        Whether to return whole numbers only. In this case, `tried` must hold whole numbers.

    Returns
    -------
    row : array of int of shape (n_found,)
        The positions of the rows. A row occurs once for each side with such a value.
    to : array of float64 of shape (n_found,)
        The values, all of which change the label.

    Examples
    --------
    >>> tried, present = np.array([[0.0, 100.0]] * 2), np.array([40.0, 52.0])
    >>> nearest_turning(tried, present, (0, 100), lambda _, x: x >= 52.3456, whole=False)
    (array([0, 1]), array([53. , 52.4]))
    """
    low, high = bounds
    n_rows, n_tried = tried.shape
    turned = ask(np.repeat(np.arange(n_rows), n_tried), tried.ravel()).reshape(tried.shape)
    begin = np.clip(present, low, high)
    row, near, far = _brackets(tried, turned, present, begin)
    known, up, begin = far.copy(), far > present[row], begin[row]
    span = high - low
    least = 1.0 if whole or span == 0 else 10.0 ** (np.floor(np.log10(span)) - 3)
    for _ in range(_HALVINGS):
        fine = np.maximum(np.abs(far - begin) / 100, least)
        wide = np.flatnonzero(np.abs(far - near) > fine)
        if not wide.size:
            break
        middle = (near[wide] + far[wide]) / 2
        turns = ask(row[wide], middle)
        far[wide] = np.where(turns, middle, far[wide])
        near[wide] = np.where(turns, near[wide], middle)
    unit = _power_of_ten(np.abs(far - begin), least)
    # The candidates from the nearest to the farthest; the last one is known to change the label.
    choices = np.stack(
        [_outwards(near, unit, up), _outwards(far, unit, up), known if whole else far]
    )
    turned = ask(np.tile(row, len(choices)), choices.ravel()).reshape(choices.shape)
    possible = turned & (choices >= low) & (choices <= high)
    return row, choices[possible.argmax(axis=0), np.arange(len(row))]


def _brackets(
    tried: Floats, turned: Flags, present: Floats, begin: Floats
) -> tuple[Places, Floats, Floats]:
    """Return an interval in which the label changes, on each side of the present value.

    Parameters
    ----------
    tried : array of float64 of shape (n_rows, n_values)
        The values to try, sorted.
    turned : array of bool of shape (n_rows, n_values)
        Whether each value changes the label.
    present : array of float64 of shape (n_rows,)
        The present values.
    begin : array of float64 of shape (n_rows,)
        The value within the bounds that is nearest to the present value.

    Returns
    -------
    row : array of int of shape (n_found,)
        The positions of the rows. A row occurs once for each side with such a value.
    near, far : array of float64 of shape (n_found,)
        `far` is the nearest value that changes the label. `near` is the value before it, or
        `begin`.
    """
    found: list[tuple[Places, Floats, Floats]] = []
    for sign in (1.0, -1.0):
        # The search below the present value is a search above it with all signs changed.
        values, turns = (tried, turned) if sign > 0 else (-tried[:, ::-1], turned[:, ::-1])
        turns = turns & (values > sign * present[:, np.newaxis])
        row = np.flatnonzero(turns.any(axis=1))
        first = turns[row].argmax(axis=1)
        far = values[row, first]
        before = np.where(first > 0, values[row, first - 1], -np.inf)
        near = np.minimum(np.maximum(before, sign * begin[row]), far)
        found.append((row, sign * near, sign * far))
    row, near, far = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return row, near, far


def _power_of_ten(change: Floats, least: float) -> Floats:
    """Return the unit for rounding changes: their second digit, or `least` if larger."""
    digits = np.floor(np.log10(np.maximum(change, least))) - 1
    return np.maximum(10.0**digits, least)


def _outwards(values: Floats, unit: Floats, up: Flags) -> Floats:
    """Return values rounded to multiples of a power of ten, up or down.

    Examples
    --------
    >>> _outwards(np.array([2.31, 2.31, 231]), np.array([0.1, 0.1, 10]), np.array([1, 0, 1]) > 0)
    array([  2.4,   2.3, 240. ])
    """
    # For a unit below 1, dividing by the inverse gives the float that prints as 2.4 and not as
    # 2.4000000000000004.
    inverse = np.round(1 / np.minimum(unit, 1.0))
    unit = np.maximum(unit, 1.0)
    scaled = values / unit * inverse
    return np.asarray(np.where(up, np.ceil(scaled), np.floor(scaled)) * unit / inverse)
