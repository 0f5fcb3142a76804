from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from fairrun.metrics import area_between_roc_curves
from tests.metrics.samples import draw_people

some_rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 5).map(lambda k: k / 5)), min_size=2, max_size=30
).filter(lambda rows: len({label for label, _ in rows}) == 2)


def by_grid(a: Any, b: Any, n: int = 20_001) -> float:
    """The mean distance of scikit-learn's curves over the middles of a fine grid."""
    grid = (np.arange(n) + 0.5) / n
    heights = []
    for y_true, score, weight in (a, b):
        at, height, _ = roc_curve(y_true, score, sample_weight=weight, drop_intermediate=False)
        heights.append(np.interp(grid, at, height))
    return float(np.abs(heights[0] - heights[1]).mean())


@given(some_rows, some_rows)
def test_the_area_is_that_of_a_fine_grid(one: Any, other: Any) -> None:
    a, b = (((*np.array(rows).T, None)) for rows in (one, other))
    value, low, high = area_between_roc_curves(a, b)
    assert value == pytest.approx(by_grid(a, b), abs=2e-3)
    assert (low, high) == (0, pytest.approx(high))
    assert value <= high <= 1


def test_weights_count() -> None:
    people = draw_people(0, 400)
    weight = np.random.default_rng(0).integers(1, 4, 400)
    scored = [
        (people.y_true[rows], people.probability[rows], weight[rows])
        for rows in (people.sex == 0, people.sex == 1)
    ]
    value, _, high = area_between_roc_curves(*scored)
    assert value == pytest.approx(by_grid(*scored), abs=1e-3)
    repeated = [
        (np.repeat(label, own), np.repeat(score, own), None) for label, score, own in scored
    ]
    assert value == pytest.approx(area_between_roc_curves(*repeated)[0])
    assert value < high


def test_crossing_curves_have_an_area_though_the_areas_below_are_the_same() -> None:
    a = ([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8], None)
    b = ([0, 0, 1, 1, 1, 1], [0.2, 0.4, 0.1, 0.3, 0.5, 0.6], None)
    assert area_between_roc_curves(a, b)[0] == pytest.approx(by_grid(a, b), abs=1e-3)
    assert area_between_roc_curves(a, a)[0] == 0


def test_groups_without_a_label_have_no_area() -> None:
    some, lacking = ([0, 1], [0.2, 0.8], None), ([1, 1], [0.2, 0.8], None)
    assert all(map(math.isnan, area_between_roc_curves(some, lacking)))
    weighted = ([0, 1], [0.2, 0.8], [0.0, 1.0])
    assert all(map(math.isnan, area_between_roc_curves(weighted, some)))
