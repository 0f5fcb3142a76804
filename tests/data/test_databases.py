"""Rows from a SQL database: read, never written, and refused without a row."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError

from fairrun.data import ReadOptions, load_source
from fairrun.data.databases import _problem
from fairrun.errors import RequestError


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "people of 2024.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (code TEXT, age INTEGER, fee REAL)")
        rows = [("01", 30, 1.5), ("NA", 40, None), (None, 50, 2.0)]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def load(database: str, query: str) -> object:
    return load_source(database, ReadOptions(query=query))


def test_rows_have_the_types_of_the_database(database: str) -> None:
    found = load_source(database, ReadOptions(query="SELECT * FROM people ORDER BY age;"))
    assert not found.written
    assert found.notes == ()
    assert [str(dtype) for dtype in found.frame.dtypes[1:]] == ["int64", "float64"]
    assert found.frame["code"].tolist()[:2] == ["01", "NA"]
    assert found.frame["code"].isna().tolist() == [False, False, True]


def test_what_a_query_may_say(database: str) -> None:
    """A colon and % are no parameters, ; may stand in a text, and a comment in front."""
    query = """-- people; all of them
        WITH p AS (SELECT *, 'a;b :c %s' AS text FROM people WHERE code NOT LIKE 'x%')
        SELECT p.age, p.text, q.age FROM p JOIN people q ON p.age = q.age order  by 1"""
    found = load_source(database, ReadOptions(query=query))
    assert found.frame.to_numpy().tolist() == [[30, "a;b :c %s", 30], [40, "a;b :c %s", 40]]
    assert list(found.frame.columns) == ["age", "text", "age.1"]
    assert len(found.notes) == 1


def test_an_order_that_is_not_fixed_is_said(database: str) -> None:
    found = load_source(database, ReadOptions(query="SELECT age, 'order by' x FROM people"))
    assert found.notes[0].startswith("The query has no ORDER BY")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM people",
        "SELECT 1; DELETE FROM people",
        "/* SELECT */ DROP TABLE people",
        "WITH p AS (SELECT 1) DELETE FROM people",
    ],
)
def test_nothing_is_written(database: str, query: str) -> None:
    with pytest.raises(RequestError, match=r"not one SELECT statement|attempt to write a readonly"):
        load(database, query)
    found = load_source(database, ReadOptions(query="SELECT * FROM people"))
    assert len(found.frame) == 3


def test_what_cannot_be_read_is_said_in_a_line(database: str, tmp_path: Path) -> None:
    refused = {
        (database, "SELECT wage FROM people"): r"\(no such column: wage\); correct read.query",
        (database, "SELECT age FROM people WHERE age > 99"): "has no rows",
        (f"sqlite:///{tmp_path}/no.db", "SELECT 1"): "is not a file; give the path of a SQLite",
        ("postgresql://db:port/people", "SELECT 1"): "is not a URL of a database; give one such",
        ("nosql+x://db", "SELECT 1"): "nosql",
        ("trino://db/people", "SELECT 1"): "no dialect for; install its dialect with pip",
        ("postgresql+nosuch://db/people", "SELECT 1"): "no dialect for",
    }
    for (source, query), said in refused.items():
        with pytest.raises(RequestError, match=said) as caught:
            load(source, query)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "no.db").exists()
    with pytest.raises(RequestError, match="is a database; say which rows to read, such as read="):
        load_source(database)


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(RequestError, match="needs the package pymysql, which is not installed"):
        load("mysql+pymysql://db/people", "SELECT 1")


def test_an_error_about_a_value_does_not_show_it() -> None:
    error = DataError("SELECT 1", None, ValueError('invalid input for integer: "SECRET"'))
    said = _problem(error, "postgresql://db/people")
    assert "SECRET" not in said
    assert "(DataError)" in said
