"""The app follows an alias: a real server in a thread, and a registry that changes meanwhile."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES

from fairrun.data import Dataset
from fairrun.errors import StoreError
from fairrun.models.provenance import Pointed
from fairrun.serving import following
from fairrun.serving.app import create_app
from fairrun.serving.limits import Limits
from fairrun.serving.serving_now import Loader, Served
from tests.contract.conftest import Case, make_case
from tests.serving.conftest import records
from tests.serving.registry import (
    CHANGED,
    FIRST,
    ONLY_FIRST,
    SECOND,
    WRONG,
    Asked,
    Registry,
    asked,
    make_registry,
)
from tests.serving.running import in_a_process

POLL = 0.05


@pytest.fixture(scope="module")
def registered(case: Case, people: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    second = make_case(people, {"mitigator": "none"})
    return make_registry("followed", case, second, tmp_path_factory.mktemp("versions"))


@pytest.fixture
def registry(registered: Registry) -> Registry:
    registered.point_to(FIRST)
    return registered


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "fairrun.serving.following")
    return caplog


def start(registry: Registry, **options: Any) -> Any:
    return create_app(registry.uri, **{"processes": 1, "poll": POLL} | options)


@pytest.fixture(scope="module")
def shared(registered: Registry) -> Iterator[Asked]:
    registered.point_to(FIRST)
    with asked(start(registered)) as running:
        yield running


@pytest.fixture
def app(shared: Asked, registry: Registry, caplog: pytest.LogCaptureFixture) -> Asked:
    """An app that serves the first version, and follows."""
    shared.wait(
        lambda said: (said["version"], said["refused"], said["problem"]) == (FIRST, None, None)
    )
    caplog.clear()
    return shared


class Load:
    """Clients that send everything at once, and compare each answer with the version it names."""

    def __init__(self, address: str, registry: Registry, rows: pd.DataFrame) -> None:
        self.address, self.registry = address, registry
        sent = records(rows)
        single = [(json.dumps(row).encode(), "") for row in sent[:40]]
        batches = [(json.dumps(sent[k : k + 40]).encode(), "") for k in range(0, 200, 40)]
        self.asked = [*single * 2, *batches * 4]
        self.asked += [(body, "explain=true&feature_importance=true") for body, _ in single[:8]]
        self.asked += [(json.dumps(sent * 5).encode(), "")]
        self.stopping = threading.Event()
        self.answered: Counter[str] = Counter()

    def run(self, number: int) -> int:
        rng, n_answers = np.random.default_rng(number), 0
        with requests.Session() as session:
            while not self.stopping.is_set():
                body, query = self.asked[rng.integers(len(self.asked))]
                response = session.post(
                    f"{self.address}/predict?{query}",
                    data=body,
                    headers={"content-type": "application/json"},
                    timeout=60,
                )
                assert response.status_code == 200, response.text
                name, _, version = response.headers["x-fairrun-model"].partition("/")
                assert name == self.registry.name
                expected = self.registry.answer(version, body, query.encode())
                assert response.content == expected.body
                self.answered[version] += 1
                n_answers += 1
        return n_answers


def move_under_load(running: Asked, registry: Registry, rows: pd.DataFrame, rounds: int) -> Load:
    load = Load(running.address, registry, rows)
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(load.run, number) for number in range(8)]
        try:
            for _ in range(rounds):
                for version in (SECOND, FIRST, WRONG, SECOND):
                    registry.point_to(version)
                    if version == WRONG:
                        running.wait_for_refusal(version)
                    else:
                        running.wait_for(version)
        finally:
            load.stopping.set()
        assert all(client.result() for client in clients)
    assert {*load.answered} == {FIRST, SECOND}
    return load


def test_every_answer_is_that_of_the_version_it_names_while_the_alias_moves(
    registry: Registry, rows: pd.DataFrame
) -> None:
    with asked(start(registry, processes=2, limits=Limits(inline_bytes=40_000))) as running:
        load = move_under_load(running, registry, rows, 1)
        counts = running.metrics()
    assert counts['fairrun_predict_requests_total{status="200"}'] == sum(load.answered.values())
    assert counts["fairrun_model_swaps_total"] == 3
    assert counts["fairrun_model_refusals_total"] == 1
    assert not any(value for name, value in counts.items() if "dropped_requests_total" in name)


@pytest.mark.slow
def test_many_moves_under_load(registry: Registry, rows: pd.DataFrame) -> None:
    with asked(start(registry, processes=2)) as running:
        move_under_load(running, registry, rows, 20)
        # A round ends with the version that the next one begins with.
        assert running.metrics()["fairrun_model_swaps_total"] == 3 + 19 * 2


def test_a_request_stays_with_the_model_it_began_with(
    registry: Registry, rows: pd.DataFrame
) -> None:
    """One body is being answered and one waits; both are the old version's, to the end."""
    app = start(registry, limits=Limits(inline_bytes=5_000))
    large = records(rows)
    expected = registry.answer(FIRST, json.dumps(large).encode())
    with asked(app) as running, ThreadPoolExecutor(2) as pool:
        old = app.predict.serving.now
        (worker,) = old.workers._workers
        process = worker.process
        os.kill(process.pid, signal.SIGSTOP)
        waiting = [pool.submit(running.predict, large) for _ in range(2)]
        while running.metrics()['fairrun_queue_requests{lane="long"}'] < 1:
            time.sleep(0.01)
        registry.point_to(SECOND)
        running.wait_for(SECOND)
        assert running.metrics()['fairrun_queue_requests{lane="long"}'] == 1
        new = running.predict(large)
        assert new.headers["x-fairrun-model"] == "followed/2"
        assert new.content == registry.answer(SECOND, json.dumps(large).encode()).body
        assert not any(each.done() for each in waiting)
        os.kill(process.pid, signal.SIGCONT)
        for each in waiting:
            assert each.result().headers["x-fairrun-model"] == "followed/1"
            assert each.result().content == expected.body
        while app.predict.serving.before is not None:
            time.sleep(0.01)
        assert process.returncode == 0
        forgotten = weakref.ref(old)
        del old, worker
        assert forgotten() is None


def test_a_version_that_cannot_be_served_is_refused_once(
    app: Asked, registry: Registry, log: pytest.LogCaptureFixture, rows: pd.DataFrame
) -> None:
    def n_refused() -> float:
        return app.metrics()["fairrun_model_refusals_total"] - before

    before = app.metrics()["fairrun_model_refusals_total"]
    for number, (version, reason) in enumerate(
        [(WRONG, "golden rows differently"), (CHANGED, "was changed after it was saved")], start=1
    ):
        registry.point_to(version)
        said = app.wait_for_refusal(version)
        assert said["version"] == FIRST
        assert (said["following"], said["alias"], said["problem"]) == (True, "champion", None)
        assert reason in said["refused"]["reason"]
        assert n_refused() == number
    looked = app.version()["last_look"]
    app.wait(lambda said: bool(said["last_look"] > looked))
    assert n_refused() == 2
    assert app.predict(records(rows.head(1))).headers["x-fairrun-model"] == "followed/1"
    lines = [record.getMessage() for record in log.records]
    assert len(lines) == 2
    assert all("followed/1 stays" in line for line in lines)
    # It is tried again when the alias points to it anew.
    registry.point_to(FIRST)
    app.wait(lambda said: said["refused"] is None)
    registry.point_to(CHANGED)
    app.wait_for_refusal(CHANGED)
    assert n_refused() == 3


def test_no_path_of_this_machine_is_said(app: Asked, registry: Registry) -> None:
    registry.point_to(CHANGED)
    said = json.dumps(app.wait_for_refusal(CHANGED))
    assert not re.search(r"(?<!models:)/(home|tmp|root|var|usr|work)\b", said)


def test_an_alias_that_is_gone_changes_nothing(
    app: Asked, registry: Registry, log: pytest.LogCaptureFixture
) -> None:
    registry.point_to_nothing()
    said = app.wait(lambda said: said["problem"] is not None)
    assert said["version"] == FIRST
    assert said["problem"]["reason"] == "the registry has no such model or alias"
    assert app.metrics()["fairrun_alias_unknown"] == 1
    time.sleep(4 * POLL)
    registry.point_to(FIRST)
    app.wait(lambda said: said["problem"] is None)
    assert app.metrics()["fairrun_alias_unknown"] == 0
    lines = [record.getMessage() for record in log.records]
    assert len(lines) == 2
    assert "cannot be followed, so followed/1 stays" in lines[0]
    assert lines[1] == "models:/followed@champion can be followed again"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StoreError("sqlite:////srv/mlflow.db is gone"), "the registry or its files cannot be"),
        (KeyError("/srv/mlflow.db"), "looking at the alias failed, which is a bug"),
    ],
)
def test_a_registry_that_cannot_be_reached_changes_nothing(
    app: Asked,
    registry: Registry,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
) -> None:
    looks = threading.Semaphore(0)

    def fail(_: object) -> Pointed:
        looks.release()
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(following, "look_up", fail)
        said = app.wait(lambda said: said["problem"] is not None)
        for _ in range(5):
            looks.acquire()
        assert app.version()["problem"] == said["problem"]
    assert said["problem"]["reason"].startswith(reason)
    assert "/srv" not in json.dumps(said)
    assert said["version"] == FIRST
    registry.point_to(SECOND)
    assert app.wait_for(SECOND)["problem"] is None
    assert [record.levelname for record in log.records].count("WARNING") == 1


def test_files_that_cannot_be_fetched_now_are_fetched_later(
    app: Asked, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or an artifact store that is down says nothing about the model."""

    tries: list[int] = []

    def fail(*_: object) -> Served:
        # With MLflow's own number, a registry that is gone would be tried for minutes.
        tries.append(MLFLOW_HTTP_REQUEST_MAX_RETRIES.get())
        raise StoreError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Loader, "load", fail)
        registry.point_to(SECOND)
        said = app.wait(lambda said: said["problem"] is not None)
        assert (said["version"], said["refused"]) == (FIRST, None)
        assert set(tries) == {1}
    app.wait_for(SECOND)


def test_the_last_of_several_changes_wins_and_two_models_are_the_most(
    app: Asked, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a version is loaded, the alias moves on, and then to the version after that."""
    load, take_over = Loader.load, following.Follower._take_over
    loaded: list[weakref.ref[Served]] = []
    taken: list[str | None] = []
    at_once: list[int] = []

    def load_while_the_alias_moves(self: Loader, pointed: Pointed) -> Served:
        served = load(self, pointed)
        loaded.append(weakref.ref(served))
        at_once.append(sum(each() is not None for each in loaded))
        if len(at_once) == 1:
            registry.point_to(FIRST)
            registry.point_to(registry.last)
        return served

    def count(self: following.Follower, served: Served) -> None:
        taken.append(served.provenance.version)
        take_over(self, served)

    monkeypatch.setattr(Loader, "load", load_while_the_alias_moves)
    monkeypatch.setattr(following.Follower, "_take_over", count)
    registry.point_to(SECOND)
    app.wait_for(registry.last)
    assert taken == [registry.last]
    assert at_once == [1, 1]  # besides the one that answers


def test_the_documentation_is_that_of_the_model_that_answers(
    app: Asked, registry: Registry, rows: pd.DataFrame
) -> None:
    def columns() -> list[str]:
        document = requests.get(f"{app.address}/openapi.json", timeout=30).json()
        assert document["info"]["title"] == f"followed, version {app.version()['version']}"
        return list(document["components"]["schemas"]["Record"]["required"])

    row = records(rows.head(1).drop(columns=ONLY_FIRST))
    assert ONLY_FIRST in columns()
    refused = app.predict(row)
    assert (refused.status_code, refused.headers["x-fairrun-model"]) == (422, "followed/1")
    registry.point_to(SECOND)
    said = app.wait_for(SECOND)["last_swap"]
    assert (said["from_version"], said["removed_columns"]) == (FIRST, [ONLY_FIRST])
    assert ONLY_FIRST not in columns()
    assert app.predict(row).status_code == 200
    registry.point_to(FIRST)
    assert app.wait_for(FIRST)["last_swap"]["added_columns"] == [ONLY_FIRST]
    assert ONLY_FIRST in columns()


def test_a_worker_that_is_killed_while_it_starts_is_started_again(
    app: Asked, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next version starts although something kills its first process with SIGKILL."""
    from fairrun.serving import workers

    started = workers._Worker.start
    killed: list[bool] = []

    async def start_and_kill(self: Any) -> None:
        if not killed:
            killed.append(True)
            monkeypatch.setattr(
                workers, "worker_command", lambda *_: ["/bin/sh", "-c", "kill -9 $$"]
            )
        else:
            monkeypatch.undo()
        await started(self)

    monkeypatch.setattr(workers._Worker, "start", start_and_kill)
    registry.point_to(SECOND)
    app.wait_for(SECOND)
    assert killed
    assert app.version()["refused"] is None


def test_a_worker_of_the_old_model_that_is_killed_meanwhile_is_replaced(
    registry: Registry, rows: pd.DataFrame
) -> None:
    app = start(registry)
    single = records(rows.head(1))
    body = json.dumps(single).encode()
    with asked(app) as running, ThreadPoolExecutor(1) as pool:
        (worker,) = app.predict.serving.now.workers._workers
        os.kill(worker.process.pid, signal.SIGSTOP)
        waiting = pool.submit(running.predict, single, "?explain=true")
        time.sleep(0.1)
        registry.point_to(SECOND)
        running.wait_for(SECOND)
        os.kill(worker.process.pid, signal.SIGKILL)
        assert waiting.result().headers["x-fairrun-model"] == "followed/1"
        assert waiting.result().content == registry.answer(FIRST, body, b"explain=true").body


def test_a_stop_does_not_wait_for_the_registry(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked, release = threading.Event(), threading.Event()

    def block(*_: object) -> Served:
        blocked.set()
        release.wait()
        raise StoreError("too late")

    try:
        with asked(start(registry)):
            monkeypatch.setattr(Loader, "load", block)
            registry.point_to(SECOND)
            blocked.wait()
    finally:
        assert not release.is_set()
        release.set()


def test_sigterm_during_a_swap_ends_the_process(
    registry: Registry, store: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    command = {"tracking_uri": store, "TMPDIR": str(tmp_path)}
    with in_a_process(registry.uri, log, poll=1, **command) as (process, port):
        running = Asked(f"http://127.0.0.1:{port}")
        assert running.version()["version"] == FIRST
        assert len([*tmp_path.glob("fairrun-*")]) == 1
        registry.point_to(SECOND)
        while len([*tmp_path.glob("fairrun-*")]) < 2:  # until it fetches the files
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text("utf-8")
    assert [*tmp_path.glob("fairrun-*")] == []


def test_a_stop_while_files_are_fetched_leaves_none_behind(tmp_path: Path) -> None:
    """The thread that fetches them is not waited for when the process ends."""
    stuck = """
import threading
from fairrun.models.provenance import Pointed
from fairrun.serving import serving_now

reached = threading.Event()

def fetch(uri, pointed, into):
    (into / "MLmodel").write_text("")
    reached.set()
    threading.Event().wait()

serving_now.fetch = fetch
loader = serving_now.Loader("models:/a@b", None, None, 1, False)
threading.Thread(target=loader.load, args=(Pointed("1", 0),), daemon=True).start()
reached.wait()
"""
    subprocess.run([sys.executable, "-c", stuck], check=True, env={"TMPDIR": str(tmp_path)})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("form", ["version", "no poll"])
def test_what_is_pinned_stays(registry: Registry, form: str) -> None:
    uri = registry.uri if form == "no poll" else f"models:/{registry.name}/{FIRST}"
    app = create_app(uri, processes=1, poll=0 if form == "no poll" else POLL)
    with asked(app) as running:
        registry.point_to(SECOND)
        time.sleep(6 * POLL)
        said = running.version()
        assert (said["version"], said["following"], said["last_look"]) == (FIRST, False, None)
        assert running.predict([]).headers["x-fairrun-model"] == "followed/1"


def test_a_number_that_is_given_again_is_another_version(
    registry: Registry, rows: pd.DataFrame
) -> None:
    """If a name is deleted and registered again, its versions are numbered from 1 again."""
    client = mlflow.MlflowClient()

    def register(version: str) -> None:
        client.create_registered_model("again")
        client.create_model_version("again", registry.folders[version].as_uri())
        client.set_registered_model_alias("again", "champion", "1")

    register(FIRST)
    body = json.dumps(records(rows.head(3))).encode()
    with asked(create_app("models:/again@champion", processes=1, poll=POLL)) as running:
        client.delete_registered_model("again")
        register(SECOND)
        running.wait(lambda said: said["last_swap"] is not None)
        answered = running.predict(json.loads(body))
        assert answered.headers["x-fairrun-model"] == "again/1"
        assert answered.content == registry.answer(SECOND, body).body


def test_a_model_that_is_not_registered_is_named_by_its_id(case: Case) -> None:
    with asked(create_app(case.uri, processes=1)) as running:
        response = running.predict([])
        assert response.headers["x-fairrun-model"] == case.loaded.metadata.model_id
        assert (
            "x-fairrun-model" not in requests.get(f"{running.address}/health", timeout=30).headers
        )
