"""A transform that replaces rows by mixtures of prototypes, for learning fair representations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import running_sum

__all__ = ["Prototypes"]


@dataclass(frozen=True)
class Prototypes:
    """A transform to x′ = Σ weight · prototype.

    The weights are the softmax of the negative distances from the row to the prototypes. The
    transform does not depend on the group. Sums are computed prototype by prototype and column by
    column, and not by BLAS or a reduction, whose order of summation depends on the shape of the
    batch.

    Attributes
    ----------
    prototypes : array of float64 of shape (n_prototypes, n_encoded)
        Points of the encoded space.

    Examples
    --------
    >>> line = Prototypes(np.array([[0.0], [2.0]]))
    >>> line.apply(np.array([[1.0], [9.0]]), np.array([0, 1], dtype=np.int8)).round(2)
    array([[1.  ],
           [1.76]])
    """

    prototypes: NDArray[np.float64]
    kind: ClassVar[str] = "prototypes"

    def apply(
        self,
        matrix: NDArray[np.float64],
        groups: NDArray[np.int8],  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """Return transformed rows; the shapes are (n_rows, n_encoded) and (n_rows,)."""
        if len(matrix) == 1:
            return self._apply_to_one(matrix)
        squares = np.zeros((len(self.prototypes), len(matrix)))
        for column, places in enumerate(self.prototypes.T):
            difference = matrix[:, column] - places[:, None]
            squares += difference * difference
        distances = np.sqrt(squares)
        # The smallest distance is subtracted, so that the largest term is 1. A minimum does not
        # depend on an order of summation.
        with np.errstate(under="ignore"):
            terms = np.exp(distances.min(axis=0) - distances)
        total = np.zeros(len(matrix))
        for term in terms:
            total += term
        out = np.zeros((matrix.shape[1], len(matrix)))
        for weight, prototype in zip(terms / total, self.prototypes, strict=True):
            out += prototype[:, None] * weight
        return out.T

    def _apply_to_one(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        differences = matrix[0] - self.prototypes
        distances = np.sqrt(running_sum(0.0, (differences * differences).T))
        with np.errstate(under="ignore"):
            terms = np.exp(distances.min() - distances)
        weights = terms / running_sum(0.0, terms)
        return running_sum(0.0, self.prototypes * weights[:, np.newaxis])[np.newaxis]

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the arrays for `from_arrays`."""
        return {"prototypes": self.prototypes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Prototypes:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["prototypes"])
