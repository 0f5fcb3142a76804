from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from fairrun.metrics.bounded_means import beta_limits, limits_of_difference, steady_size

GIVEN = {"added": 10.0, "freedom": 1e9, "confidence": 0.95}


def test_limits_are_quantiles_of_the_beta_distribution() -> None:
    low, high = beta_limits(np.array([0.3, 0.9]), np.array([20.0, 7.5]), 0.9)
    for i, (value, size) in enumerate([(0.3, 20.0), (0.9, 7.5)]):
        yes, no = value * size, (1 - value) * size
        expected = [beta(yes, no + 1).ppf(0.05), beta(yes + 1, no).ppf(0.95)]
        assert [low[i], high[i]] == pytest.approx(expected)
    exact = binomtest(6, 20).proportion_ci(0.9, method="exact")
    assert (low[0], high[0]) == pytest.approx((exact.low, exact.high))
    assert np.isnan(beta_limits(math.nan, 10.0, 0.95)).all()


@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0])
def test_limits_contain_the_value(value: float) -> None:
    low, high = beta_limits(value, 10.0, 0.95)
    assert low <= value <= high
    assert high - low > 0.1


def test_few_rows_seen_cannot_make_the_size_large() -> None:
    assert steady_size(0.9, 1e-9, 20.0, seen=0.0, **GIVEN) == pytest.approx(20)
    assert steady_size(0.9, 1e-9, 20.0, seen=10.0, **GIVEN) == pytest.approx(40, rel=1e-3)
    assert steady_size(0.9, math.nan, 20.0, seen=10.0, **GIVEN) == pytest.approx(20)
    # A larger variance than the assumed one is used as it is.
    assert steady_size(0.9, 0.09 / 5, 20.0, seen=1.0, **GIVEN) == pytest.approx(5)
    # Student's quantile with one degree of freedom is 12.7.
    one = steady_size(0.9, 0.09 / 500, 500, seen=1.0, **GIVEN | {"freedom": 1.0})
    assert one == pytest.approx(500 * (1.96 / 12.706) ** 2, rel=1e-3)
    assert steady_size(0.9, 0.09, 1.0, seen=1.0, **GIVEN | {"freedom": 0.0}) == 1


def test_limits_of_a_difference_are_newcombes() -> None:
    # Newcombe (1998), table II, example (a): 56/70 − 48/80, method 10.
    a, b = (0.8, 0.6915, 0.8769), (0.6, 0.4904, 0.7002)
    assert limits_of_difference(a, b) == pytest.approx((0.0524, 0.3339), abs=1e-3)
