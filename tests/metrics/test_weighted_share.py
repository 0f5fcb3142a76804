"""The limits of weighted shares, against Clopper and Pearson's, the Bayesian bootstrap, truth."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.weighted_share import moments, share_estimate


@pytest.mark.parametrize(("x", "n"), [(0, 60), (1, 60), (3, 60), (150, 500), (59, 60), (60, 60)])
def test_limits_of_equal_weights_are_clopper_and_pearsons(x: int, n: int) -> None:
    expected = clopper_pearson_limits(np.array(x), np.array(n), 0.025)
    found = share_estimate(moments([7.0] * x), moments([7.0] * (n - x)), 0.95)
    np.testing.assert_allclose(found, [x / n, *expected], rtol=1e-9)


def test_f1_is_a_function_of_the_share_of_true_positives_among_hits_and_errors() -> None:
    hits, errors = moments([1.0] * 20), moments([1.0] * 30)
    share = np.array(share_estimate(hits, errors, 0.95))
    f1 = np.array(share_estimate(hits, errors, 0.95, odds=2))
    assert f1[0] == pytest.approx(2 * 20 / (2 * 20 + 30))
    np.testing.assert_allclose(f1, 2 * share / (1 + share))


def test_limits_are_those_of_a_bayesian_bootstrap_of_the_rows() -> None:
    """Each row draws a weight from a unit exponential. The unseen row hardly matters here."""
    rng = np.random.default_rng(0)
    yes, no = rng.uniform(1, 3, size=200), rng.uniform(0.5, 2, size=600)
    draws = [rng.exponential(size=(4000, len(side))) @ side for side in (yes, no)]
    shares = draws[0] / (draws[0] + draws[1])
    value, low, high = share_estimate(moments(yes), moments(no), 0.95)
    assert value == pytest.approx(yes.sum() / (yes.sum() + no.sum()))
    np.testing.assert_allclose((low, high), np.quantile(shares, [0.025, 0.975]), atol=0.006)


@pytest.mark.parametrize(
    ("sigma", "ratio", "p"), [(1.5, 1, 0.05), (1.5, 5, 0.15), (1.0, 0.2, 0.95), (0.6, 5, 0.1)]
)
def test_limits_cover_at_heavy_weights(sigma: float, ratio: float, p: float) -> None:
    """Lognormal weights; rows that count weigh `ratio` times as much; 300 effective rows.

    Wilson's limits with the linearised effective number covered 84 to 92 %.
    """
    rng = np.random.default_rng(0)
    n, simulations = round(300 * np.exp(sigma**2)), 300
    counts = rng.random((simulations, n)) < p / (p + ratio * (1 - p))
    weight = rng.lognormal(sigma=sigma, size=counts.shape) * np.where(counts, ratio, 1)
    sides = (
        np.stack([(weight**k * side).sum(axis=1) for k in (1, 2, 4)], axis=-1)
        for side in (counts, ~counts)
    )
    _, low, high = share_estimate(*sides, 0.95)
    assert np.mean((low <= p) & (p <= high)) >= 0.93
    assert np.mean(low > p) <= 0.06
    assert np.mean(high < p) <= 0.06


def test_a_share_lies_within_its_limits_and_no_weight_has_none() -> None:
    tiny, some = moments([1e-9]), moments([1.0, 5.0, 1.0])
    value, low, high = share_estimate(tiny, some, 0.95)
    assert low <= value <= high
    assert np.isnan(share_estimate(moments([]), moments([]), 0.95)).all()
