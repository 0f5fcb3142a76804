from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected, ProtectedColumn, group_lookup, name_groups
from fairrun.inference import Columns, GroupLookup, InputError

DATE, DAY_AFTER = datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)
BIG = 2**53


def frame(*values: Any, dtype: Any = object) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype=dtype)})


@pytest.mark.parametrize(
    ("values", "dtype", "privileged", "group_a", "group_b"),
    [
        (["White", "Asian", "Black", None], object, "White|Asian", ("White", "Asian"), ("Black",)),
        (["White", "Asian", "Black"], "category", ("Asian", "White"), None, ("Black",)),
        # The whole text comes first: a value can hold a bar, or look like a condition.
        (["a|b", "a", "b"], "str", "a|b", ("a|b",), ("a", "b")),
        (["<25", ">=25"], "str", "<25", ("<25",), (">=25",)),
        (["< 25", ">= 25", "x"], "str", "< 25|x", ("< 25", "x"), (">= 25",)),
        ([" Male", "Female"], "str", " Male", (" Male",), ("Female",)),
        (["1..2", "2..3"], "str", "1..2", ("1..2",), ("2..3",)),
        # Numbers.
        ([1, 2, 3], "int64", "2", (2.0,), (1.0, 3.0)),
        ([1, 2, 3], "Int8", "1.0|3", (1.0, 3.0), (2.0,)),
        ([1.5, 2, None], "float32", "1.5", (1.5,), (2.0,)),
        ([Decimal("1.5"), Decimal(2), None], object, "2", (2.0,), (1.5,)),
        ([-0.0, 1.0], "float64", "0", (0.0,), (1.0,)),
        # Mixed types are text, and 1 and "1" are one value.
        (["1", 1, 1.0, "x"], object, "1", ("1",), ("x",)),
        ([True, "x", None, 1], object, "True", ("True",), ("1", "x")),
        ([True, False], "bool", "True", ("True",), ("False",)),
        ([True, False, None], "boolean", "True", ("True",), ("False",)),
        ([DATE, DAY_AFTER], object, "2020-01-01", ("2020-01-01",), ("2020-01-02",)),
        # float64 would merge the two.
        ([BIG, BIG + 1], "int64", str(BIG), (str(BIG),), (str(BIG + 1),)),
        ([BIG, BIG + 1, 2], object, str(BIG + 1), (str(BIG + 1),), ("2", str(BIG))),
    ],
)
def test_the_groups_are_values_of_the_column(
    values: list[Any], dtype: Any, privileged: Any, group_a: Any, group_b: Any
) -> None:
    rows = frame(*values, dtype=dtype)
    lookup = group_lookup(rows, Protected("x", privileged))
    assert lookup.group_b == group_b
    assert lookup.group_a == (privileged if group_a is None else group_a)
    # Every row finds its group again: all at once, alone, and as parsed JSON.
    groups = lookup.groups(rows)
    assert (groups < 0).tolist() == rows["x"].isna().tolist()
    cells = rows["x"].astype(object).where(rows["x"].notna(), None).tolist()
    assert lookup.groups(Columns({"x": cells}, len(cells))).tolist() == groups.tolist()
    assert [lookup.groups(rows.iloc[[i]]).item() for i in range(len(rows))] == groups.tolist()
    column = ProtectedColumn.from_frame(rows, Protected("x", privileged))
    assert column.groups(rows).tolist() == groups.tolist()
    # The groups written with the values of the data are the same.
    assert group_lookup(rows, name_groups(rows, Protected("x", privileged))) == lookup
    saved = json.loads(json.dumps(lookup.to_dict()))
    assert GroupLookup.from_dict(saved) == lookup
    assert ProtectedColumn.from_dict(json.loads(json.dumps(column.to_dict()))) == column


@pytest.mark.parametrize(
    ("values", "protected", "said"),
    [
        (["Male", "Female"], Protected("y", "a"), "'y' is not in the data; the columns are x"),
        ([None, None], Protected("x", "a"), "'x' has no value in any row"),
        (["Male", "Female"], Protected("x", "male"), r"'male' .*; did you mean Male\?"),
        (["Male", "Female"], Protected("x", "Q"), r"'Q' is not a value .* \(Female, Male\)$"),
        (["b, c", " a"], Protected("x", "a"), r'did you mean " a"\? \(" a", "b, c"\)$'),
        ([f"v{i}" for i in range(40)], Protected("x", "Q"), r"\(it has 40 values\)$"),
        (["a", "b"], Protected("x", ">=40"), "'>=40' is a condition on numbers, .* holds text"),
        (["a"], Protected("x", "a"), "has only one value"),
        (["a", "b"], Protected("x", "a|b"), "no value beyond the privileged group"),
        ([1, 2], Protected("x", "1", "1.0"), "mean the same value"),
        ([1, 2], Protected("x", "01"), r"'01' is not a value .* \(1, 2\)$"),
        ([20, 50], Protected("x", ">=60"), "no row has a value of 'x' in the privileged group"),
        ([20, 50], Protected("x", ">=40", "<20"), "in the unprivileged group, <20; give"),
        ([20, 50], Protected("x", "<40|>=40"), "no number beyond the privileged group"),
        ([20, 50], Protected("x", ">=40", "young"), "young is not a number"),
        ([1.0, math.inf], Protected("x", "1"), "'x' holds an infinite number"),
        ([b"a", b"b"], Protected("x", "a"), "'x' holds values of type bytes"),
        ([["a"], ["b"]], Protected("x", "a"), "'x' holds values of type list"),
        ([1j, 2j], Protected("x", "1"), "'x' holds values of type complex"),
    ],
)
def test_what_does_not_fit_the_data_is_refused(
    values: list[Any], protected: Protected, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        group_lookup(frame(*values * 5), protected)


def test_a_value_of_few_rows_is_not_named_in_an_error() -> None:
    rows = frame(*["Male", "Female"] * 5, "Jo Doe")
    for asked in ("Jo Do", "Mal"):
        with pytest.raises(RequestError, match=r"\(Female, Male and 1 more\)$") as refused:
            group_lookup(rows, Protected("x", asked))
        assert "Jo Doe" not in str(refused.value)


def test_a_column_that_stands_twice_is_refused() -> None:
    rows = pd.DataFrame([["a", "b"]], columns=["x", "x"])
    with pytest.raises(RequestError, match="'x' stands twice"):
        group_lookup(rows, Protected("x", "a"))


def test_a_listed_value_that_no_row_has() -> None:
    """It is refused where all rows are there, and warned of where some may be elsewhere."""
    rows, protected = frame("White", "Black"), Protected("x", "White|Asian")
    with pytest.raises(RequestError, match="'Asian' is not a value"):
        name_groups(rows, protected)
    with pytest.warns(UserWarning, match="no training row has 'Asian'"):
        lookup = group_lookup(rows, protected)
    assert lookup.groups(frame("Asian", "White", "Black", "Other")).tolist() == [0, 0, 1, -1]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Protected("x", "White"), ("White", "rest")),
        (Protected("x", ["White", "a|b"]), ('White|"a|b"', "Black")),
        (Protected("x", "Black", ["White"]), ("Black", "White")),
    ],
)
def test_groups_are_named_by_values_of_the_data(given: Protected, named: tuple[str, str]) -> None:
    assert name_groups(frame("White", "Black", "a|b"), given).texts == named


def test_ranges_are_named_by_their_plain_form() -> None:
    rows = frame(20, 50, 70)
    assert name_groups(rows, Protected("x", ">= 40")) == Protected("x", ">=40", "<40")
    assert name_groups(rows, Protected("x", "40..60|70")).texts == ("40..60|=70", "rest")
    # A condition that is a value of a column of text stays a value.
    named = name_groups(frame(">=40", "<40", "?"), Protected("x", ">=40"))
    assert named.texts == ('">=40"', "rest")
    assert named.group_names == (">=40", "not >=40")


SITES = GroupLookup("x", (1.0,), (2.5,))
CODES = GroupLookup("x", ("1",), ("2", "02"))
WORDS = GroupLookup("x", ("Male",), ("Female",))
AGES = GroupLookup("x", (">=40",), ("<40",), ranges=True)


@pytest.mark.parametrize(
    ("lookup", "value", "group"),
    [
        (SITES, "1", 0),
        (SITES, "1.0", 0),
        (SITES, "2.5", 1),
        (SITES, Decimal("2.5"), 1),
        (SITES, True, 0),
        (SITES, 3, -1),
        (SITES, None, -1),
        (CODES, 1, 0),
        (CODES, 1.0, 0),
        (CODES, 2, 1),
        (CODES, "02", 1),
        (CODES, "01", -1),
        (CODES, "1.0", -1),
        (CODES, pd.NA, -1),
        (CODES, math.nan, -1),
        (AGES, 43, 0),
        (AGES, "39.5", 1),
        (AGES, Decimal(40), 0),
        (AGES, None, -1),
    ],
)
def test_a_number_and_its_plain_text_are_one_value(
    lookup: GroupLookup, value: Any, group: int
) -> None:
    assert lookup.groups(frame(value)).tolist() == [group]
    assert lookup.groups(Columns({"x": [value, None]}, 2)).tolist() == [group, -1]


@pytest.mark.parametrize(
    ("lookup", "value"),
    [
        *((each, value) for each in (SITES, AGES) for value in ("one", "01", " 1", "1,5", "")),
        *((each, value) for each in (SITES, AGES) for value in (math.inf, b"1", [1])),
        *((CODES, value) for value in (b"1", ["1"], True, DATE)),
        *((WORDS, value) for value in (1, 1.0, True, DATE, Decimal(1))),
    ],
)
def test_a_value_of_another_type_is_refused_without_saying_it(
    lookup: GroupLookup, value: Any
) -> None:
    with pytest.raises(
        InputError, match=r"^column 'x': [a-z ]+ in row 1(; give text, because .*)?$"
    ):
        lookup.groups(Columns({"x": [None, value]}, 2))


def test_lookups_of_earlier_formats_have_no_new_entries() -> None:
    saved = {"column": "sex", "group_a": ["yes"], "group_b": ["no"]}
    old = GroupLookup.from_dict(saved)
    assert old.to_dict() == {"column": "sex", "group_a": ("yes",), "group_b": ("no",)}
    assert old.groups(pd.DataFrame({"sex": ["yes", "no", "true"]})).tolist() == [0, 1, -1]
