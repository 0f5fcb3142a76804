"""A small table on disk, and commands that run in a store of their own."""

from __future__ import annotations

import importlib
import re
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


def invoke(name: str, *arguments: object) -> Result:
    main = importlib.import_module(f"fairrun.entrypoints.{name}").main
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


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
    before = mlflow.get_tracking_uri()
    use_store(shutil.copy(empty_store, tmp_path), tmp_path)
    with nullcontext() if "drawn" in request.fixturenames else without_drawing():
        yield invoke
    mlflow.set_tracking_uri(before)


def use_store(database: Path, folder: Path) -> None:
    """Track at a database; a new experiment has its artifacts in a folder."""
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    if mlflow.get_experiment_by_name("commands") is None:
        # A location of its own: the copied default experiment's is beside the empty store.
        mlflow.create_experiment("commands", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("commands")


@pytest.fixture(scope="session")
def trained_store(
    tmp_path_factory: pytest.TempPathFactory, table: Path, empty_store: Path
) -> tuple[Path, str]:
    """A store in which `train` has run once, and the URI of the model."""
    folder = tmp_path_factory.mktemp("trained")
    database, before = shutil.copy(empty_store, folder), mlflow.get_tracking_uri()
    use_store(database, folder)
    result = invoke("train", "--data", table, *ABOUT)
    assert result.exit_code == 0, result.output
    mlflow.set_tracking_uri(before)
    (uri,) = re.findall(r"-P model=(\S+)", result.output)
    return database, uri


@pytest.fixture
def trained(run: Callable[..., Result], trained_store: tuple[Path, str], tmp_path: Path) -> str:
    """The URI of a model of `table` as ABOUT has it; the commands' store has its run already."""
    database, uri = trained_store
    use_store(shutil.copy(database, tmp_path / "trained.db"), tmp_path)
    return uri
