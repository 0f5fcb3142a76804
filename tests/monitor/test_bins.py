"""Bins hold every value, and no edge and no name belongs to few rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.monitor import CategoryBins, NumberBins, fit_histogram
from fairrun.monitor.bins import fit_bins, roundest

NUMBERS = st.lists(
    st.one_of(
        st.none(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-3, 3).map(float),
        st.floats(1900, 2000),
    ),
    max_size=60,
)
WORDS = st.lists(st.sampled_from([None, "clerk", "cook", "(other)", "(missing)", ""]), max_size=60)
FEWEST = st.integers(1, 12)


def numbers(values: list[float | None]) -> pd.Series:
    return pd.Series(values, dtype=np.float64)


@given(NUMBERS, FEWEST)
def test_every_number_is_between_the_edges_of_its_bin(
    values: list[float | None], fewest: int
) -> None:
    column = numbers(values)
    bins = fit_bins(column, fewest)
    assert isinstance(bins, NumberBins)
    assert len(bins.names) == bins.size
    edges = [-math.inf, *bins.edges, math.inf]
    for value, place in zip(column, bins.positions(column), strict=True):
        if math.isnan(value):
            assert place == bins.size - 1
        else:
            assert edges[place] < value <= edges[place + 1]


@given(WORDS, FEWEST)
def test_every_text_is_in_the_bin_of_its_name(values: list[str | None], fewest: int) -> None:
    column = pd.Series(values, dtype=object)
    bins = fit_bins(column, fewest)
    assert isinstance(bins, CategoryBins)
    for value, place in zip(values, bins.positions(column), strict=True):
        if value is None:
            assert place == bins.size - 1
        else:
            named = place < len(bins.categories)
            assert named == (values.count(value) >= fewest)
            assert not named or bins.categories[place] == value


@given(NUMBERS, FEWEST)
def test_an_edge_is_no_value_of_few_rows(values: list[float | None], fewest: int) -> None:
    bins = fit_bins(numbers(values), fewest)
    assert isinstance(bins, NumberBins)
    assert all(values.count(edge) in (0, *range(fewest, 61)) for edge in bins.edges)


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12))
def test_the_roundest_number_lies_between_its_ends(low: float, distance: float) -> None:
    high = low + distance
    found = roundest(low, high)
    assert low <= found <= high
    if distance > 1e-3 * max(abs(low), 1):
        # A number in steps of at most its distance from the low end, so with few digits.
        unit = 10 ** math.floor(math.log10(distance) - 1)
        assert abs(found / unit - round(found / unit)) < 1e-6


def test_edges_show_where_rows_are_and_have_few_digits() -> None:
    rng = np.random.default_rng(0)
    pay = numbers(rng.normal(30_000, 8_000, 4000).tolist())
    bins = fit_bins(pay, 5)
    assert isinstance(bins, NumberBins)
    assert len(bins.edges) > 15
    assert all(edge % 100 == 0 for edge in bins.edges)
    shares = fit_histogram(pay, 5).shares[:-1]
    assert shares.max() < 0.1
    # The tails are bins of their own, and the outlier does not move an edge.
    assert shares[[0, -1]].max() < 0.02
    far = fit_bins(pd.concat([pay, pd.Series([9e9])], ignore_index=True), 5)
    assert isinstance(far, NumberBins)
    assert far.edges[-1] == pytest.approx(bins.edges[-1], rel=0.05)


def test_whole_numbers_that_few_rows_have_are_divided_between_them() -> None:
    ages = numbers([float(age) for age in range(20, 70) for _ in range(3)])
    bins = fit_bins(ages, 5)
    assert isinstance(bins, NumberBins)
    assert len(bins.edges) > 10
    assert {edge % 1 for edge in bins.edges} == {0.5}


def test_a_number_that_most_rows_have_does_not_share_its_bin() -> None:
    gain = numbers([0.0] * 900 + list(range(1, 101)))
    histogram = fit_histogram(gain, 5)
    assert histogram.bins.edges[0] == 0  # type: ignore[union-attr]
    assert histogram.rows[0] == 900


def test_two_numbers_are_two_bins() -> None:
    assert fit_histogram(numbers([0.0, 1.0] * 10), 5).rows.tolist() == [10, 10, 0]
    assert fit_histogram(numbers([1.0, 2.0] * 10), 5).rows.tolist() == [10, 10, 0]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([], ("(any number)", "(missing)")),
        ([None] * 9, ("(any number)", "(missing)")),
        ([4.0] * 9, ("(any number)", "(missing)")),
    ],
)
def test_a_column_without_two_different_numbers_has_one_range(
    values: list[float | None], names: tuple[str, ...]
) -> None:
    assert fit_bins(numbers(values), 5).names == names
