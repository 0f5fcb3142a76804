"""A score that compares two sums of exponentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays, LinearScorer

__all__ = ["EvidenceScorer"]


@dataclass(frozen=True)
class EvidenceScorer:
    """A scorer with the log-odds log Σ exp(terms for label 1) − log Σ exp(terms for label 0).

    Each term is linear in the encoded row. The sums are computed as logarithms, because the
    exponentials can be too small for a float although their ratio is not.

    Attributes
    ----------
    coefficients : array of float64 of shape (n_terms, n_encoded)
        The coefficients of each term.
    intercepts : array of float64 of shape (n_terms,)
        The intercept of each term.
    favourable : array of bool of shape (n_terms,)
        Whether a term counts for label 1. There is at least one term for each label.

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
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, n_encoded)."""
        for_1 = np.full(len(matrix), -np.inf)
        for_0 = for_1.copy()
        for coefficients, intercept, favourable in zip(
            self.coefficients, self.intercepts, self.favourable, strict=True
        ):
            side = for_1 if favourable else for_0
            np.logaddexp(side, LinearScorer(coefficients, float(intercept)).score(matrix), out=side)
        return np.asarray(for_1 - for_0)

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return vars(self)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> EvidenceScorer:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["coefficients"], arrays["intercepts"], arrays["favourable"])
