"""Calibration by group is that of the rows, and no bin of it is about few rows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.metrics import (
    NOTHING_HIDDEN,
    Hidden,
    ScoreHistogram,
    WeightedScoreHistogram,
)
from fairrun.monitor import GroupCalibration
from fairrun.monitor.calibration import calibration_of
from tests.metrics.samples import COLUMNS, draw_people

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_that_of_the_rows(weighted: bool) -> None:
    people = draw_people(0)
    weight = np.random.default_rng(1).exponential(size=len(people.sex)) if weighted else None
    of = (COLUMNS, people.codes, people.y_true, people.probability)
    scores = (
        ScoreHistogram.from_arrays(*of)
        if weight is None
        else WeightedScoreHistogram.from_arrays(*of, weight)
    )
    found = calibration_of(scores, NOTHING_HIDDEN, 5, together=False)
    assert [each.group for each in found] == ["Male", "Female", "White", "Black", "Other"]
    frame = pd.DataFrame(
        {
            "score": people.probability,
            "label": people.y_true,
            "weight": 1.0 if weight is None else weight,
            "sex": people.sex,
            "race": people.race,
        }
    )
    values = {column.name: column.values for column in COLUMNS}
    for each in found:
        rows = frame[frame[each.protected] == values[each.protected].index(each.group)]
        of_row = np.searchsorted(each.edges, rows["score"], side="right")
        for place in range(len(each.rows)):
            own = rows[of_row == place]
            assert each.rows[place] == len(own) >= 5
            assert each.weight[place] == pytest.approx(own["weight"].sum())
            mean, rate = np.average(own[["score", "label"]], axis=0, weights=own["weight"])
            assert each.mean_score[place] == pytest.approx(mean, abs=5e-4)
            assert each.label_rate[place] == pytest.approx(rate)


@given(SEEDS, st.integers(1, 400), st.integers(1, 12))
def test_no_difference_of_bins_is_about_few_rows(seed: int, n: int, fewest: int) -> None:
    people = draw_people(seed, n)
    scores = ScoreHistogram.from_arrays(
        COLUMNS, people.codes, people.y_true, people.probability, n_bins=10
    )
    found = calibration_of(scores, NOTHING_HIDDEN, fewest, together=True)
    for column in COLUMNS:
        own = [each for each in found if each.protected == column.name]
        assert len({each.edges for each in own}) <= 1
        assert all(rows >= fewest for each in own for rows in each.rows)
        if not own:
            continue
        # All other rows in the same bins: rows without a value, and groups that are too small.
        bins = np.searchsorted(own[0].edges, people.probability, side="right")
        rest = np.bincount(bins, minlength=len(own[0].rows)) - np.sum([e.rows for e in own], axis=0)
        assert (rest >= fewest).all() or rest.sum() < fewest


def test_a_hidden_group_has_none() -> None:
    people = draw_people(2)
    scores = ScoreHistogram.from_arrays(COLUMNS, people.codes, people.y_true, people.probability)
    hidden = Hidden(5, groups=frozenset({("race", "Black")}), joint=frozenset({("sex", "Male")}))
    found = calibration_of(scores, hidden, 5, together=False)
    assert [each.group for each in found] == ["Female", "White", "Other"]
    every = Hidden(5, groups=frozenset(product(["sex"], ["Male", "Female"])))
    found = calibration_of(scores, every, 5, together=True)
    assert {each.protected for each in found} == {"race"}


def test_a_calibration_survives_its_dict_unless_a_bin_is_missing() -> None:
    one = GroupCalibration("sex", "Male", (0.5,), (7, 9), (7.0, 9.0), (0.2, 0.8), (0.1, 0.9))
    assert GroupCalibration.from_dict(one.to_dict()) == one
    with pytest.raises(ValueError, match="each bin"):
        GroupCalibration.from_dict(one.to_dict() | {"rows": [16]})
