"""Columns of rows, checked before they are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError

__all__ = ["as_binary", "as_probability", "check_same_length"]


def as_binary(name: str, values: ArrayLike) -> NDArray[np.uint8]:
    """Return a column of 0 and 1 as uint8, or raise RequestError naming it."""
    array = np.asarray(values)
    if array.ndim == 1 and _holds_zero_and_one(array):
        return array.astype(np.uint8)
    raise RequestError(
        f"{name} must be one column of 0 and 1 (1 = the favourable outcome, or membership); "
        f"it has type {array.dtype} and shape {array.shape}"
    )


def _holds_zero_and_one(array: NDArray[Any]) -> bool:
    if array.dtype.kind in "iu":
        # The bits of all values together, found in one pass; a negative one sets the sign bit.
        return bool(0 <= np.bitwise_or.reduce(array) <= 1)
    if array.dtype.kind == "f":
        return bool(((array == 0) | (array == 1)).all())
    return array.dtype.kind == "b"


def as_probability(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return a column of numbers within [0, 1] as float64, or raise RequestError naming it."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not ((array >= 0) & (array <= 1)).all():
        raise RequestError(
            f"{name} must be probabilities of label 1, within [0, 1] and not NaN; "
            "pass predict_proba's second column, not decision_function"
        )
    return array


def check_same_length(**columns: NDArray[Any]) -> None:
    """Raise RequestError, with the shapes, unless all the columns have the same."""
    if len({column.shape for column in columns.values()}) > 1:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise RequestError(f"the columns must have one value a row each; their shapes are {shapes}")
