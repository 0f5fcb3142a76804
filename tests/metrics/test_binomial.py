from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta, binom, binomtest

from fairrun.metrics.binomial import (
    Estimate,
    clopper_pearson_limits,
    mover_difference,
    mover_mean,
    mover_ratio,
    tail_of_each,
    tail_of_pairs,
)
from fairrun.metrics.closed_form import difference_limits, wilson_limits


def every_count(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = np.arange(n + 1)
    return count, *clopper_pearson_limits(count, np.full(n + 1, n), 0.025)


@pytest.mark.parametrize("n", [1, 7, 60])
def test_limits_of_a_rate_are_exact_and_behave_at_every_count(n: int) -> None:
    count, low, high = every_count(n)
    exact = [binomtest(int(x), n).proportion_ci(0.95, method="exact") for x in count]
    assert_allclose(np.transpose([low, high]), exact, rtol=1e-9)
    assert (np.diff(low) > 0).all()
    assert (np.diff(high) > 0).all()
    assert (low <= count / n).all()
    assert (count / n <= high).all()
    # Exchanging the labels exchanges the limits.
    assert_allclose(1 - high[::-1], low, atol=1e-15)
    assert (low[0], high[-1]) == (0, 1)


def test_a_rate_without_rows_has_no_limits() -> None:
    none = clopper_pearson_limits(np.array([0]), np.array([0]), 0.025)
    assert np.isnan(none).all()


@pytest.mark.parametrize("n", [60, 500])
def test_each_limit_misses_every_rate_as_rarely_as_asked_and_those_of_jeffreys_do_not(
    n: int,
) -> None:
    count, low, high = every_count(n)
    near = np.geomspace(0.3 / n, 0.5, 1000)
    rates = np.concatenate([near, 1 - near])[:, None]
    share = binom.pmf(count, n, rates)

    def missed(low: np.ndarray, high: np.ndarray) -> float:
        return max(float((share * flag).sum(axis=1).max()) for flag in (low > rates, high < rates))

    assert 0.024 < missed(low, high) <= 0.025
    jeffreys = (beta.ppf(q, count + 0.5, n - count + 0.5) for q in (0.025, 0.975))
    low_j, high_j = (
        np.where(count == end, end / n, x) for end, x in zip((0, n), jeffreys, strict=True)
    )
    # Jeffreys' limits lie inside; where 2.5 rows are expected, they miss in exp(−2.5) of cases.
    assert (low <= low_j).all()
    assert (high_j <= high).all()
    assert missed(low_j, high_j) == pytest.approx(np.exp(-2.5), abs=0.01)


def test_a_rate_of_3_in_1000_is_covered_with_60_rows() -> None:
    # Half a row in each of four cells, Beta(x + 1, n − x + 1), missed it as soon as x > 0.
    count, low, high = every_count(60)
    covered = binom.pmf(count, 60, 0.003)[(low <= 0.003) & (high >= 0.003)].sum()
    assert covered == pytest.approx(binom.cdf(1, 60, 0.003))
    assert covered > 0.98


def of(count: int, n: int) -> Estimate:
    x, size = np.array([count]), np.array([n])
    return Estimate(x / size, *clopper_pearson_limits(x, size, 0.025))


def test_differences_are_newcombes_where_the_limits_of_rates_are_wilsons() -> None:
    p, n = [np.array([56 / 70]), np.array([48 / 80])], [np.array([70]), np.array([80])]
    a, b = (Estimate(x, *wilson_limits(x, m, 1.96)) for x, m in zip(p, n, strict=True))
    _, low, high = mover_difference(a, b)
    assert [low.round(4).item(), high.round(4).item()] == [0.0524, 0.3339]  # Newcombe's table II
    of_two = mover_mean([mover_difference(a, b)] * 2)
    theirs = difference_limits([(p[0], n[0], p[1], n[1])] * 2, 1.96)
    assert_allclose(of_two[1:], theirs)


@pytest.mark.parametrize(("x", "y"), [(1, 1), (3, 50), (59, 2), (60, 60), (0, 5)])
def test_limits_of_a_ratio_solve_their_equation_and_turn_round(x: int, y: int) -> None:
    a, b = of(x, 60), of(y, 5000)
    value, low, high = (z.item() for z in mover_ratio(a, b))
    p, low_a, high_a = (z.item() for z in a)
    q, low_b, high_b = (z.item() for z in b)
    assert low <= value == pytest.approx(p / q)
    assert value <= high
    # The ratio r at which p − r q is one combined distance away from 0.
    if x:
        assert (p - low * q) ** 2 == pytest.approx((p - low_a) ** 2 + low**2 * (high_b - q) ** 2)
        turned = mover_ratio(b, a)
        assert_allclose([1 / turned.high, 1 / turned.low], [[low], [high]], rtol=1e-9)
    else:
        assert low == 0
    assert (p - high * q) ** 2 == pytest.approx((high_a - p) ** 2 + high**2 * (q - low_b) ** 2)


def test_a_ratio_to_0_is_undefined() -> None:
    for a in (of(0, 60), of(5, 60)):
        assert np.isnan(mover_ratio(a, of(0, 60))).all()


def test_all_pairs_have_tukeys_critical_value() -> None:
    from scipy.stats import norm

    # From a table of the studentised range: 5 %, infinite degrees of freedom.
    for n_groups, q in ((3, 3.314), (5, 3.858), (10, 4.474)):
        z = norm.isf(tail_of_pairs(0.95, n_groups))
        assert z * 2**0.5 == pytest.approx(q, abs=0.001)
    assert tail_of_pairs(0.95, 2) == tail_of_pairs(0.95, 1) == tail_of_each(0.95)
