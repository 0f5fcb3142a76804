"""Summarises the training rows, column by column, for explanations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import Background, Encoder, numeric_places

__all__ = ["fit_background"]

_SLICES = 32
#: Fewer slices where each would be the mean of fewer rows than this.
_ROWS_A_SLICE = 8


def fit_background(
    encoder: Encoder, matrix: NDArray[np.float64], groups: NDArray[np.int8]
) -> Background:
    """Take means, slices and shares of the training rows.

    Parameters
    ----------
    encoder : Encoder
        The encoder.
    matrix : ndarray of float64, shape (n_rows, n_encoded)
        The encoded training rows.
    groups : ndarray of int8, shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.

    Returns
    -------
    Background
        No row of `matrix` is in it.
    """
    n_slices = max(1, min(_SLICES, len(matrix) // _ROWS_A_SLICE))
    places = numeric_places(encoder)
    slices = [_slice_means(np.sort(matrix[:, place]), n_slices) for place in places]
    return Background(
        means=matrix.mean(axis=0),
        slices=np.array(slices).reshape(len(places), n_slices),
        shares=group_shares(groups),
    )


def _slice_means(ordered: NDArray[np.float64], n_slices: int) -> NDArray[np.float64]:
    """Average sorted values over equal shares.

    A value that a boundary cuts counts in part on each side: the mean of the slices is then the
    mean of the values, whatever their number.

    Examples
    --------
    >>> _slice_means(np.array([0.0, 0.0, 6.0]), 2)
    array([0., 4.])
    """
    n = len(ordered)
    edges = np.linspace(0, n, n_slices + 1)
    integral = np.interp(edges, np.arange(n + 1), np.concatenate([[0.0], np.cumsum(ordered)]))
    means = np.diff(integral) * (n_slices / n)
    # To the bit where all values of a slice are the same: many columns are mostly 0.
    lowest = ordered[np.floor(edges[:-1] + 1e-9).astype(np.intp)]
    highest = ordered[np.ceil(edges[1:] - 1e-9).astype(np.intp) - 1]
    return np.asarray(np.clip(means, lowest, highest))
