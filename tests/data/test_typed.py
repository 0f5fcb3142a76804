"""Which cell is a number, text or a null, in written tables and in tables with types."""

from __future__ import annotations

import datetime
import decimal
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fairrun.data import DatasetSpec, ReadOptions, SourceTable, TypedTable, type_columns
from fairrun.errors import RequestError
from fairrun.groups import Protected
from tests.conftest import ROOT

SPEC = DatasetSpec("people", "people.csv", "paid", "yes", (Protected("sex", "m"),))
N_ROWS = 800


def written(**columns: list[str]) -> SourceTable:
    """Make a table of 800 rows from the first cells of each column."""
    frame = {
        "income": [str(30_000 + 7 * row) for row in range(N_ROWS)],
        "sex": ["m", "f"] * (N_ROWS // 2),
        "paid": ["yes", "no", "yes", "yes"] * (N_ROWS // 4),
    }
    for name, cells in columns.items():
        frame[name] = [*cells, *frame.get(name, cells * N_ROWS)[len(cells) :]][:N_ROWS]
    return SourceTable(pd.DataFrame(frame, dtype=str), written=True)


def column(table: SourceTable, name: str, spec: DatasetSpec = SPEC) -> list[Any]:
    return type_columns(table, spec).frame[name].tolist()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["31", "-2", "+2", "0", "0.5", ".5", "5."], [31, -2, 2, 0, 0.5, 0.5, 5]),
        (["1e3", "2.5E-1", "1e+2"], [1000, 0.25, 100]),
        (["", "NA", "NaN", "null", "None", "#N/A", "<NA>", "n/a"], [np.nan] * 8),
        (["0.1", "1.1", "38.5"], [0.1, 1.1, 38.5]),
    ],
)
def test_a_column_of_numbers(cells: list[str], numbers: list[float]) -> None:
    table = written(income=cells)
    found = column(table, "income")[: len(cells)]
    np.testing.assert_array_equal(found, numbers)
    assert type_columns(table, SPEC).kinds["income"] == "number"


@pytest.mark.parametrize(
    ("read", "cell", "number"),
    [
        ({"decimal": ","}, "31,5", 31.5),
        ({"thousands": ","}, "31,500.5", 31500.5),
        ({"decimal": ",", "thousands": "."}, "31.500,5", 31500.5),
        ({"decimal": ",", "thousands": " "}, "31 500,5", 31500.5),
    ],
)
def test_marks_of_numbers(read: dict[str, str], cell: str, number: float) -> None:
    spec = replace(SPEC, read=ReadOptions(**read))  # type: ignore[arg-type]
    assert column(written(income=[cell]), "income", spec)[:2] == [number, 30_007]


@pytest.mark.parametrize(
    ("cells", "said", "ways"),
    [
        (["n.a."], "799 of 800 values are numbers, 1 is 'n.a.'", ["na_values=n.a. for nulls"]),
        (["4O"], "799 of 800 values are numbers, 1 is '4O'", ["types=income:category for text"]),
        (["?", "?", ""], "797 of 799 values are numbers, 2 are '?'", ["na_values=? for nulls"]),
        (["31,5"], "1 is '31,5'", ["""na_values='"31,5"'""", """read='{"decimal": ","}'"""]),
        (["31,500"], "1 is '31,500'", ["""read='{"thousands": ","}'"""]),
        (["40%", "n.a.", "NA"], "797 of 799 values are numbers, 1 is '40%', 1 is 'n.a.'; c", []),
        (["a", "b", "c", "d", "d"], "2 are 'd', 1 is 'a', 1 is 'b', 1 other cell; correct", []),
        (["the text of a long remark"], "1 is 'the text of a long …'", ["give types=income:cat"]),
        (["-Infinity"], r"1 is '-Infinity' (infinite in row 1 of the data)", ["na_values=-Inf"]),
        (["1", "1e999"], "too large a number (infinite in row 2 of the data)", []),
    ],
)
def test_a_wrong_cell_in_a_column_of_numbers(cells: list[str], said: str, ways: list[str]) -> None:
    table = written(income=cells)
    with pytest.raises(RequestError) as error:
        type_columns(table, SPEC)
    text = str(error.value)
    assert text.startswith("income: ")
    for each in (said, *ways):
        assert each in text
    # Each way out that is given leads out.
    assert column(table, "income", replace(SPEC, types=(("income", "category"),)))[0] == cells[0]
    nulls = replace(SPEC, na_values=tuple(cells))
    assert np.isnan(column(table, "income", nulls)[0])
    # A type that is given does not make the cell a number, and a dropped column is nobody's.
    with pytest.raises(RequestError, match="income: "):
        type_columns(table, replace(SPEC, types=(("income", "number"),)))
    dropped = replace(SPEC, drop=("income",))
    assert type_columns(table, dropped).kinds["income"] == "category"
    lenient = type_columns(table, SPEC, strict=False)
    assert (lenient.kinds["income"], lenient.notes[-1]) == ("category", text)


def test_all_wrong_columns_are_named_at_once() -> None:
    table = written(income=["n.a."], age=["?", *["30"] * (N_ROWS - 1)])
    with pytest.raises(
        RequestError, match=r"income: .*; age: .* na_values=n.a.,\? .*types=income:c"
    ):
        type_columns(table, SPEC)


@pytest.mark.parametrize(
    ("n_other", "kind"), [(41, "category"), (40, None), (1, None), (0, "number")]
)
def test_the_share_that_is_refused(n_other: int, kind: str | None) -> None:
    table = written(income=["x"] * n_other)
    if kind is None:
        with pytest.raises(RequestError):
            type_columns(table, SPEC)
    else:
        typed = type_columns(table, SPEC)
        assert typed.kinds["income"] == kind
        notes = ("income: text, because 759 of 800 values are numbers",) if n_other else ()
        assert typed.notes == notes


def test_text_stays_as_it_is_in_the_file() -> None:
    words = ["None", "NA", "nan", "null", "", "inf"]
    typed = type_columns(written(job=[*words, "clerk"], sex=["NA", "m"]), SPEC)
    assert typed.frame["job"].tolist()[:7] == ["None", "NA", "nan", "null", None, "inf", "clerk"]
    assert typed.frame["sex"].tolist()[0] == "NA"
    assert typed.nulls.keys() == {"job"}
    spec = replace(SPEC, na_values=("NA", "inf"))
    typed = type_columns(written(job=[*words, "clerk"], sex=["NA", "m"]), spec)
    assert typed.frame["job"].tolist()[:6] == ["None", None, "nan", "null", None, None]
    assert typed.notes == ("nulls: sex 1 ('NA'), job 343 (empty, 'NA', 'inf')",)


def test_codes_with_leading_zeros_are_categories() -> None:
    table = written(code=["01", "2", "NA"], amount=["0", "0.5", "-0.5"])
    typed = type_columns(table, SPEC)
    assert typed.frame["code"].tolist()[:3] == ["01", "2", "NA"]
    assert typed.frame["amount"].tolist()[:3] == [0, 0.5, -0.5]
    assert typed.notes == ("code: text, because of leading zeros (267 values)",)
    assert column(table, "code", replace(SPEC, types=(("code", "number"),)))[:2] == [1, 2]
    given = replace(SPEC, types=(("income", "category"),))
    assert column(table, "income", given)[0] == "30000"


def test_truth_values_are_numbers_but_for_the_target() -> None:
    table = written(member=["True", "FALSE", "true", ""], paid=["TRUE", "false"])
    table.frame["paid"] = ["TRUE", "false"] * (N_ROWS // 2)
    np.testing.assert_array_equal(column(table, "member")[:4], [1, 0, 1, np.nan])
    assert column(table, "paid")[:2] == ["True", "False"]
    given = replace(SPEC, types=(("member", "category"),))
    assert column(table, "member", given)[:4] == ["True", "FALSE", "true", None]
    wrong = written(member=["n.a.", *["True", "False"] * 399, "True"])
    with pytest.raises(RequestError, match="member: 799 of 800 values are True or False, 1 is 'n"):
        type_columns(wrong, SPEC)


def test_numbers_with_other_marks_are_noted() -> None:
    table = written(income=[f"{row},5" for row in range(N_ROWS)])
    typed = type_columns(table, SPEC)
    assert typed.kinds["income"] == "category"
    note = """income: read as text; with read='{"decimal": ","}' all its values are numbers"""
    assert typed.notes == (note,)


def typed_frame(values: Any, spec: DatasetSpec = SPEC) -> TypedTable:
    return type_columns(SourceTable(pd.DataFrame({"x": values, "sex": "m", "paid": "yes"})), spec)


def arrow(values: list[Any], dtype: pa.DataType) -> pd.Series:
    return pd.Series(values, dtype=pd.ArrowDtype(dtype))


NUMBERS: dict[str, Any] = {
    "int8": pd.Series([1, 0, 1], dtype="int8"),
    "float32": pd.Series([1, 0, np.nan], dtype="float32"),
    "Int64": pd.Series([1, 0, None], dtype="Int64"),
    "bool": pd.Series([True, False, True]),
    "boolean": pd.Series([True, False, None], dtype="boolean"),
    "objects, bool": pd.Series([True, False, None], dtype=object),
    "objects, mixed": pd.Series([1, False, 1.0], dtype=object),
    "Decimal": pd.Series([decimal.Decimal(1), decimal.Decimal("0.0"), None], dtype=object),
    "category": pd.Series(pd.Categorical([1, 0, None])),
    "arrow int": arrow([1, 0, None], pa.int64()),
    "arrow bool": arrow([True, False, None], pa.bool_()),
    "arrow decimal": arrow([decimal.Decimal(1), decimal.Decimal(0), None], pa.decimal128(5, 2)),
    "with a word": pd.Series([1, 0, "NA"], dtype=object),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_every_dtype_of_numbers(name: str) -> None:
    typed = typed_frame(NUMBERS[name])
    assert typed.kinds["x"] == "number"
    assert typed.frame["x"].dtype == np.float64
    last = typed.frame["x"].tolist()[2]
    assert typed.frame["x"].tolist()[:2] == [1, 0]
    assert last == 1 or np.isnan(last)
    assert typed.nulls == ({"x": 1} if np.isnan(last) else {})
    # As a category, a whole number has one text, whatever its type is.
    texts = typed_frame(NUMBERS[name], replace(SPEC, types=(("x", "category"),))).frame["x"]
    assert texts.tolist()[0] == ("True" if "bool" in name else "1")
    assert texts.tolist()[2] in ("True", "1", "NA", None)


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string", "arrow", "dictionary"])
def test_every_dtype_of_text(dtype: str) -> None:
    values = ["01", "NA", None]
    kinds = {"arrow": pa.string(), "dictionary": pa.dictionary(pa.int8(), pa.string())}
    raw = arrow(values, kinds[dtype]) if dtype in kinds else pd.Series(values, dtype=dtype)
    typed = typed_frame(raw)
    assert typed.frame["x"].tolist() == values
    assert typed.frame["x"].dtype == object
    assert (typed.kinds["x"], typed.nulls) == ("category", {"x": 1})
    assert typed_frame(raw, replace(SPEC, na_values=("NA",))).nulls == {"x": 2}


@pytest.mark.parametrize("dtype", ["object", "string", "string[pyarrow]", "category"])
def test_text_of_a_typed_table_that_a_wrong_cell_made_of_numbers(dtype: str) -> None:
    raw = pd.Series([*map(str, range(100, 140)), "n.a."], dtype=dtype)
    with pytest.raises(RequestError, match=r"x: 40 of 41 values are numbers, 1 is 'n.a"):
        typed_frame(raw)
    typed = typed_frame(raw, replace(SPEC, na_values=("n.a.",)))
    assert (typed.kinds["x"], typed.nulls) == ("number", {"x": 1})
    typed = typed_frame(raw, replace(SPEC, types=(("x", "category"),)))
    assert typed.frame["x"].tolist() == raw.tolist()
    as_meant = typed_frame(raw[:-1])  # no cell is wrong, so the text was meant
    assert as_meant.kinds["x"] == "category"
    assert as_meant.notes == (
        "x: text as in the source, though all values are numbers (see types)",
    )


def test_a_number_that_means_a_null_in_a_typed_table() -> None:
    typed = typed_frame([-1, 5, 6], replace(SPEC, na_values=("-1", "?")))
    np.testing.assert_array_equal(typed.frame["x"], [np.nan, 5, 6])
    assert typed.notes == ("na_values: no cell is '?'", "nulls: x 1 ('-1')")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([datetime.date(2020, 1, 1)] * 2, "x: the values are neither numbers nor text; give dro"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "neither numbers nor text"),
        (pd.to_timedelta([1, 2]), "neither"),
        (pd.Series([b"a", b"b"], dtype=object), "neither"),
        (pd.Series([[1], [2]], dtype=object), "neither"),
        (
            [1.0, np.inf],
            "x: infinite in row 2 of the data; correct these cells, or give na_values=i",
        ),
        (
            pd.Series([*range(40), "n.a."], dtype=object),
            "x: 40 of 41 values are numbers, 1 is 'n.a",
        ),
    ],
)
def test_a_typed_column_that_no_model_reads(values: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        typed_frame(values)
    typed = typed_frame(values, replace(SPEC, drop=("x",)))
    assert len(typed.frame) == len(values)


def documented() -> list[tuple[list[str], str]]:
    page = (ROOT / "docs" / "data.md").read_text("utf-8").split("<!-- cells -->\n")[1]
    rows = [line.strip("| ").split(" | ") for line in page.split("\n\n")[0].splitlines()[2:]]
    found = []
    for described, said in rows:
        cells = re.findall("`([^`]+)`", described) + [""] * ("empty cell" in described)
        n_cells = N_ROWS - 1 if "one `" in described else 1
        found.append(([*cells[:1] * n_cells, *cells[1:]], said))
    return found


@pytest.mark.parametrize(("cells", "said"), documented(), ids=lambda said: str(said)[:40])
def test_the_documented_cells(cells: list[str], said: str) -> None:
    frame = pd.DataFrame({"x": (cells * N_ROWS)[:N_ROWS], "sex": "m", "paid": "yes"}, dtype=str)
    table = SourceTable(frame, written=True)
    if said.startswith("refused"):
        with pytest.raises(RequestError, match="799 of 800 values are numbers"):
            type_columns(table, SPEC)
        for reading in re.findall(r"read=({.*})", said):
            marks = replace(SPEC, read=ReadOptions(**json.loads(reading)))
            assert type_columns(table, marks).kinds["x"] == "number"
        return
    typed = type_columns(table, SPEC)
    assert typed.kinds["x"] == {"num": "number", "tex": "category"}[said[:3]]
    assert ("x" in typed.nulls) == ("null" in said and "are categories" not in said)
    if "because" in said:
        assert typed.notes[0].startswith("x: text, because")
