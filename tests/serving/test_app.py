from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from starlette.types import Message

from fairrun.errors import RequestError
from fairrun.serving.app import App, create_app
from fairrun.serving.errors import CODES
from fairrun.serving.limits import Limits
from tests.contract.conftest import Case
from tests.contract.test_input_policy import CANARY
from tests.serving.conftest import Ask, records, send
from tests.serving.registry import with_wrong_answers


def error_of(response: object) -> dict[str, object]:
    content = response.json()  # type: ignore[attr-defined]
    assert list(content) == ["error"]
    assert list(content["error"]) == ["code", "message", "row", "column"]
    assert response.headers["content-type"] == "application/json"  # type: ignore[attr-defined]
    return dict(content["error"])


def test_predict(ask: Ask, case: Case, good: pd.DataFrame) -> None:
    response = ask(records(good))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["predictions"] == case.model.predict(good)["prediction"].tolist()


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_ways_to_say_json(ask: Ask, kind: str) -> None:
    assert ask([], headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"body": "{"}),
        (404, {"path": "/nothing"}),
        (404, {"path": "/predict/"}),
        (404, {"path": "/docs/../app.py", "method": "GET"}),
        (404, {"path": "/docs/nothing.js", "method": "GET"}),
        (405, {"method": "GET"}),
        (405, {"method": "PUT"}),
        (405, {"path": "/version"}),
        (413, {"body": b" " * 70_000}),
        (413, {"body": [], "headers": {"content-length": "70000"}}),
        (415, {"body": [], "headers": {"content-type": "text/plain"}}),
        (415, {"body": [], "headers": {"content-type": "application/x-www-form-urlencoded"}}),
        (415, {"body": [], "headers": {"content-type": "application/json; charset=latin-1"}}),
        (415, {"body": [], "headers": {"content-encoding": "gzip"}}),
        (422, {"body": [{"age": CANARY}]}),
    ],
)
def test_every_refusal_has_one_shape(case: Case, status: int, request_: dict[str, object]) -> None:
    app = create_app(case.uri, limits=Limits(body_bytes=65_536))
    response = send(app, **request_)
    assert response.status_code == status
    error = error_of(response)
    assert error["code"] == (CODES[status] if status != 422 else "invalid_rows")
    assert CANARY not in response.text


def test_405_says_what_is_allowed(ask: Ask) -> None:
    assert ask(method="GET").headers["allow"] == "POST"


def test_health_and_ready(app: App) -> None:
    assert send(app, path="/health", method="GET").json() == {"status": "ok"}
    not_yet = send(app, path="/ready", method="GET")
    assert not_yet.status_code == 503
    assert error_of(not_yet)["code"] == "overloaded"


def test_metrics(ask: Ask, rows: pd.DataFrame) -> None:
    ask(records(rows))
    ask(records(rows.iloc[[8]]))
    ask("{")
    ask(records(rows.drop(columns="age")))
    ask([], headers={"content-type": "text/plain"})
    response = ask(path="/metrics", method="GET")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(
        line.rsplit(" ", 1) for line in response.text.splitlines() if not line.startswith("#")
    )
    assert lines["fairrun_rows_total"] == str(float(len(rows) + 1))
    assert lines['fairrun_predict_requests_total{status="200"}'] == "2.0"
    assert lines['fairrun_predict_requests_total{status="422"}'] == "1.0"
    assert lines['fairrun_errors_total{code="not_json"}'] == "1.0"
    assert lines['fairrun_errors_total{code="wrong_content_type"}'] == "1.0"
    assert lines['fairrun_unseen_values_total{column="job"}'] == "2.0"
    assert lines["fairrun_predict_seconds_count"] == "5.0"


def test_version(ask: Ask, case: Case) -> None:
    said = ask(path="/version", method="GET").json()
    assert said["model_uri"] == case.uri
    assert said["mitigator"] == "correlation_remover+equalized_odds"
    assert said["gate"] is None


def test_a_client_that_goes_away_is_not_answered(app: App) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def collect(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    asyncio.run(app(scope, receive, collect))
    assert sent == []


def test_a_bug_is_answered_as_json_and_logged_without_its_message(
    app: App, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: object) -> None:
        raise ValueError(CANARY)

    app.predict = failing  # type: ignore[assignment]
    app.get("/failing")(lambda: int(CANARY))
    for response in (ask([]), ask(path="/failing", method="GET")):
        assert response.status_code == 500
        assert response.json()["error"]["code"] == "internal"
        assert CANARY not in response.text
    assert caplog.text.count("internal error: ValueError in ") == 2
    assert CANARY not in caplog.text


def test_a_request_that_is_cancelled_gets_an_answer(app: App) -> None:
    """The server cancels what is still running when its time to stop is over."""
    sent: list[Message] = []

    async def collect(message: Message) -> None:
        sent.append(message)

    async def cancel() -> None:
        receive = asyncio.Event().wait  # The body never comes.
        task = asyncio.create_task(app(scope, receive, collect))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        await task

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    asyncio.run(cancel())
    assert sent[0]["status"] == 503
    assert b"the server is stopping" in sent[1]["body"]


def test_a_range_is_ignored(ask: Ask) -> None:
    for wanted in ("bytes=x", "bytes=999999999-", "bytes=0-9"):
        page = ask(path="/docs/page.js", method="GET", headers={"range": wanted})
        assert page.status_code == 200
        assert len(page.content) > 10


def test_a_model_whose_golden_answers_are_not_met_is_refused(case: Case, tmp_path: Path) -> None:
    folder = with_wrong_answers(case.folder, tmp_path / "model")
    with pytest.raises(RequestError, match="golden rows differently than when it was saved"):
        create_app(str(folder))


def test_a_model_that_is_none_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be loaded"):
        create_app(str(tmp_path / "nothing"))
    shutil.copytree(
        case.folder, tmp_path / "other", ignore=shutil.ignore_patterns("code", "artifacts")
    )
    with pytest.raises(RequestError, match="not made by fairrun"):
        create_app(str(tmp_path / "other"))


@pytest.mark.parametrize("named", [False, True])
def test_uvicorn_imports_the_app_or_ends_with_one_line(case: Case, named: bool) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "FAIRRUN_MODEL"}
    if named:
        environment["FAIRRUN_MODEL"] = str(case.folder / "nothing")
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "fairrun.serving.app:app", "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: model=" if named else "error: set FAIRRUN_MODEL")


@pytest.mark.parametrize(("poll", "following"), [("0", False), ("7", True), ("", True)])
def test_uvicorn_lets_the_app_follow_an_alias(
    case: Case, monkeypatch: pytest.MonkeyPatch, poll: str, following: bool
) -> None:
    import fairrun.serving.app as module

    client, name = mlflow.MlflowClient(), f"imported{poll}"
    client.create_registered_model(name)
    client.create_model_version(name, case.uri)
    client.set_registered_model_alias(name, "champion", "1")
    monkeypatch.setenv("FAIRRUN_MODEL", f"models:/{name}@champion")
    monkeypatch.setenv("FAIRRUN_POLL", poll)
    said = send(module.app, path="/version", method="GET").json()
    assert (said["version"], said["following"]) == ("1", following)


@pytest.mark.parametrize("poll", ["-1", "soon", "1.5", "٣"])
def test_a_wrong_poll_of_the_environment_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], poll: str
) -> None:
    import fairrun.serving.app as module

    monkeypatch.setenv("FAIRRUN_MODEL", "models:/imported@champion")
    monkeypatch.setenv("FAIRRUN_POLL", poll)
    with pytest.raises(SystemExit, match="2"):
        module.app  # noqa: B018
    assert capsys.readouterr().err == (
        f"error: FAIRRUN_POLL={poll} is no number of seconds; give 10, or 0\n"
    )


def test_nothing_else_is_an_attribute_of_the_module() -> None:
    import fairrun.serving.app as module

    with pytest.raises(AttributeError):
        module.nothing  # noqa: B018


def test_documents_are_json(ask: Ask) -> None:
    assert json.loads(ask(path="/openapi.json", method="GET").text)["openapi"] == "3.1.0"


@pytest.mark.parametrize("poll", [-1, float("nan"), float("inf")])
def test_a_poll_that_is_no_number_of_seconds(poll: float) -> None:
    """A negative one would have asked the registry without a pause."""
    with pytest.raises(RequestError, match="is no number of seconds; give 10"):
        create_app("models:/income@champion", poll=poll)
