"""Differences between two models on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    ModelDifferences,
    PairedCounts,
    audit,
    clopper_pearson_limits,
    compare_models,
    compare_predictions,
    compare_with_none,
    normal_quantile,
)
from fairrun.metrics.scores import paired_roc_auc_difference
from tests.metrics.samples import COLUMNS, SEX, People, draw_people, tables


def other_labels(people: People, threshold: float) -> Any:
    return (people.probability > threshold).astype(int)


def paired(people: People, threshold: float) -> PairedCounts:
    other = other_labels(people, threshold)
    return PairedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, other)


def compare(people: People, threshold: float, **more: Any) -> ModelDifferences:
    arrays = (people.y_true, people.y_pred, other_labels(people, threshold))
    return compare_predictions(COLUMNS, people.codes, *arrays, n_replicates=200, **more)


def half_widths(found: ModelDifferences) -> Any:
    rates = found.rates
    return ((rates["ci_high"] - rates["ci_low"]) / 2).to_numpy()


def test_values_are_the_differences_of_the_models_own() -> None:
    counts = paired(draw_people(0), 0.5)
    found = compare_models(counts, n_replicates=200)
    a, b = (audit(counts.model(which), n_replicates=2) for which in "ab")
    np.testing.assert_allclose(
        found.compared["value"], a.compared["value"] - b.compared["value"], atol=1e-12
    )
    # base_rate does not depend on the model; four performance metrics are of all rows alone.
    assert len(found.rates) == (len(GROUP_RATES) - 1) * (1 + 2 + 3 + 6) + 4
    assert len(found.compared) == len(BIAS_METRICS) * 3
    signed = found.compared["metric"] != "four_fifths_rule"
    for table in (found.rates, found.compared[signed], found.distances):
        assert (table["ci_low"] <= table["value"]).all()
        assert (table["value"] <= table["ci_high"]).all()


def test_what_models_have_in_common_cancels() -> None:
    counts = paired(draw_people(0, 20_000), 0.55)
    difference = compare_models(counts, n_replicates=1000).compared.iloc[0]
    alone = audit(counts.model("a"), n_replicates=1000).compared.iloc[0]
    widths = [row["ci_high"] - row["ci_low"] for row in (difference, alone)]
    assert widths[0] < 0.6 * widths[1]


@pytest.mark.parametrize("n", [50, 500])
def test_models_that_never_differ_are_not_known_to_be_equal(n: int) -> None:
    counts = paired(draw_people(0, n), 0.6)
    found = compare_models(counts, n_replicates=1000)
    assert (found.rates["value"].dropna() == 0).all()
    rate = found.of_metric("selection_rate")
    # Of n rows, about 3 / n may differ: the rule of three.
    assert 0.5 / n < rate["ci_high"] < 6 / n
    assert rate["ci_low"] == -rate["ci_high"]


def test_no_rows_are_nan() -> None:
    found = compare_models(paired(draw_people(0, 0), 0.5), n_replicates=10)
    assert found.rates["value"].isna().all()
    assert found.compared[["value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert (found.rates["reason"] != "").all()
    assert (found.compared["reason"] != "").all()


@settings(max_examples=15)
@given(table=tables(3, 2, 2, 2), seed=st.integers(0, 5))
def test_exchanging_the_models_changes_the_signs_alone(table: Any, seed: int) -> None:
    one = compare_models(PairedCounts((SEX,), table), n_replicates=20, seed=seed)
    swapped = PairedCounts((SEX,), table.swapaxes(-1, -2))
    other = compare_models(swapped, n_replicates=20, seed=seed)
    for name in ("rates", "compared", "distances"):
        a, b = one.tables[name], other.tables[name]
        for ours, theirs in (("value", "value"), ("ci_low", "ci_high"), ("ci_high", "ci_low")):
            np.testing.assert_array_equal(a[ours], -b[theirs])
        np.testing.assert_array_equal(a["model_a"], b["model_b"])
        assert a["reason"].tolist() == b["reason"].tolist()
    assert one.changed["changed"].sum() == other.changed["changed"].sum()


def test_large_samples_have_the_interval_of_mcnemars_test() -> None:
    people = draw_people(1, 200_000)
    other = other_labels(people, 0.5)
    found = compare(people, 0.5).of_metric("accuracy")
    each = (people.y_pred == people.y_true).astype(int) - (other == people.y_true)
    error = each.std() / np.sqrt(len(each))
    half = normal_quantile(0.95) * error
    assert found["value"] == pytest.approx(each.mean(), abs=1e-12)
    assert found["ci_low"] == pytest.approx(each.mean() - half, abs=0.02 * half)
    assert found["ci_high"] == pytest.approx(each.mean() + half, abs=0.02 * half)


def test_models_that_differ_in_one_direction_have_exact_outer_limits() -> None:
    # Model A selects 7 rows of 100 that model B does not select.
    table = np.zeros((3, 2, 2, 2), dtype=int)
    table[0, 0] = [[60, 0], [7, 33]]
    found = compare_models(PairedCounts((SEX,), table), n_replicates=10)
    row = found.of_metric("selection_rate", "sex", "Male")
    low, high = clopper_pearson_limits(np.array(7), np.array(100), 0.025)
    assert row["value"] == pytest.approx(0.07)
    assert row["ci_high"] == pytest.approx(high, abs=1e-12)
    assert 0 < row["ci_low"] < low  # B may have rows of its own that were not seen


def test_equal_weights_change_nothing() -> None:
    people = draw_people(2)
    without, with_weights = compare(people, 0.5), compare(people, 0.5, weight=np.full(2000, 3.0))
    for name in ("rates", "distances"):
        a, b = without.tables[name], with_weights.tables[name]
        columns = ["model_a", "model_b", "value", "ci_low", "ci_high"]
        np.testing.assert_allclose(a[columns], b[columns], atol=1e-9)
    np.testing.assert_allclose(without.changed["share"], with_weights.changed["share"])


def test_a_row_of_weight_0_does_not_count() -> None:
    people = draw_people(3)
    weight = np.random.default_rng(0).gamma(4, size=2000)
    weight[1000:] = 0
    found = compare(people, 0.5, weight=weight).rates["value"]
    half = people.take(slice(0, 1000))
    expected = compare(half, 0.5, weight=weight[:1000]).rates["value"]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_metrics_that_sums_of_weights_do_not_have_are_left_out_with_the_reason() -> None:
    table = compare(draw_people(0), 0.5, weight=np.ones(2000)).compared.set_index("metric")
    assert table.loc["cohen_d", "value"].isna().all()
    assert table.loc["cohen_d", "reason"].ne("").all()


def test_rows_that_are_all_doubled_are_not_twice_the_evidence() -> None:
    people = draw_people(4, 3000)
    twice = people.take(np.repeat(np.arange(3000), 2))
    alone = half_widths(compare(people, 0.5))
    doubled = half_widths(compare(twice, 0.5))
    by_cluster = half_widths(compare(twice, 0.5, cluster=np.repeat(np.arange(3000), 2)))
    some = alone > 0
    assert np.median(doubled[some] / alone[some]) == pytest.approx(np.sqrt(0.5), abs=0.05)
    assert np.median(by_cluster[some] / alone[some]) == pytest.approx(1, abs=0.06)


def test_few_clusters_have_no_interval() -> None:
    found = compare(draw_people(0), 0.5, cluster=np.arange(2000) % 7)
    assert found.rates["ci_low"].isna().all()
    assert found.rates["reason"].iloc[0] == "the rows are in 7 clusters; an interval needs 10"


def test_without_labels_only_predictions_are_compared() -> None:
    people = draw_people(5)
    other = other_labels(people, 0.5)
    found = compare_predictions(COLUMNS, people.codes, None, people.y_pred, other)
    labelled = compare_predictions(COLUMNS, people.codes, people.y_true, people.y_pred, other)
    assert set(found.rates["metric"]) == {"selection_rate"}
    assert set(found.changed["label"]) == {"any"}
    for name in ("rates", "compared", "distances"):
        about = [c for c in ("protected", "group", "group_a", "metric") if c in found.tables[name]]
        both = labelled.tables[name].merge(found.tables[name], on=about, suffixes=("", "_without"))
        assert len(both) == len(found.tables[name])
        for column in ("value", "ci_low", "ci_high"):
            np.testing.assert_array_equal(both[column], both[f"{column}_without"])


def test_scores_are_compared_with_delongs_paired_interval() -> None:
    people = draw_people(6)
    noisy = np.clip(people.probability + np.random.default_rng(0).normal(0, 0.1, 2000), 0, 1)
    scores = {"probability_a": people.probability, "probability_b": noisy}
    found = compare(people, 0.5, **scores)
    row = found.of_metric("roc_auc")
    expected = paired_roc_auc_difference(people.y_true, people.probability, noisy)
    limits = ["value", "ci_low", "ci_high"]
    np.testing.assert_allclose(row[limits].astype(float), expected, rtol=1e-9)
    equal = compare(people, 0.5, weight=np.full(2000, 2.0), **scores).of_metric("roc_auc")
    np.testing.assert_allclose(equal[["value", "ci_low", "ci_high"]].astype(float), expected)
    brier = found.of_metric("brier_score")
    squares = (people.probability - people.y_true) ** 2 - (noisy - people.y_true) ** 2
    assert brier["value"] == pytest.approx(squares.mean())
    half = normal_quantile(0.95) * squares.std(ddof=1) / np.sqrt(2000)
    assert brier["ci_high"] - brier["value"] == pytest.approx(half)


def test_main_says_of_none_what_a_comparison_says() -> None:
    people = draw_people(7)
    other = other_labels(people, 0.5)
    effect = compare_with_none(SEX, people.sex, people.y_true, people.y_pred, other).metrics
    found = compare_predictions(COLUMNS, people.codes, people.y_true, people.y_pred, other)
    accuracy = found.of_metric("accuracy")
    rows = found.distances.query("protected == 'sex' and metric == 'statistical_parity'")
    for name, row in (("accuracy_over_none", accuracy), ("distance_over_none", rows.iloc[0])):
        ours = [effect[name], effect[f"{name}_ci_low"], effect[f"{name}_ci_high"]]
        assert ours == row[["value", "ci_low", "ci_high"]].tolist()
    changed = found.changed.query("protected == '' and label == 'any'")["share"].sum()
    assert effect["labels_changed"] == pytest.approx(changed)


@pytest.mark.parametrize("differing", [0.05, 0.3])
def test_the_distance_from_parity_covers_at_parity(differing: float) -> None:
    """A percentile interval of a difference of absolute values does not."""
    rng, held, simulations = np.random.default_rng(0), 0, 100
    for _ in range(simulations):
        group = np.repeat([0, 1], 300)
        a = (rng.random(600) < 0.3).astype(int)
        b = np.where(rng.random(600) < differing, (rng.random(600) < 0.3).astype(int), a)
        found = compare_predictions([SEX], [group], None, a, b, n_replicates=200)
        row = found.distances.iloc[0]
        held += row["ci_low"] <= 0 <= row["ci_high"]
    assert held / simulations > 0.91
