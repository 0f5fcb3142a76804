"""Path-dependent TreeSHAP: each leaf as a product of one condition for each column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .trees import TreeScorer

__all__ = ["TreePaths"]

# Cells of the largest array: few enough for the cache, enough to spread the cost of a step.
_CELLS = 200_000


@dataclass(frozen=True)
class _Leaves:
    """Leaves whose paths ask for equally many columns.

    Attributes
    ----------
    column : ndarray of int, shape (n_columns, n_leaves)
        The encoded columns that each path asks for.
    low, high : ndarray of float64, shape (n_columns, n_leaves)
        Who passes: low < value ≤ high.
    passing : ndarray of float64, shape (n_columns, n_leaves)
        The share of the training rows that go on towards the leaf at the nodes of that column.
    value : ndarray of float64, shape (n_leaves,)
        In log-odds.
    """

    column: NDArray[np.intp]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    passing: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class TreePaths:
    """The leaves of boosted trees, ready to be explained.

    Where a column is not known, a row goes both ways at its nodes, in the shares in which the
    training rows did. A leaf's value then counts by a product over its columns, of 0 or 1 where
    the column is known and of a share where it is not, and the Shapley value of a product with
    one factor aᵢ or bᵢ for each player is ∫₀¹ (aᵢ − bᵢ) Π_{j≠i} (bⱼ + u (aⱼ − bⱼ)) du: a
    polynomial, which Gauss and Legendre's rule integrates exactly.

    Attributes
    ----------
    base_value : float
        The mean score of the training rows, as the nodes' covers have it.
    leaves : tuple of _Leaves
        By the number of columns.

    References
    ----------
    S. M. Lundberg et al., "From local explanations to global understanding with explainable AI for
    trees", Nature Machine Intelligence 2, 2020 (the game, algorithm 1). G. Owen, "Multilinear
    extensions of games", Management Science 18(5), 1972 (the integral).
    """

    base_value: float
    leaves: tuple[_Leaves, ...]

    @classmethod
    def of(cls, scorer: TreeScorer) -> TreePaths:
        """Read the leaves of trees with covers."""
        by_size: dict[int, list[tuple[dict[int, tuple[float, float, float]], float]]] = {}
        base = scorer.baseline
        for path, value in _walk(scorer):
            share = float(np.prod([passing for _, _, passing in path.values()]))
            base += share * value
            by_size.setdefault(len(path), []).append((path, value))
        leaves = []
        for size, found in sorted(by_size.items()):
            if not size:
                continue  # a tree of a single leaf tells no rows apart
            columns = np.array([[*path] for path, _ in found], dtype=np.intp).T
            cells = np.array([[*path.values()] for path, _ in found]).transpose(2, 1, 0)
            low, high, passing = np.ascontiguousarray(cells)
            leaves.append(_Leaves(columns, low, high, passing, np.array([v for _, v in found])))
        return cls(float(base), tuple(leaves))

    def contributions(
        self, matrix: NDArray[np.float64], owners: NDArray[np.intp], n_owners: int
    ) -> NDArray[np.float64]:
        """Give the contributions of encoded rows, added up over the encoded columns of an owner.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n_rows, n_encoded)
            The encoded rows.
        owners : ndarray of int, shape (n_encoded,)
            Whose each encoded column is.
        n_owners : int
            How many there are.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_owners)
            In log-odds.
        """
        total = np.zeros((n_owners, len(matrix)))
        columns = np.ascontiguousarray(matrix.T)
        for leaves in self.leaves:
            owner = owners[leaves.column].ravel()
            order = np.argsort(owner, kind="stable")
            present, first = np.unique(owner[order], return_index=True)
            rows = max(1, _CELLS // owner.size)
            for start in range(0, len(matrix), rows):
                part = slice(start, start + rows)
                found = _of_leaves(leaves, columns[:, part]).reshape(owner.size, -1)
                total[present, part] += np.add.reduceat(found[order], first, axis=0)
        return total.T


def _of_leaves(leaves: _Leaves, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what each column of each leaf contributes, shape (n_columns, n_leaves, n_rows)."""
    asked = columns[leaves.column]
    passes = (asked > leaves.low[..., np.newaxis]) & (asked <= leaves.high[..., np.newaxis])
    size = len(leaves.column)
    points, weights = np.polynomial.legendre.leggauss((size + 1) // 2)  # exact to degree size − 1
    integral = np.zeros(passes.shape)
    for u, weight in zip((points + 1) / 2, weights / 2, strict=True):
        fails = (1 - u) * leaves.passing[..., np.newaxis]
        factors = fails + u * passes
        integral += weight * np.prod(factors, axis=0) / factors
    return (passes - leaves.passing[..., np.newaxis]) * integral * leaves.value[:, np.newaxis]


def _walk(
    scorer: TreeScorer,
) -> list[tuple[dict[int, tuple[float, float, float]], float]]:
    """Give every leaf: by column (low, high, passing share) of its path, and its value."""
    assert scorer.cover is not None  # noqa: S101 - checked by who asks
    left, right = scorer.children.tolist()
    feature, threshold = scorer.feature.tolist(), scorer.threshold.tolist()
    cover, value = scorer.cover.tolist(), scorer.value.tolist()
    found = []
    waiting: list[tuple[int, dict[int, tuple[float, float, float]]]] = [
        (root, {}) for root in reversed(scorer.roots.tolist())
    ]
    while waiting:
        node, path = waiting.pop()
        if left[node] == node:
            found.append((path, value[node]))
            continue
        low, high, passing = path.get(feature[node], (-np.inf, np.inf, 1.0))
        for child, bounds in (
            (right[node], (max(low, threshold[node]), high)),
            (left[node], (low, min(high, threshold[node]))),
        ):
            share = passing * cover[child] / cover[node]
            waiting.append((child, {**path, feature[node]: (*bounds, share)}))
    return found
