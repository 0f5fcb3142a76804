"""Histograms add up, and none of their numbers is about few rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.monitor import CategoryBins, Histogram, NumberBins, fit_histogram
from tests.monitor.test_bins import FEWEST, NUMBERS, WORDS, numbers

COLUMNS = st.one_of(NUMBERS.map(numbers), WORDS.map(lambda words: pd.Series(words, dtype=object)))
BINS = NumberBins((-1.0, 0.5))


@given(COLUMNS, FEWEST)
def test_counts_sum_to_the_rows_and_no_bin_has_few(values: pd.Series, fewest: int) -> None:
    histogram = fit_histogram(values, fewest)
    assert histogram.n_rows == len(values)
    assert all(n == 0 or n >= min(fewest, len(values)) for n in histogram.rows)


@given(COLUMNS, FEWEST, st.integers(0, 2**32 - 1))
def test_weights_sum_to_those_of_the_rows(values: pd.Series, fewest: int, seed: int) -> None:
    weight = np.random.default_rng(seed).exponential(size=len(values))
    histogram = fit_histogram(values, fewest, weight)
    assert histogram.weights is not None
    assert histogram.weights.sum(axis=1) == pytest.approx([weight.sum(), (weight**2).sum()])
    # Rows are counted as if there were no weights, which decide nothing about persons.
    assert histogram.rows.tolist() == fit_histogram(values, fewest).rows.tolist()


@given(COLUMNS, FEWEST, st.booleans())
def test_a_histogram_survives_json(values: pd.Series, fewest: int, weighted: bool) -> None:
    weight = np.arange(len(values)) if weighted else None
    histogram = fit_histogram(values, fewest, weight)
    again = Histogram.from_dict(json.loads(json.dumps(histogram.to_dict())))
    assert again == histogram
    assert again.bins == histogram.bins


@given(NUMBERS, NUMBERS, NUMBERS)
def test_merging_is_counting_all_rows_in_any_order(
    one: list[float | None], two: list[float | None], three: list[float | None]
) -> None:
    a, b, c = (Histogram.of(BINS, numbers(each)) for each in (one, two, three))
    assert (a + b) + c == a + (b + c) == c + b + a
    assert a + b + c == Histogram.of(BINS, numbers([*one, *two, *three]))


@given(NUMBERS, NUMBERS)
def test_merging_weighted_rows_adds_their_weights(
    one: list[float | None], two: list[float | None]
) -> None:
    both = [*one, *two]
    weight = np.linspace(0, 3, len(both))
    a = Histogram.of(BINS, numbers(one), weight[: len(one)])
    b = Histogram.of(BINS, numbers(two), weight[len(one) :])
    whole = Histogram.of(BINS, numbers(both), weight)
    assert (a + b).weights == pytest.approx(whole.weights)
    assert (a + b).rows.tolist() == whole.rows.tolist()


def test_few_nulls_are_in_the_fullest_bin_and_many_have_their_own() -> None:
    few = fit_histogram(numbers([1.0] * 20 + [2.0] * 10 + [None] * 4), 5)
    assert few.rows.tolist() == [24, 10, 0]
    many = fit_histogram(numbers([1.0] * 20 + [2.0] * 10 + [None] * 5), 5)
    assert many.rows.tolist() == [20, 10, 5]
    assert many.shares.tolist() == [20 / 35, 10 / 35, 5 / 35]


def test_what_cannot_be_added_is_refused() -> None:
    rows = numbers([0.0, 3.0])
    plain = Histogram.of(BINS, rows)
    with pytest.raises(RequestError, match="different bins"):
        plain + Histogram.of(NumberBins((1.0,)), rows)
    with pytest.raises(RequestError, match="weighted"):
        plain + Histogram.of(BINS, rows, [1.0, 1.0])
    with pytest.raises(TypeError):
        plain + 1
    assert plain != 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "colour"},
        {"edges": [2.0, 1.0]},
        {"rows": [1, 2]},
        {"rows": [1, 2, -3, 0]},
        {"weights": [[1.0, 1.0]]},
    ],
)
def test_a_damaged_histogram_is_refused(change: dict[str, object]) -> None:
    document = Histogram.of(BINS, numbers([0.0])).to_dict()
    with pytest.raises(ValueError, match=r"bins|ascend|each bin|shape"):
        Histogram.from_dict(document | change)


def test_arrays_of_a_histogram_cannot_be_changed() -> None:
    histogram = Histogram.of(CategoryBins(("a",)), pd.Series(["a"], dtype=object), [2.0])
    assert histogram.weights is not None
    for array in (histogram.rows, histogram.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[..., 0] = 7
