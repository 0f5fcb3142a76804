from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    MOST_COMPARED,
    PERFORMANCE_METRICS,
    Counts,
    WeightedCounts,
    audit,
    values_of,
)
from fairrun.metrics.linearised import NOT_WEIGHTED
from tests.metrics.samples import COLUMNS, SEX, People, draw_people, tables

FEW = {"n_replicates": 200}


def counts_of(people: People) -> Counts:
    return Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)


def weighted_of(people: People, weight: Any) -> WeightedCounts:
    return WeightedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, weight)


@pytest.fixture(scope="module")
def people() -> People:
    return draw_people(0, 5000)


def test_it_has_every_group_and_pair_once(people: People) -> None:
    found = audit(counts_of(people), **FEW)
    signature = ["protected", "group", "metric"]
    assert not found.rates.duplicated(signature).any()
    groups = found.rates.drop_duplicates(signature[:2]).groupby("protected")["group"].agg(list)
    assert groups[""] == ["(all)"]
    assert groups["sex"] == ["Male", "Female"]
    assert groups["race"] == ["White", "Black", "Other", "not White"]
    assert len(groups["sex:race"]) == 6 + 1
    assert set(found.rates["metric"]) == {*GROUP_RATES, *PERFORMANCE_METRICS}
    assert set(found.rates.query("protected == 'sex'")["metric"]) == {*GROUP_RATES}
    n_pairs = found.pairs.groupby("protected").size() / len(BIAS_METRICS)
    assert n_pairs.to_dict() == {"sex": 1, "race": 3, "sex:race": 15}
    assert len(found.together) == len(found.pairs)
    assert len(found.compared) == len(found.worst) == 3 * len(BIAS_METRICS)


def test_its_values_are_those_of_the_metrics(people: People) -> None:
    counts = counts_of(people)
    found = audit(counts, **FEW)
    by_race = counts.grouped(values_of(COLUMNS, "race"))
    rates = found.rates.query("protected == 'race' and metric == 'true_positive_rate'")
    np.testing.assert_array_equal(rates["value"][:3], GROUP_RATES["true_positive_rate"](by_race))
    black = found.pairs.query("protected == 'race' and group_a == 'White' and group_b == 'Black'")
    for row in black.itertuples():
        assert row.value == BIAS_METRICS[row.metric].function(by_race[[0, 1]])
    not_white = found.compared.query("protected == 'race'")
    against = np.stack([by_race[0], by_race[1:].sum(axis=0)])
    assert set(not_white["group_b"]) == {"not White"}
    for row in not_white.itertuples():
        assert row.value == BIAS_METRICS[row.metric].function(against)
    worst = found.worst.set_index(["protected", "metric"])["value"]
    selection_rates = GROUP_RATES["selection_rate"](by_race)
    assert worst["race", "disparate_impact"] == selection_rates.min() / selection_rates.max()


def test_intervals_hold_their_values_and_unsigned_metrics_have_none(people: People) -> None:
    found = audit(counts_of(people), **FEW)
    for table in (found.rates, found.compared, found.pairs, found.together, found.worst):
        unsigned = table["metric"] == "four_fifths_rule"
        assert table.loc[unsigned, ["ci_low", "ci_high"]].isna().all(axis=None)
        assert (table.loc[unsigned, "method"] == "").all()
        signed = table[~unsigned]
        assert (signed["ci_low"] <= signed["value"]).all()
        assert (signed["value"] <= signed["ci_high"]).all()
        assert set(signed["method"]) <= {"clopper-pearson", "mover", "beta"}


def test_all_at_once_is_wider_than_each_for_itself(people: People) -> None:
    found = audit(counts_of(people))
    crossed = "protected == 'sex:race' and metric == 'statistical_parity'"
    each, together = found.pairs.query(crossed), found.together.query(crossed)
    width = (together["ci_high"] - together["ci_low"]) / (each["ci_high"] - each["ci_low"])
    assert (width > 1.3).all()
    assert (together["value"] >= 0).all()


def test_the_same_seed_gives_the_same_audit(people: People) -> None:
    counts = counts_of(people)
    one, same, other = (audit(counts, seed=seed, **FEW).pairs for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one["ci_low"].equals(other["ci_low"])


def test_names_are_as_logged(people: People) -> None:
    found = audit(counts_of(people), **FEW)
    logged = found.metrics("sex")
    compared = found.compared.set_index(["protected", "metric"])
    worst = found.worst.set_index(["protected", "metric"])
    assert logged["disparate_impact"] == compared.loc[("sex", "disparate_impact"), "value"]
    assert logged["disparate_impact/race"] == compared.loc[("race", "disparate_impact"), "value"]
    assert logged["cohen_d_ci_low/sex:race"] == compared.loc[("sex:race", "cohen_d"), "ci_low"]
    name = "average_odds_difference"
    assert logged[f"{name}_worst/race"] == worst.loc[("race", name), "value"]
    assert logged[f"{name}_worst_ci_high"] == worst.loc[("sex", name), "ci_high"]
    assert "cohen_d_worst" not in logged  # neither a difference of rates nor a ratio
    overall = found.rates[found.rates["protected"] == ""].set_index("metric")
    assert logged["balanced_accuracy_ci_low"] == overall.loc["balanced_accuracy", "ci_low"]
    n_signed = sum(metric.signed for metric in BIAS_METRICS.values())
    n_worst = sum(metric.kind != "other" for metric in BIAS_METRICS.values())
    n_overall = 1 + len(PERFORMANCE_METRICS)  # and the selection rate
    assert len(logged) == 3 * (len(BIAS_METRICS) + 2 * n_signed + 3 * n_worst) + 3 * n_overall
    assert not any("four_fifths_rule_ci" in name for name in logged)


@settings(max_examples=40)
@given(tables(3, 4, 2, 2, largest=2))
def test_nan_comes_with_a_reason_whatever_is_empty(table: Any) -> None:
    found = audit(Counts(COLUMNS, table), n_replicates=50)
    for part in (found.rates, found.compared, found.pairs, found.together, found.worst):
        undefined = part["value"].isna()
        assert (undefined == (part["reason"] != "")).all()
        assert not np.isinf(part[["value", "ci_low", "ci_high"]].to_numpy(dtype=float)).any()
        limits = part[["ci_low", "ci_high"]].isna().all(axis=1)
        assert (limits == (undefined | (part["metric"] == "four_fifths_rule"))).all()


def test_a_group_without_selected_rows_has_limits_and_a_share_of_undefined_replicates() -> None:
    table = [[[500, 100], [200, 300]], [[30, 0], [9, 1]], [[0, 0], [0, 0]]]
    found = audit(Counts((SEX,), table))
    rates = found.rates.query("group == 'Female'").set_index("metric")
    fpr = rates.loc["false_positive_rate"]
    assert (fpr["value"], fpr["ci_low"], fpr["method"]) == (0, 0, "clopper-pearson")
    assert 0.05 < fpr["ci_high"] < 0.15
    # One selected row is drawn in none of 40 draws with probability (1 − 1/40)^40.
    share = found.compared.set_index("metric").loc["disparate_impact", "undefined_share"]
    assert share == pytest.approx(0.36, abs=0.05)


def test_equal_weights_agree_with_counts(people: People) -> None:
    weighted = audit(weighted_of(people, np.full(len(people.sex), 3.0)))
    counted = audit(counts_of(people), n_replicates=4000)
    by_size = {"cohen_d", "2sd_rule"}
    for table in (weighted.compared, weighted.pairs, weighted.together, weighted.worst):
        not_weighted = table[table["metric"].isin(by_size)]
        assert set(not_weighted["metric"]) == by_size
        assert not_weighted[["value", "ci_low", "ci_high"]].isna().all(axis=None)
        assert set(not_weighted["reason"]) == {NOT_WEIGHTED}
    for ours, theirs in (
        (weighted.rates, counted.rates),
        (weighted.compared, counted.compared),
        (weighted.together, counted.together),
    ):
        ours, theirs = (
            table[~table["metric"].isin(by_size)].reset_index(drop=True) for table in (ours, theirs)
        )
        np.testing.assert_allclose(ours["value"], theirs["value"], rtol=1e-12)
        plain = theirs["metric"] != "disparate_impact"
        width, other = ((t["ci_high"] - t["ci_low"])[plain] for t in (ours, theirs))
        np.testing.assert_allclose(width, other, rtol=0.2)


def test_unequal_weights_know_less(people: People) -> None:
    weight = np.random.default_rng(0).lognormal(sigma=1.0, size=len(people.sex))
    ours = audit(weighted_of(people, weight)).rates
    even = audit(weighted_of(people, np.ones(len(weight)))).rates
    width, other = ((t["ci_high"] - t["ci_low"])[:8] for t in (ours, even))
    # Kish: by the root of 1 + the squared coefficient of variation, e for this σ.
    np.testing.assert_allclose(width / other, np.e**0.5, rtol=0.25)
    assert set(ours["method"]) == {"linearised"}


@given(st.floats(1e-6, 1e6))
@settings(max_examples=10)
def test_the_unit_of_the_weights_plays_no_part(unit: float) -> None:
    people = draw_people(0, 300)
    weight = np.random.default_rng(0).lognormal(size=300)
    one, other = (audit(weighted_of(people, w)) for w in (weight, weight * unit))
    columns = ["value", "ci_low", "ci_high"]
    for name in ("rates", "compared", "together", "worst"):
        np.testing.assert_allclose(
            getattr(one, name)[columns], getattr(other, name)[columns], rtol=1e-9, atol=1e-12
        )


def test_of_many_groups_those_with_most_rows_are_compared() -> None:
    values = tuple(f"group {i:02}" for i in range(MOST_COMPARED + 6))
    column = ProtectedColumn("job", values, values[:1], values[1:])
    table = np.full((len(values) + 1, 2, 2), 20)
    few = [3, 8, 9, 15, 28, 29]
    table[few] = 10
    found = audit(Counts((column,), table), n_replicates=20)
    assert found.rates["group"].nunique() == 1 + len(values) + 1  # (all), and "not group 00"
    compared = {*found.pairs["group_a"], *found.pairs["group_b"]}
    assert compared == {*values} - {values[place] for place in few}
    assert len(found.pairs) == len(BIAS_METRICS) * MOST_COMPARED * (MOST_COMPARED - 1) // 2


def test_performance_of_equal_weights_is_near_that_of_counts(people: People) -> None:
    by_name = []
    for counts in (counts_of(people), weighted_of(people, np.ones(len(people.sex)))):
        rates = audit(counts).rates
        by_name.append(rates[rates["protected"] == ""].set_index("metric"))
    for name in PERFORMANCE_METRICS:
        one, other = (found.loc[name] for found in by_name)
        assert one["value"] == pytest.approx(other["value"])
        for end in ("ci_low", "ci_high"):
            assert one[end] == pytest.approx(other[end], abs=0.003)
