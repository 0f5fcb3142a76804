from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fairrun.figures import Axis
from fairrun.groups import ProtectedColumn
from fairrun.pages import best_by_mitigator, chart_axes, constraint_limit, with_axes
from fairrun.sweep.importance import parameter_importance
from fairrun.sweep.objectives import interval_keys, parse_objectives, read_constraint
from fairrun.sweep.selection import select
from fairrun.sweep.space_text import parse_space
from fairrun.sweep.table import trials_table
from fairrun.sweep.trial import TrialResult

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
AXES = parse_objectives("accuracy,statistical_parity", [SEX])
CONSTRAINT = read_constraint("statistical_parity<=0.1", [SEX])
SPACE = parse_space(
    "mitigator=none,group_thresholds; C=0.01..1 log; group_thresholds.tolerance=0..0.2"
)


def result(number: int, mitigator: str, C: float, parity: float, **more: float) -> TrialResult:
    metrics: dict[str, float] = {}
    for key, value in (("accuracy", 0.8 + 0.1 * C), ("statistical_parity", parity)):
        limits = (value, value - 0.02, value + 0.02)
        metrics |= zip(interval_keys(key), limits, strict=True)
    parameters = {"mitigator": mitigator, "C": C, **more}
    return TrialResult(number, parameters, "complete", metrics)


RESULTS = [
    result(0, "group_thresholds", 0.5, -0.05, **{"group_thresholds.tolerance": 0.1}),
    result(1, "none", 0.1, 0.2),
    result(2, "none", 1.0, 0.21),
    result(3, "group_thresholds", 0.9, 0.15, **{"group_thresholds.tolerance": 0.2}),
    TrialResult(4, {"mitigator": "none", "C": 0.3}, "failed", reason="ValueError: no"),
]
BY_NUMBER = {each.number: each for each in RESULTS}
SELECTION = select(RESULTS, AXES, CONSTRAINT, "constrained")
TABLE = trials_table(RESULTS, {n: f"run {n}" for n in range(5)}, SELECTION, CONSTRAINT)


def test_the_table_has_every_trial_and_what_became_of_it() -> None:
    assert list(TABLE["number"]) == list(range(5))
    assert list(TABLE["verdict"]) == ["pass", "fail", "fail", "fail", ""]
    assert list(TABLE["chosen"]) == [True, False, False, False, False]
    assert list(TABLE["frontier"]) == [True, False, True, True, False]
    assert TABLE["group_thresholds.tolerance"].notna().tolist() == [True, False, False, True, False]
    assert TABLE["run_id"][3] == "run 3"
    assert TABLE["reason"][4] == "ValueError: no"


def test_a_difference_is_drawn_by_its_distance_from_0() -> None:
    points = with_axes(TABLE, BY_NUMBER, AXES)
    up, flat = chart_axes(AXES)
    assert (up.lower_is_better, flat.lower_is_better) == (False, True)
    assert len(points) == 4
    assert points[flat.key].tolist() == pytest.approx([0.05, 0.2, 0.21, 0.15])
    assert points[f"{flat.key}_low"].tolist() == pytest.approx([0.03, 0.18, 0.19, 0.13])
    assert points[f"{flat.key}_high"].tolist() == pytest.approx([0.07, 0.22, 0.23, 0.17])
    assert points[f"{up.key}_high"].tolist() == pytest.approx([0.87, 0.83, 0.92, 0.91])


def test_a_trial_without_a_value_on_an_axis_is_neither_drawn_nor_counted() -> None:
    """Its metric of a small group is not shown. The verdicts are those of all numbers."""
    hidden = dict.fromkeys(interval_keys("statistical_parity"), math.nan)
    shown = {n: replace(each, metrics=each.metrics | hidden) for n, each in BY_NUMBER.items()}
    table = trials_table(RESULTS, dict(TABLE["run_id"]), SELECTION, CONSTRAINT, shown)
    same = ["verdict", "frontier", "chosen", "accuracy"]
    assert table[same].equals(TABLE[same])
    assert table["statistical_parity"].isna().all()
    assert with_axes(table, shown, AXES).empty
    assert parameter_importance([*shown.values()] * 5, SPACE, AXES).empty
    one = BY_NUMBER | {0: shown[0]}
    assert list(with_axes(table, one, AXES)["number"]) == [1, 2, 3]


def test_the_best_of_each_mitigator_meets_the_constraint_where_one_does() -> None:
    axis = Axis("accuracy", "accuracy", lower_is_better=False)
    best = best_by_mitigator(with_axes(TABLE, BY_NUMBER, AXES), axis)
    assert best[["mitigator", "number"]].to_numpy().tolist() == [
        ["none", 2],
        ["group_thresholds", 0],
    ]


def test_the_limit_is_that_of_the_axis() -> None:
    assert constraint_limit(CONSTRAINT, AXES[1]) == 0.1
    assert constraint_limit(CONSTRAINT, AXES[0]) is None
    assert constraint_limit(None, AXES[1]) is None


def test_what_makes_the_difference_is_important() -> None:
    results = [
        result(i, "none" if i % 2 else "group_thresholds", 0.01 * (i + 1), 0.2 * (i % 2), **more)
        for i in range(40)
        for more in [{} if i % 2 else {"group_thresholds.tolerance": (i * 7 % 20) / 100}]
    ]
    found = parameter_importance(results, SPACE, AXES)
    share = found.set_index(["parameter", "objective"])["share"]
    assert share["C", "accuracy"] > 0.9
    assert share["mitigator", "statistical_parity"] > 0.9
    assert share["group_thresholds.tolerance", "accuracy"] < 0.3
    counts = found.drop_duplicates("parameter").set_index("parameter")["n_trials"]
    assert counts.to_dict() == {"mitigator": 40, "C": 40, "group_thresholds.tolerance": 20}
    assert parameter_importance(results[:3], SPACE, AXES).empty
