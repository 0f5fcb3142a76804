from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from fairrun.metrics import normal_quantile, wilson_limits
from fairrun.metrics.closed_form import difference_limits, effective_size, ratio_limits

Z = normal_quantile(0.95)


@pytest.mark.parametrize(("x", "n"), [(0, 10), (1, 10), (37, 100), (10, 10)])
def test_wilson_limits_are_scipys(x: int, n: int) -> None:
    theirs = binomtest(x, n).proportion_ci(method="wilson")
    limits = wilson_limits(np.array(x / n), np.array(n), Z)
    np.testing.assert_allclose(limits, (theirs.low, theirs.high), atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "limits"),
    # Newcombe (1998), table II, method 10.
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_differences_are_newcombes(
    a: tuple[int, int], b: tuple[int, int], limits: tuple[float, float]
) -> None:
    p_a, n_a, p_b, n_b = (np.array(float(x)) for x in (a[0] / a[1], a[1], b[0] / b[1], b[1]))
    np.testing.assert_allclose(
        difference_limits([(p_a, n_a, p_b, n_b)], 1.959964), limits, atol=1e-4
    )


def test_the_mean_of_a_difference_with_itself_is_narrower_by_the_root_of_2() -> None:
    part = tuple(np.array(x) for x in (0.5, 1e6, 0.4, 1e6))
    one, two = (np.ptp(difference_limits([part] * k, Z)) for k in (1, 2))
    assert one / two == pytest.approx(2**0.5)


def test_ratios_are_those_of_the_logarithm_where_there_are_many_rows() -> None:
    p_a, p_b, n = 0.3, 0.4, 1e6
    error = np.sqrt((1 - p_a) / (n * p_a) + (1 - p_b) / (n * p_b))
    limits = ratio_limits(*(np.array(x) for x in (p_a, n, p_b, n)), Z)
    expected = np.log(p_a / p_b) + Z * error * np.array([-1, 1])
    np.testing.assert_allclose(np.log(limits), expected, atol=1e-5)


def test_a_ratio_of_0_has_an_upper_limit() -> None:
    low, high = ratio_limits(*(np.array(x) for x in (0.0, 100.0, 0.2, 100.0)), Z)
    assert low == 0
    assert 0 < high < 1


def test_the_effective_size_of_equal_rows_is_their_number() -> None:
    p, none = np.array([0.3, 0.0, 1.0, 0.3]), np.full(4, 7.0)
    variance = np.array([0.3 * 0.7 / 50, 0, 0, np.nan])
    np.testing.assert_allclose(effective_size(p, variance, none), [50, 7, 7, 7])


def test_no_rows_have_no_limits() -> None:
    assert np.isnan(wilson_limits(np.array(np.nan), np.array(0), Z)).all()
