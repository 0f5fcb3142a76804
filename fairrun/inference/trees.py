"""A score from boosted trees, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays

__all__ = ["TreeScorer"]

# The number of rows that are scored together: enough to spread the fixed cost of each step, and few
# enough for the cache.
_ROWS = 512


@dataclass(frozen=True)
class TreeScorer:
    """A scorer with the log-odds baseline + Σ value of the leaf that the row reaches in each tree.

    All rows go through all trees at once, in `depth` steps. A leaf is its own child, so a row that
    has reached a leaf stays there. The values of the leaves are added tree by tree, in
    scikit-learn's order.

    Attributes
    ----------
    baseline : float
        The log-odds without any tree.
    roots : array of int32 of shape (n_trees,)
        The positions of the roots among the nodes.
    feature : array of int32 of shape (n_nodes,)
        The encoded column that a node compares with its threshold.
    threshold : array of float64 of shape (n_nodes,)
        A row with a value up to the threshold goes to the left child, other rows to the right.
    children : array of int32 of shape (2, n_nodes)
        The positions of the left and of the right child.
    value : array of float64 of shape (n_nodes,)
        The value of a leaf in log-odds; 0 for other nodes.
    depth : int
        The number of steps from a root to the farthest leaf.
    cover : array of float64 of shape (n_nodes,), or None
        The number of training rows that passed a node. Only explanations use it. It is None in
        models that were saved by a version without explanations.

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
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, n_encoded)."""
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
        """Return the sorted thresholds of the nodes that compare an encoded column."""
        asks = self.children[0] != np.arange(len(self.feature))  # a leaf is its own child
        return np.unique(self.threshold[asks & (self.feature == column)])

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {name: np.asarray(value) for name, value in vars(self).items() if value is not None}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> TreeScorer:
        """Return the object with the arrays that `to_arrays` returned."""
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
