from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta, binom, binomtest

from fairrun.metrics.binomial import clopper_pearson_limits, tail_of_each, tail_of_pairs


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


def test_all_pairs_have_tukeys_critical_value() -> None:
    from scipy.stats import norm

    # From a table of the studentised range: 5 %, infinite degrees of freedom.
    for n_groups, q in ((3, 3.314), (5, 3.858), (10, 4.474)):
        z = norm.isf(tail_of_pairs(0.95, n_groups))
        assert z * 2**0.5 == pytest.approx(q, abs=0.001)
    assert tail_of_pairs(0.95, 2) == tail_of_pairs(0.95, 1) == tail_of_each(0.95)
