"""Run the project as people do: by commands, from a folder of their own, with an empty HOME."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from tests.conftest import ROOT
from tests.contract.conftest import make_raw

#: What a checkout holds that a run needs.
PROJECT = ("MLproject", "python_env.yaml", "requirements.txt", ".gitignore")


@dataclass(frozen=True)
class Caller:
    """Somebody who types commands in a folder, and has runs tracked in a store elsewhere.

    Attributes
    ----------
    folder : Path
        Where the commands are typed.
    store : str
        The tracking URI.
    experiment : str
        The id of the experiment that the runs are in.
    environment : dict of str to str
        All that the commands see of the environment.
    """

    folder: Path
    store: str
    experiment: str
    environment: dict[str, str]

    def call(self, *command: object, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `stdout` has both streams."""
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def succeed(self, *command: object, **changes: str) -> str:
        """Run a command that must succeed, and give its output."""
        done = self.call(*command, **changes)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def runs(self) -> list[Run]:
        """Give the runs of the experiment, the oldest first."""
        client = mlflow.MlflowClient(self.store)
        return list(client.search_runs([self.experiment], order_by=["attributes.start_time ASC"]))

    def at(self, folder: Path) -> Caller:
        """Give the same person in another folder."""
        return replace(self, folder=folder)


def files(folder: Path) -> set[str]:
    """Name the files under a folder, but for what Python compiles."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".git"} & set(path.parts)
    }


def given(**parameters: object) -> list[str]:
    """Spell parameters for `mlflow run`."""
    return [word for name, value in parameters.items() for word in ("-P", f"{name}={value}")]


def words(**options: object) -> list[str]:
    """Spell options for `python -m fairrun <name>`."""
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


@contextmanager
def running(
    command: Sequence[object], port: int, folder: Path, environment: dict[str, str]
) -> Iterator[None]:
    """Run a server until the block ends; it begins when the port answers."""
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            for _ in range(600):
                assert server.poll() is None, log.read_text("utf-8")
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            else:
                raise AssertionError(log.read_text("utf-8"))
            yield
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project: what is left in it, the runs left there."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT:
        shutil.copy(ROOT / name, folder)
    for package in ("fairrun",):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return folder


@pytest.fixture(scope="session")
def about(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A small table, and what is said of it."""
    path = tmp_path_factory.mktemp("data") / "people.parquet"
    make_raw(1200, seed=3).to_parquet(path, index=False)
    return {
        "data": str(path),
        "target": "paid",
        "positive": "high",
        "protected": "sex",
        "privileged": "Male",
    }


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> str:
    """A tracking store for all."""
    return f"sqlite:///{shutil.copy(empty_store, tmp_path_factory.mktemp('store'))}"


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who has just been given an account, and fairrun's packages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    kept.pop("PYTHONPATH", None)
    home = Path.home()
    return kept | {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path_factory.mktemp("temporary")),
        # Downloads are shared with the real account, and so are pyenv's interpreters.
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(home / ".cache")),
        "PYENV_ROOT": os.environ.get("PYENV_ROOT", str(home / ".pyenv")),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


@pytest.fixture
def caller(tmp_path: Path, store: str, environment: dict[str, str]) -> Caller:
    folder = tmp_path / "caller"
    folder.mkdir()
    # A database's default experiment has its artifacts in the folder it was first opened from.
    experiment = mlflow.MlflowClient(store).create_experiment(
        tmp_path.name, artifact_location=(tmp_path / "artifacts").as_uri()
    )
    where = {"MLFLOW_TRACKING_URI": store, "MLFLOW_EXPERIMENT_ID": experiment}
    return Caller(folder, store, experiment, environment | where)


@pytest.fixture
def track_at() -> Iterator[Callable[[str], None]]:
    """Set the tracking URI of this process, for one test."""
    before = mlflow.get_tracking_uri()
    yield mlflow.set_tracking_uri
    mlflow.set_tracking_uri(before)
