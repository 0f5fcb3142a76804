"""Replace numbers that few training rows share, so that a saved model shows no value of one row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROWS_A_MEAN", "is_category", "median", "pool", "shared_values"]

Floats = NDArray[np.float64]
Counts = NDArray[np.intp]

#: The fewest rows that share a number in a saved model, or that it is the mean of.
ROWS_A_MEAN = 8


def shared_values(
    values: Floats, n_rows: Counts, n_sharing: Counts, fewest: int = ROWS_A_MEAN
) -> Floats | None:
    """Return for each distinct value one that shows no single row; they never decrease.

    A value that enough rows share stays as it is. The other values between two such values become
    means of blocks of enough rows. If there are too few rows for one block, they get the value
    before them or, at the start, after them.

    Parameters
    ----------
    values : array of float64 of shape (n_values,)
        Distinct values in ascending order.
    n_rows : array of int of shape (n_values,)
        The number of rows with each value, which is its weight in a mean.
    n_sharing : array of int of shape (n_values,)
        The number of rows that share each value. It may count rows that `n_rows` leaves out.
    fewest : int
        The fewest rows. With 1, every value stays as it is.

    Returns
    -------
    array of float64 of shape (n_values,), or None
        None if all rows together are too few for a mean.

    Examples
    --------
    >>> values, one_each = np.array([0.0, 1.0, 2.0, 3.0, 7.0]), np.ones(5, dtype=int)
    >>> shared_values(values, one_each, np.array([9, 1, 1, 1, 9]), fewest=2)
    array([0., 2., 2., 2., 7.])
    >>> shared_values(values, one_each, np.array([9, 1, 1, 1, 9]), fewest=4)
    array([0., 0., 0., 0., 7.])
    """
    is_shared = n_sharing >= fewest
    found = values.copy()
    cuts = np.flatnonzero(np.diff(is_shared)) + 1
    for start, stop in zip([0, *cuts], [*cuts, len(values)], strict=True):
        if start == stop or is_shared[start]:
            continue
        weights = n_rows[start:stop]
        upto = np.cumsum(weights)
        if upto[-1] < fewest:
            beside = start - 1 if start > 0 else stop
            if beside == len(values):
                return None
            found[start:stop] = values[beside]
            continue
        # A value belongs to the block in which its last row lies, so a block lacks up to
        # max(weights) − 1 of the rows of its width. The last block takes the remaining rows.
        width = fewest + int(weights.max()) - 1
        block = np.minimum((upto - 1) // width, max(int(upto[-1]) // width, 1) - 1)
        means = np.bincount(block, weights * values[start:stop]) / np.bincount(block, weights)
        found[start:stop] = means[block]
    return found


def pool(matrix: Floats, fewest: int = ROWS_A_MEAN) -> Floats:
    """Return an encoded matrix in which at least `fewest` rows share each value of a column.

    Columns of 0 and 1, which are those of categories, stay as they are.

    Examples
    --------
    >>> pool(np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 0.0], [9.0, 0.0]]), fewest=2)
    array([[2., 0.],
           [2., 1.],
           [7., 0.],
           [7., 0.]])
    """
    pooled = matrix.copy(order="F")
    for column in range(matrix.shape[1]):
        own = matrix[:, column]
        if is_category(own):
            continue
        values, places, n_rows = np.unique(own, return_inverse=True, return_counts=True)
        found = shared_values(values, n_rows, n_rows, fewest)
        pooled[:, column] = own.mean() if found is None else found[places]
    return pooled


def is_category(column: Floats) -> bool:
    """Return whether an encoded column has only 0 and 1, as those of categories have."""
    return bool(np.all((column == 0.0) | (column == 1.0)))


def median(values: Floats, fewest: int = ROWS_A_MEAN) -> float:
    """Return the median of numbers if enough rows share it, and else the mean of the middle rows.

    Examples
    --------
    >>> median(np.array([1.0, 2.0, 2.0, 2.0, 9.0]), fewest=3)
    2.0
    >>> median(np.array([1.0, 2.0, 3.0, 4.0, 9.0]), fewest=3)
    3.0
    >>> median(np.array([1.0, 2.0, 3.0, 4.0, 12.0]), fewest=4)
    2.5
    """
    ordered = np.sort(values)
    n = len(ordered)
    middle = ordered[(n - 1) // 2], ordered[n // 2]
    if all(np.count_nonzero(ordered == value) >= fewest for value in middle):
        return float((middle[0] + middle[1]) / 2)
    start = max((n - fewest) // 2, 0)
    return float(ordered[start : start + fewest].mean())
