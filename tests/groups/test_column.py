from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.groups import Protected, ProtectedColumn, group_lookup
from fairrun.inference import GroupLookup
from tests.metrics.samples import RACE, SEX

FRAME = pd.DataFrame(
    {"race": ["White", "Black", "Other", None, "White"], "site": [3.0, 1.0, None, 2.0, 1.0]}
)


@pytest.mark.parametrize("protected", [Protected("race", "White"), Protected("site", "1", "3")])
def test_its_groups_are_those_of_the_lookup(protected: Protected) -> None:
    column = ProtectedColumn.from_frame(FRAME, protected)
    positions = column.positions(FRAME)
    values = [column.values[place] if place >= 0 else None for place in positions]
    in_a = [value in column.group_a for value in values]
    in_b = [value in column.group_b for value in values]
    lookup = group_lookup(FRAME, protected).groups(FRAME)
    assert in_a == (lookup == 0).tolist()
    assert in_b == (lookup == 1).tolist()
    assert [value is None for value in values] == FRAME[protected.column].isna().tolist()


TEXT = st.sampled_from(["Male", "Female", "Diverse", "male", "", "Mâle", None])
NUMBERS = st.sampled_from([0, 1, 2, 30, None])
TEXT_DTYPES = (object, "str", "string", "category", pd.ArrowDtype(pa.string()))
NUMBER_DTYPES = ("float64", "float32", "Int64", "Float64", object, pd.ArrowDtype(pa.float64()))


@given(
    st.lists(TEXT, max_size=12).flatmap(
        lambda values: st.tuples(st.just(values), st.sampled_from(TEXT_DTYPES))
    )
    | st.lists(NUMBERS, max_size=12).flatmap(
        lambda values: st.tuples(st.just(values), st.sampled_from(NUMBER_DTYPES))
    ),
    st.booleans(),
)
def test_what_is_measured_is_the_group_that_is_served(
    rows: tuple[list[Any], Any], some_in_neither: bool
) -> None:
    """Whatever type the column has, with nulls, and with values that training did not see."""
    values, dtype = rows
    is_text = dtype in TEXT_DTYPES and not any(isinstance(value, int) for value in values)
    if dtype is object and not any(value is not None for value in values):
        is_text = True
    known = ("Male", "Female", "Diverse") if is_text else (0.0, 1.0, 2.0)
    group_b = known[1:2] if some_in_neither else known[1:]
    column = ProtectedColumn("protected", known, known[:1], group_b)
    frame = pd.DataFrame({"protected": pd.Series(values, dtype=dtype)})

    served = GroupLookup("protected", known[:1], group_b)
    by_hand = [0 if v == known[0] else 1 if v in group_b else -1 for v in values]
    assert served.groups(frame).tolist() == by_hand
    assert column.groups(frame).tolist() == by_hand
    assert column.group_of_position[column.positions(frame)].tolist() == by_hand
    assert column.positions(frame).tolist() == [
        known.index(v) if v in known else -1 for v in values
    ]


@pytest.mark.parametrize("dtype", ["str", "category", object])
def test_values_are_found_whatever_the_type_of_the_column(dtype: str) -> None:
    frame = pd.DataFrame({"sex": ["Female", "Male", "Diverse", None]}).astype(dtype)
    assert SEX.positions(frame).tolist() == [1, 0, -1, -1]


def test_numbers_are_found_as_integers_too() -> None:
    column = ProtectedColumn("site", (1.0, 2.0), (1.0,), (2.0,))
    assert column.positions(pd.DataFrame({"site": [2, 1, 3]})).tolist() == [1, 0, -1]
    assert column.labels == ("1", "2", "(missing)")


@pytest.mark.parametrize(
    ("group_a", "group_b", "names"),
    [
        (("White",), ("Black", "Other"), ("White", "not White")),
        (("White",), ("Black",), ("White", "Black")),
        (("White", "Other"), ("Black",), ("White or Other", "Black")),
    ],
)
def test_groups_are_named_by_their_values(
    group_a: tuple[str, ...], group_b: tuple[str, ...], names: tuple[str, str]
) -> None:
    assert ProtectedColumn("race", RACE.values, group_a, group_b).group_names == names


def test_json_round_trip() -> None:
    assert ProtectedColumn.from_dict(json.loads(json.dumps(RACE.to_dict()))) == RACE


@pytest.mark.parametrize(
    ("values", "group_a", "group_b"),
    [
        (("x", "y"), ("x",), ()),
        (("x", "y"), ("x",), ("x", "y")),
        (("x", "y"), ("x",), ("z",)),
        (("x", "y", "y"), ("x",), ("y",)),
        (("x", "(missing)"), ("x",), ("(missing)",)),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(
    values: tuple[str, ...], group_a: tuple[str, ...], group_b: tuple[str, ...]
) -> None:
    with pytest.raises(RequestError, match="the groups of 'race' cannot be compared"):
        ProtectedColumn("race", values, group_a, group_b)
