from __future__ import annotations

import json

import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected, ProtectedColumn, group_lookup
from tests.metrics.samples import RACE, SEX

FRAME = pd.DataFrame(
    {"race": ["White", "Black", "Other", None, "White"], "site": [3.0, 1.0, None, 2.0, 1.0]}
)


@pytest.mark.parametrize("protected", [Protected("race", "White"), Protected("site", "1", "3")])
def test_its_groups_are_those_of_the_lookup(protected: Protected) -> None:
    column = ProtectedColumn.from_frame(FRAME, protected)
    codes = column.codes(FRAME)
    values = [column.values[code] if code >= 0 else None for code in codes]
    in_a = [value in column.group_a for value in values]
    in_b = [value in column.group_b for value in values]
    lookup = group_lookup(FRAME, protected).codes(FRAME)
    assert in_a == (lookup == 0).tolist()
    assert in_b == (lookup == 1).tolist()
    assert [value is None for value in values] == FRAME[protected.column].isna().tolist()


@pytest.mark.parametrize("dtype", ["str", "category", object])
def test_values_are_found_whatever_the_type_of_the_column(dtype: str) -> None:
    frame = pd.DataFrame({"sex": ["Female", "Male", "Diverse", None]}).astype(dtype)
    assert SEX.codes(frame).tolist() == [1, 0, -1, -1]


def test_numbers_are_found_as_integers_too() -> None:
    column = ProtectedColumn("site", (1.0, 2.0), (1.0,), (2.0,))
    assert column.codes(pd.DataFrame({"site": [2, 1, 3]})).tolist() == [1, 0, -1]
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
