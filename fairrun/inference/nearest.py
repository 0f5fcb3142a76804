"""The nearest readable value of a number that turns something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_turning"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]

# Until what turns is known well enough to be rounded; fewer are needed.
_HALVINGS = 50


def nearest_turning(
    tried: Floats,
    present: Floats,
    bounds: tuple[float, float],
    ask: Callable[[Places, Floats], Flags],
    *,
    whole: bool,
) -> tuple[Places, Floats]:
    """Find for each row the nearest value that turns it, above the present one and below it.

    Between the nearest of the values that are tried first and the one before it, the place where
    it turns is found by halving. It is rounded away from the present value, to two digits of the
    change or to a thousandth of the range, whichever is coarser, so that a change is at most a
    tenth, or a thousandth of the range, larger than need be; unless what is rounded does not turn.

    Parameters
    ----------
    tried : ndarray of float64, shape (n_rows, n_values)
        What is tried first, rising, within the bounds.
    present : ndarray of float64, shape (n_rows,)
        The present values, perhaps beyond the bounds; they do not turn.
    bounds : tuple of float
        The lowest and the highest value to give.
    ask : callable
        Whether rows are turned by values: from the places of rows and values, both of shape
        (n_asked,), to flags.
    whole : bool
        Whether to give whole numbers only; then what is tried first is whole.

    Returns
    -------
    row : ndarray of int, shape (n_found,)
        A row stands there for each side on which it is turned.
    to : ndarray of float64, shape (n_found,)
        The value; it was asked for, and turns.

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
    # Of what is rounded the nearer first; last what is known to turn.
    choices = np.stack(
        [_outwards(near, unit, up), _outwards(far, unit, up), known if whole else far]
    )
    turned = ask(np.tile(row, len(choices)), choices.ravel()).reshape(choices.shape)
    possible = turned & (choices >= low) & (choices <= high)
    return row, choices[possible.argmax(axis=0), np.arange(len(row))]


def _brackets(
    tried: Floats, turned: Flags, present: Floats, begin: Floats
) -> tuple[Places, Floats, Floats]:
    """Take the nearest value that turns on either side, and the last before it that does not.

    Parameters
    ----------
    tried : ndarray of float64, shape (n_rows, n_values)
        Rising.
    turned : ndarray of bool, shape (n_rows, n_values)
        Whether each turns the row.
    present : ndarray of float64, shape (n_rows,)
        The present values.
    begin : ndarray of float64, shape (n_rows,)
        Where the search begins: the value within the bounds that is nearest to the present one.

    Returns
    -------
    row : ndarray of int, shape (n_found,)
        The row of each side on which it is turned.
    near, far : ndarray of float64, shape (n_found,)
        The last value before it, or where the search begins; and the value.
    """
    found: list[tuple[Places, Floats, Floats]] = []
    for sign in (1.0, -1.0):
        # Downwards is upwards on the mirrored axis.
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
    """Give what changes are rounded to: their second digit, or `least`, a power of ten."""
    digits = np.floor(np.log10(np.maximum(change, least))) - 1
    return np.maximum(10.0**digits, least)


def _outwards(values: Floats, unit: Floats, up: Flags) -> Floats:
    """Round to multiples of a power of ten, up or down as told.

    Examples
    --------
    >>> _outwards(np.array([2.31, 2.31, 231]), np.array([0.1, 0.1, 10]), np.array([1, 0, 1]) > 0)
    array([  2.4,   2.3, 240. ])
    """
    # A unit below one is divided by its inverse: then 2.4 is the float that prints as 2.4.
    inverse = np.round(1 / np.minimum(unit, 1.0))
    unit = np.maximum(unit, 1.0)
    scaled = values / unit * inverse
    return np.asarray(np.where(up, np.ceil(scaled), np.floor(scaled)) * unit / inverse)
