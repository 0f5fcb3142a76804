"""The score: one fixed order of summation, the same for one row and for a million."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearScorer", "sigmoid"]


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

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""
        total = np.full(len(matrix), self.intercept)
        for column, coefficient in enumerate(self.coefficients):
            total += matrix[:, column] * coefficient
        return total


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))
