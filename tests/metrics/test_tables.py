"""What holds for every table by group."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import Counts, PairedCounts, ScoreHistogram, WeightedCounts
from fairrun.metrics.tables import GroupTable, count_cells
from tests.metrics.samples import COLUMNS, RACE, SEX, People, draw_people


def counts(people: People) -> GroupTable:
    return Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)


def paired(people: People) -> GroupTable:
    other = (people.probability > 0.5).astype(int)
    return PairedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, other)


def weighted(people: People) -> GroupTable:
    # Multiples of 1/8, whose sums and sums of squares are exact in any order.
    weight = np.round(people.probability * 8) / 8
    return WeightedCounts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred, weight)


def histogram(people: People) -> GroupTable:
    return ScoreHistogram.from_arrays(COLUMNS, people.codes, people.y_true, people.probability, 20)


each_kind = pytest.mark.parametrize("make", [counts, paired, weighted, histogram])
Make = Callable[[People], Any]
some_cuts = st.lists(st.integers(0, 300), min_size=1, max_size=4).map(sorted)


@each_kind
@given(cuts=some_cuts, seed=st.integers(0, 100))
def test_merging_is_counting_together_in_any_order(make: Make, cuts: list[int], seed: int) -> None:
    people = draw_people(seed, 300)
    parts = [people.take(rows) for rows in np.split(np.arange(300), cuts)]
    np.random.default_rng(seed).shuffle(parts)
    merged = make(parts[0])
    for part in parts[1:]:
        merged += make(part)
    assert merged == make(people)


@each_kind
@given(seed=st.integers(0, 100))
def test_the_order_of_rows_plays_no_part(make: Make, seed: int) -> None:
    people = draw_people(seed, 100)
    assert make(people.take(np.random.default_rng(seed).permutation(100))) == make(people)


@each_kind
def test_json_round_trip(make: Make) -> None:
    table = make(draw_people(0))
    assert type(table).from_dict(json.loads(json.dumps(table.to_dict()))) == table


@each_kind
def test_a_marginal_is_the_table_of_fewer_columns(make: Make) -> None:
    table = make(draw_people(0))
    race = table.marginal("race")
    assert race.columns == (RACE,)
    np.testing.assert_array_equal(race.table, table.table.sum(axis=0))
    assert table.marginal("race", "sex") == table
    assert table.marginal("sex", "race").marginal("race") == race


@each_kind
def test_the_table_is_a_read_only_copy(make: Make) -> None:
    table = make(draw_people(0))
    source = table.table.copy()
    copy = type(table)(COLUMNS, source)
    source += 1
    assert copy == table
    with pytest.raises(ValueError, match="read-only"):
        copy.table[...] = 0


@each_kind
def test_tables_of_other_columns_are_neither_equal_nor_merged(make: Make) -> None:
    sex, race = (make(draw_people(0)).marginal(name) for name in ("sex", "race"))
    assert sex != race
    with pytest.raises(RequestError, match="cannot be added"):
        sex + race


@each_kind
def test_another_kind_is_neither_equal_nor_merged_nor_read(make: Make) -> None:
    table = make(draw_people(0))
    for other in {counts, paired, weighted, histogram} - {make}:
        assert table != other(draw_people(0))
        with pytest.raises(TypeError):
            table + other(draw_people(0))
        with pytest.raises(RequestError, match=f"does not hold {table.kind}"):
            type(table).from_dict(other(draw_people(0)).to_dict())


@each_kind
def test_wrong_tables_are_refused(make: Make) -> None:
    table = make(draw_people(0))
    wrong = [table.table[0], table.table[:2], -table.table - 1, table.table * np.nan, [["a"]]]
    for bad in wrong:
        with pytest.raises(RequestError, match=f"a table of {table.kind} has type"):
            type(table)(COLUMNS, bad)
    with pytest.raises(RequestError, match="distinct columns"):
        type(table)((SEX, SEX), table.table)
    with pytest.raises(RequestError, match="protected=age is not known; give columns of sex, race"):
        table.marginal("age")


def test_what_is_counted_is_not_rounded() -> None:
    with pytest.raises(RequestError, match="float64"):
        Counts((SEX,), np.full((3, 2, 2), 0.5))


@given(st.integers(0, 2**16 + 5), st.integers(1, 256))
def test_cells_are_counted_as_bincount_does(n_rows: int, n_cells: int) -> None:
    cell = np.random.default_rng(n_rows).integers(0, n_cells, size=n_rows).astype(np.uint8)
    np.testing.assert_array_equal(count_cells(cell, n_cells), np.bincount(cell, minlength=n_cells))


@pytest.mark.parametrize("extra", [0, 1])
def test_many_rows_are_counted_two_at_a_time(extra: int) -> None:
    cell = np.random.default_rng(0).integers(0, 72, size=2**16 + extra).astype(np.uint8)
    np.testing.assert_array_equal(count_cells(cell, 80), np.bincount(cell, minlength=80))
