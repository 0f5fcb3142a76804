from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.metrics.intervals import (
    draw_replicates,
    has_few,
    percentile_limits,
    simultaneous_limits,
    smooth,
)

CELLS = np.array([[[500, 20], [0, 100]], [[0, 0], [0, 0]], [[30, 12], [11, 10]]])


def test_replicates_have_the_rows_and_the_means_of_the_counts() -> None:
    drawn = draw_replicates(CELLS, 4000, seed=0)
    assert drawn.shape == (4000, *CELLS.shape)
    assert (drawn.sum(axis=(1, 2, 3)) == CELLS.sum()).all()
    assert (drawn[:, CELLS == 0] == 0).all()
    error = np.sqrt(CELLS / 4000)
    assert (np.abs(drawn.mean(axis=0) - CELLS) <= 5 * error).all()


def test_replicates_are_those_of_their_seed() -> None:
    one, same, other = (draw_replicates(CELLS, 10, seed) for seed in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()


def test_no_rows_have_replicates_without_rows() -> None:
    assert not draw_replicates(np.zeros((3, 2, 2), dtype=int), 5, seed=0).any()


def test_only_groups_with_few_rows_in_a_cell_are_smoothed() -> None:
    drawn = draw_replicates(CELLS, 4000, seed=0)
    smoothed = smooth(CELLS, drawn, seed=1)
    assert has_few(CELLS).tolist() == [True, True, False]
    assert (smoothed[:, 2] == drawn[:, 2]).all()
    n = CELLS.sum(axis=(1, 2))
    of_few = smoothed[:, :2].sum(axis=(2, 3))
    np.testing.assert_allclose(of_few, np.tile(n[:2], (4000, 1)), atol=1e-9)
    # The mean of the posterior; where there is a row, none is without any.
    expected = n[0] * (CELLS[0] + 0.5) / (n[0] + 2)
    np.testing.assert_allclose(smoothed[:, 0].mean(axis=0), expected, rtol=0.1)
    assert (smoothed[:, 0] > 0).all()
    # Nothing is changed in place.
    assert (drawn == draw_replicates(CELLS, 4000, seed=0)).all()


@given(st.integers(0, 1000))
def test_percentiles_are_those_of_the_defined_replicates(seed: int) -> None:
    rng = np.random.default_rng(seed)
    replicates = rng.normal(size=(50, 4))
    replicates[rng.random((50, 4)) < 0.3] = np.nan
    low, high = percentile_limits(np.zeros(4), replicates, 0.9)
    np.testing.assert_allclose(low, np.minimum(np.nanquantile(replicates, 0.05, axis=0), 0))
    np.testing.assert_allclose(high, np.maximum(np.nanquantile(replicates, 0.95, axis=0), 0))


def test_limits_hold_their_value_and_are_nan_with_it() -> None:
    value = np.array([-3.0, 3.0, np.nan])
    replicates = np.random.default_rng(0).normal(size=(100, 3))
    for low, high in (
        percentile_limits(value, replicates, 0.95),
        simultaneous_limits(value, replicates, 0.95, ratio=False),
    ):
        assert low[0] == -3
        assert high[1] == 3
        assert np.isnan([low[2], high[2]]).all()


def test_values_without_a_defined_replicate_have_no_limits() -> None:
    nothing = np.full((100, 2), np.nan)
    for limits in (
        percentile_limits(np.zeros(2), nothing, 0.95),
        simultaneous_limits(np.zeros(2), nothing, 0.95, ratio=False),
    ):
        assert np.isnan(limits).all()


@pytest.mark.parametrize("n_pairs", [1, 45])
@pytest.mark.parametrize("ratio", [False, True])
def test_simultaneous_limits_hold_all_values_of_a_replicate_as_often_as_asked(
    n_pairs: int, ratio: bool
) -> None:
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(4000, n_pairs)) * rng.uniform(0.1, 0.3, size=n_pairs)
    replicates = np.exp(normal) if ratio else normal
    value = np.full(n_pairs, float(ratio))
    low, high = simultaneous_limits(value, replicates, 0.95, ratio=ratio)
    held = ((low <= replicates) & (replicates <= high)).all(axis=1).mean()
    assert held == pytest.approx(0.95, abs=0.001)


def test_values_that_never_vary_take_no_part_in_the_largest() -> None:
    replicates = np.random.default_rng(0).normal(size=(1000, 2))
    constant = np.column_stack([replicates, np.zeros(1000)])
    alone = simultaneous_limits(np.zeros(2), replicates, 0.95, ratio=False)
    beside = simultaneous_limits(np.zeros(3), constant, 0.95, ratio=False)
    np.testing.assert_array_equal(np.array(beside)[:, :2], alone)
