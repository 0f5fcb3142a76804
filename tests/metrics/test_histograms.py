from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import (
    ScoreHistogram,
    brier_score,
    calibration_in_the_large,
    everybody,
    roc_auc,
    squared_calibration_error,
    values_of,
)
from fairrun.metrics.histograms import (
    histogram_brier_score,
    histogram_calibration_in_the_large,
    histogram_roc_auc,
    histogram_squared_calibration_error,
)
from tests.metrics.samples import COLUMNS, SEX, draw_people

ROUNDING = 1e-12
APPROXIMATE = (
    histogram_roc_auc,
    histogram_brier_score,
    histogram_calibration_in_the_large,
    histogram_squared_calibration_error,
)


@given(st.integers(0, 10**6), st.sampled_from([10, 50, 1000]), st.sampled_from([1, 2, 15]))
def test_the_exact_value_is_within_the_stated_error(seed: int, n_bins: int, decimals: int) -> None:
    people = draw_people(seed, 200)
    score = people.probability.round(decimals)
    histogram = ScoreHistogram.from_arrays(COLUMNS, people.codes, people.y_true, score, n_bins)
    table = histogram.grouped(everybody(COLUMNS))[0]
    for approximate, exact in (
        (histogram_roc_auc, roc_auc(people.y_true, score).value),
        (histogram_brier_score, brier_score(people.y_true, score)[0]),
        (histogram_calibration_in_the_large, calibration_in_the_large(people.y_true, score)[0]),
        (histogram_squared_calibration_error, squared_calibration_error(people.y_true, score)[0]),
    ):
        value, error = approximate(table)
        assert abs(value - exact) <= error + ROUNDING, approximate.__name__


def test_groups_are_computed_as_one_is() -> None:
    people = draw_people(0)
    histogram = ScoreHistogram.from_arrays(COLUMNS, people.codes, people.y_true, people.probability)
    tables = histogram.grouped(values_of(COLUMNS, "sex", "race"))
    for approximate in APPROXIMATE:
        values, errors = approximate(tables)
        for i, table in enumerate(tables):
            assert (values[i], errors[i]) == approximate(table)
    assert (histogram_roc_auc(tables)[1] < 0.005).all()


def test_no_rows_are_nan() -> None:
    empty = np.zeros((2, 10), dtype=int)
    for approximate in APPROXIMATE:
        assert np.isnan(approximate(empty)).all()


@pytest.mark.parametrize(("score", "place"), [(0.0, 0), (0.1, 1), (0.3, 3), (0.7, 7), (1.0, 9)])
def test_an_edge_belongs_to_the_bin_above_and_1_to_the_last(score: float, place: int) -> None:
    histogram = ScoreHistogram.from_arrays([SEX], [[0]], [1], [score], n_bins=10)
    assert histogram.table[0, 1, place] == 1


@pytest.mark.parametrize("n_bins", [0, 25])
def test_other_numbers_of_bins_are_refused(n_bins: int) -> None:
    with pytest.raises(RequestError, match="not a multiple of 10"):
        ScoreHistogram.from_arrays([SEX], [[0]], [1], [0.5], n_bins=n_bins)


def test_histograms_of_other_bins_are_not_merged() -> None:
    one, other = (ScoreHistogram.from_arrays([SEX], [[0]], [1], [0.5], n_bins=n) for n in (10, 20))
    with pytest.raises(RequestError, match="cannot be added"):
        one + other
