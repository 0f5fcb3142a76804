"""Balances the labels of training rows by drawing rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Resample", "resample_rows"]

Resample = Literal["none", "over", "under"]


def resample_rows(label: NDArray[np.int64], how: Resample, seed: int) -> NDArray[np.intp]:
    """Draw rows so that both labels are equally frequent.

    For the rows an estimator is fitted on; rows that something is measured on are never resampled.

    Parameters
    ----------
    label : ndarray of int64, shape (n_rows,)
        0 or 1; both occur.
    how : {"none", "over", "under"}
        Leave the rows as they are, repeat rows of the rarer label, or leave out rows of the other.
    seed : int
        Seeds the draw.

    Returns
    -------
    ndarray of int
        Positions of the rows, in ascending order.

    Examples
    --------
    >>> label = np.array([0, 0, 0, 1])
    >>> label[resample_rows(label, "over", seed=0)].tolist()
    [0, 0, 0, 1, 1, 1]
    >>> label[resample_rows(label, "under", seed=0)].tolist()
    [0, 1]
    """
    everyone = np.arange(len(label))
    if how == "none":
        return everyone
    rng = np.random.default_rng(seed)
    rarer, other = sorted((everyone[label == value] for value in (0, 1)), key=len)
    if how == "over":
        extra = rng.choice(rarer, len(other) - len(rarer), replace=True)
        return np.sort(np.concatenate([everyone, extra]))
    return np.sort(np.concatenate([rarer, rng.choice(other, len(rarer), replace=False)]))
