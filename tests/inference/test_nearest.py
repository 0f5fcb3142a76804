"""The nearest value that turns something, against asking for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.inference.nearest import nearest_turning

Range = tuple[float, float]


def find(
    tried: list[float], present: float, bounds: Range, turns: object, *, whole: bool = False
) -> list[float]:
    rows, to = nearest_turning(
        np.array([tried], dtype=float),
        np.array([present], dtype=float),
        bounds,
        lambda _, values: turns(values),  # type: ignore[operator]
        whole=whole,
    )
    assert (rows == 0).all()
    return to.tolist()


@pytest.mark.parametrize(
    ("present", "at", "to"),
    [
        (40.0, 45.6789, 46.0),  # a change of 5.7: to tenths would be 45.7, but it is whole
        (40.0, 45.0, 45.0),
        (40.0, 40.0001, 41.0),
        (0.0, 7298.4, 7300.0),
        (40.5, 41.0, 41.0),
    ],
)
def test_whole_numbers(present: float, at: float, to: float) -> None:
    found = find([0, 10_000], present, (0, 10_000), lambda x: x >= at, whole=True)
    assert found == [to]


@pytest.mark.parametrize(
    ("present", "at", "to"),
    [
        (0.2, 0.31234, 0.32),
        (0.2, 0.200001, 0.201),
        (2.0, 0.777, 0.7),
        (1.0, 9.9999, 9.9999),  # 10 would be beyond the range
    ],
)
def test_it_is_rounded_away_from_the_present_value(present: float, at: float, to: float) -> None:
    def turns(x: np.ndarray) -> np.ndarray:
        return x >= at if at > present else x <= at

    (found,) = find([0, 9.99995], present, (0, 9.99995), turns)
    assert found == pytest.approx(to, abs=1e-4 if at > 9 else 0)
    if at < 9:
        assert len(repr(found)) <= 5  # as a person would write it


def test_what_is_rounded_is_not_given_where_it_does_not_turn() -> None:
    (found,) = find([0, 0.5, 1], 0.2, (0, 1), lambda x: (x > 0.4991) & (x < 0.50003))
    assert 0.4991 < found < 0.50003


def test_from_beyond_the_range_the_way_leads_into_it() -> None:
    bounds = (10.0, 20.0)
    assert find([10, 20], 90.0, bounds, lambda x: x < 50) == [20.0]
    assert find([10, 20], 1e308, bounds, lambda x: x < 15.5) == [15.4]
    assert find([10, 20], -5.0, bounds, lambda x: x > 11, whole=True) == [12.0]
    assert find([10, 20], 90.0, bounds, lambda x: x > 95) == []
    assert find([10, 10], 10.0, (10, 10), lambda x: x != 10) == []
    assert find([10, 10], 12.0, (10, 10), lambda x: x < 11) == [10.0]


def test_both_sides_and_neither() -> None:
    assert find([*range(11)], 5, (0, 10), lambda x: np.abs(x - 5) > 2, whole=True) == [8.0, 2.0]
    assert find([*range(11)], 5, (0, 10), lambda x: x > 99, whole=True) == []
    rows, to = nearest_turning(
        np.empty((0, 3)), np.empty(0), (0, 1), lambda _, values: values > 0, whole=False
    )
    assert (rows.size, to.size) == (0, 0)


@given(
    labels=st.lists(st.booleans(), min_size=2, max_size=40),
    present=st.floats(-5, 45),
    data=st.data(),
)
def test_whole_numbers_against_all_of_them(
    labels: list[bool], present: float, data: st.DataObject
) -> None:
    """Any label at any whole number, as long as each of them is tried."""
    known = np.array(labels)
    here = data.draw(st.booleans())

    def turns(x: np.ndarray) -> np.ndarray:
        own = known[np.clip(np.round(x), 0, len(known) - 1).astype(int)]
        return np.where(x == present, False, own != here)

    numbers = np.arange(len(known), dtype=float)
    above = [n for n in numbers[turns(numbers)] if n > present]
    below = [n for n in numbers[turns(numbers)] if n < present]
    expected = [*above[:1], *below[-1:]]
    bounds = (0.0, float(len(known) - 1))
    assert find(numbers.tolist(), present, bounds, turns, whole=True) == expected


@given(
    splits=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6, unique=True),
    present=st.floats(0, 1),
)
def test_steps_with_a_value_tried_between_them(splits: list[float], present: float) -> None:
    """A label that turns at every split, as those of trees do."""
    at = np.sort(splits)

    def turns(x: np.ndarray) -> np.ndarray:
        steps = np.searchsorted(at, x, side="left") - np.searchsorted(at, present, side="left")
        return np.asarray(steps % 2 == 1)

    tried = [0.0, *((at[:-1] + at[1:]) / 2), 1.0]
    found = find(tried, present, (0, 1), turns)
    assert turns(np.array(found)).all()
    above, below = at[at >= present], at[at < present]
    sides = {np.sign(value - present): value for value in found}
    for sign, nearest in ((1, above[:1]), (-1, below[-1:])):
        assert (sign in sides) == (nearest.size > 0)
        if nearest.size:
            true = abs(nearest[0] - present)
            assert true <= abs(sides[sign] - present) <= 1.1 * true + 1e-3 + 1e-12
