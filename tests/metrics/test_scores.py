from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, roc_auc_score

from fairrun.errors import RequestError
from fairrun.metrics import brier_score, roc_auc
from fairrun.metrics.scores import paired_roc_auc_difference
from tests.metrics.samples import draw_people

some_scores = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10).map(lambda k: k / 10)))


def delong_variance(y_true: np.ndarray, *scores: np.ndarray) -> float:
    """The variance of the area, or of the difference of two, from all pairs: DeLong, eq. 4."""
    psi = 0.0
    for sign, score in zip((1, -1), scores, strict=False):
        gaps = score[y_true == 1][:, None] - score[y_true == 0][None, :]
        psi = psi + sign * ((gaps > 0) + 0.5 * (gaps == 0))
    of_positive, of_negative = psi.mean(axis=1), psi.mean(axis=0)
    return sum(v.var(ddof=1) / len(v) for v in (of_positive, of_negative))


@pytest.mark.parametrize("decimals", [1, 15])
def test_areas_and_their_variances_are_those_of_all_pairs(decimals: int) -> None:
    people = draw_people(0, 300)
    score = people.probability.round(decimals)
    other = np.clip(score + np.random.default_rng(0).normal(0, 0.2, 300), 0, 1).round(decimals)
    auc = roc_auc(people.y_true, score)
    assert auc.value == pytest.approx(roc_auc_score(people.y_true, score), rel=1e-12)
    assert auc.variance == pytest.approx(delong_variance(people.y_true, score), rel=1e-10)
    value, low, high = paired_roc_auc_difference(people.y_true, score, other)
    assert value == pytest.approx(auc.value - roc_auc_score(people.y_true, other), rel=1e-10)
    variance = delong_variance(people.y_true, score, other)
    assert high - low == pytest.approx(2 * 1.959964 * variance**0.5, rel=1e-6)


@given(some_scores)
def test_an_area_has_limits_whenever_it_is_defined(rows: list[tuple[int, float]]) -> None:
    y_true, score = np.array(rows, dtype=float).reshape(-1, 2).T
    auc = roc_auc(y_true, score)
    low, high = auc.interval()
    if np.unique(y_true).size < 2:
        assert np.isnan([auc.value, low, high]).all()
    else:
        # A value at an end of its limits is there up to rounding.
        assert -1e-12 <= low <= auc.value + 1e-12
        assert auc.value - 1e-12 <= high <= 1 + 1e-12
        assert low < high


def test_a_perfect_order_is_known_as_well_as_its_rarer_label() -> None:
    auc = roc_auc([0] * 50 + [1] * 5, [0.1] * 50 + [0.9] * 5)
    assert (auc.value, auc.n_positive, auc.n_negative) == (1, 5, 50)
    low, high = auc.interval()
    assert 0.4 < low < 0.6
    assert high == 1
    # The labels and the order turned round: the same area, and the same limits.
    assert roc_auc([1] * 50 + [0] * 5, [0.9] * 50 + [0.1] * 5).interval() == (low, high)


def test_the_limits_of_many_rows_are_those_of_the_variance() -> None:
    people = draw_people(3, 20_000)
    auc = roc_auc(people.y_true, people.probability)
    low, high = auc.interval()
    assert high - low == pytest.approx(2 * 1.96 * auc.variance**0.5, rel=0.01)
    # In limits of a rate with n rows, z² (1 − 2 p) / n separates the two distances.
    assert (low + high) / 2 == pytest.approx(auc.value, abs=3e-4)


def _share_above_and_below(area: float, n_positive: int, n_negative: int) -> tuple[float, float]:
    """How often limits lie above and below a known area, of 200 normal samples."""
    rng = np.random.default_rng(0)
    y_true = np.repeat([1, 0], [n_positive, n_negative])
    limits = []
    for _ in range(200):
        score = norm.cdf(rng.normal(size=len(y_true)) + 2**0.5 * norm.ppf(area) * y_true)
        limits.append(roc_auc(y_true, score).interval())
    low, high = np.array(limits).T
    return (low > area).mean(), (high < area).mean()


@pytest.mark.parametrize(("area", "sizes"), [(0.97, (10, 490)), (0.995, (25, 500))])
def test_limits_near_1_hold_with_few_positives(area: float, sizes: tuple[int, int]) -> None:
    # DeLong's variance alone is wrong in 15 to 20 % of these samples.
    above, below = _share_above_and_below(area, *sizes)
    assert above <= 0.03
    assert below <= 0.03


def test_the_same_scores_do_not_differ() -> None:
    score = [0.1, 0.4, 0.3, 0.8]
    assert paired_roc_auc_difference([0, 0, 1, 1], score, score) == (0, 0, 0)


def test_brier_scores_are_scikit_learns() -> None:
    people = draw_people(1, 20_000)
    value, low, high = brier_score(people.y_true, people.probability)
    assert value == pytest.approx(brier_score_loss(people.y_true, people.probability), rel=1e-12)
    squares = (people.probability - people.y_true) ** 2
    normal = 2 * 1.959964 * squares.std(ddof=1) / len(squares) ** 0.5
    assert high - low == pytest.approx(normal, rel=0.01)
    assert low < value < high


def test_limits_of_a_brier_score_hold_at_a_rare_label() -> None:
    # One row in 30 has label 1, and the score is the base rate. Normal limits hold 76 %.
    rng = np.random.default_rng(0)
    truth = 29 / 30**2
    limits = [brier_score(rng.random(60) < 1 / 30, np.full(60, 1 / 30))[1:] for _ in range(200)]
    low, high = np.array(limits).T
    assert ((low <= truth) & (truth <= high)).mean() >= 0.94
    # The gate that asks for a Brier score of 20 % below the truth does not pass.
    assert (high <= 0.8 * truth).mean() == 0


def test_few_rows_have_what_is_defined() -> None:
    assert all(map(math.isnan, brier_score([], [])))
    value, low, high = brier_score([1], [0.5])
    assert value == 0.25
    assert 0 < low < 0.05
    assert 0.8 < high < 1
    assert all(map(math.isnan, paired_roc_auc_difference([1, 1], [0.1, 0.2], [0.1, 0.3])))
    value, low, high = paired_roc_auc_difference([1, 0, 0], [0.4, 0.2, 0.3], [0.25, 0.2, 0.3])
    assert value == 0.5
    assert math.isnan(low)
    assert math.isnan(high)
    low, high = roc_auc([1, 0], [0.4, 0.2]).interval()
    assert low < 0.2
    assert high == 1


@pytest.mark.parametrize("wrong", [[0.5, 1.1], [0.5, math.nan], [0.5]])
def test_scores_that_are_no_probabilities_are_refused(wrong: list[float]) -> None:
    for metric in (roc_auc, brier_score):
        with pytest.raises(RequestError, match=r"column of probabilities|one value per row"):
            metric([0, 1], wrong)
