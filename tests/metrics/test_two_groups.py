from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import Counts

GROUPS = ("Male", "Female", "(neither)")
TABLE = [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]

some_rows = st.lists(st.tuples(st.sampled_from([0, 1, -1]), st.integers(0, 1), st.integers(0, 1)))


def count(rows: list[tuple[int, int, int]]) -> Counts:
    codes, y_true, y_pred = np.array(rows, dtype=np.int8).reshape(-1, 3).T
    return Counts.from_arrays(codes, y_true, y_pred, GROUPS, "sex")


@given(some_rows)
def test_each_cell_holds_the_number_of_its_rows(rows: list[tuple[int, int, int]]) -> None:
    expected = Counter(rows)
    counts = count(rows)
    for position, code in enumerate([0, 1, -1]):
        for label in (0, 1):
            for prediction in (0, 1):
                assert (
                    counts.table[position, label, prediction] == expected[code, label, prediction]
                )
    assert counts.n == len(rows)
    assert counts.total.tolist() == counts.table.sum(axis=0).tolist()


@given(some_rows, some_rows)
def test_merging_is_exact(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    assert count(first + second) == count(first) + count(second)


@given(some_rows)
def test_json_round_trip(rows: list[tuple[int, int, int]]) -> None:
    counts = count(rows)
    assert Counts.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts


def test_small_integer_codes_of_many_groups_do_not_overflow() -> None:
    groups = (*(f"group {i}" for i in range(100)), "(neither)")
    codes = np.arange(-1, 100, dtype=np.int8)
    counts = Counts.from_arrays(codes, np.ones(101), np.ones(101), groups, "occupation")
    assert (counts.table == [[0, 0], [0, 1]]).all()


@pytest.mark.parametrize("dtype", [bool, "int8", "float64", "Int64", "boolean"])
def test_labels_of_any_type_that_holds_0_and_1_are_taken(dtype: str) -> None:
    labels = pd.Series([1, 0, 1], dtype=dtype)
    counts = Counts.from_arrays([0, 1, -1], labels, labels, GROUPS, "sex")
    assert counts.table.tolist() == [[[0, 0], [0, 1]], [[1, 0], [0, 0]], [[0, 0], [0, 1]]]


@pytest.mark.parametrize(
    ("codes", "y_true", "y_pred", "message"),
    [
        ([0, 1], [0, 1, 1], [0, 1], r"codes \(2,\), y_true \(3,\), y_pred \(2,\)"),
        ([0, 1], [0, 2], [0, 1], "y_true must be one column of 0 and 1"),
        ([0, 1], [0, 1], [0, -1], "y_pred must be one column of 0 and 1"),
        ([0, 1], [0.5, 1.0], [0, 1], "y_true must be"),
        ([0, 1], [np.nan, 1.0], [0, 1], "y_true must be"),
        ([0, 1], ["0", "1"], [0, 1], "y_true must be"),
        ([0, 1], [[0, 1]], [0, 1], "y_true must be"),
        ([0, 2], [0, 1], [0, 1], "codes must be integers from 0 to 1"),
        ([0, -2], [0, 1], [0, 1], "codes must be integers"),
        ([0.0, 1.0], [0, 1], [0, 1], "codes must be integers"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused(
    codes: list[int], y_true: list[int], y_pred: list[int], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        Counts.from_arrays(codes, y_true, y_pred, GROUPS, "sex")


@pytest.mark.parametrize(
    "table", [TABLE[:2], [[[0.5] * 2] * 2] * 3, [[[-1, 0], [0, 0]]] * 3, [[[True] * 2] * 2] * 3]
)
def test_a_table_that_holds_no_counts_is_refused(table: list[list[list[int]]]) -> None:
    with pytest.raises(RequestError, match="the table of counts must hold integers"):
        Counts(GROUPS, "sex", table)


@pytest.mark.parametrize("groups", [("Male", "Female"), ("Male", "Male", "(neither)")])
def test_groups_that_are_too_few_or_not_distinct_are_refused(groups: tuple[str, ...]) -> None:
    with pytest.raises(RequestError, match="distinct names"):
        Counts(groups, "sex", TABLE[: len(groups)])


@pytest.mark.parametrize(
    "other",
    [
        Counts(("Female", "Male", "(neither)"), "sex", TABLE),
        Counts(GROUPS, "gender", TABLE),
    ],
)
def test_counts_of_other_groups_are_neither_equal_nor_merged(other: Counts) -> None:
    counts = Counts(GROUPS, "sex", TABLE)
    assert counts != other
    with pytest.raises(RequestError, match="cannot be added"):
        counts + other


def test_counts_differ_from_other_numbers_and_other_types() -> None:
    counts = Counts(GROUPS, "sex", TABLE)
    assert counts != counts + counts
    assert counts != TABLE
    with pytest.raises(TypeError):
        counts + 1


def test_the_table_is_a_read_only_copy() -> None:
    source = np.array(TABLE)
    counts = Counts(GROUPS, "sex", source)
    source[0, 0, 0] = 100
    assert counts.table.tolist() == TABLE
    with pytest.raises(ValueError, match="read-only"):
        counts.table[0, 0, 0] = 100


def test_a_document_with_other_keys_is_refused() -> None:
    with pytest.raises(RequestError, match="keys protected, groups and table"):
        Counts.from_dict({"groups": list(GROUPS), "table": TABLE})
