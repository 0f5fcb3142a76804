from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binom, binomtest

from fairrun.metrics import BIAS_METRICS, GROUP_RATES
from fairrun.metrics.counted import Counted
from fairrun.metrics.rates import (
    MeanOfRates,
    Rate,
    balanced_accuracy,
    f1,
    true_negative_rate,
    true_positive_rate,
)

#: Three groups; the last has 30 rows and none with label 1 that is predicted 1.
TABLES = np.array([[[500, 20], [30, 100]], [[40, 12], [11, 10]], [[24, 1], [5, 0]]])
PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
N = int(TABLES.sum())


def test_every_rate_has_exact_limits_from_its_own_counts() -> None:
    found = Counted(TABLES, N)
    for rate in GROUP_RATES.values():
        each = found.rate(rate)
        for place, table in enumerate(TABLES):
            exact = binomtest(int(rate.count(table)), int(rate.size(table))).proportion_ci(0.95)
            assert_allclose([each.low[place], each.high[place]], exact, rtol=1e-9)
    # The rates of label 1 and of label 0 are each other's complement.
    tpr, fnr = (
        found.rate(GROUP_RATES[name]) for name in ("true_positive_rate", "false_negative_rate")
    )
    assert_allclose([fnr.low, fnr.high], [1 - tpr.high, 1 - tpr.low], atol=1e-12)


def test_f1_and_balanced_accuracy_follow_from_limits_of_rates() -> None:
    found = Counted(TABLES, N)
    of_f1, of_balanced = found.rate(f1), found.rate(balanced_accuracy)
    for place, ((_, fp), (fn, tp)) in enumerate(TABLES):
        low, high = binomtest(int(tp), int(tp + fp + fn)).proportion_ci(0.95)
        expected = [2 * low / (1 + low), 2 * high / (1 + high)]
        assert_allclose([of_f1.low[place], of_f1.high[place]], expected, rtol=1e-9)
    parts = [found.rate(rate) for rate in (true_positive_rate, true_negative_rate)]
    below = np.sqrt(sum((part.value - part.low) ** 2 for part in parts)) / 2
    assert_allclose(of_balanced.low, of_balanced.value - below)


@pytest.mark.parametrize(("na", "nb"), [(5000, 60), (60, 60)])
@pytest.mark.parametrize("rate", [0.05, 0.15])
def test_equal_rates_rarely_fail_the_ratio_of_a_gate(na: int, nb: int, rate: float) -> None:
    # With half a row in each of four cells, 8.3 % of equal rates with 5,000 and 60 rows failed.
    a, b = (np.arange(binom.ppf(1e-8, n, rate), binom.isf(1e-8, n, rate) + 1) for n in (na, nb))
    tables = np.zeros((len(a) + len(b), 2, 2), dtype=np.int64)
    tables[:, 0, 1] = np.concatenate([a, b])
    tables[:, 0, 0] = np.repeat([na, nb], [len(a), len(b)]) - tables[:, 0, 1]
    pairs = np.indices((len(a), len(b))).reshape(2, -1).T + np.array([0, len(a)])
    share = np.outer(binom.pmf(a, na, rate), binom.pmf(b, nb, rate)).ravel()
    metric = BIAS_METRICS["disparate_impact"]
    found, turned = (Counted(tables, na + nb).each(metric, p) for p in (pairs, pairs[:, ::-1]))
    # The gate takes a ratio x / 0 as 0 / x.
    low = np.where(np.isnan(found.value), 1 / np.where(turned.high > 0, turned.high, 1), found.low)
    fails_low, fails_high = ((share * flag).sum() for flag in (found.high < 0.8, low > 1.25))
    assert 0 < fails_low < 0.025
    assert fails_high < 0.025


def test_pairs_at_once_are_wider_the_more_groups_there_are() -> None:
    metric = BIAS_METRICS["statistical_parity"]
    each, turned, together = Counted(TABLES, N).each_and_together(metric, PAIRS)
    assert_array_equal(turned, [[1, 0], [0, 2], [1, 2]])
    assert (together.high - together.low > 1.15 * (each.high - each.low)).all()
    each, _, alone = Counted(TABLES, N).each_and_together(metric, PAIRS[1:2])
    assert_array_equal([alone.low, alone.high], [each.low, each.high])


def test_only_cohens_d_and_the_2sd_rule_depend_on_the_seed() -> None:
    for name, metric in BIAS_METRICS.items():
        if metric.signed:
            one, same, other = (Counted(TABLES, N, seed=s).each(metric, PAIRS) for s in (0, 0, 1))
            assert_array_equal(one.low, same.low)
            assert (one.low != other.low).any() == (name in ("cohen_d", "2sd_rule"))


def test_undefined_shares_are_those_of_a_resample() -> None:
    tables = np.array([[[6, 1], [2, 1]], [[5, 0], [3, 2]], [[4, 2], [0, 0]]])
    n = int(tables.sum())
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(n, tables.ravel() / n, size=20_000).reshape(-1, *tables.shape)
    found = Counted(tables, n)
    rates: list[Rate | MeanOfRates] = [*GROUP_RATES.values(), balanced_accuracy, f1]
    for rate in rates:
        share = np.isnan(rate(drawn)).mean(axis=0)
        assert_allclose(found.rate(rate).undefined, share, atol=0.02)
    for metric in BIAS_METRICS.values():
        if metric.signed:
            share = np.isnan(metric.function(drawn[:, PAIRS])).mean(axis=0)
            assert_allclose(found.each(metric, PAIRS).undefined, share, atol=0.04)
