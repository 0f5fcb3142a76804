"""What is kept of the training rows: their marginals, and nobody's row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.inference.background import spread
from fairrun.training import fit_encoder
from fairrun.training.background import fit_background
from tests.people import make_raw


@pytest.mark.parametrize("n_rows", [1, 7, 20, 300, 1001])
def test_the_slices_have_the_columns_mean_and_order(n_rows: int) -> None:
    frame = make_raw(n_rows, seed=n_rows)[["age", "weight", "gain", "job"]]
    encoder = fit_encoder(frame)
    matrix = encoder.encode(frame)
    background = fit_background(encoder, matrix, np.zeros(n_rows, dtype=np.int8))
    assert background.slices.shape == (3, max(1, min(32, n_rows // 8)))
    np.testing.assert_allclose(
        background.slices.mean(axis=1), matrix[:, :3].mean(axis=0), atol=1e-9
    )
    np.testing.assert_array_equal(background.means, matrix.mean(axis=0))
    assert (np.diff(background.slices, axis=1) >= 0).all()
    assert background.shares.tolist() == [1.0, 0.0]


def test_no_continuous_value_of_anybody_is_kept_and_ties_are_to_the_bit() -> None:
    frame = make_raw(2000, seed=0)[["weight", "gain"]]
    encoder = fit_encoder(frame)
    matrix = encoder.encode(frame)
    weight, gain = fit_background(encoder, matrix, np.zeros(2000, dtype=np.int8)).slices
    assert not set(weight) & set(matrix[:, 0])
    # Nine in ten have no gain: a step of a map may lie just there.
    nothing = matrix[frame["gain"].to_numpy() == 0, 1]
    assert (gain[:28] == nothing[0]).all()


def test_synthetic_rows_have_the_marginals() -> None:
    frame = make_raw(3000, seed=5)[["job", "age"]]
    encoder = fit_encoder(frame)
    background = fit_background(encoder, encoder.encode(frame), np.zeros(3000, dtype=np.int8))
    rows = background.draw(encoder, 8, 32, np.random.default_rng(0))
    assert rows.shape == (256, 5)
    assert (rows[:, :4].sum(axis=1) == 1).all()
    np.testing.assert_allclose(rows[:, :4].mean(axis=0), background.means[:4], atol=1 / 256)
    np.testing.assert_array_equal(np.sort(rows[:, 4]), np.repeat(background.slices[0], 8))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_levels_are_spread_in_each_batch_and_over_all(n_batches: int, size: int, seed: int) -> None:
    levels = spread(n_batches, size, np.random.default_rng(seed))
    parts = np.sort((levels.reshape(n_batches, size) * size).astype(int), axis=1)
    assert (parts == np.arange(size)).all()
    n = n_batches * size
    np.testing.assert_allclose(np.sort(levels), (np.arange(n) + 0.5) / n)
