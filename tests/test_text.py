import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.text import format_table
from tests.figures.samples import UNDEFINED


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n")]


def test_a_comparison():
    table = UNDEFINED[["mitigator", "accuracy", "disparate_impact"]][:3]
    assert format_table(table).split("\n") == [
        "| mitigator           | accuracy | disparate_impact |",
        "| :------------------ | -------: | ---------------: |",
        "| none                |    0.846 |            3.150 |",
        "| reweighing          |    0.835 |        undefined |",
        "| correlation_remover |    0.835 |              inf |",
    ]


def test_decimals():
    table = pd.DataFrame({"value": [0.12345, 12.0, -3.14159]})
    assert [row[0] for row in cells(format_table(table, decimals=1))[2:]] == ["0.1", "12.0", "-3.1"]
    assert [row[0] for row in cells(format_table(table, decimals=4))[2:]] == [
        "0.1235",  # 0.12345 as a float is a little more
        "12.0000",
        "-3.1416",
    ]


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_missing_numbers_are_undefined_and_stay_right_aligned(missing):
    text = format_table(pd.DataFrame({"rows": pd.array([1234567890, missing], dtype="Int64")}))
    assert text.split("\n")[1:] == ["| ---------: |", "| 1234567890 |", "|  undefined |"]


def test_floats_in_a_column_of_objects_are_numbers_too():
    text = format_table(pd.DataFrame({"x": pd.Series([0.5, None], dtype=object)}))
    assert text.split("\n")[1:] == ["| --------: |", "|     0.500 |", "| undefined |"]


def test_no_negative_zero():
    assert cells(format_table(pd.DataFrame({"x": [-0.0001]})))[2] == ["0.000"]


def test_text_cannot_break_the_table():
    text = format_table(pd.DataFrame({"name": ["a|b", "two\nlines"], "ok": [True, False]}))
    assert text.split("\n")[2:] == [r"| a\|b      | True  |", "| two lines | False |"]


def test_a_table_without_rows_is_its_heading():
    table = pd.DataFrame({"name": pd.Series(dtype=str), "x": pd.Series(dtype=float)})
    assert format_table(table).split("\n") == ["| name |   x |", "| :--- | --: |"]


@given(
    st.lists(
        st.tuples(st.text("abc_+", max_size=30), st.floats(-1e6, 1e6) | st.just(np.nan)), min_size=1
    )
)
def test_lines_are_of_one_length_and_read_back(rows):
    table = pd.DataFrame(rows, columns=["mitigator", "value"])
    lines = format_table(table).split("\n")
    assert len({len(line) for line in lines}) == 1
    assert len({tuple(i for i, letter in enumerate(line) if letter == "|") for line in lines}) == 1
    read = cells("\n".join(lines))[2:]
    for (name, value), (read_name, read_value) in zip(rows, read, strict=True):
        assert read_name == name
        if np.isnan(value):
            assert read_value == "undefined"
        else:
            assert float(read_value) == pytest.approx(value, abs=0.00051)
