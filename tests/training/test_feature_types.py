"""The types of features: what becomes a number, what stays text, what is refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fairrun.errors import RequestError
from fairrun.training.feature_types import check_text, typed_features

DAYS = pd.date_range("2020-01-01", periods=60, freq="5D")


def typed(values: Any, **settings: Any) -> pd.Series:
    return typed_features(pd.DataFrame({"it": pd.Series(values)}), **settings)["it"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, None, False], [1.0, None, 0.0]),
        (pd.array([True, None, False], dtype="boolean"), [1.0, None, 0.0]),
        ([Decimal("1.5"), None, 2], [1.5, None, 2.0]),
        ([np.float32(0.5), np.int8(3), pd.NA], [0.5, 3.0, None]),
        (pd.array([1, None], dtype="Int64"), [1.0, None]),
        (pd.Series([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(4, 2))), [1.5, None]),
    ],
)
def test_numbers(values: Any, expected: list[float | None]) -> None:
    found = typed(values)
    assert pd.api.types.is_numeric_dtype(found.dtype)
    as_floats = found.to_numpy(dtype=np.float64, na_value=np.nan)
    np.testing.assert_array_equal(as_floats, np.array(expected, dtype=np.float64))


@pytest.mark.parametrize(
    "dtype", [object, "str", "string", "category", pd.ArrowDtype(pa.string())], ids=str
)
def test_text(dtype: Any) -> None:
    found = typed(pd.Series(["a", None, "NA", "<NA>"], dtype=dtype))
    assert found.dtype == object
    assert found.tolist() == ["a", None, "NA", "<NA>"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (DAYS, "holds dates; leave it out with drop=it, or give parts of the date, such as"),
        (DAYS.tz_localize("UTC"), "holds dates"),
        (DAYS.to_period("D"), "holds dates"),
        ([date(2020, 1, 1), None], "holds dates"),
        (pd.Series(DAYS).astype(pd.ArrowDtype(pa.timestamp("s"))), "holds dates"),
        (pd.Series(DAYS.date).astype(pd.ArrowDtype(pa.date32())), "holds dates"),
        (DAYS.strftime("%Y-%m-%d"), "holds dates"),
        (DAYS.strftime("%d.%m.%y"), "holds dates"),
        (DAYS.strftime("%m/%d/%Y %H:%M"), "holds dates"),
        (DAYS.strftime("%Y-%m-%dT%H:%M:%SZ"), "holds dates"),
        (DAYS.strftime("%d %B %Y"), "holds dates"),
        (DAYS - DAYS[0], "holds durations; .* or give them as numbers, such as days"),
        ([b"a", b"b"], "holds bytes; .* or decode them to text"),
        ([[1], [2]], "holds lists or other collections; .* or give each part as a column"),
        ([{"a": 1}, None], "holds lists or other collections"),
        (pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))), "holds lists"),
        ([1j, 2j], "holds complex numbers"),
        (["a", 1, None, 2], "holds text, but not in rows 1, 3 .types int, str."),
        ([object(), None], "holds values of type object"),
        (pd.Categorical([1, 2]), "holds numbers under the dtype category"),
        ([f"n{n}" for n in range(60)], "has 60 different values in 60 rows, so it identifies"),
    ],
)
def test_refused_by_name(values: Any, said: str) -> None:
    with pytest.raises(RequestError, match=f"^the feature 'it' {said}"):
        typed(values)


def test_all_of_them_are_named_at_once() -> None:
    frame = pd.DataFrame({"name": [f"n{n}" for n in range(60)], "age": 1.0, "born": DAYS})
    frame["empty"] = None
    with pytest.raises(RequestError) as raised:
        typed_features(frame)
    assert str(raised.value) == (
        "3 features cannot be used: 'name' has 60 different values in 60 rows, so it identifies "
        "rows (give a column of coarser categories); 'born' holds dates (give parts of the date, "
        "such as the year, as columns of numbers); 'empty' has no value in any row; "
        "leave them out with drop=name,born,empty"
    )


def test_numbers_with_a_decimal_comma_are_read_and_not_dropped() -> None:
    frame = pd.DataFrame({"income": [f"{n}.400,5" for n in range(60)]})
    read = """give numbers, which read='{"decimal": ","}' makes of a file"""
    with pytest.raises(RequestError) as alone:
        typed_features(frame)
    assert str(alone.value) == (
        "the feature 'income' holds numbers with a decimal comma; "
        f"leave it out with drop=income, or {read}"
    )
    frame["name"] = [f"n{n}" for n in range(60)]
    with pytest.raises(RequestError) as raised:
        typed_features(frame)
    assert f"'income' holds numbers with a decimal comma ({read}); 'name' has" in str(raised.value)
    assert str(raised.value).endswith("; leave the others out with drop=name")


@pytest.mark.parametrize(
    "values",
    [
        [f"n{n}" for n in range(49)],  # too few to tell
        [f"n{n // 2}" for n in range(60)],  # two rows each
        ["2019-01-01", "2020-01-01", "2021-01-01"] * 30,  # cohorts
        [f"1-2-{n % 25:03}" for n in range(100)],  # no dates
    ],
)
def test_categories_are_no_identifiers_and_no_dates(values: list[str]) -> None:
    assert typed(values).tolist() == values


def test_every_category_can_be_named_on_request() -> None:
    names = [f"n{n}" for n in range(60)]
    assert typed(names, min_frequency=1).tolist() == names
    with pytest.raises(RequestError, match="holds dates"):
        typed(DAYS, min_frequency=1)


def test_text_that_a_wrong_cell_made_of_numbers_is_refused() -> None:
    ages = pd.Series([*map(str, range(20, 59)), "4O"])
    said = "age: 39 of 40 values are numbers, 1 is '4O'; correct these cells, or give na_values="
    with pytest.raises(RequestError, match=said):
        check_text(pd.DataFrame({"age": ages}))
    for chosen in (ages.astype("category"), ages[:-1], ages.replace("21", "021"), ages + "a"):
        check_text(chosen.to_frame("age"))
