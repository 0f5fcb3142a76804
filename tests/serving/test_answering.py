from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.inference import InputError
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import Reply, answer
from fairrun.serving.limits import CSV, JSON
from fairrun.serving.pieces import PIECE_BYTES
from tests.contract.conftest import Case
from tests.contract.test_input_policy import CANARY
from tests.serving.conftest import records

AS_SENT = {
    "predictions": "prediction",
    "probabilities": "probability",
    "decision_probabilities": "decision_probability",
}


def answered(saved: SavedModel, body: Any) -> dict[str, Any]:
    reply = answer(saved, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert reply.status == 200, reply.body
    content: dict[str, Any] = json.loads(reply.body)
    assert reply.rows == len(content["predictions"])
    return content


def refused(saved: SavedModel, body: Any) -> dict[str, Any]:
    reply = answer(saved, body if isinstance(body, bytes) else json.dumps(body).encode())
    assert reply.status in (400, 422), reply.body
    assert CANARY not in reply.body.decode()
    content: dict[str, Any] = json.loads(reply.body)
    assert list(content) == ["error"]
    assert list(content["error"]) == ["code", "message", "row", "column"]
    assert content["error"]["code"] == reply.code
    return dict(content["error"])


def test_answers_are_the_models_to_the_bit(
    case: Case, saved: SavedModel, rows: pd.DataFrame
) -> None:
    """Null and unseen groups, an unseen category and 1e308 are among the rows."""
    content = answered(saved, records(rows))
    assert list(content) == list(AS_SENT)
    expected = case.model.predict(rows)
    for sent, name in AS_SENT.items():
        assert np.array(content[sent]).tobytes() == expected[name].to_numpy().tobytes()


def test_one_record_a_list_and_split_are_answered_alike(
    saved: SavedModel, good: pd.DataFrame
) -> None:
    good["weight"] = good["weight"].round(3)  # `to_json` rounds to ten digits
    whole = answered(saved, records(good))
    assert answered(saved, good.to_json(orient="split").encode()) == whole
    assert answered(saved, good.to_json(orient="split", index=False).encode()) == whole
    for row, record in enumerate(records(good)):
        alone = {name: values[row : row + 1] for name, values in whole.items()}
        assert answered(saved, record) == answered(saved, [record]) == alone


@pytest.mark.parametrize("query", [b"", b"explain=true&top_k=2&counterfactuals=true"])
def test_a_body_in_pieces_is_answered_as_one(
    saved: SavedModel, good: pd.DataFrame, query: bytes
) -> None:
    """The second shape is read in pieces of some 500 rows, and CSV in pieces of 1,000."""
    many = pd.concat([good.assign(weight=good["weight"].round(3))] * 90, ignore_index=True)
    few = answer(saved, json.dumps(records(many.head(len(good)))).encode(), query)
    whole = {name: values * 90 for name, values in json.loads(few.body).items()}
    split = {"columns": [*many], "data": [[*row.values()] for row in records(many)]}
    for body, kind in (
        (json.dumps(records(many)).encode(), JSON),
        (json.dumps(split).encode(), JSON),
        (many.to_csv(index=False).encode(), CSV),
    ):
        assert len(body) > PIECE_BYTES or kind == CSV
        reply = answer(saved, body, query, kind)
        assert (reply.status, reply.rows) == (200, len(many))
        assert json.loads(reply.body) == whole


@pytest.mark.parametrize("row", [3, 2000])
def test_a_wrong_row_is_named_by_its_place_in_the_body(
    saved: SavedModel, good: pd.DataFrame, row: int
) -> None:
    many = pd.concat([good] * 60, ignore_index=True).astype({"age": object})
    many.loc[row, "age"] = "old"
    for body, kind in (
        (json.dumps(records(many)).encode(), JSON),
        (many.to_csv(index=False).encode(), CSV),
    ):
        reply = answer(saved, body, b"", kind)
        error = json.loads(reply.body)["error"]
        assert (reply.status, error["row"], error["column"]) == (422, row, "age")
        assert error["message"].startswith(f"column 'age': not a number in row {row}")


def test_what_nobody_waits_for_is_given_up_after_a_piece(
    saved: SavedModel, good: pd.DataFrame
) -> None:
    body = json.dumps(records(good) * 200).encode()
    wanted = iter([True, True, False])
    assert answer(saved, body, wanted=lambda: next(wanted)).status == 503
    assert [*wanted] == []


@given(st.data())
def test_any_batch_of_any_rows(saved: SavedModel, rows: pd.DataFrame, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20))
    sent = records(rows)
    whole = answered(saved, sent)
    expected = {name: [values[row] for row in chosen] for name, values in whole.items()}
    assert answered(saved, [sent[row] for row in chosen]) == expected


def test_whole_numbers_and_booleans_are_numbers(saved: SavedModel, good: pd.DataFrame) -> None:
    (record,) = records(good.head(1).assign(age=1.0))
    as_float = answered(saved, record)
    assert answered(saved, record | {"age": 1}) == as_float
    assert answered(saved, record | {"age": True}) == as_float
    assert answered(saved, [record | {"age": True}] * 2)["predictions"] == [
        *as_float["predictions"] * 2
    ]


@pytest.mark.parametrize("n_rows", [1, 3])
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("age", CANARY, "'age': not a number in row"),
        ("age", [float(CANARY)], "'age': not a number in row"),
        ("age", {"x": CANARY}, "'age': not a number in row"),
        ("age", None, "'age': null in row"),
        ("age", 10**400, "'age': infinite number in row"),
        ("age", -(10**400), "'age': infinite number in row"),
        ("job", float(CANARY), "'job': not text in row"),
        ("job", True, "'job': not text in row"),
        ("job", [CANARY], "'job': not text in row"),
        ("job", None, "'job': null in row"),
        ("sex", float(CANARY), "'sex': not text in row"),
    ],
)
def test_a_refused_row_is_named(
    saved: SavedModel, good: pd.DataFrame, n_rows: int, column: str, value: Any, said: str
) -> None:
    sent = records(good.head(n_rows))
    sent[-1][column] = value
    error = refused(saved, sent)
    assert error["code"] == "invalid_rows"
    assert (error["row"], error["column"]) == (n_rows - 1, column)
    assert f"{said} {n_rows - 1}" in error["message"]


@pytest.mark.parametrize("text", ["1e999", "-1e999"])
def test_infinity_is_named(saved: SavedModel, good: pd.DataFrame, text: str) -> None:
    (record,) = records(good.head(1).assign(age=123.5))
    error = refused(saved, json.dumps([record]).replace("123.5", text).encode())
    assert (error["row"], error["column"]) == (0, "age")


def test_the_largest_number_is_answered(saved: SavedModel, good: pd.DataFrame) -> None:
    sent = records(good.head(2).assign(age=[1.7976931348623157e308, -1.7976931348623157e308]))
    assert answered(saved, sent)["probabilities"] == [
        *answered(saved, sent[0])["probabilities"],
        *answered(saved, sent[1])["probabilities"],
    ]


def test_missing_columns_are_named_together(saved: SavedModel, good: pd.DataFrame) -> None:
    error = refused(saved, records(good.drop(columns=["sex", "gain"])))
    assert error["message"] == "missing columns 'gain', 'sex'"
    assert error["column"] == "gain"


def test_no_rows(saved: SavedModel) -> None:
    assert answered(saved, []) == {name: [] for name in AS_SENT}


def test_unseen_values_are_counted(saved: SavedModel, rows: pd.DataFrame) -> None:
    reply = answer(saved, json.dumps(records(rows)).encode())
    neither = ~rows["sex"].isin(["Male", "Female"])
    assert reply.unseen == {"job": 1, "sex": neither.sum()}
    assert answer(saved, json.dumps(records(rows.iloc[[8]])).encode()).unseen == {"job": 1}


@pytest.fixture
def broken(saved: SavedModel) -> Callable[[Exception], SavedModel]:
    class Broken:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def answer(self, _: object) -> object:
            raise self.error

    return lambda error: replace(saved, model=Broken(error))


def test_a_bug_is_answered_and_logged_without_its_message(
    broken: Callable[[Exception], SavedModel], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = answer(broken(KeyError(CANARY)), b"[]")
    assert reply == Reply(500, reply.body, code="internal")
    assert json.loads(reply.body)["error"]["code"] == "internal"
    assert CANARY not in reply.body.decode() + caplog.text
    assert "KeyError" in caplog.text
    assert "test_answering.py" in caplog.text


def test_an_input_error_of_other_code_is_a_bug(
    broken: Callable[[Exception], SavedModel],
) -> None:
    """Each model has an InputError of its own."""
    assert answer(broken(InputError("ours")), b"[]").status == 500
