"""Two sums of exponentials, weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays, LinearScorer

__all__ = ["EvidenceScorer"]


@dataclass(frozen=True)
class EvidenceScorer:
    """Log-odds of the favourable outcome: log Σ exp(terms for 1) − log Σ exp(terms for 0).

    Each term is linear in the encoded row. They are added up as logarithms: densities of a row far
    from all others are too small for a float, and their ratio is not.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_terms, n_encoded)
        Of each term.
    intercepts : ndarray of float64, shape (n_terms,)
        Of each term.
    favourable : ndarray of bool, shape (n_terms,)
        Whether a term speaks for label 1; there is one at least of either kind.

    Examples
    --------
    >>> terms = np.array([[1.0], [0.0]])
    >>> EvidenceScorer(terms, np.zeros(2), np.array([True, False])).score(np.array([[2000.0]]))
    array([2000.])
    """

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    favourable: NDArray[np.bool_]
    kind: ClassVar[str] = "evidence"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""
        for_1 = np.full(len(matrix), -np.inf)
        for_0 = for_1.copy()
        for coefficients, intercept, favourable in zip(
            self.coefficients, self.intercepts, self.favourable, strict=True
        ):
            side = for_1 if favourable else for_0
            np.logaddexp(side, LinearScorer(coefficients, float(intercept)).score(matrix), out=side)
        return np.asarray(for_1 - for_0)

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return vars(self)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> EvidenceScorer:
        """Build from what `to_arrays` gave."""
        return cls(arrays["coefficients"], arrays["intercepts"], arrays["favourable"])
