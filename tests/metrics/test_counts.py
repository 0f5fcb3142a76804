from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, PairedCounts, WeightedCounts
from tests.metrics.samples import COLUMNS, SEX, draw_people

some_rows = st.lists(
    st.tuples(st.integers(-1, 1), st.integers(-1, 2), st.integers(0, 1), st.integers(0, 1))
)


@given(some_rows)
def test_each_cell_holds_the_number_of_its_rows(rows: list[tuple[int, int, int, int]]) -> None:
    sex, race, y_true, y_pred = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    counts = Counts.from_arrays(COLUMNS, [sex, race], y_true, y_pred)
    expected = Counter(rows)
    for (i, j, label, prediction), n in np.ndenumerate(counts.table):
        assert n == expected[(0, 1, -1)[i], (0, 1, 2, -1)[j], label, prediction]
    assert counts.n == len(rows)
    assert counts.total.tolist() == counts.table.sum(axis=(0, 1)).tolist()


@pytest.mark.parametrize(
    ("dtype", "n_values"), [("int8", 2), ("int8", 100), ("int16", 20_000), ("int64", 20_000)]
)
def test_no_number_of_values_overflows(dtype: str, n_values: int) -> None:
    values = tuple(map(float, range(n_values)))
    column = ProtectedColumn("age", values, values[:1], values[1:])
    codes = np.arange(-1, n_values).astype(dtype)
    ones = np.ones(n_values + 1)
    counts = Counts.from_arrays([column], [codes], ones, ones)
    assert (counts.table == [[0, 0], [0, 1]]).all()


@pytest.mark.parametrize("dtype", [bool, "int8", "uint8", "float64", "Int64", "boolean"])
def test_labels_of_any_type_that_holds_0_and_1_are_taken(dtype: str) -> None:
    labels = pd.Series([1, 0, 1], dtype=dtype)
    counts = Counts.from_arrays([SEX], [[0, 1, -1]], labels, labels)
    assert counts.table.tolist() == [[[0, 0], [0, 1]], [[1, 0], [0, 0]], [[0, 0], [0, 1]]]


@pytest.mark.parametrize(
    ("codes", "y_true", "y_pred", "message"),
    [
        ([0, 1], [0, 1, 1], [0, 1], r"sex \(2,\), y_true \(3,\), y_pred \(2,\)"),
        ([0, 1], [0, 2], [0, 1], "y_true has type .*only 0 and 1"),
        ([0, 1], [0, 257], [0, 1], "y_true has type .*only 0 and 1"),
        ([0, 1], [0, 1], [0, -1], "y_pred has type .*only 0 and 1"),
        ([0, 1], [0.5, 1.0], [0, 1], "y_true has type"),
        ([0, 1], [np.nan, 1.0], [0, 1], "y_true has type"),
        ([0, 1], ["0", "1"], [0, 1], "y_true has type"),
        ([0, 1], [[0, 1]], [0, 1], "y_true has type"),
        ([0, 2], [0, 1], [0, 1], "positions of 'sex' must be integers from 0 to 1"),
        ([0, 256], [0, 1], [0, 1], "positions of 'sex' must be"),
        ([0, -2], [0, 1], [0, 1], "positions of 'sex' must be"),
        ([0.0, 1.0], [0, 1], [0, 1], "positions of 'sex' must be"),
        (["Male", "Female"], [0, 1], [0, 1], "positions of 'sex' must be"),
        ([None, None], [0, 1], [0, 1], "positions of 'sex' must be"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused(
    codes: list[Any], y_true: list[int], y_pred: list[int], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        Counts.from_arrays([SEX], [codes], y_true, y_pred)
    with pytest.raises(RequestError, match=message.split(",")[0]):
        WeightedCounts.from_arrays([SEX], [codes], y_true, y_pred, np.ones(len(y_true)))


def test_every_column_needs_its_codes() -> None:
    with pytest.raises(RequestError, match="1 arrays of positions were given for 2"):
        Counts.from_arrays(COLUMNS, [[0]], [1], [1])
    with pytest.raises(RequestError, match="without a protected column"):
        Counts.from_arrays([], [], [1], [1])
    with pytest.raises(RequestError, match=r"protected=\[\] cannot be counted"):
        Counts((), [[0, 1], [2, 3]])


def test_each_of_two_models_has_the_counts_of_its_own() -> None:
    people = draw_people(0)
    other = (people.probability > 0.4).astype(int)
    paired = PairedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, other)
    for which, y_pred in (("a", people.y_pred), ("b", other)):
        assert paired.model(which) == Counts.from_arrays(
            COLUMNS, people.codes, people.y_true, y_pred
        )


@pytest.mark.parametrize("weight", [[1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_weights_are_finite_and_not_negative(weight: list[float]) -> None:
    with pytest.raises(RequestError, match="a weight is negative, NaN or infinite"):
        WeightedCounts.from_arrays([SEX], [[0, 1]], [0, 1], [0, 1], weight)


@given(st.integers(0, 1000))
def test_sums_of_any_weights_merge_up_to_rounding(seed: int) -> None:
    people = draw_people(seed, 200)
    weight = np.random.default_rng(seed).lognormal(size=200)

    def sums(rows: slice) -> WeightedCounts:
        some = people.take(rows)
        return WeightedCounts.from_arrays(
            COLUMNS, some.codes, some.y_true, some.y_pred, weight[rows]
        )

    merged = sums(slice(0, 90)) + sums(slice(90, 200))
    np.testing.assert_allclose(merged.table, sums(slice(0, 200)).table, rtol=1e-12)


def test_counts_too_large_for_an_exact_sum_are_refused() -> None:
    table = np.zeros((3, 2, 2), dtype=np.int64)
    table[0, 0] = 9 * 10**18  # The sum of two begins again below 0.
    with pytest.raises(RequestError, match="give smaller numbers"):
        Counts((SEX,), table)
