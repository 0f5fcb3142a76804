"""TreeSHAP against its definition, enumerated, on random trees."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.inference import TreeScorer
from fairrun.inference.tree_paths import TreePaths

N_COLUMNS = 4


def grow(
    rng: np.random.Generator, n_trees: int, n_leaves: int, n_columns: int = N_COLUMNS
) -> TreeScorer:
    """Trees that ask for a column several times on a path, as real ones do."""
    feature, threshold, value, cover, roots = [], [], [], [], []
    left, right = [], []

    def add(rows: float) -> int:
        for column in (feature, threshold):
            column.append(0)
        value.append(float(rng.normal()))
        cover.append(rows)
        left.append(len(left))
        right.append(len(right))
        return len(left) - 1

    for _ in range(n_trees):
        leaves = [add(1000.0)]
        roots.append(leaves[0])
        while len(leaves) < n_leaves:
            node = leaves.pop(int(rng.integers(len(leaves))))
            share = rng.uniform(0.05, 0.95)
            left[node], right[node] = add(cover[node] * share), add(cover[node] * (1 - share))
            feature[node], threshold[node] = int(rng.integers(n_columns)), float(rng.normal())
            value[node] = 0.0
            leaves += [left[node], right[node]]
    return TreeScorer(
        baseline=0.3,
        roots=np.array(roots, dtype=np.int32),
        feature=np.array(feature, dtype=np.int32),
        threshold=np.array(threshold, dtype=np.float64),
        children=np.array([left, right], dtype=np.int32),
        value=np.array(value),
        depth=n_leaves,
        cover=np.array(cover),
    )


def known(scorer: TreeScorer, row: np.ndarray, columns: frozenset[int]) -> float:
    """The expected score where some columns are known: both ways at the nodes of the others."""

    def below(node: int) -> float:
        left, right = scorer.children[:, node]
        if left == node:
            return float(scorer.value[node])
        column = scorer.feature[node]
        if column in columns:
            return below(left if row[column] <= scorer.threshold[node] else right)
        share = scorer.cover[left] / scorer.cover[node]
        return float(share * below(left) + (1 - share) * below(right))

    return scorer.baseline + sum(below(root) for root in scorer.roots)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 12))
def test_contributions_are_those_of_the_definition(seed: int, n_trees: int, n_leaves: int) -> None:
    rng = np.random.default_rng(seed)
    scorer = grow(rng, n_trees, n_leaves)
    matrix = rng.normal(size=(2, N_COLUMNS))
    paths = TreePaths.of(scorer)
    found = paths.contributions(matrix, np.arange(N_COLUMNS), N_COLUMNS)
    assert paths.base_value == pytest.approx(known(scorer, matrix[0], frozenset()), abs=1e-12)
    for row, contributions in zip(matrix, found, strict=True):
        for column in range(N_COLUMNS):
            others, expected = set(range(N_COLUMNS)) - {column}, 0.0
            for size in range(N_COLUMNS):
                weight = factorial(size) * factorial(N_COLUMNS - 1 - size) / factorial(N_COLUMNS)
                for chosen in map(frozenset, combinations(others, size)):
                    gain = known(scorer, row, chosen | {column}) - known(scorer, row, chosen)
                    expected += weight * gain
            assert contributions[column] == pytest.approx(expected, abs=1e-12)


def test_many_rows_and_deep_trees_add_up() -> None:
    rng = np.random.default_rng(0)
    scorer = grow(rng, 5, 200)
    matrix = rng.normal(size=(700, N_COLUMNS))
    paths = TreePaths.of(scorer)
    owners = np.array([0, 1, 1, 0])
    found = paths.contributions(matrix, owners, 2)
    assert found.shape == (700, 2)
    total = paths.base_value + found.sum(axis=1)
    np.testing.assert_allclose(total, scorer.score(matrix), rtol=0, atol=1e-10)
