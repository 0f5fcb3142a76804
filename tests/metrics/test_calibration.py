from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import brier_score, calibration_in_the_large, squared_calibration_error
from tests.metrics.samples import draw_people


def test_the_squared_error_is_the_mean_product_of_two_rows_of_a_bin() -> None:
    people = draw_people(0, 300)
    weight = np.random.default_rng(0).integers(1, 4, 300)
    for w in (np.ones(300), weight):
        expected, used = 0.0, 0.0
        for k in range(10):
            rows = (people.probability >= k / 10) & (people.probability < (k + 1) / 10)
            gap, own = (people.probability - people.y_true)[rows], w[rows]
            different = ~np.eye(rows.sum(), dtype=bool)
            products, pairs = np.outer(gap, gap)[different], np.outer(own, own)[different]
            if rows.sum() > 1:
                expected += own.sum() * np.average(products, weights=pairs)
                used += own.sum()
        found = squared_calibration_error(people.y_true, people.probability, weight=w)
        assert found[0] == pytest.approx(expected / used)


def test_equal_scores_in_a_bin_give_the_published_formula() -> None:
    y_true, score = np.array([1, 1, 0, 0, 0, 1, 1]), np.repeat([0.25, 0.85], [5, 2])
    p, n = np.array([0.4, 1.0]), np.array([5, 2])
    # Kumar, Liang and Ma (2019), definition 4.1.
    squares = (np.array([0.25, 0.85]) - p) ** 2 - p * (1 - p) / (n - 1)
    found = squared_calibration_error(y_true, score)
    assert found[0] == pytest.approx((n * squares).sum() / 7)


@pytest.mark.parametrize("n", [60, 500])
def test_chance_does_not_make_small_groups_look_worse(n: int) -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        score = rng.random(n)
        found.append(squared_calibration_error(rng.random(n) < score, score))
    value, low, high = np.array(found).T
    # The plain calibration error is .117 at 60 rows and .041 at 500; its square is .014 and .002.
    assert abs(value.mean()) < 4 * value.std() / 300**0.5
    assert value.std() < 1 / n
    assert (low <= value).all()
    assert (low <= 0).all()
    assert (high > 0).all()


@given(st.lists(st.floats(0.001, 1000), min_size=2, max_size=200), st.booleans())
def test_metrics_of_scores_stay_in_their_range_whatever_the_weights(
    weights: list[float], label: bool
) -> None:
    """The weighted mean of ones was 1.0000000000000007."""
    weight = np.array(weights)
    y_true, score = np.full(len(weight), int(label)), np.full(len(weight), float(not label))
    large = calibration_in_the_large(y_true, score, weight=weight)
    assert large[0] == (-1 if label else 1)
    squared = squared_calibration_error(y_true, score, weight=weight)
    for limits in (large, squared, brier_score(y_true, score, weight=weight)):
        assert min(limits) >= -1
        assert max(limits) <= 1


def test_a_shift_is_found_by_both() -> None:
    rng = np.random.default_rng(2)
    score = rng.random(20_000) * 0.8 + 0.1
    y_true = rng.random(20_000) < score - 0.1
    value, low, high = calibration_in_the_large(y_true, score)
    assert value == pytest.approx(score.mean() - y_true.mean())
    assert low < 0.1 < high
    normal = 2 * 1.96 * (score - y_true).std() / 20_000**0.5
    assert high - low == pytest.approx(normal, rel=0.01)
    value, _, high = squared_calibration_error(y_true, score)
    assert value == pytest.approx(0.01, abs=0.002)
    assert 0.01 < high < 0.015


def test_integer_weights_count_like_rows() -> None:
    people = draw_people(4, 500)
    weight = np.random.default_rng(0).integers(0, 3, 500)
    rows = np.repeat(np.arange(500), weight)
    given = calibration_in_the_large(people.y_true, people.probability, weight=weight)
    assert given[0] == pytest.approx(
        calibration_in_the_large(people.y_true[rows], people.probability[rows])[0]
    )
    for metric in (calibration_in_the_large, squared_calibration_error):
        plain = metric(people.y_true, people.probability)
        equal = metric(people.y_true, people.probability, weight=np.full(500, 2.5))
        assert equal == pytest.approx(plain), metric.__name__


def test_few_rows_have_what_is_defined() -> None:
    assert all(map(math.isnan, calibration_in_the_large([], [])))
    assert all(map(math.isnan, squared_calibration_error([], [])))
    assert all(map(math.isnan, squared_calibration_error([1, 0], [0.2, 0.9])))
    value, low, high = calibration_in_the_large([0], [0.5])
    assert value == 0.5
    assert low < 0.5 <= high


@pytest.mark.parametrize("wrong", [[0.5, 1.1], [0.5, math.nan], [0.5]])
def test_scores_that_are_no_probabilities_are_refused(wrong: list[float]) -> None:
    for metric in (calibration_in_the_large, squared_calibration_error):
        with pytest.raises(RequestError, match=r"column of probabilities|one value per row"):
            metric([0, 1], wrong)
