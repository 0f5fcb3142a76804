"""Boosted trees as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays

__all__ = ["TreeScorer"]

# Rows that walk the trees together: enough to spread the cost of a step, few enough for the cache.
_ROWS = 512


@dataclass(frozen=True)
class TreeScorer:
    """Log-odds of the favourable outcome: baseline + Σ the value of the leaf reached in each tree.

    All rows walk all trees at once, `depth` steps; a leaf is its own child, so who has arrived
    stays. The leaves' values are added tree by tree, the order in which scikit-learn adds them.

    Attributes
    ----------
    baseline : float
        Log-odds before the first tree.
    roots : ndarray of int32, shape (n_trees,)
        Positions of the trees' roots among the nodes.
    feature : ndarray of int32, shape (n_nodes,)
        The encoded column that a node asks for.
    threshold : ndarray of float64, shape (n_nodes,)
        A value up to this goes left.
    children : ndarray of int32, shape (2, n_nodes)
        Positions of the left and the right child.
    value : ndarray of float64, shape (n_nodes,)
        What a leaf adds; 0 elsewhere.
    depth : int
        Steps from a root to the farthest leaf.
    cover : ndarray of float64, shape (n_nodes,), or None
        How many training rows came by a node: only explanations ask for it, and models that were
        saved before there were any do not have it.

    Examples
    --------
    >>> stump = TreeScorer(0.5, np.array([0]), np.array([0, 0, 0]), np.array([10.0, 0, 0]),
    ...                    np.array([[1, 1, 2], [2, 1, 2]]), np.array([0, -1.0, 1.0]), depth=1)
    >>> stump.score(np.array([[3.0], [10.0], [11.0]]))
    array([-0.5, -0.5,  1.5])
    """

    baseline: float
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    children: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int
    cover: NDArray[np.float64] | None = None
    kind: ClassVar[str] = "trees"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows, shape (n_rows, n_encoded); gives log-odds, shape (n_rows,)."""
        parts = [
            self._score(matrix[start : start + _ROWS]) for start in range(0, len(matrix), _ROWS)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def _score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        left, right = self.children
        cells, row_starts = matrix.ravel(), np.arange(len(matrix)) * matrix.shape[1]
        node = np.repeat(self.roots[:, np.newaxis], len(matrix), axis=1)
        for _ in range(self.depth):
            goes_left = cells[row_starts + self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, left[node], right[node])
        total = np.full(len(matrix), self.baseline)
        for added in self.value[node]:
            total += added
        return total

    def splits_of(self, column: int) -> NDArray[np.float64]:
        """Give the thresholds at which the nodes ask for an encoded column, rising."""
        asks = self.children[0] != np.arange(len(self.feature))  # a leaf is its own child
        return np.unique(self.threshold[asks & (self.feature == column)])

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {name: np.asarray(value) for name, value in vars(self).items() if value is not None}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TreeScorer:
        """Build from what `to_arrays` gave."""
        return cls(
            baseline=float(arrays["baseline"]),
            roots=arrays["roots"],
            feature=arrays["feature"],
            threshold=arrays["threshold"],
            children=arrays["children"],
            value=arrays["value"],
            depth=int(arrays["depth"]),
            cover=arrays.get("cover"),
        )
