"""The filter of rows: what it keeps, checked against pandas, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.data.where import parse_where, rows_where
from fairrun.errors import RequestError

PEOPLE = pd.DataFrame(
    {
        "age": [17.0, 18.0, 40.0, np.nan, 64.5] * 5,
        "region": ["North", "South|East", ">=40", None, "a;b"] * 5,
        "day": ["2024-12-31", "2025-01-01", "2025-06-30T23:59:59", None, "2026-01-01"] * 5,
        "over=18": ["no", "yes", "yes", None, "yes"] * 5,
        "flag": [0.0, 1.0, 1.0, np.nan, 1.0] * 5,
    }
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("age>=18", [1, 2, 4]),
        ("age >= 18; age<64.5", [1, 2]),
        ("age=18|64.5", [1, 4]),
        ("age==18", [1]),
        ("age=17..40", [0, 1]),
        ("age=17..18..40|>=60", [0, 1, 4]),
        ("age<=17|64.5;", [0, 4]),
        ("region=North", [0]),
        ("region=South|East", [1]),  # a value that has a bar
        ('region="South|East"|North', [0, 1]),
        ("region>=40", [2]),  # a value that looks like a condition
        ('region="a;b"', [4]),
        ("day>=2025-01-01", [1, 2, 4]),
        ("day<=2025-06-30", [0, 1, 2]),  # the last second of a day is in that day
        ("day=2025-01-01..2026-01-01", [1, 2]),
        ("day>2024-12-31; day<2026-01-01", [1, 2]),
        ("day=2025-06-30", [2]),
        ('"over=18"=yes', [1, 2, 4]),
        ('"over=18"=true', [1, 2, 4]),
        ("flag=no", [0]),
        ("flag=1", [1, 2, 4]),
    ],
)
def test_a_filter_keeps_the_rows_that_it_names(text: str, kept: list[int]) -> None:
    found = rows_where(PEOPLE, parse_where(text))
    assert np.flatnonzero(found[:5]).tolist() == kept
    assert (found.reshape(5, 5) == found[:5]).all()


@given(
    low=st.integers(-5, 5),
    width=st.integers(1, 6),
    names=st.sets(st.sampled_from("abc"), min_size=1),
    seed=st.integers(0, 99),
)
def test_it_agrees_with_pandas(low: int, width: int, names: set[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"x": np.r_[low, rng.integers(-6, 7, 40)], "k": [*"abc", *rng.choice(list("abc"), 38)]}
    )
    text = f"x={low}..{low + width}; k={'|'.join(sorted(names))}"
    expected = frame["x"].between(low, low + width, inclusive="left") & frame["k"].isin(names)
    assert rows_where(frame, parse_where(text)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a condition; give conditions such as"),
        ("age is 18", "'age is 18' in where=age is 18 is not a condition"),
        ("age>=18 and age<40", ">=18 and age<40 is not a condition on 'age'.*semicolons"),
        ("age=", "'age=' in where=age= is not a condition"),
        ("=18", "is not a condition"),
        ('region="North', 'an opening " without a closing one'),
        ("age=18..18", "the edges '18..18' do not rise"),
        ("ages>=18", "where names ages, which is not a column of the data; did you mean age"),
        ("region=Nort", "no row has 'Nort' in the column 'region'.*did you mean North"),
        ("region>=18", ">=18 is a condition on numbers, and the column 'region' holds text"),
        ("age=North", "no row has 'North' in the column 'age'"),
        ("age=19", "no row has '19' in the column 'age'"),
        ("region=North|Souht", "no row has 'Souht'"),
        ("day>=2025", ">=2025 is no day of the column 'day', which holds dates; give.*2025-01-01"),
        ("day=2031-01-01", "2031-01-01 is no day of the column 'day'"),
    ],
)
def test_a_wrong_filter_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        rows_where(PEOPLE, parse_where(text))


@pytest.mark.parametrize("name", ["Jo Doe", "Jane Roe"])
def test_a_refusal_names_no_rare_value(name: str) -> None:
    frame = pd.DataFrame({"name": ["common"] * 5 + ["Jo Doe", "Jane Roe"]})
    with pytest.raises(RequestError) as raised:
        rows_where(frame, parse_where("name=Jo Do"))
    assert name not in str(raised.value).replace("Jo Do'", "")


@pytest.mark.parametrize("column", [[], [None, None], [np.nan]])
def test_a_column_without_values_meets_nothing(column: list[Any]) -> None:
    frame = pd.DataFrame({"x": column}, dtype=object)
    with pytest.raises(RequestError, match="no row has 'a'"):
        rows_where(frame, parse_where("x=a"))
