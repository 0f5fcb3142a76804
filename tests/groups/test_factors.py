"""Legitimate factors as they are given: columns and bins."""

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import factor_columns

FRAME = pd.DataFrame(
    {
        "age": np.arange(100.0) % 70,
        "job": ["a", "b"] * 50,
        "one": 1.0,
        "none": None,
        "a:b": [1.0, 2.0] * 50,
        "name": [f"person {i}" for i in range(100)],
    }
)


def test_bins_and_values_are_positions_and_the_rest_is_in_no_stratum():
    age, job = factor_columns(FRAME, ["age:18..25..40", "job"])
    assert age.values == ("18..25", "25..40")
    expected = np.select(
        [FRAME["age"].between(18, 24.9), FRAME["age"].between(25, 39.9)], [0, 1], -1
    )
    assert np.array_equal(age.positions(FRAME), expected)
    assert job.positions(FRAME[:2].assign(job=["b", None])).tolist() == [1, -1]


def test_a_column_whose_name_has_a_colon_is_that_column():
    assert factor_columns(FRAME, ["a:b"])[0].values == (1.0, 2.0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "given=nothing names no column"),
        (["job", "job"], "or one twice"),
        (["jbo"], "not a column of the data; did you mean job"),
        (["one"], "one value only, so that it changes no comparison"),
        (["none"], "no value in any row"),
        (["age"], "70 different values.*give bins, such as given=age:18..25..40"),
        (["age:0..70"], "one bin only"),
        (["age:40..18"], "do not rise"),
        (["age:18..x"], "not a range of numbers"),
        (["job:1..2..3"], "holds text"),
    ],
)
def test_what_cannot_be_a_factor_is_refused_in_a_line(given, says):
    with pytest.raises(RequestError, match=says):
        factor_columns(FRAME, given)


def test_too_many_strata_are_refused_without_a_value_of_a_person():
    edges = "..".join(str(edge) for edge in range(0, 65, 5))
    with pytest.raises(RequestError, match=r"makes 2,400 strata") as caught:
        factor_columns(FRAME, ["name", "a:b", f"age:{edges}"])
    assert "person" not in str(caught.value)
