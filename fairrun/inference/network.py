"""A score from a network with one hidden layer, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays, running_sum

__all__ = ["NetworkScorer"]

# The number of rows that are scored together: enough to spread the fixed cost of each column, and
# few enough for the cache.
_ROWS = 512


@dataclass(frozen=True)
class NetworkScorer:
    """A scorer with one hidden layer of rectified units.

    The log-odds are output_bias + Σ output · max(0, bias + Σ weight · column). Sums are computed
    column by column and then unit by unit, and not by BLAS, whose order of summation depends on the
    shape of the batch.

    Attributes
    ----------
    weights : array of float64 of shape (n_encoded, n_units)
        The weight of each encoded column in each hidden unit.
    biases : array of float64 of shape (n_units,)
        The biases of the hidden units.
    output : array of float64 of shape (n_units,)
        The weight of each hidden unit in the log-odds.
    output_bias : float
        The bias of the log-odds.

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
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, n_encoded)."""
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
        """Return the arrays for `from_arrays`."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> NetworkScorer:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(
            arrays["weights"], arrays["biases"], arrays["output"], float(arrays["output_bias"])
        )
