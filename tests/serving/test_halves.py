from __future__ import annotations

import asyncio
import json
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.models.saved import SavedModel
from fairrun.serving import workers as workers_module
from fairrun.serving.answering import Reply, answer
from fairrun.serving.errors import Refused
from fairrun.serving.halves import halve, join
from fairrun.serving.requests import read_rows
from fairrun.serving.workers import Workers
from tests.contract.conftest import Case
from tests.serving.conftest import records

cells = st.one_of(st.none(), st.integers(), st.text(alphabet='abc]}[{,":data\\\n', max_size=8))
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=6)


def spelled(table: list[tuple[Any, Any]], orient: str, spaced: bool) -> bytes:
    frame = [dict(zip(("a", "data"), row, strict=True)) for row in table]
    split = {"columns": ["a", "b"], "index": [*range(len(table))], "data": table}
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(frame if orient == "records" else split, separators=separators).encode()


@given(tables, st.sampled_from(["records", "split"]), st.booleans())
def test_halves_that_can_be_read_have_the_rows_of_the_whole(
    table: list[tuple[Any, Any]], orient: str, spaced: bool
) -> None:
    body = spelled(table, orient, spaced)
    halves = halve(body)
    names = ("a", "data") if orient == "records" else ("a", "b")
    if halves is None:
        return
    try:
        parts = [read_rows(half, names) for half in halves]
    except Refused:  # then the whole is answered by one process
        # A text that looks like the end of a row: only such a text can be in the way.
        assert any(c in body for c in (b"}", b"]"))
        return
    whole, n_rows = read_rows(body, names)
    assert sum(n for _, n in parts) == n_rows
    assert {name: [*parts[0][0][name], *parts[1][0][name]] for name in names} == whole


@pytest.mark.parametrize("orient", ["records", "split"])
@pytest.mark.parametrize("spaced", [False, True])
def test_plain_rows_are_halved(orient: str, spaced: bool) -> None:
    table = [(n, "x" * n) for n in range(9)]
    halves = halve(spelled(table, orient, spaced))
    assert halves is not None
    sizes = [read_rows(half, ("a",))[1] for half in halves]
    assert sum(sizes) == 9
    assert min(sizes) >= 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'[{"a": 1}]',
        b'{"a": 1}',
        b'{"columns": ["a"], "data": [[1]]}',
        b'{"data": [[1], [2]], "columns": ["a"]}',
        b'{"columns": ["a"], "data": [[1]], "data": [[2], [3]]}',
        b'{"columns": ["a"], "data": [[1], [2]], "columns": [["b"], ["a"]]}',
        b'{"columns": ["a"], "data": [[1], [2]], "index": [[0], [1]]}',
        b'{"columns": ["a"], "data": [[[1], [2]]]}',
        b'{"x": 1, "columns": ["a"], "data": [[1], [2]]}',
        b'["data":[[1],[2]]}',
    ],
)
def test_what_is_not_halved(body: bytes) -> None:
    assert halve(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'[{"a": [{"b": 1}, {"b": 2}]}]',
        b'[{"a": "}, {"}]',
    ],
)
def test_a_wrong_cut_leaves_a_half_that_is_refused(body: bytes) -> None:
    halves = halve(body)
    assert halves is not None
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(halves[0])


def test_replies_are_joined_as_the_whole_is_answered(saved: SavedModel, rows: pd.DataFrame) -> None:
    body = json.dumps(records(rows)).encode()
    halves = halve(body)
    assert halves is not None
    whole = answer(saved, body)
    assert join(*(answer(saved, half) for half in halves)) == whole
    assert whole.unseen
    assert join(whole, Reply(422, b"{}")) is None


def test_two_processes_answer_as_one_does(
    case: Case, saved: SavedModel, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "_WORTH_TWO", 0)
    wrong = records(rows)
    wrong[-1]["age"] = "old"
    bodies = [json.dumps(each).encode() for each in (records(rows), wrong)]

    async def ask() -> tuple[list[Reply], int]:
        workers = Workers(case.folder, 2, 60.0)
        await workers.start()
        asked = 0
        alone = workers._ask_one

        async def counted(body: bytes, query: bytes = b"") -> Reply:
            nonlocal asked
            asked += 1
            return await alone(body, query)

        monkeypatch.setattr(workers, "_ask_one", counted)
        try:
            return [await workers.ask(body) for body in bodies], asked
        finally:
            await workers.stop()

    replies, asked = asyncio.run(ask())
    assert replies == [answer(saved, body) for body in bodies]
    assert asked == 2 + 3
