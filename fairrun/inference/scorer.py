"""Scores, with an order of summation that does not depend on the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearScorer", "Scorer", "running_sum", "sigmoid"]

Arrays = Mapping[str, NDArray[Any]]


class Scorer(Protocol):
    """The interface of scorers: fitted estimators as arrays."""

    kind: ClassVar[str]

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, n_encoded)."""

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Scorer:
        """Return the object with the arrays that `to_arrays` returned."""


@dataclass(frozen=True)
class LinearScorer:
    """A scorer with the log-odds intercept + Σ coefficient · column.

    The sum is computed column by column, and not by BLAS. The order of summation of BLAS depends on
    the shape and memory layout of the batch, so that the last bits of a score would depend on the
    other rows.

    Attributes
    ----------
    coefficients : array of float64 of shape (n_encoded,)
        The coefficient of each encoded column.
    intercept : float
        The intercept in log-odds.

    Examples
    --------
    >>> LinearScorer(np.array([2.0, -1.0]), 0.5).score(np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([1.5, 0.5])
    """

    coefficients: NDArray[np.float64]
    intercept: float
    kind: ClassVar[str] = "linear"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, n_encoded)."""
        if len(matrix) == 1:
            return running_sum(self.intercept, matrix[0] * self.coefficients)[np.newaxis]
        total = np.full(len(matrix), self.intercept)
        for column, coefficient in enumerate(self.coefficients):
            total += matrix[:, column] * coefficient
        return total

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"coefficients": self.coefficients, "intercept": np.array(self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LinearScorer:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["coefficients"], float(arrays["intercept"]))


def running_sum(start: float | NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[Any]:
    """Return the sum of a start and terms, added one after the other.

    For a single row this is faster than a loop over the columns, and gives the same bits. `np.sum`
    adds pairs of terms instead, which can give other bits.

    Parameters
    ----------
    start : float or array of float64 of shape (...)
        The first summand.
    terms : array of float64 of shape (n_terms, ...)
        The other summands, in the order of addition.

    Returns
    -------
    array of float64 of shape (...)
        The sum.

    Examples
    --------
    >>> float(running_sum(0.0, np.array([1e16, 1.0, 1.0])))
    1e+16
    """
    summands = np.empty((len(terms) + 1, *terms.shape[1:]))
    summands[0] = start
    summands[1:] = terms
    return np.asarray(np.add.accumulate(summands)[-1])


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of log-odds.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore", under="ignore"):
        return 1.0 / (1.0 + np.exp(-log_odds))
