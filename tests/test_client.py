from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from fairrun import client as module
from fairrun.client import Client, RefusedError
from fairrun.data import Dataset
from fairrun.models.saved import load_saved
from fairrun.serving.answering import answer
from fairrun.serving.app import create_app
from tests.contract.conftest import Case, make_case, people, rows, store
from tests.serving.conftest import records
from tests.serving.running import in_a_thread

__all__ = ["people", "rows", "store"]

TOKEN = "correct horse battery staple"  # noqa: S105


@pytest.fixture(scope="module", params=["none", "equalized_odds"])
def case(request: pytest.FixtureRequest, people: Dataset, store: str) -> Case:
    """One model that does not draw labels, and one that does."""
    return make_case(people, {"mitigator": request.param})


@pytest.fixture(scope="module")
def address(case: Case) -> Iterator[str]:
    with in_a_thread(create_app(case.uri, token=TOKEN, processes=1)) as address:
        yield address


@pytest.fixture
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return Client(address, TOKEN, chunk_rows=50)


def test_answers_are_the_models_to_the_bit(client: Client, case: Case, rows: pd.DataFrame) -> None:
    frame = rows.set_axis([f"person {n}" for n in range(len(rows))])
    expected = case.model.predict(frame).set_axis(frame.index)
    pd.testing.assert_frame_equal(client.predict(frame), expected, check_exact=True)
    client.chunk_rows = len(frame)
    pd.testing.assert_frame_equal(client.predict(frame), expected, check_exact=True)


def test_reasons_and_hints_are_the_models(
    client: Client, case: Case, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = rows.iloc[20:40].set_axis([f"person {n}" for n in range(20)])
    monkeypatch.setattr(module, "_SLOW_ROWS", 7)
    plain = case.model.predict(frame).set_axis(frame.index)
    answers = client.predict(
        frame, explain=True, top_k=2, feature_importance=True, counterfactuals=True
    )
    explained = case.model.explain(frame)
    assert answers.pop("explanation").tolist() == explained.to_dicts(2)
    assert answers.pop("feature_importance").tolist() == explained.plain()
    assert answers.pop("counterfactuals").tolist() == case.model.counterfactuals(frame)
    pd.testing.assert_frame_equal(answers, plain, check_exact=True)
    body = json.dumps(records(frame)).encode()
    reply = answer(load_saved(case.folder), body, b"reasons=true&top_k=2")
    notices = client.predict(frame, reasons=True, top_k=2)
    assert notices.pop("reasons").tolist() == json.loads(reply.body)["reasons"]
    pd.testing.assert_frame_equal(notices, plain, check_exact=True)
    of_none = client.predict(frame.head(0), explain=True)
    assert of_none["explanation"].tolist() == []
    with pytest.raises(RefusedError, match="top_k must be a number of columns"):
        client.predict(frame, explain=True, top_k=-1)


def test_columns_of_any_type_pandas_has(client: Client, case: Case, rows: pd.DataFrame) -> None:
    frame = rows.iloc[20:60].reset_index(drop=True)
    for types in (
        {"age": "int64", "job": "category", "sex": "str"},
        {"age": "Int64", "gain": "Float64", "job": "string"},
        {"age": "object", "gain": "object"},
        {"weight": "float32"},
    ):
        expected = case.model.predict(frame.astype(types))
        answers = client.predict(frame.astype(types))
        pd.testing.assert_frame_equal(answers, expected, check_exact=True)


def test_no_rows(client: Client, case: Case, rows: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(client.predict(rows.head(0)), case.model.predict(rows.head(0)))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("age", None, "column 'age': null in row 123; fill it"),
        ("age", "old", "column 'age': not a number in row 123"),
        ("age", np.inf, "column 'age': infinite number in row 123"),
        ("age", np.float32(-np.inf), "column 'age': infinite number in row 123"),
        ("age", 10**400, "column 'age': infinite number in row 123"),
        ("age", Decimal("1e999999"), "column 'age': infinite number in row 123"),
        ("age", Decimal("-inf"), "column 'age': infinite number in row 123"),
        ("job", 7, "column 'job': not text in row 123"),
    ],
)
def test_a_refused_row_is_named_by_its_place_in_the_frame(
    client: Client, rows: pd.DataFrame, column: str, value: Any, said: str
) -> None:
    frame = rows.reset_index(drop=True).astype({column: object})
    frame.at[123, column] = value
    with pytest.raises(RefusedError, match=said) as raised:
        client.predict(frame)
    assert (raised.value.row, raised.value.column) == (123, column)


@pytest.mark.parametrize("value", [1j, pd.Timestamp("2026-01-02"), b"x", [1.0], {"x": 1}])
def test_what_json_has_not_is_refused(client: Client, rows: pd.DataFrame, value: Any) -> None:
    frame = rows.reset_index(drop=True).astype({"age": object})
    frame.at[123, "age"] = value
    said = "column 'age': no value of JSON in row 123; give numbers"
    with pytest.raises(RefusedError, match=said) as raised:
        client.predict(frame)
    assert (raised.value.row, raised.value.column) == (123, "age")


def test_an_integer_that_cannot_be_written_is_refused(client: Client, rows: pd.DataFrame) -> None:
    frame = rows.reset_index(drop=True).astype({"age": object})
    frame.at[123, "age"] = 10**5000
    with pytest.raises(RefusedError, match="an integer in rows 100 to 149 is too large"):
        client.predict(frame)


def test_columns_that_the_model_does_not_read_stay_here(
    client: Client, case: Case, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = rows.assign(
        day=pd.Timestamp("2026-01-02"),
        price=pd.Series([Decimal("1.5")] * len(rows), dtype=object),
        raw=b"x",
        name="a person",
    )
    bodies = []
    ask = client._ask

    def listen(path: str, body: bytes, start: int) -> pd.DataFrame:
        bodies.append(json.loads(body))
        return ask(path, body, start)

    monkeypatch.setattr(client, "_ask", listen)
    pd.testing.assert_frame_equal(client.predict(extra), case.model.predict(rows), check_exact=True)
    assert {tuple(body["columns"]) for body in bodies} == {case.model.columns}


def test_a_server_with_another_model_is_asked_again_for_its_columns(
    client: Client, case: Case, rows: pd.DataFrame
) -> None:
    client._columns = ("age",)
    pd.testing.assert_frame_equal(client.predict(rows), case.model.predict(rows), check_exact=True)
    assert client._columns == case.model.columns
    client._columns = ("age", "no longer read")
    with pytest.raises(RefusedError, match="missing column 'gain'"):
        client.predict(rows.drop(columns="gain"))


@pytest.mark.parametrize("known", [None, ("age",)])
def test_columns_are_asked_for_again_if_the_model_changes_during_a_call(
    client: Client,
    case: Case,
    rows: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    known: tuple[str, ...] | None,
) -> None:
    """The server names the columns of one model, and another one answers."""
    ask_columns = client._ask_columns
    earlier = [("age", "job"), ("age", "sex")]
    monkeypatch.setattr(
        client, "_ask_columns", lambda: earlier.pop() if len(earlier) else ask_columns()
    )
    client._columns = known
    pd.testing.assert_frame_equal(client.predict(rows), case.model.predict(rows), check_exact=True)
    assert client._columns == case.model.columns
    assert not earlier


def test_a_server_that_hides_its_columns_gets_all(
    client: Client, case: Case, rows: pd.DataFrame
) -> None:
    client._session = Flaky(client._session, [404])  # type: ignore[assignment]
    pd.testing.assert_frame_equal(client.predict(rows), case.model.predict(rows), check_exact=True)


def test_a_missing_column_and_one_that_stands_twice(client: Client, rows: pd.DataFrame) -> None:
    with pytest.raises(RefusedError, match="missing column 'gain'"):
        client.predict(rows.drop(columns="gain"))
    with pytest.raises(RefusedError, match="duplicate column 'gain'") as raised:
        client.predict(pd.concat([rows, rows[["gain"]]], axis=1))
    assert raised.value.column == "gain"


def test_a_wrong_token(address: str, rows: pd.DataFrame) -> None:
    for token in (None, "another"):
        with pytest.raises(RefusedError, match="Bearer") as raised:
            Client(address, token).predict(rows)
        assert raised.value.status == 401


def test_version(client: Client, case: Case) -> None:
    assert client.version()["model_uri"] == case.uri


class Flaky:
    """A session that fails a few times before it lets a request through."""

    def __init__(
        self, session: requests.Session, failures: list[Any], retry_after: str | None = None
    ) -> None:
        self.session, self.failures, self.retry_after = session, failures, retry_after

    def request(self, *args: Any, **options: Any) -> requests.Response:
        if not self.failures:
            return self.session.request(*args, **options)
        failure = self.failures.pop(0)
        if isinstance(failure, Exception):
            raise failure
        response = requests.Response()
        response.status_code = failure
        if self.retry_after is not None:
            response.headers["Retry-After"] = self.retry_after
        return response


def test_what_passes_is_tried_again(client: Client, case: Case, rows: pd.DataFrame) -> None:
    failures = [requests.ConnectionError(), 503, requests.Timeout(), 502]
    client._session = Flaky(client._session, failures)  # type: ignore[assignment]
    assert client.predict(rows).equals(case.model.predict(rows).set_axis(rows.index))
    assert failures == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, [0.1, 0.2, 0.4, 0.8, 1.6]),
        ("3", [3, 6, 12, 24, 30]),
        ("0", [0.1, 0.2, 0.4, 0.8, 1.6]),
        ("Wed, 21 Oct 2026 07:28:00 GMT", [0.1, 0.2, 0.4, 0.8, 1.6]),
    ],
)
def test_pauses_are_as_long_as_the_server_says(
    client: Client,
    rows: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    told: str | None,
    expected: list[float],
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    client._session = Flaky(client._session, [503] * 5, told)  # type: ignore[assignment]
    client.predict(rows.head(1))
    assert pauses == pytest.approx(expected)


@pytest.mark.parametrize("failure", [requests.ConnectionError(), 503])
def test_not_for_ever(client: Client, rows: pd.DataFrame, failure: Any) -> None:
    failures = [failure] * 100
    client._session = Flaky(client._session, failures)  # type: ignore[assignment]
    with pytest.raises((RefusedError, requests.ConnectionError)):
        client.predict(rows)
    assert len(failures) == 100 - client.retries - 1


@pytest.mark.parametrize("status", [500, 504])
def test_what_is_refused_is_not_sent_again(client: Client, rows: pd.DataFrame, status: int) -> None:
    failures = [status, status]
    client._session = Flaky(client._session, failures)  # type: ignore[assignment]
    with pytest.raises(RefusedError, match="no reason") as raised:
        client.predict(rows)
    assert raised.value.status == status
    assert failures == [status]
