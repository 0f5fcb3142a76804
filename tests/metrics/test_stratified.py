"""Pooled estimates over strata, checked with other formulas and with simulated tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from fairrun.metrics.stratified import (
    _rate_at_difference,
    _rate_at_ratio,
    are_sparse,
    homogeneity_p,
    mantel_haenszel,
    score_limits,
    weighted_comparison,
)


@st.composite
def tables(draw, n_strata=4, least=0):
    n_a, n_b = ([draw(st.integers(least, 30)) for _ in range(n_strata)] for _ in range(2))
    x_a, x_b = ([draw(st.integers(0, n)) for n in sizes] for sizes in (n_a, n_b))
    return [np.array(x, dtype=float) for x in (x_a, n_a, x_b, n_b)]


def sato(x_a, n_a, x_b, n_b):
    """Sato (1989): the difference, and the standard error that R's metafor computes."""
    n = n_a + n_b
    weight = (n_a * n_b / n).sum()
    value = ((x_a * n_b - x_b * n_a) / n).sum() / weight
    p = ((n_a**2 * x_b - n_b**2 * x_a + n_a * n_b * (n_b - n_a) / 2) / n**2).sum()
    q = ((x_a * (n_b - x_b) + x_b * (n_a - x_a)) / (2 * n)).sum()
    return value, np.sqrt(value * p + q) / weight


def greenland_robins(x_a, n_a, x_b, n_b):
    """Greenland and Robins (1985): the ratio, and the standard error of its logarithm."""
    n = n_a + n_b
    a, b = (x_a * n_b / n).sum(), (x_b * n_a / n).sum()
    top = ((n_a * n_b * (x_a + x_b) - x_a * x_b * n) / n**2).sum()
    return a / b, np.sqrt(top / (a * b))


def many(seed=1, n_strata=5):
    rng = np.random.default_rng(seed)
    n_a, n_b = rng.integers(200, 900, (2, n_strata)).astype(float)
    rate = rng.uniform(0.2, 0.7, n_strata)
    return (
        rng.binomial(n_a.astype(int), rate).astype(float),
        n_a,
        rng.binomial(n_b.astype(int), rate - 0.1).astype(float),
        n_b,
    )


def test_large_strata_agree_with_sato_and_with_greenland_and_robins():
    strata = many()
    value, error = sato(*strata)
    assert mantel_haenszel(*strata, ratio=False) == pytest.approx(value)
    found = score_limits(*strata, ratio=False)
    assert np.allclose(found, [value - 1.96 * error, value + 1.96 * error], atol=0.002)
    value, error = greenland_robins(*strata)
    assert mantel_haenszel(*strata, ratio=True) == pytest.approx(value)
    found = score_limits(*strata, ratio=True)
    assert np.allclose(np.log(found), np.log(value) + np.array([-1.96, 1.96]) * error, atol=0.005)


def test_one_stratum_is_the_published_interval():
    # Newcombe (1998), Statistics in Medicine 17, table II: 56/70 − 48/80 by Miettinen and Nurminen.
    strata = [np.array([x]) for x in (56.0, 70.0, 48.0, 80.0)]
    assert np.allclose(score_limits(*strata, ratio=False), [0.0528, 0.3382], atol=0.0002)


@given(tables(n_strata=1, least=1), st.floats(-0.95, 0.95), st.floats(0.1, 8))
@settings(max_examples=60)
def test_rates_under_a_tested_value_are_the_most_likely_ones(strata, difference, ratio):
    x_a, n_a, x_b, n_b = (float(x[0]) for x in strata)

    def unlikely(a, b):
        shares = ((x_a, a), (n_a - x_a, 1 - a), (x_b, b), (n_b - x_b, 1 - b))
        return -sum(x * np.log(max(p, 1e-300)) for x, p in shares if x)

    for found, of_a, bounds in (
        (
            _rate_at_difference(difference, *strata),
            lambda b: b + difference,
            (max(0, -difference), min(1, 1 - difference)),
        ),
        (_rate_at_ratio(ratio, *strata), lambda b: ratio * b, (0, min(1, 1 / ratio))),
    ):
        best = minimize_scalar(
            lambda b, of_a=of_a: unlikely(of_a(b), b),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert unlikely(of_a(found[0]), found[0]) <= best.fun + 1e-6


@given(tables(), st.booleans())
@settings(max_examples=60)
def test_limits_hold_their_value_and_turn_with_the_groups(strata, ratio):
    x_a, n_a, x_b, n_b = strata
    value = mantel_haenszel(*strata, ratio=ratio)
    low, high = score_limits(*strata, ratio=ratio)
    if np.isnan(value):
        assert np.isnan([low, high]).all()
        return
    assert low <= value <= high
    back = score_limits(x_b, n_b, x_a, n_a, ratio=ratio)
    if not ratio:
        assert np.allclose(back, [-high, -low], atol=1e-9)
    elif x_a[n_b > 0].sum() and x_b[n_a > 0].sum():
        assert np.allclose(back, [1 / high, 1 / low if low else np.inf], rtol=1e-6)


@given(tables())
@settings(max_examples=30)
def test_a_stratum_of_one_group_changes_nothing(strata):
    more = [np.append(x, y) for x, y in zip(strata, (3.0, 9.0, 0.0, 0.0), strict=True)]
    for ratio in (False, True):
        assert np.array_equal(
            mantel_haenszel(*strata, ratio=ratio),
            mantel_haenszel(*more, ratio=ratio),
            equal_nan=True,
        )
        assert np.array_equal(
            score_limits(*strata, ratio=ratio), score_limits(*more, ratio=ratio), equal_nan=True
        )


def test_nobody_selected_has_an_interval_of_the_difference():
    none = [np.array(x, dtype=float) for x in ([0, 0], [40, 60], [0, 0], [50, 50])]
    low, high = score_limits(*none, ratio=False)
    assert -0.06 < low < -0.02
    assert 0.02 < high < 0.06
    assert sato(*none)[1] == 0  # the reason for score limits
    assert np.isnan(score_limits(*none, ratio=True)).all()


def test_homogeneity_is_chi_squared_and_refused_for_few_rows():
    rng = np.random.default_rng(0)
    n = np.full(4, 60.0)
    found = [
        homogeneity_p(rng.binomial(60, 0.5, 4), n, rng.binomial(60, 0.4, 4), n, ratio=False)
        for _ in range(600)
    ]
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.08
    assert np.isnan(homogeneity_p(n[:1], n[:1], n[:1], n[:1], ratio=False))
    few = np.array([60.0, 4.0])
    assert np.isnan(homogeneity_p(few / 2, few, few / 4, few, ratio=True))
    # Two strata of opposite differences: the square of the two scores' distance.
    x = [np.array(x, dtype=float) for x in ([80, 20], [100, 100], [20, 80], [100, 100])]
    assert homogeneity_p(*x, ratio=False) == pytest.approx(chi2.sf(2 * 0.6**2 / (0.5 / 99.5), 1))


def test_equal_strata_standardise_to_the_same_difference():
    a = b = tuple(np.array(x) for x in ([0.5, 0.5], [0.4, 0.4], [0.6, 0.6]))
    value, low, high = weighted_comparison(a, b, np.array([1.0, 1.0]), ratio=False)
    assert value == 0
    assert np.allclose([low, high], [-0.1, 0.1])
    none = weighted_comparison(a, b, np.zeros(2), ratio=True)
    assert np.isnan(none).all()


@pytest.mark.parametrize("ratio", [False, True])
def test_score_limits_cover_for_pairs_of_rows(ratio):
    # `benchmarks/coverage_conditional.py` has more rates and strata.
    rng = np.random.default_rng(0)
    one, rate = np.ones(120), np.linspace(0.1, 0.6, 120)
    true, of_a = (0.7, 0.7 * rate) if ratio else (0.1, rate + 0.1)
    missed = np.zeros(2)
    for _ in range(250):
        x_a, x_b = ((rng.random(120) < p).astype(float) for p in (of_a, rate))
        low, high = score_limits(x_a, one, x_b, one, ratio=ratio)
        missed += low > true, high < true
    assert (missed / 250 < 0.055).all()
    assert are_sparse(one, one, one)


def test_a_small_share_of_sparse_strata_is_allowed():
    n = np.array([60.0, 60.0, 4.0])
    assert not are_sparse(n, n, n)
    assert are_sparse(n, n, np.array([1.0, 1.0, 1.0]))
