from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fairrun.errors import RequestError
from fairrun.gate import Verdict
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts
from fairrun.sweep.measure import measure_counts
from fairrun.sweep.objectives import interval_keys, parse_objectives, read_constraint
from fairrun.sweep.selection import knee, on_frontier, select
from fairrun.sweep.trial import State, TrialResult

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
AXES = parse_objectives("accuracy,statistical_parity", [SEX])
CONSTRAINT = read_constraint("statistical_parity<=0.05", [SEX])


def result(
    number: int,
    accuracy: float,
    parity: float,
    margin: float = 0.01,
    state: State = "complete",
) -> TrialResult:
    metrics = {}
    for key, value in (("accuracy", accuracy), ("statistical_parity", parity)):
        limits = (value, value - margin, value + margin)
        metrics |= dict(zip(interval_keys(key), limits, strict=True))
    return TrialResult(number, {"mitigator": "none"}, state, metrics)


RESULTS = [
    result(0, 0.86, 0.2),
    result(1, 0.84, -0.03),
    result(2, 0.85, 0.045),  # its interval reaches beyond 0.05
    result(3, 0.80, 0.0),
    result(4, 0.83, 0.04),
    result(5, 0.90, 0.0, state="pruned"),
    result(6, 0.90, 0.0, state="failed"),
]


def test_the_frontier_is_what_no_other_trial_beats() -> None:
    selection = select(RESULTS, AXES, None, "knee")
    assert selection.frontier == (3, 1, 2, 0)
    assert (selection.chosen, selection.rule, selection.verdict) == (2, "knee", None)


def test_the_constrained_choice_respects_the_interval() -> None:
    selection = select(RESULTS, AXES, CONSTRAINT, "constrained")
    assert (selection.chosen, selection.verdict) == (1, Verdict.PASS)
    # A knee is judged, too, but not chosen by it.
    assert select(RESULTS, AXES, CONSTRAINT, "knee").verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_if_none_meets_the_constraint_the_nearest_is_chosen_and_said_to_fail() -> None:
    selection = select(RESULTS[:1], AXES, CONSTRAINT, "constrained")
    assert (selection.chosen, selection.verdict) == (0, Verdict.FAIL)
    selection = select([RESULTS[0], RESULTS[2]], AXES, CONSTRAINT, "constrained")
    assert (selection.chosen, selection.verdict) == (2, Verdict.INSUFFICIENT_EVIDENCE)


def with_rate(trial: TrialResult, rate: float) -> TrialResult:
    return replace(trial, metrics={**trial.metrics, "selection_rate": rate})


def test_if_none_is_shown_to_meet_the_constraint_values_decide_and_not_narrow_intervals() -> None:
    narrow = result(0, 0.80, 0.06, margin=0.001)  # its interval reaches least far out
    trials = [narrow, result(1, 0.84, 0.03, margin=0.1), result(2, 0.82, 0.0, margin=0.1)]
    selection = select(trials, AXES, CONSTRAINT, "constrained")
    assert selection.chosen == 1  # the better accuracy of the two whose values meet it
    assert "no trial is shown to meet the constraint; it has the best accuracy" in selection.how


@pytest.mark.parametrize(
    ("rate", "gain", "why"),
    [(0.96, 0.1, "it selects 96.0 % of the rows"), (0.3, 0.0, "it is no more accurate than")],
)
def test_a_trivial_trial_is_chosen_only_if_all_are(rate: float, gain: float, why: str) -> None:
    trivial = with_rate(result(0, 0.90, 0.0, margin=0.06), rate)
    trivial.metrics["accuracy_over_majority"] = gain
    useful = with_rate(result(1, 0.84, 0.1, margin=0.06), 0.3)
    selection = select([trivial, useful], AXES, CONSTRAINT, "constrained")
    assert (selection.chosen, selection.trivial) == (1, "")
    assert "(1 of 2 trials left out as trivial: " in selection.how
    selection = select([trivial], AXES, CONSTRAINT, "constrained")
    assert selection.chosen == 0
    assert selection.trivial.startswith(why)
    assert "all trials are trivial (a trivial trial selects under 5 %" in selection.how


def test_with_200_rows_the_nearest_trial_is_not_one_that_selects_nearly_everybody() -> None:
    """So few rows cannot show any constraint; one trial of this simulation selects 98.5 %."""
    rng = np.random.default_rng(0)
    sex, score = np.arange(200) % 2, rng.normal(size=200)
    label = (score + rng.normal(size=200) > 0.8 * sex).astype(int)
    trials = []
    for number, threshold in enumerate(np.quantile(score - 0.4 * sex, np.linspace(0.015, 0.8, 9))):
        predicted = (score - 0.4 * sex >= threshold).astype(int)
        counts = Counts.from_arrays([SEX], [sex], label, predicted)
        trials.append(TrialResult(number, {}, "complete", measure_counts(counts)))
    assert trials[0].metrics["selection_rate"] == 0.985
    parity = [abs(each.metrics["statistical_parity"]) for each in trials]
    assert np.argmin(parity) == 0
    selection = select(trials, AXES, CONSTRAINT, "constrained")
    chosen = trials[selection.chosen].metrics
    assert 0.05 <= chosen["selection_rate"] <= 0.95
    assert chosen["accuracy_over_majority"] > 0
    assert "trials left out as trivial" in selection.how


def test_the_gate_judges_trials_near_the_edge_from_the_best_one_on() -> None:
    asked = []

    def judge(trial: TrialResult) -> Verdict:
        asked.append(trial.number)
        return Verdict.PASS if trial.number == 4 else Verdict.INSUFFICIENT_EVIDENCE

    selection = select(RESULTS, AXES, CONSTRAINT, "constrained", judge)
    assert (selection.chosen, selection.verdict) == (4, Verdict.PASS)
    # The interval of trial 2 reaches out by 0.005 and that of trial 0 by 0.16; 4 is judged twice.
    assert asked == [2, 1, 4, 4]


def test_of_equals_the_earliest_is_chosen() -> None:
    twins = [result(2, 0.8, 0.01), result(1, 0.8, 0.01)]
    for rule in ("constrained", "knee"):
        assert select(twins, AXES, CONSTRAINT, rule).chosen == 1  # type: ignore[arg-type]
        assert select(twins, AXES, CONSTRAINT, rule).frontier == (1,)  # type: ignore[arg-type]


def test_of_equally_accurate_trials_the_one_nearer_to_parity_is_chosen() -> None:
    beaten = [result(1, 0.8, 0.04), result(2, 0.8, 0.01), result(3, 0.8, 0.02)]
    for asked in (None, lambda trial: Verdict.PASS, lambda trial: Verdict.INSUFFICIENT_EVIDENCE):
        selection = select(beaten, AXES, CONSTRAINT, "constrained", asked)
        assert (selection.chosen, selection.frontier) == (2, (2,))


def test_without_a_complete_trial_there_is_no_choice() -> None:
    with pytest.raises(RequestError, match="no trial is complete"):
        select(RESULTS[5:], AXES, None, "knee")


@given(arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 4)))
def test_every_point_is_on_the_frontier_or_beaten_by_one_on_it(points: np.ndarray) -> None:
    kept = on_frontier(points)
    assert kept.any()
    for point in points[~kept]:
        assert (points[kept] >= point).all(axis=1).any()
    for i in np.flatnonzero(kept):
        others = np.delete(points, i, axis=0)
        beats = (others >= points[i]).all(axis=1) & (others > points[i]).any(axis=1)
        assert not beats.any()


def test_points_with_nothing_to_compare_are_on_no_frontier() -> None:
    assert on_frontier([[np.nan, 1.0], [0.0, 0.0]]).tolist() == [False, True]
    assert on_frontier([]).tolist() == []


def test_the_knee_is_the_same_in_any_units() -> None:
    points = np.array([[0.80, 0.0], [0.84, -0.02], [0.85, -0.2]])
    assert knee(points) == knee(points * [100, 0.01] + [7, 3]) == 1
    assert knee(points[:1]) == 0
