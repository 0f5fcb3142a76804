"""Balance the labels of training rows by repeating or leaving out rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Resample", "resample_rows"]

Resample = Literal["none", "over", "under"]


def resample_rows(label: NDArray[np.int64], how: Resample, seed: int) -> NDArray[np.intp]:
    """Choose rows so that both labels are equally frequent.

    Resample only rows that a model is fitted on, never rows for a measurement.

    Parameters
    ----------
    label : array of int64 of shape (n_rows,)
        0 or 1. If all are equal, all rows are kept.
    how : {"none", "over", "under"}
        "none" keeps all rows, "over" repeats random rows with the rarer label, and "under" leaves
        out random rows with the other label.
    seed : int
        The seed of the random choice.

    Returns
    -------
    array of int
        The positions of the chosen rows, in ascending order.

    Examples
    --------
    >>> label = np.array([0, 0, 0, 1])
    >>> label[resample_rows(label, "over", seed=0)].tolist()
    [0, 0, 0, 1, 1, 1]
    >>> label[resample_rows(label, "under", seed=0)].tolist()
    [0, 1]
    """
    everyone = np.arange(len(label))
    rarer, other = sorted((everyone[label == value] for value in (0, 1)), key=len)
    if how == "none" or len(rarer) == 0:
        return everyone
    rng = np.random.default_rng(seed)
    if how == "over":
        extra = rng.choice(rarer, len(other) - len(rarer), replace=True)
        return np.sort(np.concatenate([everyone, extra]))
    return np.sort(np.concatenate([rarer, rng.choice(other, len(rarer), replace=False)]))
