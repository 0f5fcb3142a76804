from __future__ import annotations

import math

import pytest

from fairrun.errors import RequestError
from fairrun.gate import Verdict
from fairrun.groups import ProtectedColumn
from fairrun.sweep.objectives import (
    check_choice,
    interval_keys,
    parse_objectives,
    read_constraint,
)

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
COLUMNS = (SEX, RACE)


def metrics(key: str, value: float, low: float, high: float) -> dict[str, float]:
    return dict(zip(interval_keys(key), (value, low, high), strict=True))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("accuracy", "accuracy"),
        ("statistical_parity", "statistical_parity"),
        ("statistical_parity @ sex", "statistical_parity"),
        # Of several values the worst pair, as a gate has it.
        ("disparate_impact @ race", "disparate_impact_worst/race"),
        ("average_odds_difference@race:sex", "average_odds_difference_worst/sex:race"),
    ],
)
def test_an_objective_is_a_metric_by_its_name(text: str, key: str) -> None:
    (objective,) = parse_objectives(text, COLUMNS)
    assert objective.key == key


@pytest.mark.parametrize(
    ("text", "limits", "gain"),
    [
        ("accuracy", (0.8, 0.7, 0.9), (0.8, 0.7, 0.9)),
        ("brier_score", (0.2, 0.1, 0.3), (-0.2, -0.3, -0.1)),
        ("statistical_parity", (-0.2, -0.3, -0.1), (-0.2, -0.3, -0.1)),
        ("statistical_parity", (0.2, 0.1, 0.3), (-0.2, -0.3, -0.1)),
        ("statistical_parity", (0.0, -0.1, 0.2), (0.0, -0.2, 0.0)),
        ("disparate_impact", (2.0, 1.6, 2.5), (0.5, 0.4, 0.625)),
        ("disparate_impact", (0.5, 0.4, 0.625), (0.5, 0.4, 0.625)),
        ("disparate_impact", (1.0, 0.8, 2.0), (1.0, 0.5, 1.0)),
        ("disparate_impact", (0.0, 0.0, 0.1), (0.0, 0.0, 0.1)),
    ],
)
def test_a_gain_is_larger_where_it_is_better(
    text: str, limits: tuple[float, float, float], gain: tuple[float, float, float]
) -> None:
    (objective,) = parse_objectives(text, COLUMNS)
    assert objective.gain(metrics(objective.key, *limits)) == pytest.approx(gain)
    assert all(map(math.isnan, objective.gain({})))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acuracy", "did you mean accuracy"),
        ("selection_rate", "objective=selection_rate is not known"),
        ("accuracy,accuracy", "two different"),
        ("accuracy,f1,recall", "one metric or two"),
        ("accuracy @ sex", "leave @ out"),
        ("statistical_parity @ job", "the protected columns sex, race"),
    ],
)
def test_what_is_no_objective_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        parse_objectives(text, COLUMNS)


def test_a_constraint_holds_trials_to_their_whole_interval() -> None:
    constraint = read_constraint("statistical_parity<=0.1; accuracy>=0.7", COLUMNS)
    accurate = metrics("accuracy", 0.8, 0.75, 0.85)
    for limits, verdict, violation in [
        ((0.05, 0.02, 0.08), Verdict.PASS, -0.02),
        ((0.05, -0.01, 0.12), Verdict.INSUFFICIENT_EVIDENCE, 0.02),
        ((-0.2, -0.25, -0.15), Verdict.FAIL, 0.15),
    ]:
        found = metrics("statistical_parity", *limits) | accurate
        assert constraint.verdict(found) is verdict
        said = constraint.violations(found)
        assert said["statistical_parity<=0.1 @ sex"] == pytest.approx(violation)
        assert said["accuracy>=0.7"] == pytest.approx(-0.05)
    assert constraint.verdict(accurate) is Verdict.INSUFFICIENT_EVIDENCE
    assert max(constraint.violations({}).values()) == 10


def test_a_constraint_is_a_gate_about_the_first_column() -> None:
    constraint = read_constraint("disparate_impact>=0.8; disparate_impact>=0.8 @ race", COLUMNS)
    assert constraint.keys == ("disparate_impact", "disparate_impact_worst/race")
    assert str(constraint) == (
        "disparate_impact>=0.8 @ sex; disparate_impact>=0.8 @ race; min_count=30"
    )
    assert read_constraint(str(constraint), COLUMNS) == constraint


def test_a_constraint_about_the_declared_pair_reads_its_plain_name() -> None:
    text = "disparate_impact>=0.8 @ race [privileged vs unprivileged]; disparate_impact>=0.8 @ race"
    constraint = read_constraint(text, COLUMNS)
    assert constraint.keys == ("disparate_impact/race", "disparate_impact_worst/race")
    assert read_constraint(str(constraint), COLUMNS) == constraint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy>=0.8 @ sex", "leave @ out"),
        ("accuracy>=0.8 [privileged vs unprivileged]", "leave @ out, and the brackets"),
        ("abroca<=0.1", "cannot be about abroca"),
        ("roc_auc_difference<=0.1", "cannot be about roc_auc_difference"),
        ("nothing", "is not a term of a gate"),
        ("statistical_parity<=0.1 @ rage", "term statistical_parity<=0.1 @ rage names 'rage'"),
    ],
)
def test_what_is_no_constraint_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        read_constraint(text, COLUMNS)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (("acuracy", None, None), "objective=acuracy is not known; did you mean accuracy"),
        (("accuracy @ sex", None, None), "leave @ out"),
        (("accuracy", "statistical_party<=0.1", None), "did you mean statistical_parity"),
        (("accuracy", None, "constrained"), "select=constrained needs a constraint"),
    ],
)
def test_a_choice_is_checked_without_data(
    choice: tuple[str, str | None, str | None], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        check_choice(*choice)


def test_a_choice_is_not_refused_for_columns_that_are_not_known_yet() -> None:
    check_choice("statistical_parity, statistical_parity @ race", "accuracy>=0.7 ", "constrained")
    check_choice("accuracy", "statistical_parity<=0.1 @ race", None)
