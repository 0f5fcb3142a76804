"""The score: one fixed order of summation, the same for one row and for a million."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearScorer", "Scorer", "running_sum", "sigmoid"]

Arrays = Mapping[str, NDArray[Any]]


class Scorer(Protocol):
    """A fitted estimator reduced to arrays."""

    kind: ClassVar[str]

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Scorer:
        """Build from what `to_arrays` gave."""


@dataclass(frozen=True)
class LinearScorer:
    """Log-odds of the favourable outcome: intercept + Σ coefficient · column.

    Summed column by column and never through BLAS, whose order of summation depends on the shape
    and the memory layout of the batch: the last bits of a row's score would then depend on the
    rows beside it.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_encoded,)
        One for each encoded column.
    intercept : float
        In log-odds.

    Examples
    --------
    >>> LinearScorer(np.array([2.0, -1.0]), 0.5).score(np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([1.5, 0.5])
    """

    coefficients: NDArray[np.float64]
    intercept: float
    kind: ClassVar[str] = "linear"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""
        if len(matrix) == 1:
            return running_sum(self.intercept, matrix[0] * self.coefficients)[np.newaxis]
        total = np.full(len(matrix), self.intercept)
        for column, coefficient in enumerate(self.coefficients):
            total += matrix[:, column] * coefficient
        return total

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {"coefficients": self.coefficients, "intercept": np.array(self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LinearScorer:
        """Build from what `to_arrays` gave."""
        return cls(arrays["coefficients"], float(arrays["intercept"]))


def running_sum(start: float | NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[Any]:
    """Add terms to a start one after the other: for one row, what a loop does for many.

    Parameters
    ----------
    start : float or ndarray of float64, shape (...)
        What is added to.
    terms : ndarray of float64, shape (n_terms, ...)
        Added in this order: a running sum has no other, where a plain sum goes pair by pair.

    Returns
    -------
    ndarray of float64, shape (...)
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
    """Turn log-odds into probabilities.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore", under="ignore"):
        return 1.0 / (1.0 + np.exp(-log_odds))
