"""A tracking store that cannot be used: one line, exit code 3, and no run that looks finished."""

from __future__ import annotations

import errno
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click.testing import Result
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from fairrun.errors import EXIT_TRACKING_STORE
from fairrun.tracking import store
from tests.entrypoints.conftest import ABOUT
from tests.ways.conftest import free_port

Invoke = Callable[..., Result]


def refused(result: Result) -> str:
    """Return the only line of a command whose tracking store cannot be used."""
    assert result.exit_code == EXIT_TRACKING_STORE, (result.output, result.exception)
    (line,) = [line for line in result.stderr.splitlines() if "fitting" not in line]
    assert line.startswith("error: ")
    assert "Traceback" not in result.output
    return line.removeprefix("error: ")


def statuses() -> list[str]:
    client = mlflow.MlflowClient()
    experiments = [each.experiment_id for each in client.search_experiments()]
    return [run.info.status for run in client.search_runs(experiments)]


class FakeServer:
    """A tracking server that fails in a given way; it notes the requests.

    Attributes
    ----------
    answer : callable
        Returns the status and the JSON document for a path; may wait. None closes the connection.
    """

    def __init__(self, answer: Callable[[str], tuple[int, dict[str, Any]] | None]) -> None:
        self.requests: list[str] = []
        noted = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                noted.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answered = answer(self.path.partition("?")[0])
                if answered is None:
                    self.close_connection = True
                    return
                body = json.dumps(answered[1]).encode()
                self.send_response(answered[0])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_GET  # noqa: N815  the names are those of the base class

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.uri = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    servers: list[FakeServer] = []

    def start(answer: Callable[[str], tuple[int, dict[str, Any]] | None]) -> FakeServer:
        servers.append(FakeServer(answer))
        mlflow.set_tracking_uri(servers[-1].uri)
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(params=["train", "evaluate", "sweep", "serve"])
def any_command(request: pytest.FixtureRequest, table: Path) -> tuple[object, ...]:
    """A command whose first request to the store is to open a run, or to read from it."""
    return {
        "train": ("train", "--data", table, *ABOUT),
        "evaluate": ("evaluate", "--model", "models:/people/1"),
        "sweep": ("sweep", "--resume", "0" * 32),
        "serve": ("serve", "--model", f"runs:/{'0' * 32}/model"),
    }[request.param]


def test_a_server_that_is_gone(run: Invoke, any_command: tuple[object, ...]) -> None:
    uri = f"http://somebody:secret@127.0.0.1:{free_port()}"
    mlflow.set_tracking_uri(uri)
    line = refused(run(*any_command))
    assert uri.replace("somebody:secret", "***") in line
    assert "Connection refused" in line
    assert "start the server, or set MLFLOW_TRACKING_URI" in line


def test_a_server_that_answers_500(
    run: Invoke, serve: Callable[..., FakeServer], any_command: tuple[object, ...]
) -> None:
    server = serve(lambda _: (500, {}))
    assert f"{server.uri} answers with HTTP 500; read the log" in refused(run(*any_command))
    assert len(server.requests) == 2


def test_a_server_that_hangs(
    run: Invoke,
    serve: Callable[..., FakeServer],
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 1)
    ended = threading.Event()
    server = serve(lambda _: ended.wait() and None)
    try:
        line = refused(run("train", "--data", table, *ABOUT))
    finally:
        ended.set()
    assert f"{server.uri} gave no answer in time" in line
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" in line
    assert len(server.requests) == 2


@pytest.mark.parametrize("last", ["runs/create", "runs/log-batch"])
def test_a_server_that_dies_in_a_run(
    last: str,
    run: Invoke,
    serve: Callable[..., FakeServer],
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run cannot be ended any more, and the line says so."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    info = {"run_id": "1" * 32, "experiment_id": "1", "status": "RUNNING", "start_time": 1}
    info |= {"artifact_uri": (tmp_path / "artifacts").as_uri(), "lifecycle_stage": "active"}
    dead = threading.Event()

    def answer(path: str) -> tuple[int, dict[str, Any]] | None:
        if dead.is_set():
            return None
        if path.endswith(last):
            dead.set()
        return 200, {"run": {"info": info, "data": {}}}

    serve(answer)
    line = refused(run("train", "--data", table, *ABOUT))
    assert "cannot be reached" in line
    assert line.endswith(f"; the run {'1' * 32} may be left RUNNING")
    assert mlflow.active_run() is None


def test_a_folder_needs_no_server(run: Invoke, tmp_path: Path) -> None:
    mlflow.set_tracking_uri(f"http://127.0.0.1:{free_port()}")
    result = run("evaluate", "--model", tmp_path)
    assert result.exit_code == 2
    assert (
        f"model={tmp_path} cannot be loaded, because the folder has no file MLmodel"
        in result.stderr
    )


def test_an_experiment_that_is_deleted_or_unknown(
    run: Invoke, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = mlflow.create_experiment("gone")
    mlflow.delete_experiment(gone)
    # Forget the experiment of the fixture, which goes before the environment.
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    for name, given, said in (
        ("MLFLOW_EXPERIMENT_ID", gone, f"mlflow experiments restore --experiment-id {gone}"),
        ("MLFLOW_EXPERIMENT_NAME", "gone", "mlflow experiments restore"),
        ("MLFLOW_EXPERIMENT_ID", "77", "`77` does not exist"),
    ):
        with monkeypatch.context() as set_for_this:
            set_for_this.setenv(name, given)
            assert said in refused(run("train", "--data", table, *ABOUT))
    assert statuses() == []


def test_a_run_that_is_not_there(run: Invoke, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    line = refused(run("train", "--data", table, *ABOUT))
    assert f"Run with id={'0' * 32} not found; check MLFLOW_TRACKING_URI and MLFLOW_RUN_ID" in line


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nowhere://somewhere", "unsupported URI 'nowhere://somewhere'"),
        ("sqlite:///{}", "unable to open database file"),
        ("sqlite:///{}/text/mlflow.db", "unable to open database file"),
        ("sqlite:///{}/text", "file is not a database"),
        ("sqlite:///file:{}/mlflow.db?mode=ro&uri=true", "attempt to write a readonly database"),
        ("postgresql+nodriver://me:secret@127.0.0.1:1/runs", "nodriver"),
    ],
)
def test_a_database_that_cannot_be_used(
    uri: str, said: str, run: Invoke, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("This is text, and no database." * 99, encoding="utf-8")
    mlflow.set_tracking_uri(uri.format(tmp_path))
    line = refused(run("train", "--data", table, *ABOUT))
    assert said in line
    assert "secret" not in line


@pytest.fixture
def track_in() -> Callable[[str], None]:
    """Set the artifact location of the runs of this test."""

    def set_location(location: str) -> None:
        mlflow.set_experiment(
            experiment_id=mlflow.create_experiment("elsewhere", artifact_location=location)
        )

    return set_location


def test_an_artifact_store_without_its_library(
    run: Invoke,
    table: Path,
    track_in: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    track_in("s3://bucket/runs")
    line = refused(run("train", "--data", table, *ABOUT))
    assert "the artifact store s3://bucket/runs/" in line
    assert line.endswith("not installed; install it with: python -m pip install boto3")
    assert statuses() == ["FAILED"]


def test_artifacts_that_cannot_be_written(
    run: Invoke, table: Path, tmp_path: Path, track_in: Callable[[str], None]
) -> None:
    # A file in the place of a folder. The permissions of a folder do not hold for root.
    (tmp_path / "file").touch()
    track_in((tmp_path / "file").as_uri())
    line = refused(run("preprocess", "--data", table, *ABOUT))
    assert f"the artifact store {(tmp_path / 'file').as_uri()}/" in line
    assert "Not a directory" in line
    assert "artifact location" in line
    assert statuses() == ["FAILED"]


@pytest.fixture
def full_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the disk of the artifacts be full when a file of the given name is written."""

    def fill(written: str) -> None:
        def until_full(write: Callable[..., None]) -> Callable[..., None]:
            def fails(repository: object, local: str, path: str | None = None) -> None:
                files = {each.name for each in Path(local).rglob("*")} | {Path(local).name}
                if written in files:
                    raise OSError(errno.ENOSPC, "No space left on device", f"{path}/{written}")
                write(repository, local, path)

            return fails

        for name in ("log_artifact", "log_artifacts"):
            write = getattr(LocalArtifactRepository, name)
            monkeypatch.setattr(LocalArtifactRepository, name, until_full(write))

    return fill


@pytest.mark.parametrize("written", ["dataset.json", "MLmodel", "rates.csv"])
def test_a_full_disk(
    written: str, run: Invoke, table: Path, full_at: Callable[[str], None]
) -> None:
    """Neither a run nor a half-written model looks finished."""
    full_at(written)
    line = refused(run("train", "--data", table, *ABOUT))
    assert "no space is left on the disk of " in line
    assert written in line
    assert "free some" in line
    assert statuses() == ["FAILED"]
    models = mlflow.search_logged_models(output_format="list")
    expected = {"dataset.json": [], "MLmodel": ["FAILED"], "rates.csv": ["READY"]}
    assert [str(model.status) for model in models] == expected[written]
    if written == "MLmodel":
        result = run("evaluate", "--model", f"models:/{models[0].model_id}")
        assert result.exit_code == 2
        assert "was not completely logged" in result.stderr


def test_a_full_disk_in_a_sweep(run: Invoke, table: Path, full_at: Callable[[str], None]) -> None:
    """The run of the trial is no longer running either, and the sweep can be resumed."""
    sweep = ("sweep", "--trials", 1, "--workers", 1, "--space", "mitigator=none; C=1")
    full_at("counts.json")
    result = run(*sweep, "--data", table, *ABOUT)
    assert result.exit_code == EXIT_TRACKING_STORE
    line = result.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    assert "no space is left on the disk of " in line
    assert statuses() == ["FAILED", "FAILED"]


def test_a_bug_keeps_its_traceback(
    run: Invoke, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does a wrong request of ours to the store."""

    def wrong(*_: object, **__: object) -> None:
        mlflow.log_metric("a=b", 1.0)

    monkeypatch.setattr("fairrun.runs.train.log_spec", wrong)
    result = run("train", "--data", table, *ABOUT)
    assert isinstance(result.exception, mlflow.MlflowException)
    assert result.exit_code == 1
    assert statuses() == ["FAILED"]


def test_limits_of_the_user_hold(
    run: Invoke,
    serve: Callable[..., FakeServer],
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = serve(lambda _: (500, {}))
    refused(run("train", "--data", table, *ABOUT))
    assert len(server.requests) == 1
