"""A network of one hidden layer as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays, running_sum

__all__ = ["NetworkScorer"]

# Rows that are summed together: enough to spread the cost of a column, few enough for the cache.
_ROWS = 512


@dataclass(frozen=True)
class NetworkScorer:
    """Log-odds of the favourable outcome, from one hidden layer of rectified units.

    output_bias + Σ output · max(0, bias + Σ weight · column).

    Summed column by column and then unit by unit, each over many rows at once: never through BLAS,
    whose order of summation depends on the shape of the batch.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_encoded, n_units)
        From each encoded column to each hidden unit.
    biases : ndarray of float64, shape (n_units,)
        Of the hidden units.
    output : ndarray of float64, shape (n_units,)
        From each hidden unit to the score.
    output_bias : float
        In log-odds.

    Examples
    --------
    >>> network = NetworkScorer(np.array([[1.0, -1.0]]), np.zeros(2), np.array([2.0, 3.0]), 0.5)
    >>> network.score(np.array([[1.0], [-1.0]]))
    array([2.5, 3.5])
    """

    weights: NDArray[np.float64]
    biases: NDArray[np.float64]
    output: NDArray[np.float64]
    output_bias: float
    kind: ClassVar[str] = "network"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""
        parts = [
            self._score(matrix[start : start + _ROWS]) for start in range(0, len(matrix), _ROWS)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def _score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(matrix) == 1:
            units = running_sum(self.biases, self.weights * matrix[0][:, np.newaxis])
            terms = np.maximum(units, 0.0) * self.output
            return running_sum(self.output_bias, terms)[np.newaxis]
        units = np.repeat(self.biases[:, np.newaxis], len(matrix), axis=1)
        for column, weights in enumerate(self.weights):
            units += weights[:, np.newaxis] * matrix[:, column]
        total = np.full(len(matrix), self.output_bias)
        for unit, weight in zip(units, self.output, strict=True):
            total += np.maximum(unit, 0.0) * weight
        return total

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> NetworkScorer:
        """Build from what `to_arrays` gave."""
        return cls(
            arrays["weights"], arrays["biases"], arrays["output"], float(arrays["output_bias"])
        )
