from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.data import Rows
from fairrun.gate import Verdict
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts
from fairrun.sweep.judge import out_of_reach, trial_judge
from fairrun.sweep.objectives import interval_keys, read_constraint
from fairrun.sweep.trial import TrialResult

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
CONSTRAINT = read_constraint("statistical_parity<=0.05", [SEX])


def make_counts(rows: int) -> Counts:
    """Return counts of two groups of so many rows, of which half have label 1 and are selected."""
    half = rows // 2
    return Counts((SEX,), [[[half, 0], [0, half]], [[half, 0], [0, half]], [[0, 0]] * 2])


def make_trial(high: float) -> TrialResult:
    limits = zip(interval_keys("statistical_parity"), (0.0, -0.01, high), strict=True)
    return TrialResult(0, {}, "complete", dict(limits))


@pytest.mark.parametrize(
    ("rows", "verdict"), [(200, Verdict.INSUFFICIENT_EVIDENCE), (20_000, Verdict.PASS)]
)
def test_a_trial_is_judged_by_its_counts_and_not_by_its_own_interval(
    rows: int, verdict: Verdict
) -> None:
    judge = trial_judge(CONSTRAINT, lambda _: make_counts(rows))
    assert judge is not None
    assert {judge(make_trial(high)) for high in (0.01, 0.06)} == {verdict}


def test_a_trial_without_counts_is_judged_by_its_own_interval() -> None:
    judge = trial_judge(CONSTRAINT, lambda _: None)
    assert judge is not None
    assert judge(make_trial(0.04)) is Verdict.PASS


@pytest.mark.parametrize(
    "term", ["roc_auc>=0.8", "brier_score<=0.2", "squared_calibration_error<=0.01"]
)
def test_counts_cannot_judge_a_term_about_scores(term: str) -> None:
    constraint = read_constraint(f"statistical_parity<=0.05; {term}", [SEX])
    assert trial_judge(constraint, lambda _: make_counts(20_000)) is None


def make_rows(n: int, cluster_size: int = 0) -> Rows:
    """Return rows of two groups, of which half have label 1, perhaps in clusters."""
    number = np.arange(n)
    frame = pd.DataFrame({"sex": np.array(["Male", "Female"], dtype=object)[number % 2]})
    cluster = number // cluster_size if cluster_size else None
    return Rows(frame, number // 2 % 2, cluster=cluster)


def test_a_constraint_is_out_of_reach_if_equal_groups_would_not_pass() -> None:
    odds = read_constraint("statistical_parity<=0.05; average_odds_difference<=0.05", [SEX])
    few = out_of_reach(odds, [SEX], make_rows(400))
    assert [each.term.metric.name for each in few] == [
        "statistical_parity",
        "average_odds_difference",
    ]
    assert out_of_reach(odds, [SEX], make_rows(40_000)) == ()
    # Terms about performance are not supposed to be met.
    assert out_of_reach(read_constraint("accuracy>=0.99", [SEX]), [SEX], make_rows(400)) == ()


def test_what_is_out_of_reach_names_no_number_of_few_rows() -> None:
    race = ProtectedColumn("race", ("W", "B", "I"), ("W",), ("B",))
    frame = pd.DataFrame({"race": np.array(["W", "B"] * 150 + ["I"] * 3, dtype=object)})
    rows = Rows(frame, np.arange(303) % 2)
    constraint = read_constraint("statistical_parity<=0.05 @ race", [race])
    exact = out_of_reach(constraint, [race], rows)
    assert any("has 3 rows" in str(each) for each in exact)
    shown = out_of_reach(constraint, [race], rows, min_cell=5)
    assert [each.verdict for each in shown] == [each.verdict for each in exact]
    assert all(each.reason.startswith("hidden") and each.n == 0 for each in shown)


def test_clusters_can_put_a_constraint_out_of_reach() -> None:
    """Rows of 8 clusters cannot show what as many independent rows can."""
    assert out_of_reach(CONSTRAINT, [SEX], make_rows(20_000, cluster_size=10)) == ()
    (found,) = out_of_reach(CONSTRAINT, [SEX], make_rows(20_000, cluster_size=2_500))[:1]
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert "cluster" in found.reason
