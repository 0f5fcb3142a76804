from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.gate import Gate, decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    MARGINAL,
    Evaluation,
    evaluate_predictions,
    four_fifths_table,
    hidden_groups,
    show,
    shown_confusion,
)
from fairrun.metrics.audit import audit
from fairrun.metrics.counts import Counts

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Inuit"), ("White",), ("Black", "Inuit"))


@pytest.fixture(scope="module")
def exact() -> Evaluation:
    """400 rows, of which one is an Inuit's, who is selected."""
    rng = np.random.default_rng(0)
    sex, race = rng.integers(0, 2, 400), rng.choice([0, 1], 400, p=[0.7, 0.3])
    race[0] = 2
    score = rng.random(400)
    score[0] = 0.99
    label = (rng.random(400) < score).astype(int)
    return evaluate_predictions([SEX, RACE], [sex, race], label, score > 0.6, score)


@pytest.fixture(scope="module")
def shown(exact: Evaluation) -> Evaluation:
    return show(exact, hidden_groups(exact.counts))


def test_a_group_of_one_is_in_no_table(exact: Evaluation, shown: Evaluation) -> None:
    rates = shown.audit.rates
    of_one = rates[rates["group"] == "Inuit"]
    assert len(of_one) == len(exact.audit.rates[exact.audit.rates["group"] == "Inuit"])
    assert of_one[["n", "value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert set(of_one["reason"]) == {"hidden: fewer than 5 rows"}
    black = rates[rates["group"] == "Black"]
    assert black["value"].isna().all()
    assert set(black["reason"]) == {"hidden: it would give away a group with fewer than 5 rows"}
    # What everybody looks at first stays.
    compared = shown.audit.compared
    pd.testing.assert_frame_equal(
        compared[compared["protected"] == "race"],
        exact.audit.compared[exact.audit.compared["protected"] == "race"],
    )
    for table in (shown.audit.pairs, shown.audit.together):
        about = table[["group_a", "group_b"]].isin(["Inuit", "Black"]).any(axis=1)
        assert table.loc[about & (table["protected"] == "race"), "value"].isna().all()
    for table in shown.impact_audits.values():
        group = table.get("group", table.get("category"))
        row = table[group == "Inuit"]
        assert row.select_dtypes("number").isna().all(axis=None)


def test_no_hidden_number_is_left_in_the_metrics(exact: Evaluation, shown: Evaluation) -> None:
    assert exact.metrics["disparate_impact_worst/race"] < 1
    assert list(shown.metrics) == list(exact.metrics)
    # The only pair of races that is left would be White against itself.
    assert np.isnan(shown.metrics["disparate_impact_worst/race"])
    assert shown.metrics["disparate_impact/race"] == exact.metrics["disparate_impact/race"]
    assert shown.metrics["disparate_impact_worst"] == exact.metrics["disparate_impact_worst"]


def test_the_worst_pair_is_one_of_those_shown() -> None:
    table = [[[40, 10], [20, 30]], [[50, 10], [30, 10]], [[60, 30], [20, 30]], [[1, 0], [1, 0]]]
    race = ProtectedColumn("race", ("A", "B", "C", "D"), ("A",), ("B", "C", "D"))
    counts = Counts((race,), [*table, [[0, 0], [0, 0]]])
    audited = audit(counts, n_replicates=50)
    whole = Evaluation({}, counts, None, audited, {}, None)  # type: ignore[arg-type]
    shown = show(whole, hidden_groups(counts)).audit
    worst = shown.worst.set_index("metric")
    together = shown.together.dropna(subset="value").set_index("metric")
    assert {*together["group_a"], *together["group_b"]} < {"A", "B", "C", "D"}
    for name, metric in BIAS_METRICS.items():
        values = together["value"].loc[[name]]
        expected = values.min() if metric.reference == 1 else values.max()
        assert worst.loc[name, "value"] == expected
        assert "D" not in (worst.loc[name, "group_a"], worst.loc[name, "group_b"])
    before = audited.worst.set_index("metric").loc["disparate_impact"]
    assert before["value"] == 0


def test_few_rows_of_a_label_hide_what_depends_on_it() -> None:
    few = [[60, 37], [1, 2]]
    counts = Counts((SEX,), [[[50, 50], [50, 50]], few, [[0, 0], [0, 0]]])
    whole = Evaluation({}, counts, None, audit(counts, n_replicates=50), {}, None)  # type: ignore[arg-type]
    shown = show(whole, hidden_groups(counts))
    rates = shown.audit.rates.set_index(["group", "metric"])["value"]
    assert rates["Female", "selection_rate"] == 0.39
    assert rates["Female", "base_rate"] == 0.03
    assert np.isnan(rates["Female", "true_positive_rate"])
    assert np.isnan(rates["Male", "true_positive_rate"])
    assert np.isfinite(rates["(all)", "true_positive_rate"])
    compared = shown.audit.compared.set_index("metric")["value"]
    assert np.isfinite(compared["disparate_impact"])
    assert np.isnan(compared["equality_of_opportunity_difference"])
    confusion = shown_confusion(shown).set_index("group")
    assert confusion["n"].tolist() == [200, 100, 0]
    assert confusion.loc["Female", "true_positives"] is pd.NA
    assert confusion.loc["Female", "reason"].startswith("hidden: fewer than 5 rows with one label")


def test_nothing_changes_if_no_group_is_small() -> None:
    rng = np.random.default_rng(1)
    sex, score = rng.integers(0, 2, 300), rng.random(300)
    exact = evaluate_predictions([SEX], [sex], (rng.random(300) < score), score > 0.5, score)
    shown = show(exact, hidden_groups(exact.counts))
    assert shown.audit is exact.audit
    assert shown.metrics is exact.metrics


def test_a_group_of_one_is_not_the_highest_rate_of_the_four_fifths_rule() -> None:
    table = [[[100, 100], [0, 0]], [[110, 90], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [0, 0]]]
    counts = Counts((RACE,), table)
    found = four_fifths_table(counts, audit(counts, n_replicates=50)).set_index("group")
    assert set(found["highest_group"]) == {"White"}
    assert found["impact_ratio"].tolist() == pytest.approx([1, 0.9, 2])
    assert found.loc["Black", "ratio_ci_low"] < 0.9 < found.loc["Black", "ratio_ci_high"]
    assert found["below_four_fifths"].tolist() == [False, False, None]
    assert found.loc["Inuit", "reason"] == "not judged: under 2 % of the rows"
    # Five of 100 are 2 %, but not 30 rows.
    counts = Counts((RACE,), [[[48, 47], [0, 0]], [[0, 5], [0, 0]], [[0, 0]] * 2, [[0, 0]] * 2])
    found = four_fifths_table(counts, audit(counts, n_replicates=50)).set_index("group")
    assert set(found["highest_group"]) == {"White"}
    assert not found.loc["Black", "below_four_fifths"]
    none = four_fifths_table(counts, audit(counts, n_replicates=50), min_count=200)
    assert set(none["highest_group"]) == {""}
    assert none["impact_ratio"].isna().all()
    assert "no group has 2 % of the rows and 200 rows" in none["reason"][0]


def _shown_of(outcome: tuple[int, int, float], weighted: bool) -> dict[str, pd.DataFrame]:
    """Return what is shown if a group of one has this outcome, and a woman has 1, 1 and 0.9."""
    sexes = ProtectedColumn("sex", ("Male", "Female", "X"), ("Male",), ("Female", "X"))
    rng = np.random.default_rng(0)
    sex, score = np.r_[2, 1, rng.integers(0, 2, 300)], np.r_[0, 0.9, rng.random(300)]
    label, weight = (rng.random(302) < score).astype(int), np.r_[1, 1, rng.uniform(1, 2, 300)]
    label[0], predicted, score[0] = outcome[0], (score > 0.6).astype(int), outcome[2]
    label[1], predicted[0] = 1, outcome[1]
    if outcome == (1, 1, 0.9):  # The other way round, so that all sums are equal.
        label[1], predicted[1], score[1] = 0, 0, 0.1
    found = evaluate_predictions(
        [sexes], [sex], label, predicted, score, weight=weight if weighted else None
    )
    gate = Gate.parse("disparate_impact>=0.8; statistical_parity<=0.1; min_count=1")
    hidden = hidden_groups(found.counts)
    result = decide(gate, found.counts, found.audit).shown(hidden)
    shown = show(found, hidden)
    tables = shown.audit.tables | shown.impact_audits | {"gate": result.table}
    return tables | {"confusion": shown_confusion(shown)}


@pytest.mark.parametrize("weighted", [False, True])
def test_the_outcome_of_a_group_of_one_changes_nothing_that_is_shown(weighted: bool) -> None:
    # The order of two groups told which of them has the higher rate, and so whether a group of one
    # is selected. So did the name of the most selected group, and that of the worst pair of a gate.
    one, other = (_shown_of(each, weighted) for each in [(0, 0, 0.1), (1, 1, 0.9)])
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], rtol=1e-9, obj=name)
    assert not weighted or "local_law_144" not in one
    assert one["four_fifths"]["highest_group"].unique().tolist() == ["Male"]


def test_ratios_of_local_law_144_compare_with_the_categories_that_are_shown() -> None:
    # The one Inuit is selected, so that Inuit has the highest rate; Black is hidden with Inuit.
    rng = np.random.default_rng(0)
    race = np.repeat([0, 1, 2], [100, 100, 1])
    predicted = np.r_[np.arange(100) < 50, np.arange(100) < 40, True]
    label, score = rng.integers(0, 2, 201), rng.random(201)
    found = evaluate_predictions([RACE], [race], label, predicted, score)
    law = show(found, hidden_groups(found.counts)).impact_audits["local_law_144"]
    law = law[law["basis"] == "selection"].set_index("category")
    assert law["impact_ratio"].tolist()[:1] == [1]
    assert law["impact_ratio"].isna().tolist() == [False, True, True, True]
    assert law.loc["White", "note"].endswith("the highest rate of the categories that are shown")


@pytest.mark.parametrize("seed", range(4))
def test_a_comparison_is_shown_only_if_both_groups_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.poisson(rng.choice([0.3, 2, 20], size=(3, 4, 1, 1)), size=(3, 4, 2, 2))
    counts = Counts((SEX, RACE), table)
    hidden = hidden_groups(counts)
    whole = Evaluation({}, counts, None, audit(counts, n_replicates=50), {}, None)  # type: ignore[arg-type]
    shown = show(whole, hidden).audit
    assert hidden.small
    assert hidden.joint >= hidden.groups
    n_shown = 0
    for found in (shown.compared, shown.pairs, shown.together, shown.worst):
        for row in found[found["value"].notna()].to_dict("records"):
            groups = {(row["protected"], row[name]) for name in ("group_a", "group_b")}
            assert not groups & (hidden.groups if row["metric"] in MARGINAL else hidden.joint)
            n_shown += 1
    assert n_shown > 20
    exact = whole.audit.rates.set_index(["protected", "group", "metric"])["value"]
    for key, value in shown.rates.set_index(["protected", "group", "metric"])["value"].items():
        gone = hidden.groups if key[2] in MARGINAL else hidden.joint
        assert np.isnan(value) if key[:2] in gone else (value == exact[key] or np.isnan(exact[key]))
