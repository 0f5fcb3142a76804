from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from fairrun.metrics import normal_quantile, wilson_limits
from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.closed_form import (
    Estimate,
    difference_limits,
    effective_size,
    mean_of,
    paired_difference_of,
    ratio_of,
)

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


def normal(value: float, error: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array(value), np.array(value - Z * error), np.array(value + Z * error)


def test_ratios_of_normal_estimates_are_fiellers() -> None:
    """MOVER gives Fieller's interval if the limits of both parts are symmetric."""
    (a, error_a), (b, error_b) = (0.3, 0.03), (0.4, 0.02)
    roots = np.roots([b**2 - (Z * error_b) ** 2, -2 * a * b, a**2 - (Z * error_a) ** 2])
    limits = ratio_of(normal(a, error_a), normal(b, error_b))
    np.testing.assert_allclose(limits, sorted(roots.real), rtol=1e-12)


def test_a_ratio_of_0_has_an_upper_limit_and_one_over_0_has_none() -> None:
    none = tuple(np.array(x) for x in (0.0, 0.0, 0.04))
    some = tuple(np.array(x) for x in (0.2, 0.1, 0.5))  # the upper limit is more than twice 0.2
    low, high = ratio_of(none, some)
    assert low == 0
    assert 0 < high < 1
    low, high = ratio_of(some, some)
    assert 0 < low < 1 < high
    assert np.isnan(ratio_of(some, none)).all()


def test_paired_shares_have_the_multinomial_variance() -> None:
    p, q, n = 0.2, 0.1, 1e4
    limits = paired_difference_of(*(normal(x, (x * (1 - x) / n) ** 0.5) for x in (p, q)))
    error = ((p + q - (p - q) ** 2) / n) ** 0.5
    np.testing.assert_allclose(limits, (p - q) + Z * error * np.array([-1, 1]), rtol=1e-6)


def test_the_mean_of_two_estimates_has_half_the_root_of_the_sum_of_squares() -> None:
    low, high = mean_of([normal(0.3, 0.03), normal(0.5, 0.04)])
    np.testing.assert_allclose((low, high), 0.4 + Z * 0.025 * np.array([-1, 1]))


def test_the_effective_size_of_equal_rows_is_their_number() -> None:
    p, none = np.array([0.3, 0.0, 1.0, 0.3]), np.full(4, 7.0)
    variance = np.array([0.3 * 0.7 / 50, 0, 0, np.nan])
    np.testing.assert_allclose(effective_size(p, variance, none), [50, 7, 7, 7])


def test_no_rows_have_no_limits() -> None:
    assert np.isnan(wilson_limits(np.array(np.nan), np.array(0), Z)).all()


def of(count: int, n: int) -> Estimate:
    x, size = np.array([count]), np.array([n])
    return x / size, *clopper_pearson_limits(x, size, 0.025)


@pytest.mark.parametrize(("x", "y"), [(1, 1), (3, 50), (59, 2), (60, 60), (0, 5)])
def test_limits_of_a_ratio_solve_their_equation_and_turn_round(x: int, y: int) -> None:
    a, b = of(x, 60), of(y, 5000)
    low, high = (z.item() for z in ratio_of(a, b))
    p, low_a, high_a = (z.item() for z in a)
    q, low_b, high_b = (z.item() for z in b)
    assert low <= p / q <= high
    # The ratio r at which p − r q is one combined distance away from 0.
    if x:
        assert (p - low * q) ** 2 == pytest.approx((p - low_a) ** 2 + low**2 * (high_b - q) ** 2)
        turned_low, turned_high = (z.item() for z in ratio_of(b, a))
        np.testing.assert_allclose([1 / turned_high, 1 / turned_low], [low, high], rtol=1e-9)
    else:
        assert low == 0
    assert (p - high * q) ** 2 == pytest.approx((high_a - p) ** 2 + high**2 * (q - low_b) ** 2)


def test_a_ratio_to_0_is_undefined() -> None:
    for a in (of(0, 60), of(5, 60)):
        assert np.isnan(ratio_of(a, of(0, 60))).all()
