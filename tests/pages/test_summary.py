"""The first sentences of a report, for many kinds of evaluation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fairrun.gate import GateResult, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions, hidden_groups, show
from fairrun.pages.summary import summary

#: Names as data have them: each must read well.
NAMES = (("sex", "Male", "Female"), ("age", ">=40", "<40"), ("a: b", "not White", "no, thanks."))


def evaluated(
    *groups: tuple[int, int], names: tuple[str, ...] = NAMES[0], weight: object = None
) -> Evaluation:
    """Return an evaluation of groups with so many rows, of which so many are selected."""
    column, *values = names
    values += [f"other {i}" for i in range(len(groups) - len(values))]
    code = np.repeat(np.arange(len(groups)), [n for n, _ in groups])
    label = np.concatenate([np.arange(n) < selected for n, selected in groups]).astype(int)
    protected = ProtectedColumn(column, tuple(values), (values[0],), tuple(values[1:]))
    actual = np.arange(len(code)) % 2
    return evaluate_predictions([protected], [code], actual, label, label * 0.5, weight=weight)


def judged(evaluation: Evaluation, gate: str) -> GateResult:
    return decide(parse_gate(gate), evaluation.counts, evaluation.audit).shown(evaluation.hidden)


def test_the_ratio_is_said_from_the_group_that_is_selected_more_often() -> None:
    (said,) = summary(evaluated((1000, 340), (1000, 200)))
    assert said.startswith(
        "The group “Male” (sex) is selected 1.7 times as often as “Female” (34.0 % against 20.0 % "
        "of their rows). The 95 % interval of the ratio is 1.5 to "
    )
    assert "gate" not in said
    (turned,) = summary(evaluated((1000, 200), (1000, 340)))
    assert turned == said.replace("Male", "?").replace("Female", "Male").replace("?", "Female")


def test_the_gate_says_what_it_allows() -> None:
    evaluation = evaluated((1000, 340), (1000, 200))
    (said,) = summary(evaluation, judged(evaluation, "disparate_impact>=0.8; accuracy>=0.1"))
    assert said.endswith(" The gate allows a ratio of at most 1.25.")
    strict = "disparate_impact>=0.5; disparate_impact>=0.9 @ sex"
    assert summary(evaluation, judged(evaluation, strict))[0].endswith("at most 1.1111.")
    (said,) = summary(evaluation, judged(evaluation, "accuracy>=0.1"))
    assert said.endswith(" The gate has no limit for this.")


def test_a_gate_on_the_difference_gets_the_difference() -> None:
    evaluation = evaluated((1000, 200), (1000, 340))
    (said,) = summary(evaluation, judged(evaluation, "statistical_parity<=0.1"))
    assert said.startswith(
        "The group “Female” (sex) is selected more often than “Male” (34.0 % against 20.0 % of "
        "their rows), a difference of 14.0 percentage points. The 95 % interval of the difference "
    )
    assert said.endswith("The gate allows a difference of at most 10 percentage points.")


def test_of_several_groups_the_pair_that_the_gate_judges_is_said() -> None:
    evaluation = evaluated((1000, 340), (1000, 300), (1000, 100))
    (said,) = summary(evaluation, judged(evaluation, "disparate_impact>=0.8"))
    assert said.startswith(
        "Of the groups of sex that the gate compares, “Male” and “other 0” differ most: “Male” is "
        "selected 3.4 times as often as “other 0” (34.0 % against 10.0 % of their rows)."
    )
    (said,) = summary(evaluation)
    assert said.startswith("The group “Male” (sex) is selected 1.7 times as often as “not Male”")


def test_what_the_rows_do_not_show_is_said() -> None:
    (said,) = summary(evaluated((100, 31), (100, 30)))
    assert "1.03 times as often" in said
    assert said.endswith(
        "It includes 1, so these rows do not show that one group is selected more often."
    )
    (said,) = summary(evaluated((100, 30), (100, 30)))
    assert "is selected as often as “Female”" in said


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (
            [(50, 20), (50, 0)],
            "No row of the group “Female” (sex) is selected, against 40.0 % of the rows of the "
            "group “Male”.",
        ),
        (
            [(50, 0), (50, 20)],
            "No row of the group “Male” (sex) is selected, against 40.0 % of the rows of the "
            "group “Female”.",
        ),
        ([(50, 0), (50, 0)], "No row of the groups “Male” and “Female” (sex) is selected."),
        (
            [(50, 20), (0, 0)],
            "The groups “Male” and “Female” (sex) cannot be compared: no row of Female.",
        ),
    ],
)
def test_a_ratio_that_is_not_defined(groups: list[tuple[int, int]], words: str) -> None:
    evaluation = evaluated(*groups)
    assert summary(evaluation)[0].startswith(words)
    (said,) = summary(evaluation, judged(evaluation, "disparate_impact>=0.8"))
    assert said.startswith(words)
    assert said.endswith("The gate allows a ratio of at most 1.25.")


def test_what_is_not_shown_is_not_said() -> None:
    evaluation = evaluated((100, 40), (3, 2))
    hidden = show(evaluation, hidden_groups(evaluation.counts, 5))
    (said,) = summary(hidden, judged(hidden, "disparate_impact>=0.8"))
    assert said == (
        "How often the groups “Male” and “Female” (sex) are selected is not shown: fewer than 5 "
        "rows. The gate allows a ratio of at most 1.25."
    )


def test_a_crossing_is_said_if_the_gate_limits_it() -> None:
    columns = [ProtectedColumn(f"c{i}", ("x", "y"), ("x",), ("y",)) for i in range(2)]
    codes = [np.arange(400) // (i + 1) % 2 for i in range(2)]
    label = np.where(codes[0] + codes[1] == 2, 0, np.arange(400) % 3 % 2)
    evaluation = evaluate_predictions(columns, codes, label, label, label * 0.5)
    assert len(summary(evaluation)) == 2
    *_, said = summary(evaluation, judged(evaluation, "disparate_impact>=0.8 @ c0:c1"))
    assert said.startswith("No row of the group “y:y” (c0:c1) is selected, against ")
    assert said.endswith("The gate allows a ratio of at most 1.25.")


def test_of_many_columns_three_are_said_and_the_others_counted() -> None:
    columns = [ProtectedColumn(f"c{i}", ("x", "y"), ("x",), ("y",)) for i in range(4)]
    codes = [np.arange(40) // (i + 1) % 2 for i in range(4)]
    label = np.arange(40) % 3 % 2
    said = summary(evaluate_predictions(columns, codes, label, label, label * 0.5))
    assert len(said) == 4
    assert said[-1] == "Comparisons by 1 more protected column are below."


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("gate", [None, "disparate_impact>=0.8", "statistical_parity<=0.1"])
@pytest.mark.parametrize("min_cell", [1, 10])
def test_sentences_are_whole_and_their_numbers_agree_with_the_verdict(
    names: tuple[str, ...], gate: str | None, min_cell: int
) -> None:
    rng = np.random.default_rng(0)
    for n_groups in (2, 2, 2, 3, 4):
        sizes = rng.choice([0, 1, 7, 60, 800], n_groups, p=[0.05, 0.05, 0.1, 0.3, 0.5]).tolist()
        groups = [(n, int(rng.integers(0, n + 1))) for n in sizes]
        if sum(sizes) < 5:
            continue
        weight = rng.random(sum(sizes)) if rng.random() < 0.5 else None
        evaluation = evaluated(*groups, names=names, weight=weight)
        evaluation = show(evaluation, hidden_groups(evaluation.counts, min_cell))
        result = None if gate is None else judged(evaluation, gate)
        for said in summary(evaluation, result):
            assert said[0].isupper()
            assert said.endswith(".")
            assert not re.search(r"nan|inf\b|  |\.\.(?!”)| [.,)]|\(\)", said), said
            assert ("The gate allows" in said) == (gate is not None)
            found = re.search(
                r"interval of the (ratio|difference) is ([−\d.]+) to ([−\d.]+)\.", said
            )
            limit = {"ratio": 1.25, "difference": 10.0}
            if found and result is not None and len(result.judgements) == 1:
                low, high = (float(found[place].replace("−", "-")) for place in (2, 3))
                lowest = {"ratio": 0.8, "difference": -10.0}[found[1]]
                passes = result.verdict == "pass"
                assert passes == (high < limit[found[1]] and low > lowest), said
                if result.verdict == "fail":
                    assert low > limit[found[1]], said
