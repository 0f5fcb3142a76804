from __future__ import annotations

from typing import Any

import pytest

from fairrun.serving.csv_rows import read_csv_pieces
from fairrun.serving.errors import Refused

NUMBER = {"name": "age", "type": "number", "values": None}


def texts(*values: str) -> dict[str, Any]:
    return {"name": "code", "type": "text", "values": list(values)}


def read(body: str, *columns: dict[str, Any], **options: bool) -> dict[str, list[Any]]:
    ((read, _),) = read_csv_pieces(body.encode(), columns, **options)
    return read


def test_a_cell_has_the_type_of_the_models_column() -> None:
    body = 'age,other,code\n38.5,x,01\n 7 ,"a, b",NA\n,,\nTrue,x,"sales, retail"\r\n1e3,x,None\n'
    assert read(body, NUMBER, texts("01")) == {
        "age": [38.5, 7.0, None, True, 1000.0],
        "code": ["01", "NA", None, "sales, retail", "None"],
    }


@pytest.mark.parametrize("cell", ["31,5", "1_000", "old", "0x1f"])
def test_text_in_a_column_of_numbers_is_left_for_the_model_to_refuse(cell: str) -> None:
    assert read(f'age\n"{cell}"\n', NUMBER) == {"age": [cell]}


@pytest.mark.parametrize(
    ("values", "cell", "expected"),
    [
        (["1", "2"], "1.0", "1"),
        (["1", "2"], "2.0000", "2"),
        (["1", "1.0"], "1.0", "1.0"),
        (["01"], "1.0", "1.0"),
        (["1", "2"], "01", "01"),
        (["Male"], " Male ", " Male "),
        ([" Male"], " Male", " Male"),
        ([" Male"], "Male", "Male"),
    ],
)
def test_codes_and_blanks(values: list[str], cell: str, expected: str) -> None:
    assert read(f"code\n{cell}\n", texts(*values)) == {"code": [expected]}


def test_a_column_of_numbers_has_the_nulls_and_booleans_of_a_training_file() -> None:
    body = "age\nNA\nnull\n true\nFALSE\n"
    assert read(body, NUMBER) == {"age": [None, None, True, False]}


def test_a_whole_number_stays_as_it_is_if_a_rare_category_was_another_spelling() -> None:
    assert read("code\n1.0\n", texts("1") | {"other_spellings": True}) == {"code": ["1.0"]}


@pytest.mark.parametrize(
    "cell", ["nan", "inf", "-inf", "1e999", "1_0", " 1", "\uff11", "TRUE", "", "x"]
)
def test_a_column_is_read_as_its_cells_are(cell: str) -> None:
    (alone,) = read(f"age\n{cell}\n", NUMBER)["age"]
    assert read(f"age,x\n1,\n{cell},\n2,\n", NUMBER)["age"] == [1.0, alone, 2.0]


def test_a_large_body_is_read_in_pieces_up_to_the_first_wrong_row() -> None:
    body = b"age,code\n" + b"1,x\n" * 5 + b"2\n" + b"1,x\n" * 5000 + b"\xff"
    pieces = read_csv_pieces(body, [NUMBER, texts("x")], rows=2)
    assert next(pieces) == ({"age": [1.0, 1.0], "code": ["x", "x"]}, 2)
    next(pieces)
    with pytest.raises(Refused, match="row 1: not a line of 2 values"):
        next(pieces)


def test_a_line_without_end_is_not_read() -> None:
    with pytest.raises(Refused, match="a line has more than 1,048,576 bytes"):
        [*read_csv_pieces(b"age\n" + b"," * 2**22, [NUMBER])]


def test_blanks_before_a_quote_are_removed_if_the_model_strips() -> None:
    body = 'code, age\n "a, b", 1\n'
    assert read(body, NUMBER, texts("a, b"), strip=True) == {"age": [1.0], "code": ["a, b"]}


def test_the_name_of_a_column_may_have_blanks() -> None:
    assert read(" code\nx\n", texts("x") | {"name": " code"}) == {" code": ["x"]}


def test_a_byte_order_mark_and_empty_lines() -> None:
    assert read("\ufeffage,code\n\n1,x\n\n", NUMBER, texts()) == {"age": [1.0], "code": ["x"]}
    assert read("age\n1\n\n2\n", NUMBER) == {"age": [1.0, None, 2.0]}
    assert [*read_csv_pieces(b"age\n", [NUMBER])] == [({"age": []}, 0)]


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        (b"", 422, "wrong_shape", "no header"),
        (b"\xff", 400, "not_csv", "not CSV in UTF-8"),
        (b'age\n"7391842', 400, "not_csv", "not CSV in UTF-8"),
        (b"age,code\n1,2\n7391842\n", 422, "wrong_shape", "row 1: not a line of 2 values"),
        (b"age,age\n1,7391842\n", 422, "invalid_rows", "duplicate column 'age'"),
    ],
)
def test_what_is_not_csv_is_refused(body: bytes, status: int, code: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as raised:
        [*read_csv_pieces(body, [NUMBER, texts()])]
    assert (raised.value.status, raised.value.code) == (status, code)
    assert "7391842" not in str(raised.value)
