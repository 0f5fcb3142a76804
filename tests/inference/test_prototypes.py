"""Prototypes: the same bits for a row in any batch, and an answer to every finite row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fairrun.inference import Prototypes
from fairrun.inference.parts import build_part

FARTHEST = 1e100  # where the encoder holds a number fast


def make_problem(seed: int, n_rows: int) -> tuple[Prototypes, np.ndarray]:
    rng = np.random.default_rng(seed)
    n_prototypes, n_encoded = rng.integers(2, 13), rng.integers(1, 20)
    prototypes = rng.normal(size=(n_prototypes, n_encoded)) * 10 ** rng.uniform(-1, 2)
    return Prototypes(prototypes), 3 * rng.normal(size=(n_rows, n_encoded))


def apply(prototypes: Prototypes, matrix: np.ndarray) -> np.ndarray:
    return prototypes.apply(matrix, np.full(len(matrix), -1, dtype=np.int8))


def in_batch(matrix: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers, laid out otherwise in memory."""
    if layout == "strided":
        wide = np.full((len(matrix), 2 * matrix.shape[1]), np.nan)
        wide[:, ::2] = matrix
        return wide[:, ::2]
    if layout == "every third row":
        return np.repeat(matrix, 3, axis=0)[::3]
    return np.array(matrix, order=layout)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("layout", ["C", "F", "strided", "every third row"])
def test_a_row_gets_the_same_bits_in_any_batch(layout: str) -> None:
    for n_rows in range(1, 65):
        prototypes, matrix = make_problem(seed=n_rows, n_rows=n_rows)
        alone = [apply(prototypes, matrix[[row]])[0] for row in range(n_rows)]
        batch = apply(prototypes, in_batch(matrix, layout))
        assert batch.tobytes() == np.array(alone).tobytes()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_row_gets_the_same_bits_in_any_order(seed: int, data: st.DataObject) -> None:
    prototypes, matrix = make_problem(seed, n_rows=200)
    places = np.array(data.draw(st.lists(st.integers(0, 199), min_size=1, max_size=300)))
    some = apply(prototypes, matrix[places])
    assert some.tobytes() == apply(prototypes, matrix)[places].tobytes()


@settings(max_examples=200, deadline=None)
@given(
    matrix=hnp.arrays(np.float64, (7, 3), elements=st.floats(-FARTHEST, FARTHEST)),
    seed=st.integers(0, 1000),
)
def test_every_finite_row_has_an_answer_among_the_prototypes(matrix: np.ndarray, seed: int) -> None:
    places = np.random.default_rng(seed).normal(size=(4, 3))
    answers = apply(Prototypes(places), matrix)
    assert (answers >= places.min(axis=0) - 1e-12).all()
    assert (answers <= places.max(axis=0) + 1e-12).all()


def test_it_is_the_softmax_of_minus_the_distances() -> None:
    prototypes, matrix = make_problem(seed=1, n_rows=300)
    places = prototypes.prototypes
    distances = np.linalg.norm(matrix[:, None, :] - places[None, :, :], axis=2)
    weights = np.exp(-distances) / np.exp(-distances).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(apply(prototypes, matrix), weights @ places, rtol=1e-10, atol=1e-10)


def test_a_row_far_nearer_to_one_prototype_becomes_that_one() -> None:
    places = np.array([[0.0, 0.0], [1000.0, 0.0]])
    assert apply(Prototypes(places), np.array([[1.0, 2.0]])).tolist() == [[0.0, 0.0]]


def test_the_group_does_not_matter() -> None:
    prototypes, matrix = make_problem(seed=2, n_rows=50)
    answers = [prototypes.apply(matrix, np.full(50, code, dtype=np.int8)) for code in (0, 1, -1)]
    assert len({answer.tobytes() for answer in answers}) == 1


def test_zero_rows() -> None:
    prototypes, matrix = make_problem(seed=3, n_rows=0)
    assert apply(prototypes, matrix).shape == matrix.shape


def test_its_arrays_define_it() -> None:
    prototypes, matrix = make_problem(seed=4, n_rows=20)
    again = build_part("transform", Prototypes.kind, prototypes.to_arrays())
    groups = np.zeros(20, dtype=np.int8)
    assert again.apply(matrix, groups).tobytes() == prototypes.apply(matrix, groups).tobytes()
