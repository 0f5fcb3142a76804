"""Estimates of groups of weighted rows: what a comparison of rates covers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.metrics import BIAS_METRICS, Linearised, WeightedCounts, audit, why_no_interval
from fairrun.metrics.grouping import values_of
from fairrun.metrics.rates import balanced_accuracy, f1
from tests.metrics.samples import SEX

RATIO, DIFFERENCE = BIAS_METRICS["disparate_impact"], BIAS_METRICS["statistical_parity"]


def unweighted(n: np.ndarray, selected: np.ndarray) -> Linearised:
    """Groups of which some rows are selected; half of the rows of each cell have label 1."""
    of_label = np.stack([n - selected, selected], axis=-1) / 2
    tables = np.stack([of_label, of_label], axis=-2)
    return Linearised(np.stack([tables, tables], axis=-1), 0.95)


def test_equal_rates_of_5000_and_60_rows_hardly_fail_the_four_fifths_rule() -> None:
    """The closed form for weights. Walter's limits missed 5 to 7 % of the ratios on one side."""
    rng = np.random.default_rng(1)
    k, n = 600, np.repeat([5000, 60], 600)
    fails, missed = [], []
    for p in np.linspace(0.035, 0.3, 60):
        selected = rng.binomial(n, p).astype(float)
        # A sample with nobody selected in one group has no ratio a / b. A gate then takes b / a.
        pairs = np.stack([np.arange(k), k + np.arange(k)], axis=1)
        pairs = np.where((selected[k:] == 0)[:, None], pairs[:, ::-1], pairs)
        estimates = unweighted(n, selected)
        ratio, difference = (estimates.each(metric, pairs) for metric in (RATIO, DIFFERENCE))
        fails.append(np.mean((ratio.high < 0.8) | (ratio.low > 1.25)))
        for found, true in ((ratio, 1), (difference, 0)):
            missed.append((np.mean(found.low > true), np.mean(found.high < true)))
    assert np.mean(fails) <= 0.02
    # Few of 60 rows are selected, so the coverage of one rate is not that of its neighbours.
    assert np.max(fails) <= 0.04
    assert np.mean(missed, axis=0).max() <= 0.03
    assert np.sum(missed, axis=1).max() <= 0.1


def test_simultaneous_limits_are_those_of_the_bonferroni_confidence() -> None:
    estimates = unweighted(np.array([60.0, 80.0, 90.0]), np.array([10.0, 30.0, 40.0]))
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    _, turned, together = estimates.each_and_together(DIFFERENCE, pairs)
    alone = Linearised(np.stack([estimates.tables, estimates.tables], axis=-1), 1 - 0.05 / 3).each(
        DIFFERENCE, turned
    )
    np.testing.assert_allclose(together.low, alone.low)
    np.testing.assert_allclose(together.high, alone.high)


@pytest.fixture(scope="module")
def heavy() -> WeightedCounts:
    """200 men of weight 1, and 200 women of whom three carry half of the weight."""
    codes, y = np.repeat([0, 1], 200), np.tile([0, 0, 1, 1], 100)
    weight = np.ones(400)
    weight[200:203] = 66.0
    return WeightedCounts.from_arrays([SEX], [codes], y, np.tile([0, 1], 200), weight)


def test_a_group_whose_weight_a_few_rows_carry_has_values_but_no_interval(
    heavy: WeightedCounts,
) -> None:
    found = audit(heavy)
    rates = found.rates.query("metric == 'selection_rate' and protected == 'sex'")
    rates = rates.set_index("group")
    assert rates.loc["Female", "value"] == pytest.approx((100 + 65) / (200 + 195))
    assert np.isnan(rates.loc["Female", "ci_low"])
    assert "the heaviest about 17% each" in rates.loc["Female", "reason"]
    assert rates.loc["Male", "reason"] == ""
    assert rates.loc["Male", "ci_low"] < 0.5
    for table in (found.compared, found.pairs, found.together, found.worst):
        row = table.query("metric == 'statistical_parity'").iloc[0]
        assert np.isfinite(row["value"])
        assert np.isnan(row["ci_low"])
        assert np.isnan(row["ci_high"])
        assert row["method"] == ""
        assert row["reason"].startswith("selection_rate of Female has no interval")


@pytest.mark.parametrize("selected_men", [0, 1])
def test_there_are_both_limits_or_none(selected_men: int) -> None:
    """The ratio of a rate of 0 to a rate without an interval had the lower limit 0 alone."""
    codes, y = np.repeat([0, 1], 200), np.tile([0, 1], 200)
    predicted = np.where(codes == 0, selected_men * y, y)
    weight = np.ones(400)
    weight[200:203] = 66.0
    found = audit(WeightedCounts.from_arrays([SEX], [codes], y, predicted, weight))
    for name, table in found.tables.items():
        half = table[table["ci_low"].isna() != table["ci_high"].isna()]
        assert half.empty, (name, half)
        assert (table["ci_low"].isna() == (table["method"] == "")).all(), name


def test_all_parts_of_a_mean_are_asked(heavy: WeightedCounts) -> None:
    grouping = values_of([SEX], "sex")
    men, women = why_no_interval(heavy, grouping, [*balanced_accuracy.parts])
    assert men == ""
    assert women.startswith("true_positive_rate of Female") or "negative" in women
    estimates = Linearised(heavy.grouped(grouping), 0.95)
    assert estimates.rate_reasons(balanced_accuracy, grouping.groups)[1] == women
    assert np.isnan(estimates.rate(balanced_accuracy).low).tolist() == [False, True]
    assert np.isnan(estimates.rate(f1).high).tolist() == [False, True]
