"""What is tried first of a number, so that a label turns at most once between two of them."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.inference import (
    Chain,
    Changeable,
    GroupBlocks,
    GroupShift,
    GroupStepMap,
    LinearScorer,
    MixtureScorer,
    NetworkScorer,
    Numeric,
    Prototypes,
    Scorer,
    StepFunction,
    Transform,
)
from fairrun.inference.changeable import values_to_try
from tests.inference.test_tree_paths import grow

SHARES = np.array([0.75, 0.25])
COLUMN = Numeric("share", 0.5, 0.1, 0.5)
LINEAR = LinearScorer(np.array([1.0, 2.0]), 0.0)
SHIFT = GroupShift(np.array([[0.3, 0.0], [-0.9, 0.0]]), SHARES)
SAME = StepFunction(np.array([-np.inf, 0.0]), np.array([0.0, 1.0]))
STEPS = GroupStepMap({0: (SAME, SAME)}, SHARES)
BLOCKS = GroupBlocks(SHARES)


def tried(transform: Transform | None, scorer: Scorer, changeable: Changeable) -> np.ndarray:
    return values_to_try(changeable, COLUMN, 0, 2, transform, scorer)


@pytest.mark.parametrize(
    "transform",
    [None, SHIFT, STEPS, BLOCKS, Chain((SHIFT, STEPS), SHARES), Chain((SHIFT, BLOCKS), SHARES)],
)
@pytest.mark.parametrize("scorer", [LINEAR, MixtureScorer((LINEAR,), np.ones(1))])
def test_the_ends_are_enough_of_what_is_monotone(transform: Transform, scorer: Scorer) -> None:
    assert tried(transform, scorer, Changeable("share", 0.0, 1.0)).tolist() == [[0.0, 1.0]] * 3


@pytest.mark.parametrize(
    ("transform", "scorer"),
    [
        (Chain((STEPS, BLOCKS), SHARES), LINEAR),
        (Prototypes(np.eye(2)), LINEAR),
        (None, MixtureScorer((LINEAR, LINEAR), SHARES)),
        (None, NetworkScorer(np.eye(2), np.zeros(2), np.ones(2), 0.0)),
        (STEPS, grow(np.random.default_rng(0), 3, 8, n_columns=2)),
    ],
)
def test_of_what_is_not_known_whole_numbers_or_equal_steps(
    transform: Transform | None, scorer: Scorer
) -> None:
    steps = tried(transform, scorer, Changeable("share", 0.0, 1.0))
    np.testing.assert_array_equal(steps, [np.linspace(0, 1, 65)] * 3)
    whole = tried(transform, scorer, Changeable("share", 3.0, 90.0, whole=True))
    np.testing.assert_array_equal(whole, [np.arange(3.0, 91.0)] * 3)
    wide = tried(transform, scorer, Changeable("share", 0.0, 1e4, whole=True))
    assert wide.shape == (3, 65)
    assert (wide == np.round(wide)).all()
    assert (wide[0, [0, -1]] == [0.0, 1e4]).all()


@pytest.mark.parametrize("transform", [None, SHIFT, Chain((SHIFT, SHIFT), SHARES)])
def test_one_value_between_the_splits_of_trees(transform: Transform | None) -> None:
    """Wherever a row is moved within the range, one of what is tried has the same score."""
    trees = grow(np.random.default_rng(1), 4, 12, n_columns=2)
    values = tried(transform, trees, Changeable("share", 0.35, 0.65))
    assert values.min() == 0.35
    assert values.max() == 0.65
    assert (np.diff(values, axis=1) >= 0).all()
    assert len(trees.splits_of(0)) > 5
    everywhere = np.linspace(0.35, 0.65, 4001)
    for group in (0, 1, -1):

        def scores(x: np.ndarray, group: int = group) -> np.ndarray:
            matrix = np.column_stack([COLUMN.scaled(x), np.full(len(x), 0.2)])
            groups = np.full(len(x), group, dtype=np.int8)
            return trees.score(matrix if transform is None else transform.apply(matrix, groups))

        own = scores(values[group])
        # As many runs of equal scores among what is tried as there are anywhere.
        assert np.count_nonzero(np.diff(own)) == np.count_nonzero(np.diff(scores(everywhere)))
