from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space

from fairrun.errors import RequestError
from fairrun.groups import MISSING, ProtectedColumn
from fairrun.metrics import (
    NOTHING_HIDDEN,
    Counts,
    Hidden,
    WeightedCounts,
    everybody,
    group_a_and_b,
    hidden_groups,
    one_and_two_way,
    values_of,
)
from tests.metrics.samples import COLUMNS, RACE, SEX, tables


def sums_of_shown(counts: Counts, gone: frozenset[tuple[str, str]]) -> Any:
    """The cells that each group that is shown adds up, without those that have no row."""
    used = counts.cells.sum(axis=(1, 2)) > 0
    rows = [everybody(counts.columns).members[0]]
    for names in one_and_two_way(counts.columns):
        for grouping in (values_of(counts.columns, *names), group_a_and_b(counts.columns, *names)):
            for group, members in zip(grouping.groups, grouping.members, strict=True):
                if (grouping.protected, group) not in gone:
                    rows.append(members)
    return np.array(rows)[:, used].astype(float), used


def is_known(counts: Counts, members: Any, gone: frozenset[tuple[str, str]]) -> bool:
    """Whether two tables with the same shown sums have the same sum of `members`."""
    shown, used = sums_of_shown(counts, gone)
    free = null_space(shown)
    return bool(np.abs(members[used] @ free).max(initial=0) < 1e-9)


@settings(max_examples=60, deadline=None)
@given(tables(3, 4, 2, 2, largest=9) | tables(3, 4, 2, 2, largest=2), st.integers(2, 6))
def test_no_small_group_is_a_difference_of_groups_that_are_shown(table: Any, min_cell: int) -> None:
    counts = Counts(COLUMNS, table)
    hidden = hidden_groups(counts, min_cell)
    every = {}
    for names in one_and_two_way(COLUMNS):
        grouping = values_of(COLUMNS, *names)
        for group, members, of_group in zip(
            grouping.groups, grouping.members, counts.grouped(grouping), strict=True
        ):
            every[grouping.protected, group] = members, of_group
    for key, (members, of_group) in every.items():
        margins = [*of_group.sum(axis=0), *of_group.sum(axis=1)]
        assert (key in hidden.small) == (0 < of_group.sum() < min_cell)
        assert (key in hidden.few) == any(0 < n < min_cell for n in margins)
        if of_group.sum() == counts.n:
            continue  # all rows together are always shown
        if key in hidden.small:
            assert not is_known(counts, members, hidden.groups)
        if key in hidden.few:
            assert not is_known(counts, members, hidden.joint)
    assert hidden.small <= hidden.groups <= hidden.joint
    assert hidden.few <= hidden.joint


def test_small_groups_are_hidden_with_one_that_is_not() -> None:
    counts = Counts(
        (RACE,), [[[40, 10], [9, 30]], [[9, 9], [9, 9]], [[1, 0], [0, 0]], [[0, 0]] * 2]
    )
    hidden = hidden_groups(counts)
    assert hidden.small == {("race", "Other")}
    # "not White" is shown, so Black would give Other away.
    assert hidden.groups == {("race", "Other"), ("race", "Black")}
    assert hidden.rows("race", "Other") == "fewer than 5"
    assert hidden.rows("race", "Black") == "hidden"
    assert hidden.rows("race", "White") == ""
    assert hidden.reason("race", "White", "Other") == "hidden: fewer than 5 rows"
    assert "give away" in hidden.reason("race", "Black")


def test_two_small_groups_that_are_small_together_take_a_third() -> None:
    race = ProtectedColumn("race", ("A", "B", "C", "D"), ("A",), ("B",))
    two = [[1, 0], [1, 0]]
    counts = Counts((race,), [[[50, 50], [50, 50]], [[20, 20], [20, 20]], two, two, [[0, 0]] * 2])
    assert {g for _, g in hidden_groups(counts).groups} == {"B", "C", "D", "(neither)"}


def test_a_rate_over_few_rows_is_hidden_and_the_margins_are_not() -> None:
    few = [[30, 8], [1, 1]]
    counts = Counts((SEX,), [[[50, 50], [50, 50]], few, [[0, 0]] * 2])
    hidden = hidden_groups(counts)
    assert not hidden.groups
    assert hidden.few == {("sex", "Female")}
    # The true positives of all rows less those of men are those of women.
    assert hidden.joint == {("sex", "Female"), ("sex", "Male")}
    assert hidden.reason("sex", "Female") == ""
    said = hidden.reason("sex", "Female", joint=True)
    assert said == "hidden: fewer than 5 rows with one label or prediction"


def test_rows_without_a_value_are_protected_on_request() -> None:
    counts = Counts((SEX,), [[[50, 50], [50, 50]], [[30, 30], [9, 9]], [[0, 1], [1, 0]]])
    hidden = hidden_groups(counts)
    assert hidden.groups == {("sex", MISSING), ("sex", "(neither)")}
    assert ("sex", "Female") in hidden_groups(counts, unknown=True).groups


def test_rows_are_counted_and_not_their_weights() -> None:
    weighted = WeightedCounts.from_arrays(
        [SEX], [[0] * 20 + [1] * 4], [0, 1] * 12, [0, 0, 1, 1] * 6, [1.0] * 20 + [500.0] * 4
    )
    assert hidden_groups(weighted).small == {("sex", "Female")}


def test_min_cell_1_shows_everything() -> None:
    counts = Counts((SEX,), [[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 1], [0, 0]]])
    assert hidden_groups(counts, 1) == NOTHING_HIDDEN == Hidden()
    assert not hidden_groups(counts, 1)
    with pytest.raises(RequestError, match="min_cell=0 is no number of rows; give 1"):
        hidden_groups(counts, 0)
