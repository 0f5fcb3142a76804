"""The entry point as a process of its own, over real sockets."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from fairrun.client import Client
from fairrun.errors import RequestError
from fairrun.serving.app import App, create_app
from fairrun.serving.limits import Limits
from fairrun.serving.server import serve
from fairrun.serving.stopping import Server
from tests.conftest import ROOT
from tests.contract.conftest import Case
from tests.contract.test_input_policy import CANARY
from tests.serving.conftest import records
from tests.serving.running import in_a_process, in_a_thread


@pytest.fixture(scope="module")
def running(
    case: Case, store: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """The process, its address and its log; the last test stops it."""
    log = tmp_path_factory.mktemp("server") / "server.log"
    with in_a_process(case.uri, log, tracking_uri=store) as (process, port):
        yield process, f"http://127.0.0.1:{port}", log


@pytest.fixture(scope="module")
def address(running: tuple[subprocess.Popen[bytes], str, Path]) -> str:
    return running[1]


@pytest.fixture(scope="module")
def app_and_address(case: Case) -> Iterator[tuple[App, str]]:
    """An app whose limits are soon reached, and its address."""
    limits = Limits(body_bytes=200_000, body_seconds=0.3, inline_bytes=5_000)
    app = create_app(case.uri, limits=limits, processes=1)
    with in_a_thread(app) as address:
        yield app, address


@pytest.fixture(scope="module")
def strict(app_and_address: tuple[App, str]) -> str:
    """The address of an app whose limits are soon reached."""
    return app_and_address[1]


def metrics(address: str) -> dict[str, float]:
    lines = requests.get(f"{address}/metrics", timeout=30).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


def test_explanations_come_from_another_process(
    address: str, case: Case, rows: pd.DataFrame
) -> None:
    some = rows.iloc[20:40]
    asked = {"explain": True, "top_k": 3, "feature_importance": True}
    response = requests.post(
        f"{address}/predict", params=asked, json=records(some), timeout=60
    ).json()
    explained = case.model.explain(some)
    assert response["explanations"] == explained.to_dicts(3)
    assert response["feature_importances"] == explained.contributions.tolist()


def test_answers_of_64_clients_are_those_of_one(
    address: str, case: Case, rows: pd.DataFrame
) -> None:
    """Single rows and batches of mixed groups, small ones and some for another process."""
    rng = np.random.default_rng(8)
    sizes = [*[1] * 1500, *[3] * 300, *[50] * 30, *[2000] * 4]
    batches = [rng.choice(len(rows), size) for size in rng.permutation(sizes)]
    whole = case.model.predict(rows)
    sent = records(rows)
    sessions = [requests.Session() for _ in range(64)]

    def ask(number: int, batch: np.ndarray) -> dict[str, Any]:
        body = [sent[row] for row in batch]
        answer: dict[str, Any] = sessions[number].post(f"{address}/predict", json=body).json()
        return answer

    def ask_in_turn(number: int) -> list[dict[str, Any]]:
        return [ask(number, batch) for batch in batches[number::64]]

    with ThreadPoolExecutor(64) as pool:
        answered = list(pool.map(ask_in_turn, range(64)))
    for session in sessions:
        session.close()
    n_answers = 0
    for number, answers in enumerate(answered):
        for batch, answer in zip(batches[number::64], answers, strict=True):
            expected = whole.iloc[batch]
            assert answer["predictions"] == expected["prediction"].tolist()
            assert answer["probabilities"] == expected["probability"].tolist()
            assert answer["decision_probabilities"] == expected["decision_probability"].tolist()
            n_answers += len(batch)
    assert n_answers == sum(sizes)


def test_the_client(address: str, case: Case, rows: pd.DataFrame) -> None:
    many = pd.concat([rows] * 20, ignore_index=True)
    answers = Client(address, chunk_rows=2000).predict(many)
    pd.testing.assert_frame_equal(answers, case.model.predict(many), check_exact=True)


def test_javas_client_is_answered(address: str, good: pd.DataFrame, tmp_path: Path) -> None:
    """It asks for HTTP/2 on http://, as nearly all Java programs do, and the body was lost."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    body = records(good)
    (tmp_path / "rows.json").write_text(json.dumps(body), "utf-8")
    done = subprocess.run(
        ["java", Path(__file__).with_name("Ask.java"), f"{address}/predict", "rows.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = requests.post(f"{address}/predict", json=body, timeout=30).text
    assert done.stdout.splitlines() == [f"200 {expected}"] * 2, done.stderr


def test_the_log_holds_no_value(
    running: tuple[subprocess.Popen[bytes], str, Path], rows: pd.DataFrame
) -> None:
    _, address, log = running
    bad = records(rows.head(1).assign(job=float(CANARY)))
    for query in ("", f"?age={CANARY}"):
        response = requests.post(f"{address}/predict{query}", json=bad, timeout=30)
        assert response.status_code == 422
        assert CANARY not in response.text
    assert requests.get(f"{address}/{CANARY}", timeout=30).status_code == 404
    assert "422 invalid_rows" in log.read_text("utf-8")
    assert "422 invalid_parameter" in log.read_text("utf-8")
    assert CANARY not in log.read_text("utf-8")


def exchange(address: str, head: str, parts: Iterator[bytes]) -> bytes:
    """Send a head and parts of a body until the server has enough of it; give its answer."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(f"POST /predict HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n".encode())
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        while got := connection.recv(65_536):
            answer += got
    return answer


JSON = "Content-Type: application/json\r\n"


def expect(answer: bytes, status: int, code: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"]["code"] == code


def test_a_large_body_is_refused_before_it_is_sent(strict: str) -> None:
    length = 200 * 2**20
    expect(exchange(strict, f"{JSON}Content-Length: {length}", iter(())), 413, "too_large")


def test_a_client_that_sends_all_the_same_reads_the_refusal(strict: str) -> None:
    length = 20 * 2**20
    parts = iter([b" " * 2**16] * (length // 2**16))
    expect(exchange(strict, f"{JSON}Content-Length: {length}", parts), 413, "too_large")


def test_a_body_that_never_ends_is_refused_by_its_size(strict: str) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    parts = itertools.repeat(chunk, 100)
    expect(exchange(strict, f"{JSON}Transfer-Encoding: chunked", parts), 413, "too_large")


@pytest.mark.parametrize("head", ["Content-Length: 50", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_is_refused_by_its_time(strict: str, head: str) -> None:
    expect(exchange(strict, JSON + head, iter(())), 408, "too_slow")


def test_clients_that_hang_up_are_not_waited_for(
    app_and_address: tuple[App, str], case: Case, rows: pd.DataFrame
) -> None:
    """The bodies of 30 clients that hung up were answered one by one; the next waited 137 s."""
    app, address = app_and_address
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps(records(rows)).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\n{JSON}Content-Length: {len(body)}\r\n\r\n"
    workers = app.predict.serving.now.running
    assert workers is not None
    (worker,) = workers._workers
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGSTOP)  # The first body takes for ever.
    waiting = 'fairrun_queue_requests{lane="long"}'
    gone = 'fairrun_dropped_requests_total{reason="client_gone"}'
    before = metrics(address)[gone]
    clients = [socket.create_connection((host, int(port)), timeout=30) for _ in range(30)]
    for client in clients:
        client.sendall(head.encode() + body)
    wait_until(lambda: metrics(address)[waiting] == 29)
    assert metrics(address)["fairrun_body_bytes"] == 30 * len(body)
    for client in clients:
        client.close()
    wait_until(lambda: metrics(address)[gone] == before + 30)
    assert metrics(address)[waiting] == 0
    assert metrics(address)["fairrun_body_bytes"] == 0
    answered = requests.post(f"{address}/predict", json=records(rows), timeout=30)
    assert answered.json()["predictions"] == case.model.predict(rows)["prediction"].tolist()


def test_the_server_answers_after_all_that(strict: str, rows: pd.DataFrame) -> None:
    for body in (records(rows.head(1)), records(rows)):
        assert requests.post(f"{strict}/predict", json=body, timeout=30).status_code == 200


def test_requests_under_way_are_finished_after_sigterm(
    running: tuple[subprocess.Popen[bytes], str, Path], case: Case, rows: pd.DataFrame
) -> None:
    process, address, log = running
    host, port = address.removeprefix("http://").split(":")
    large = json.dumps(records(rows) * 100).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\n{JSON}Content-Length: {len(large)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode() + large[:-1])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(large[-1:])
        answer = b""
        while got := connection.recv(2**20):
            answer += got
    start, _, body = answer.partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 200 ")
    expected = case.model.predict(rows)["prediction"].tolist()
    assert json.loads(body)["predictions"] == expected * 100
    assert process.wait(60) == 0
    assert "Traceback" not in log.read_text("utf-8")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/health", timeout=5)


@pytest.mark.parametrize("why", ["the model", "the address"])
def test_what_cannot_be_served_ends_with_one_line(case: Case, tmp_path: Path, why: str) -> None:
    model, host = (tmp_path, "127.0.0.1") if why == "the model" else (case.folder, "0.0.0.0")  # noqa: S104
    done = subprocess.run(
        [sys.executable, "-m", "fairrun", "serve", "--model", str(model), "--host", host],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "FAIRRUN_TOKEN"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: model=" if why == "the model" else "error: host=0.0.0.0")


def test_workers_that_cannot_be_started_are_refused_in_a_line(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """uvicorn would print a traceback, and end the process with the exit code of a store."""

    async def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    monkeypatch.setattr(Server, "stop_at_signals", lambda _: None)  # for the whole process
    with pytest.raises(RequestError, match=r"did not start \(Resource temporarily unavailable\)"):
        serve(str(case.folder), port=0)
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_port_of_another_process_is_refused_before_the_model_is_fetched() -> None:
    """uvicorn would say so after the app has started, with the exit code of a store."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = rf"^port={port} is used by another process; give another one, or port=0"
        with pytest.raises(RequestError, match=line):
            serve("models:/nobody/1", port=port)
