"""Check the weights that a caller of `FairClassifier.fit` gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError

__all__ = ["check_sample_weight"]


def check_sample_weight(sample_weight: ArrayLike, n_rows: int) -> NDArray[np.float64]:
    """Return the weights of rows as float64.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,)
        The weights.
    n_rows : int
        The number of rows.

    Raises
    ------
    RequestError
        If there is not one weight for each row, a weight is not a finite number of at least 0, or
        all weights are 0.

    Examples
    --------
    >>> check_sample_weight([1, 0, 2], 3).tolist()
    [1.0, 0.0, 2.0]
    """
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RequestError(
            "sample_weight holds a value that is not a number; give one number for each row"
        ) from error
    if weight.shape != (n_rows,):
        raise RequestError(
            f"sample_weight has shape {weight.shape}, but there are {n_rows} rows; "
            "give one weight for each row"
        )
    wrong = int((~np.isfinite(weight) | (weight < 0)).sum())
    if wrong or not (weight > 0).any():
        found = f"is negative, NaN or infinite in {wrong} rows" if wrong else "is zero in all rows"
        raise RequestError(f"sample_weight {found}; give finite numbers of at least 0, not all 0")
    return weight
