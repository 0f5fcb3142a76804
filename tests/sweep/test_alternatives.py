"""The search for a less discriminatory alternative, without a model and without MLflow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.groups import ProtectedColumn
from fairrun.metrics import compare_predictions
from fairrun.sweep.alternatives import (
    Alternative,
    Baseline,
    Compared,
    Finding,
    best_alternative,
    candidates_for,
    choose_baseline,
    confidence_of_each,
)
from fairrun.sweep.alternatives_said import (
    alternatives_table,
    answer,
    finding_in_words,
    how_compared,
    shown_table,
)
from fairrun.sweep.criteria import MARGIN, criteria_of
from fairrun.sweep.objectives import parse_objectives, read_constraint
from fairrun.sweep.paired import LabelledRows, compare_labels
from fairrun.sweep.trial import State, TrialResult

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
AXES = parse_objectives("accuracy,statistical_parity", [SEX])
CRITERIA = criteria_of(AXES, None, [SEX])
NONE = Baseline(0, "none", "the most accurate model without mitigation")


def trial(
    number: int, mitigator: str, accuracy: float, parity: float, state: State = "complete"
) -> TrialResult:
    metrics = {
        "accuracy": accuracy,
        "statistical_parity": parity,
        "selection_rate": 0.3,
        "accuracy_over_majority": accuracy - 0.7,
    }
    return TrialResult(number, {"mitigator": mitigator, "C": 1.0}, state, metrics)


def compared(low: float, high: float, baseline: float = 0.2) -> Compared:
    return Compared(baseline + (low + high) / 2, baseline, low, high)


def alternative(
    performance: Compared, *distances: Compared, number: int = 1, reads_group: bool = False
) -> Alternative:
    return Alternative(number, "reweighing", "C=1", reads_group, False, performance, distances)


limits = st.tuples(*[st.floats(-0.3, 0.3)] * 2).map(sorted)


@given(limits, st.lists(limits, min_size=1, max_size=3))
def test_yes_is_said_only_if_whole_intervals_show_it(
    performance: list[float], distances: list[list[float]]
) -> None:
    each = alternative(compared(*performance), *(compared(*ends) for ends in distances))
    nearer = distances[0][1] < 0
    as_good = performance[0] > -MARGIN
    others = all(high < MARGIN for _, high in distances[1:])
    assert (each.finding is Finding.ALTERNATIVE) == (nearer and as_good and others)
    said = answer(NONE, [each], CRITERIA, 100)
    assert said.startswith("Yes") == (each.finding is Finding.ALTERNATIVE)
    if distances[0][0] <= 0 <= distances[0][1]:
        assert said.startswith("Not shown")


@pytest.mark.parametrize(
    ("performance", "first", "finding"),
    [
        ((-0.02, -0.01), (-0.2, -0.1), Finding.WORSE),
        ((-0.02, 0.01), (-0.2, -0.1), Finding.UNDECIDED),
        ((-0.005, 0.01), (-0.2, 0.0), Finding.NOT_NEARER),
        ((-0.005, 0.01), (0.1, 0.2), Finding.FURTHER),
        ((-MARGIN, 0.01), (-0.2, -0.1), Finding.UNDECIDED),  # the margin itself is not within it
        ((math.nan, math.nan), (-0.2, -0.1), Finding.NOT_MEASURED),
        ((-0.005, 0.01), (math.nan, math.nan), Finding.NOT_MEASURED),
    ],
)
def test_what_is_found_otherwise(
    performance: tuple[float, float], first: tuple[float, float], finding: Finding
) -> None:
    assert alternative(compared(*performance), compared(*first)).finding is finding


@pytest.mark.parametrize("other", [(-0.1, 0.02), (math.nan, math.nan)])
def test_a_further_metric_must_not_be_further_from_parity(other: tuple[float, float]) -> None:
    each = alternative(compared(-0.005, 0.01), compared(-0.2, -0.1), compared(*other))
    assert each.finding is Finding.OTHER_METRIC


def test_the_baseline_is_the_most_accurate_model_without_mitigation() -> None:
    trials = {
        0: trial(0, "none", 0.84, 0.2),
        1: trial(1, "none", 0.85, 0.2),
        2: trial(2, "none", 0.85, 0.1),  # as accurate, and later
        3: trial(3, "reweighing", 0.90, 0.1),
        4: trial(4, "none", 0.95, 0.1, "failed"),
    }
    assert choose_baseline(trials, CRITERIA.performance) == replace(NONE, trial=1)
    mitigated = choose_baseline({3: trials[3]}, CRITERIA.performance)
    assert (mitigated.trial, "no model without mitigation" in mitigated.how) == (3, True)


def test_candidates_are_nearer_to_parity_as_accurate_and_not_trivial() -> None:
    trials = {
        0: trial(0, "none", 0.85, 0.2),
        1: trial(1, "reweighing", 0.845, 0.1),
        2: trial(2, "reweighing", 0.846, -0.05),
        3: trial(3, "reweighing", 0.846, 0.2),  # no nearer
        4: trial(4, "reweighing", 0.83, 0.1),  # not as accurate
        5: trial(5, "reweighing", 0.85, math.nan),  # sensitive data: not known
        6: trial(6, "reweighing", 0.845, 0.0),
    }
    trials[6].metrics["selection_rate"] = 0.01
    assert candidates_for(trials, trials, NONE, CRITERIA) == (2, 1, 5)
    assert candidates_for(trials, [0, 1], NONE, CRITERIA) == (1,)


def test_the_metrics_are_those_of_objectives_and_constraint() -> None:
    constraint = read_constraint(
        "statistical_parity<=0.1; disparate_impact>=0.8 @ race; accuracy>=0.8", [SEX, RACE]
    )
    criteria = criteria_of(AXES, constraint, [SEX, RACE])
    assert [each.key for each in criteria.distances] == [
        *("statistical_parity", "disparate_impact_worst/race")
    ]
    assert criteria.performance.key == "accuracy"
    axes = parse_objectives("roc_auc,balanced_accuracy", [SEX])
    criteria = criteria_of(axes, None, [SEX])
    assert criteria.performance.key == "balanced_accuracy"
    assert [each.key for each in criteria.distances] == ["statistical_parity"]
    assert criteria.as_good == "at least as good in balanced accuracy (within 0.01)"


def test_the_named_one_is_shown_to_shrink_the_distance_most() -> None:
    good = compared(-0.005, 0.01)
    found = [
        alternative(good, compared(-0.4, -0.01), number=1),
        alternative(good, compared(-0.1, -0.05), number=2, reads_group=True),
        alternative(compared(-0.1, 0.0), compared(-0.4, -0.3), number=3),
    ]
    best, without = best_alternative(found), best_alternative(found, without_group=True)
    assert (best, without) == (found[1], found[0])
    said = answer(NONE, found, CRITERIA, 9036)
    assert "trial 2 (reweighing) is less discriminatory than trial 0 (none)" in said
    assert "It reads a protected column in prediction." in said
    assert said.endswith("An alternative that does not is trial 1 (reweighing).")
    assert best_alternative(found[2:]) is None


def test_absence_of_evidence_is_said_as_such() -> None:
    unclear = alternative(compared(-0.05, 0.01), compared(-0.2, 0.01))
    said = answer(NONE, [unclear, unclear], CRITERIA, 500)
    assert "the 500 test rows do not show that any of the 2 candidates is" in said
    assert "This does not show that no such model exists" in said
    assert "This does not show that no such model exists" in answer(NONE, [], CRITERIA, 500)


def test_intervals_allow_for_the_number_of_candidates() -> None:
    assert confidence_of_each(4) == pytest.approx(1 - 0.05 / 4)
    assert "Bonferroni: 5 % / 4 for each" in how_compared(4, "this is look 2")
    assert "Bonferroni" not in how_compared(1, "")
    assert how_compared(4, "this is look 2").endswith(" This is look 2.")


@pytest.fixture(scope="module")
def people() -> tuple[LabelledRows, np.ndarray, np.ndarray]:
    """Rows, the labels of a baseline, and those of a candidate that selects more women."""
    rng = np.random.default_rng(0)
    sex, race, label = (
        rng.integers(2, size=4000),
        rng.integers(3, size=4000),
        rng.integers(2, size=4000),
    )
    baseline = np.where(rng.random(4000) < 0.85 - 0.2 * sex, label, 0)
    candidate = np.where((sex == 1) & (rng.random(4000) < 0.6), label, baseline)
    return LabelledRows((SEX, RACE), (sex, race), label), baseline, candidate


def test_the_intervals_are_those_of_a_comparison(
    people: tuple[LabelledRows, np.ndarray, np.ndarray],
) -> None:
    rows, baseline, candidate = people
    performance, (distance,) = compare_labels(
        rows.pair(candidate, baseline), CRITERIA, confidence=0.95, n_replicates=2000
    )
    found = compare_predictions([SEX], rows.positions[:1], rows.label, candidate, baseline)
    accuracy = found.of_metric("accuracy")
    assert [performance.value, performance.low, performance.high] == pytest.approx(
        accuracy[["value", "ci_low", "ci_high"]].tolist()
    )
    parity = found.distances.set_index("metric").loc["statistical_parity"]
    assert [distance.candidate, distance.baseline] == pytest.approx(
        [parity.model_a, parity.model_b]
    )
    assert [distance.low, distance.high] == pytest.approx([parity.ci_low, parity.ci_high], abs=0.01)
    assert alternative(performance, distance).finding is Finding.ALTERNATIVE
    assert alternative(*_swapped(rows, baseline, candidate)).finding is Finding.FURTHER


def _swapped(
    rows: LabelledRows, baseline: np.ndarray, candidate: np.ndarray
) -> tuple[Compared, Compared]:
    performance, (distance,) = compare_labels(
        rows.pair(baseline, candidate), CRITERIA, confidence=0.95
    )
    return performance, distance


def test_the_worst_pair_leaves_small_values_out_and_hides_few_rows(
    people: tuple[LabelledRows, np.ndarray, np.ndarray],
) -> None:
    rows, baseline, candidate = people
    criteria = criteria_of(
        parse_objectives("accuracy,statistical_parity @ race", [SEX, RACE]), None, []
    )
    race = rows.positions[1].copy()
    few = replace(rows, positions=(rows.positions[0], np.where(race == 2, 0, race)))
    few.positions[1][:20] = 2
    merged = replace(
        rows, positions=(rows.positions[0], np.where(few.positions[1] == 2, -1, few.positions[1]))
    )
    _, (of_few,) = compare_labels(few.pair(candidate, baseline), criteria, confidence=0.95)
    _, (of_two,) = compare_labels(merged.pair(candidate, baseline), criteria, confidence=0.95)
    assert (of_few.candidate, of_few.baseline) == (of_two.candidate, of_two.baseline)
    _, (of_three,) = compare_labels(rows.pair(candidate, baseline), criteria, confidence=0.95)
    assert of_three.low <= of_three.value <= of_three.high
    none_left = replace(rows, positions=(rows.positions[0], np.full(len(race), -1)))
    _, (missing,) = compare_labels(none_left.pair(candidate, baseline), criteria, confidence=0.95)
    assert missing.reason == "fewer than two groups have 30 rows in its rates"
    _, (hidden,) = compare_labels(
        rows.pair(candidate, baseline), CRITERIA, confidence=0.95, min_cell=5000
    )
    assert math.isnan(hidden.low)
    assert hidden.reason.startswith("hidden")


def test_rows_with_weights_and_clusters_have_wider_intervals(
    people: tuple[LabelledRows, np.ndarray, np.ndarray],
) -> None:
    rows, baseline, candidate = people
    plain, _ = compare_labels(rows.pair(candidate, baseline), CRITERIA, confidence=0.95)
    weight = np.random.default_rng(1).uniform(0.2, 3, len(rows.label))
    weighted = replace(rows, weight=weight)
    clustered = replace(rows, cluster=np.arange(len(rows.label)) // 8)
    for other in (weighted, clustered):
        found, (distance,) = compare_labels(
            other.pair(candidate, baseline), CRITERIA, confidence=0.95
        )
        assert found.high - found.low > plain.high - plain.low
        assert distance.high < 0


def test_the_tables_have_a_row_for_each_candidate() -> None:
    found = [
        alternative(compared(-0.005, 0.01, 0.8), compared(-0.2, -0.1), number=7),
        alternative(
            compared(-0.005, 0.01, 0.8), Compared(*[math.nan] * 4, reason="few rows"), number=8
        ),
    ]
    table = alternatives_table(NONE, found, CRITERIA)
    assert list(table["trial"]) == [7, 8]
    assert set(table["baseline"]) == {0}
    row = table.iloc[0]
    name = "distance_statistical_parity"
    assert row[f"{name}_change"] == pytest.approx(row[name] - row[f"{name}_baseline"])
    assert (row[f"{name}_change_ci_low"], row[f"{name}_change_ci_high"]) == (-0.2, -0.1)
    assert list(table["reason"]) == ["", "few rows"]
    assert list(shown_table(found, CRITERIA)["verdict"]) == list(table["verdict"])
    assert shown_table(found, CRITERIA)["change of distance, statistical parity"].tolist() == [
        *("-0.150 (-0.200 to -0.100)", "undefined")
    ]
    assert alternatives_table(NONE, [], CRITERIA).empty


def test_every_finding_has_words() -> None:
    words = [finding_in_words(finding, CRITERIA) for finding in Finding]
    assert len(set(words)) == len(Finding)
