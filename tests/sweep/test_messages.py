from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, WeightedCounts
from fairrun.sweep.messages import (
    read_problem,
    read_result,
    read_trials,
    write_problem,
    write_result,
    write_trials,
)
from fairrun.sweep.trial import Problem, Trial, TrialResult

numbers = st.floats(allow_nan=False)
values = st.one_of(numbers, st.integers(-(10**6), 10**6), st.booleans(), st.text())
parameters = st.dictionaries(st.text(), values, max_size=4)


@pytest.mark.parametrize("name", ["problem", "folded"])
def test_a_problem_arrives_as_it_was(name: str, request: pytest.FixtureRequest) -> None:
    problem: Problem = request.getfixturevalue(name)
    arrived = read_problem(*write_problem(problem))
    assert arrived.rows.digest() == problem.rows.digest()
    pd.testing.assert_series_equal(arrived.rows.frame.dtypes, problem.rows.frame.dtypes)
    assert len(arrived.parts) == len(problem.parts)
    for part, expected in zip(arrived.parts, problem.parts, strict=True):
        for positions, expected_positions in zip(part, expected, strict=True):
            np.testing.assert_array_equal(positions, expected_positions)
    rest = ("spec", "protected", "objectives", "crossings", "seed", "min_frequency")
    assert [getattr(arrived, field) for field in rest] == [
        getattr(problem, field) for field in rest
    ]


def test_a_null_is_null_where_it_arrives(problem: Problem) -> None:
    frame = problem.rows.frame.copy()
    frame.iloc[0] = None
    rows = type(problem.rows)(frame, problem.rows.label)
    gapped = Problem(problem.spec, rows, problem.protected, problem.parts, problem.objectives)
    arrived = read_problem(*write_problem(gapped)).rows.frame
    assert arrived.iloc[0].isna().all()
    assert arrived.isna().to_numpy().sum() == frame.isna().to_numpy().sum()


def test_weights_and_weighted_counts_arrive_as_they_were(problem: Problem) -> None:
    weight = np.random.default_rng(0).lognormal(size=len(problem.rows))
    weighted = replace(problem, rows=replace(problem.rows, weight=weight))
    arrived = read_problem(*write_problem(weighted))
    np.testing.assert_array_equal(arrived.rows.weight, weight)  # type: ignore[arg-type]
    assert len(arrived.parts) == len(problem.parts)
    positions = [column.positions(problem.rows.frame) for column in problem.protected]
    y = problem.rows.label
    counts = WeightedCounts.from_arrays(problem.protected, positions, y, y, weight)
    result = TrialResult(3, {}, "complete", counts=counts)
    assert read_result(write_result(result)).counts == counts


@given(st.lists(st.tuples(st.integers(0), parameters, st.lists(st.tuples(numbers, numbers)))))
def test_trials_arrive_as_they_were(
    given: list[tuple[int, dict[str, object], list[tuple[float, float]]]],
) -> None:
    trials = [Trial(number, own, tuple(best)) for number, own, best in given]  # type: ignore[arg-type]
    assert read_trials(write_trials(trials)) == trials


@given(parameters, st.dictionaries(st.text(), st.floats(), max_size=4), st.text())
def test_a_result_arrives_as_it_was(
    own: dict[str, object], metrics: dict[str, float], reason: str
) -> None:
    result = TrialResult(3, own, "failed", metrics, reason=reason, seconds=0.1)  # type: ignore[arg-type]
    arrived = read_result(write_result(result))
    assert (arrived.number, arrived.parameters, arrived.state) == (3, own, "failed")
    assert (arrived.counts, arrived.reason, arrived.seconds) == (None, reason, 0.1)
    assert arrived.metrics.keys() == metrics.keys()
    for name, value in metrics.items():
        assert arrived.metrics[name] == value or math.isnan(value)


def test_counts_arrive_as_they_were() -> None:
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    counts = Counts((sex,), [[[5, 1], [2, 4]], [[6, 2], [1, 8]], [[0, 0]] * 2])
    arrived = read_result(write_result(TrialResult(0, {}, "complete", counts=counts))).counts
    assert arrived is not None
    assert arrived.columns == counts.columns
    np.testing.assert_array_equal(arrived.table, counts.table)
