"""Checks of labels, probabilities and lengths, before rows are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError

__all__ = ["as_binary", "as_labels", "as_probability", "as_weights", "check_same_length"]


def as_binary(name: str, values: ArrayLike) -> NDArray[np.uint8]:
    """Return a column of 0 and 1 as uint8.

    Parameters
    ----------
    name : str
        The column's name in the error message.
    values : array of shape (n_rows,)
        The column; integers, floats or booleans.

    Raises
    ------
    RequestError
        If a value is neither 0 nor 1, or the column is not one-dimensional.
    """
    array = np.asarray(values)
    if array.ndim == 1 and _holds_zero_and_one(array):
        return array.astype(np.uint8)
    raise RequestError(
        f"{name} has type {array.dtype} and shape {array.shape}; give one column that holds only "
        "0 and 1 (1 = the favourable outcome)"
    )


def as_labels(y_true: ArrayLike | None, y_pred: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the true labels as uint8; if they are not known, 0 for each prediction."""
    return np.zeros_like(y_pred) if y_true is None else as_binary("y_true", y_true)


def _holds_zero_and_one(array: NDArray[Any]) -> bool:
    if array.dtype.kind in "iu":
        # This takes one pass over the values. A negative value sets the sign bit.
        return bool(0 <= np.bitwise_or.reduce(array) <= 1)
    if array.dtype.kind == "f":
        return bool(((array == 0) | (array == 1)).all())
    return array.dtype.kind == "b"


def as_probability(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return a column of probabilities as float64.

    Parameters
    ----------
    name : str
        The column's name in the error message.
    values : array of shape (n_rows,)
        Numbers in [0, 1].

    Raises
    ------
    RequestError
        If a value is NaN or not in [0, 1], or the column is not one-dimensional.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not ((array >= 0) & (array <= 1)).all():
        raise RequestError(
            f"{name} must be one column of probabilities of label 1, each between 0 and 1; "
            "pass the second column of predict_proba, not decision_function"
        )
    return array


#: Intervals need the sum of the fourth powers of the weights, which must be a float64.
_LARGEST = 1e60


def as_weights(values: ArrayLike) -> NDArray[np.float64]:
    """Return the weights of rows as float64.

    Parameters
    ----------
    values : array of shape (n_rows,)
        Numbers of at least 0.

    Raises
    ------
    RequestError
        If a weight is negative, NaN or infinite, the fourth power of the largest is no float64, or
        the column is not one-dimensional.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not (np.isfinite(array) & (array >= 0)).all():
        raise RequestError(
            "a weight is negative, NaN or infinite; give a number of at least 0 for every row"
        )
    largest = array.max(initial=0.0)
    if largest > _LARGEST or 0 < largest < 1 / _LARGEST:
        raise RequestError(
            f"the largest weight is not between {1 / _LARGEST:g} and {_LARGEST:g}; divide all "
            "weights by one number, which changes no metric"
        )
    return array


def check_same_length(**columns: NDArray[Any]) -> None:
    """Raise RequestError unless all columns have the same shape; the message lists the shapes."""
    if len({column.shape for column in columns.values()}) > 1:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise RequestError(f"the shapes of the columns differ: {shapes}; give one value per row")
