"""Which model of a comparison is recommended, by its numbers on the validation rows."""

from __future__ import annotations

import math

import pytest

from fairrun.gate import Verdict
from fairrun.groups import ProtectedColumn
from fairrun.runs.ranking import Candidate, Ranking, rank, way_to_decide
from fairrun.sweep.objectives import Constraint, read_constraint

LIMIT = read_constraint("statistical_parity<=0.1", [])
PASS, FAIL, UNSURE = Verdict.PASS, Verdict.FAIL, Verdict.INSUFFICIENT_EVIDENCE


def model(
    name: str, accuracy: float, parity: float, verdict: Verdict | None, **more: float | str
) -> Candidate:
    effect = str(more.pop("effect", ""))
    metrics = {"accuracy": accuracy, "statistical_parity": parity, **more}
    return Candidate(name, metrics, verdict, effect)  # type: ignore[arg-type]


def names(candidates: list[Candidate], ranking: Ranking) -> list[str]:
    return [candidates[place].mitigator for place in ranking.order]


def ranked(*candidates: Candidate, constraint: Constraint | None = LIMIT) -> tuple[list[str], str]:
    found = rank(candidates, constraint)
    return names(list(candidates), found), found.because


def test_the_best_accuracy_wins_among_those_that_meet_the_constraint() -> None:
    order, because = ranked(
        model("none", 0.85, 0.19, FAIL),
        model("removed", 0.82, -0.01, PASS),
        model("thresholds", 0.84, 0.04, PASS),
        # The value meets the limit, and the interval does not.
        model("reweighed", 0.845, 0.09, UNSURE),
    )
    assert order == ["thresholds", "removed", "reweighed", "none"]
    assert because == (
        "its accuracy on validation is the best of the 2 models whose interval meets "
        "statistical_parity<=0.1"
    )


def test_the_nearest_to_parity_wins_if_none_meets_it() -> None:
    order, because = ranked(
        model("none", 0.85, 0.19, FAIL),
        model("far", 0.84, -0.2, FAIL),
        model("near", 0.80, -0.12, UNSURE),
        model("same to all", 0.75, 0.0, UNSURE, accuracy_over_majority=0.0),
    )
    assert order == ["near", "none", "far", "same to all"]
    assert because == (
        "no model's interval meets statistical_parity<=0.1 on validation, and its value -0.120 is "
        "the nearest to parity (1 trivial model left out)"
    )


@pytest.mark.parametrize("verdict", [PASS, FAIL])
def test_a_model_that_changes_nothing_is_behind_none(verdict: Verdict) -> None:
    """However the noise of a few labels falls."""
    order, _ = ranked(
        model("same", 0.851, 0.18, verdict, effect="no different from none"),
        model("worst", 0.80, 0.3, verdict),
        model("none", 0.85, 0.19, verdict),
    )
    assert order == ["none", "same", "worst"]


SAME = "no different from none"


def test_a_model_that_alone_meets_the_constraint_comes_first_also_if_it_changes_little() -> None:
    order, because = ranked(
        model("none", 0.85, 0.095, UNSURE), model("same", 0.85, 0.09, PASS, effect=SAME)
    )
    assert order == ["same", "none"]
    assert because == (
        "it is the only model whose interval meets statistical_parity<=0.1 on validation"
    )
    order, _ = ranked(
        model("none", 0.85, 0.09, PASS),
        model("same", 0.85, 0.095, UNSURE, effect=SAME),
        model("fair", 0.84, 0.0, PASS),
    )
    assert order == ["none", "fair", "same"]


@pytest.mark.parametrize("verdict", [PASS, FAIL, None])
def test_the_reason_does_not_count_a_better_model_that_is_placed_behind_none(
    verdict: Verdict | None,
) -> None:
    candidates = [
        model("none", 0.85, 0.19, verdict),
        model("same", 0.851, 0.18, verdict, effect=SAME),
        model("worst", 0.80, 0.3, verdict),
    ]
    found = rank(candidates, None if verdict is None else LIMIT)
    assert names(candidates, found) == ["none", "same", "worst"]
    assert found.because.endswith("(not counting same, no different from none)")
    assert found.rule.endswith("; a model that is no different from none directly behind it")


def test_a_constraint_about_performance_is_not_about_parity() -> None:
    limit = read_constraint("accuracy>=0.9", [])
    candidates = [model("none", 0.85, 0.19, FAIL), model("better", 0.86, 0.19, FAIL)]
    found = rank(candidates, limit)
    assert names(candidates, found) == ["better", "none"]
    assert "parity" not in found.rule + found.because
    assert found.because.endswith("its value 0.860 is the nearest to what the constraint allows")


def test_without_a_constraint_the_accuracy_decides() -> None:
    order, because = ranked(
        model("fair", 0.80, 0.0, None), model("none", 0.85, 0.19, None), constraint=None
    )
    assert order == ["none", "fair"]
    assert because == "its accuracy on validation is the best"


def test_a_value_that_is_not_shown_decides_nothing_and_is_not_told() -> None:
    order, because = ranked(model("a", 0.80, math.nan, UNSURE), model("b", 0.85, math.nan, UNSURE))
    assert order == ["b", "a"]
    assert "nan" not in because
    assert "nor is a value shown" in because


def test_several_terms_are_met_together() -> None:
    both = read_constraint("statistical_parity<=0.1; disparate_impact>=0.8", [])
    candidates = [
        model("a", 0.85, 0.02, UNSURE, disparate_impact=0.5),
        model("b", 0.80, 0.11, UNSURE, disparate_impact=0.85),
    ]
    found = rank(candidates, both)
    assert names(candidates, found) == ["b", "a"]
    assert "intervals meet statistical_parity<=0.1; disparate_impact>=0.8" in found.because
    assert "its values 0.110, 0.850 are the nearest to parity" in found.because


def test_a_pair_whose_group_has_too_few_rows_gets_a_constraint_that_can_be_decided() -> None:
    rare = ProtectedColumn("sex", ("m", "f", "x"), ("m",), ("f", "x"))
    limit = read_constraint("statistical_parity<=0.1; accuracy>=0.7", [rare])
    pair = {"accuracy": 0.8, "statistical_parity": 0.2}
    assert way_to_decide(pair, limit, None) == (
        "statistical_parity<=0.1 @ sex compares every two groups, and a group has too few rows; "
        "to compare only the privileged with the unprivileged group, give "
        "constraint='statistical_parity<=0.1 @ sex [privileged vs unprivileged]; accuracy>=0.7'"
    )
    assert not way_to_decide({**pair, "statistical_parity_worst": 0.3}, limit, None)
    assert not way_to_decide({"accuracy": 0.8}, limit, None)  # a declared group is too small, too
    assert not way_to_decide(pair, None, None)
