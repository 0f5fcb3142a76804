"""A small table on disk, and commands that run in a store of their own."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner, Result

from tests.drawing import without_drawing
from tests.people import make_raw

#: What is said of the table at the command line.
ABOUT = ["--target", "paid", "--positive", "high", "--protected", "sex", "--privileged", "Male"]


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "people.parquet"
    make_raw(1200, seed=3).to_parquet(path, index=False)
    return path


@pytest.fixture
def drawn() -> None:
    """Ask that the commands of a test draw their plots."""


@pytest.fixture
def run(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Result]]:
    """Run a command in this process, its store and artifacts in tmp_path."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    # A location of its own: the copied default experiment's is beside the empty store.
    location = (tmp_path / "artifacts").as_uri()
    experiment = mlflow.create_experiment("commands", artifact_location=location)
    mlflow.set_experiment(experiment_id=experiment)

    def invoke(name: str, *arguments: object) -> Result:
        main = importlib.import_module(f"fairrun.entrypoints.{name}").main
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    with nullcontext() if "drawn" in request.fixturenames else without_drawing():
        yield invoke
    mlflow.set_tracking_uri(before)
