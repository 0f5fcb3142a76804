from __future__ import annotations

import json
import sys
import tracemalloc
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.serving.errors import Refused
from fairrun.serving.pieces import VALUE_BYTES
from fairrun.serving.requests import read_pieces, read_rows

NAMES = ("age", "job")
CANARY = "7391842.25"

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
)
_RECORDS = st.lists(
    st.fixed_dictionaries({"age": _VALUES, "job": _VALUES, 'a "colon": here': _VALUES}), max_size=6
)


def refused(body: str | bytes) -> Refused:
    with pytest.raises(Refused) as raised:
        read_rows(body if isinstance(body, bytes) else body.encode(), NAMES)
    assert CANARY not in str(raised.value)
    return raised.value


@given(_RECORDS, st.booleans())
def test_the_three_shapes_hold_the_same(records: list[dict[str, Any]], ascii_only: bool) -> None:
    expected = {name: [record[name] for record in records] for name in NAMES}
    columns = list(records[0]) if records else list(NAMES)
    data = [[record[name] for name in columns] for record in records]
    bodies: list[Any] = [
        records,
        {"columns": columns, "data": data},
        {"data": data, "index": [f"row {n}" for n in range(len(data))], "columns": columns},
        {"data": [cells[::-1] for cells in data], "columns": columns[::-1]},
    ]
    if len(records) == 1:
        bodies.append(records[0])
    for body in bodies:
        written = json.dumps(body, ensure_ascii=ascii_only).encode()
        assert read_rows(written, NAMES) == (expected, len(records))


def test_what_pandas_writes_is_read(rows: pd.DataFrame) -> None:
    frame = rows[["age", "job"]]
    expected = json.loads(frame.to_json(orient="split", double_precision=15))["data"]
    split = {"orient": "split"}
    for options in (split, split | {"index": False}, {"orient": "records"}):
        columns, n_rows = read_rows(frame.to_json(**options, double_precision=15).encode(), NAMES)
        assert n_rows == len(frame)
        assert list(map(list, zip(columns["age"], columns["job"], strict=True))) == expected


def test_unknown_columns_are_ignored_also_where_they_stand_twice() -> None:
    body = {"columns": ["x", "age", "x", None, "job", [1]], "data": [[0, 1, 2, 3, "a", 5]]}
    assert read_rows(json.dumps(body).encode(), NAMES) == ({"age": [1], "job": ["a"]}, 1)
    assert read_rows(b'{"x": 1, "x": 2, "age": 3, "job": "a"}', NAMES)[0]["age"] == [3]


@pytest.mark.parametrize("body", ["[]", '{"columns": ["age", "job"], "data": []}'])
def test_no_rows(body: str) -> None:
    assert read_rows(body.encode(), NAMES) == ({"age": [], "job": []}, 0)


def test_a_column_that_no_row_has_is_left_to_the_model() -> None:
    assert read_rows(b'[{"age": 1}, {"age": 2}]', NAMES) == ({"age": [1, 2]}, 2)
    assert read_rows(b'{"columns": ["job"], "data": [["a"]]}', NAMES) == ({"job": ["a"]}, 1)


@pytest.mark.parametrize(
    ("body", "status", "code", "row", "column"),
    [
        ("", 400, "not_json", None, None),
        ('{"age": ', 400, "not_json", None, None),
        ('{"age": 1} {}', 400, "not_json", None, None),
        ("{'age': 1}", 400, "not_json", None, None),
        ('{"age": NaN}', 400, "not_json", None, None),
        ('{"age": -Infinity}', 400, "not_json", None, None),
        (b'{"age": "\xff"}', 400, "not_json", None, None),
        ('{"age": 1}'.encode("utf-16"), 400, "not_json", None, None),
        ("[" * 100_000, 400, "not_json", None, None),
        ('{"age": ' * 100_000, 400, "not_json", None, None),
        # Python 3.13 reads what 3.11 calls too deep: the limit is ours.
        *(
            ('{"age": ' * depth + "1" + "}" * depth, 422, "wrong_shape", None, None)
            for depth in (65, 500, 1000)
        ),
        ('{"age": ' * 5000 + "1" + "}" * 5000, 400, "not_json", None, None),
        ('{"x": 1e999, "age": ' * 5000 + "1" + "}" * 5000, 400, "not_json", None, None),
        ("3", 422, "wrong_shape", None, None),
        ("null", 422, "wrong_shape", None, None),
        (f'"{CANARY}"', 422, "wrong_shape", None, None),
        (f'[{{"age": 1, "job": "a"}}, {CANARY}]', 422, "wrong_shape", 1, None),
        ('[{"age": 1, "job": "a"}, ["a"]]', 422, "wrong_shape", 1, None),
        (
            f'{{"columns": ["age"], "data": [[1], [1, "{CANARY}"], []]}}',
            422,
            "wrong_shape",
            1,
            None,
        ),
        (f'{{"columns": ["age"], "data": [[1], "{CANARY}"]}}', 422, "wrong_shape", 1, None),
        ('{"columns": ["age", "age"], "data": [[1, 2]]}', 422, "invalid_rows", None, "age"),
        (f'{{"age": 1, "age": {CANARY}}}', 422, "invalid_rows", None, "age"),
        ('[{"age": 1, "job": "a"}, {"age": 1, "\\u0061ge": 2}]', 422, "invalid_rows", None, "age"),
        (f'[{{"age": 1, "job": "{CANARY}"}}, {{"age": 1}}]', 422, "invalid_rows", 1, "job"),
    ],
)
def test_what_is_refused(
    body: str | bytes, status: int, code: str, row: int | None, column: str | None
) -> None:
    error = refused(body)
    assert (error.status, error.code, error.row, error.column) == (status, code, row, column)


def test_ragged_rows_are_named() -> None:
    body = {"columns": ["age"], "data": [[1]] + [[1, 2]] * 8}
    message = str(refused(json.dumps(body)))
    assert message.startswith("rows 1, 2, 3, 4, 5 and 3 more: not a list of 1 values")


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1" + "0" * 400])
def test_a_number_beyond_float64_reaches_the_model_which_names_it(text: str) -> None:
    columns, _ = read_rows(f'{{"age": {text}, "job": "a"}}'.encode(), NAMES)
    (value,) = columns["age"]
    assert abs(value) > sys.float_info.max


_JSON = st.recursive(
    _VALUES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["columns", "index", "data", "age", "job"]), inner)
    ),
    max_leaves=12,
)


def in_pieces(body: bytes, size: int) -> tuple[int, dict[str, list[Any]], int]:
    """Give the status of a body that is cut, and its rows."""
    columns: dict[str, list[Any]] = {}
    n_rows = 0
    try:
        for part, length in read_pieces(body, NAMES, size):
            assert all(len(values) == length for values in part.values())
            for name, values in part.items():
                columns.setdefault(name, []).extend(values)
            n_rows += length
    except Refused as error:
        return error.status, {}, 0
    return 200, columns, n_rows


@given(_JSON | st.binary(max_size=40), st.integers(1, 50))
def test_whatever_is_sent_is_read_or_refused_also_in_pieces(document: Any, size: int) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    status, columns, n_rows = 200, {}, 0
    try:
        columns, n_rows = read_rows(body, NAMES)
    except Refused as error:
        status = error.status
    assert status in (200, 400, 422)
    assert all(len(values) == n_rows for values in columns.values())
    cut, *read = in_pieces(body, size)
    # Of rows that do not have a column, the first piece's may all not have it.
    assert cut == status or (status, cut) == (422, 200)
    if status == 200:
        assert read == [columns, n_rows]


@given(_RECORDS, st.integers(1, 60), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_the_pieces_hold_the_rows(
    records: list[dict[str, Any]], size: int, ascii_only: bool, indent: Any
) -> None:
    expected = {name: [record[name] for record in records] for name in NAMES}
    data = [[record[name] for name in NAMES] for record in records]
    extra = {"index": [*range(len(data))], "meta": {"a": "]"}}
    for document in (
        records,
        {"columns": NAMES, "data": data} | extra,
        {"data": data} | extra | {"columns": NAMES},
    ):
        body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
        assert in_pieces(body, size) == (200, expected, len(records))


@given(_RECORDS.filter(bool), st.integers(1, 60), st.data())
def test_a_byte_less_is_refused_alike(
    records: list[dict[str, Any]], size: int, data: st.DataObject
) -> None:
    body = json.dumps(records).encode()
    at = data.draw(st.integers(0, len(body) - 1))
    broken = body[:at] + body[at + 1 :]
    try:
        read_rows(broken, NAMES)
        status = 200
    except Refused as error:
        status = error.status
    cut, *_ = in_pieces(broken, size)
    # Rows that are wrong are refused before text that is broken behind them, and the other way.
    assert cut == status or {cut, status} == {400, 422}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'[{"age":1,"job":2},,{}]', 400),
        (b'[{"age":1,"job":2},{"age":1,"job":2},]', 400),
        (b"[,{}]", 400),
        (b"[{}]]", 400),
        (b"[{}", 400),
        (b"[{}}", 400),
        (b'{"columns": [], "index": [1,,2], "data": []}', 400),
        (b'{"columns": [], "data": [[],]}', 400),
        (b'{"columns": [], "data": []', 400),
        (b'{"columns": [], "data": []}}', 400),
        (b'{"columns": [], "data": [],}', 400),
        (b'{"data": [[]], "columns": []} 1', 400),
        (b'{"columns": [], "data": [], "data": []}', 422),
        (b'{"columns": 1, "data": []}', 200),
        (b'{"columns": [], "data": 1}', 200),
        (b'{"columns": [], "data": [{}]}', 422),
    ],
)
def test_pieces_of_what_is_not_quite_json(body: bytes, status: int) -> None:
    for size in (1, 2, 3, 5, len(body) - 1):
        assert in_pieces(body, size)[0] == status


def peak_of(body: bytes) -> tuple[int, Refused]:
    """Give the memory that a refusal needs, and the refusal."""
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as raised:
            [*read_pieces(body, NAMES)]
        return tracemalloc.get_traced_memory()[1], raised.value
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "value", "end", "status"),
    [
        (b"[1,", b"{}", b"]", 422),
        (b'{"columns":["age"],"data":[', b"[]", b"]}", 422),
        (b'{"data":[', b"[]", b'],"columns":["age"]}', 422),
        # These stand before the rows; a part of the body in the event loop was parsed for each.
        (b'{"x":[', b"{}", b'],"columns":[],"data":[[1]]}', 422),
        (b'{"x":{"y":[', b"{}", b']},"columns":[],"data":[]}', 422),
        (b"{", b'"x":1', b',"columns":[],"data":[[1]]}', 422),
        (b"[", b"[", b"", 422),
        (b'{"', b"\\\\", b'":1}', 400),
        (b'{"columns":["age"],"data":[["', b'\\"],[', b'"]]}', 422),
    ],
)
def test_wrong_rows_are_refused_before_the_rest_is_parsed(
    start: bytes, value: bytes, end: bytes, status: int
) -> None:
    """As a whole, the 500,000 empty records of a body of 1.5 MiB are 36 MiB of objects."""
    between = b"," if value[-1:] in b"}]1" else b""
    body = start + between.join([value] * (3 * 2**19 // (len(value) + len(between)))) + end
    peak, refused = peak_of(body)
    assert refused.status == status
    assert peak < 16 * VALUE_BYTES
