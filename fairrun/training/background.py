"""Summarise the training rows, column by column, for explanations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import Background, Encoder, numeric_places
from fairrun.training.shared_values import ROWS_A_MEAN

__all__ = ["fit_background"]

#: The largest number of slices of a column.
_SLICES = 32


def fit_background(
    encoder: Encoder, matrix: NDArray[np.float64], groups: NDArray[np.int8]
) -> Background:
    """Compute the means of encoded columns, slices of numeric columns and shares of the groups.

    Parameters
    ----------
    encoder : Encoder
        The fitted encoder.
    matrix : array of float64 of shape (n_rows, n_encoded)
        The encoded training rows.
    groups : array of int8 of shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.

    Returns
    -------
    Background
        Up to 32 slices per column, each the mean of 8 rows or more (of all rows, if there are
        fewer than 8). It contains no row of `matrix`.
    """
    n_slices = max(1, min(_SLICES, len(matrix) // ROWS_A_MEAN))
    places = numeric_places(encoder)
    slices = [_slice_means(np.sort(matrix[:, place]), n_slices) for place in places]
    return Background(
        means=matrix.mean(axis=0),
        slices=np.array(slices).reshape(len(places), n_slices),
        shares=group_shares(groups),
    )


def _slice_means(ordered: NDArray[np.float64], n_slices: int) -> NDArray[np.float64]:
    """Return the means of n_slices equal shares of sorted values.

    A value at the boundary of two slices counts in part in each of them. The mean of the slices
    therefore equals the mean of the values for any number of values.

    Examples
    --------
    >>> _slice_means(np.array([0.0, 0.0, 6.0]), 2)
    array([0., 4.])
    """
    n = len(ordered)
    edges = np.linspace(0, n, n_slices + 1)
    integral = np.interp(edges, np.arange(n + 1), np.concatenate([[0.0], np.cumsum(ordered)]))
    means = np.diff(integral) * (n_slices / n)
    # Cumulative sums round. Clipping makes the mean exact where all values of a slice are equal,
    # which is frequent because many columns are mostly 0.
    lowest = ordered[np.floor(edges[:-1] + 1e-9).astype(np.intp)]
    highest = ordered[np.ceil(edges[1:] - 1e-9).astype(np.intp) - 1]
    return np.asarray(np.clip(means, lowest, highest))
