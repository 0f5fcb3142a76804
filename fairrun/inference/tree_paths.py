"""Path-dependent TreeSHAP, with each leaf as a product of one condition per column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .trees import TreeScorer

__all__ = ["TreePaths"]

# The number of cells of the largest array: few enough for the cache, and enough to spread the fixed
# cost of each step.
_CELLS = 200_000


@dataclass(frozen=True)
class _Leaves:
    """Leaves whose paths have the same number of columns.

    Attributes
    ----------
    column : array of int of shape (n_columns, n_leaves)
        The encoded columns of the nodes on each path.
    low, high : array of float64 of shape (n_columns, n_leaves)
        A row passes the nodes of a column if low < value ≤ high.
    passing : array of float64 of shape (n_columns, n_leaves)
        The product of the shares of training rows that go towards the leaf at the nodes of the
        column.
    value : array of float64 of shape (n_leaves,)
        The values of the leaves in log-odds.
    """

    column: NDArray[np.intp]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    passing: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class TreePaths:
    """The leaves of boosted trees, in the form that computes exact contributions.

    If a column is unknown, a row goes both ways at its nodes, with the shares of the training rows
    as weights. The weight of a leaf is then a product over the columns of its path. The factor of a
    column is aᵢ (0 or 1) if the column is known and bᵢ (a share) if it is unknown. The Shapley
    value of column i in such a product is ∫₀¹ (aᵢ − bᵢ) Π_{j≠i} (bⱼ + u (aⱼ − bⱼ)) du. The
    integrand is a polynomial, which Gauss-Legendre quadrature integrates exactly.

    Attributes
    ----------
    base_value : float
        The mean score of the training rows, computed from the covers of the nodes.
    leaves : tuple of _Leaves
        The leaves by number of columns, without trees of a single leaf.

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
        """Return the leaves of a scorer that has covers."""
        by_size: dict[int, list[tuple[dict[int, tuple[float, float, float]], float]]] = {}
        base = scorer.baseline
        for path, value in _walk(scorer):
            share = float(np.prod([passing for _, _, passing in path.values()]))
            base += share * value
            by_size.setdefault(len(path), []).append((path, value))
        leaves = []
        for size, found in sorted(by_size.items()):
            if not size:
                continue  # a tree with a single leaf gives all rows the same value
            columns = np.array([[*path] for path, _ in found], dtype=np.intp).T
            cells = np.array([[*path.values()] for path, _ in found]).transpose(2, 1, 0)
            low, high, passing = np.ascontiguousarray(cells)
            leaves.append(_Leaves(columns, low, high, passing, np.array([v for _, v in found])))
        return cls(float(base), tuple(leaves))

    def contributions(
        self, matrix: NDArray[np.float64], owners: NDArray[np.intp], n_owners: int
    ) -> NDArray[np.float64]:
        """Return the contributions of raw columns to the scores of encoded rows.

        Parameters
        ----------
        matrix : array of float64 of shape (n_rows, n_encoded)
            The encoded rows.
        owners : array of int of shape (n_encoded,)
            The number of the raw column of each encoded column.
        n_owners : int
            The number of raw columns.

        Returns
        -------
        array of float64 of shape (n_rows, n_owners)
            The sums over the encoded columns of each raw column, in log-odds.
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
    """Return the contribution of each column of each leaf, shape (n_columns, n_leaves, n_rows)."""
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
    """Return every leaf as its path (low, high and passing share by column) and its value."""
    assert scorer.cover is not None  # noqa: S101 - the caller has checked it
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
