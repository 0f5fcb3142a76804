from __future__ import annotations

import numpy as np
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import Counts, everybody, group_a_and_b, one_and_two_way, values_of
from tests.metrics.samples import COLUMNS, draw_people


def test_groups_hold_the_rows_they_name() -> None:
    people = draw_people(0)
    counts = Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)
    male, female = people.sex == 0, people.sex == 1
    white, other_races = people.race == 0, people.race > 0
    expected = {
        everybody(COLUMNS): {"(all)": people.sex >= -1},
        values_of(COLUMNS, "sex"): {"Male": male, "Female": female},
        values_of(COLUMNS, "race"): {
            "White": white,
            "Black": people.race == 1,
            "Other": people.race == 2,
        },
        values_of(COLUMNS, "race", "sex"): {
            f"{sex}:{race}": (people.sex == i) & (people.race == j)
            for i, sex in enumerate(["Male", "Female"])
            for j, race in enumerate(["White", "Black", "Other"])
        },
        group_a_and_b(COLUMNS, "race"): {"White": white, "not White": other_races},
        group_a_and_b(COLUMNS, "sex", "race"): {
            "Male:White": male & white,
            "Female:not White": female & other_races,
        },
    }
    for grouping, groups in expected.items():
        assert grouping.groups == tuple(groups)
        for table, rows in zip(counts.grouped(grouping), groups.values(), strict=True):
            cells = 2 * people.y_true[rows] + people.y_pred[rows]
            assert table.ravel().tolist() == np.bincount(cells, minlength=4).tolist()


def test_many_tables_are_summed_as_one_is() -> None:
    stack = np.random.default_rng(0).integers(0, 9, size=(4, 5, 12, 2, 3))
    grouping = values_of(COLUMNS, "sex", "race")
    summed = grouping.sum(stack)
    assert summed.shape == (4, 5, 6, 2, 3)
    np.testing.assert_array_equal(summed[3, 1], grouping.sum(stack[3, 1]))
    np.testing.assert_array_equal(summed, grouping.sum(stack.astype(float)))


def test_names_are_in_the_order_of_the_columns() -> None:
    assert values_of(COLUMNS, "race", "sex").protected == "sex:race"
    assert one_and_two_way(COLUMNS) == [("sex",), ("race",), ("sex", "race")]
    assert everybody(COLUMNS).protected == ""


@pytest.mark.parametrize("names", [(), ("age",), ("sex", "sex")])
def test_columns_that_are_not_there_are_refused(names: tuple[str, ...]) -> None:
    for make in (values_of, group_a_and_b):
        with pytest.raises(RequestError, match="name one or more of sex, race"):
            make(COLUMNS, *names)
