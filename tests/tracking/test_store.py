"""The first use of a store: two users at once, and no waiting afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest

from fairrun.errors import StoreError
from fairrun.tracking import store
from tests.conftest import ROOT

#: Opens the store when the file `go` is there, and the imports have been done.
OPEN = """
import sys, time
from pathlib import Path
import mlflow.store.tracking.sqlalchemy_store
from fairrun.tracking.store import open_store
mlflow.set_tracking_uri(sys.argv[1])
Path(sys.argv[2]).touch()
while not Path("go").exists():
    time.sleep(0.001)
open_store()
"""


def both_end(commands: list[list[str]], folder: Path, ready: int = 0) -> None:
    """Run commands at once, and require that all of them succeed."""
    running = [
        subprocess.Popen(
            command,
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"}
            | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    while len(list(folder.glob("ready*"))) < ready and all(p.poll() is None for p in running):
        time.sleep(0.01)
    (folder / "go").touch()
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0, output


def test_two_first_users_of_a_database(tmp_path: Path) -> None:
    """MLflow alone creates the tables twice here, and one process fails."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    both_end(
        [[sys.executable, "-c", OPEN, uri, f"ready{number}"] for number in range(2)],
        tmp_path,
        ready=2,
    )
    assert len(mlflow.MlflowClient(uri).search_experiments()) == 1
    # The lock leaves nothing behind.
    left = {path.name for path in tmp_path.iterdir()} - {"go", "ready0", "ready1"}
    assert left == {"mlflow.db"}


@pytest.mark.slow
def test_two_first_trainings_in_a_database(tmp_path: Path) -> None:
    both_end([[sys.executable, "-m", "fairrun", "train"]] * 2, tmp_path)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    assert [run.info.status for run in client.search_runs(["0"])] == ["FINISHED"] * 2


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a database that this process has not opened yet."""
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: f"sqlite:///{tmp_path}/mlflow.db")


@pytest.mark.usefixtures("database")
def test_a_migration_of_another_program_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that of `mlflow run`, which does not know of fairrun's lock."""
    answers = ["table experiments already exists", "database is locked", ""]

    def look(_: str) -> None:
        if said := answers.pop(0):
            raise mlflow.MlflowException(said)

    monkeypatch.setattr(store, "_look", look)
    store.open_store()
    assert answers == []
    store.open_store()  # A second look would find no answer left.


@pytest.mark.usefixtures("database")
def test_other_errors_of_a_database_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["Detected out-of-date database schema. Run 'mlflow db upgrade'"]

    def look(_: str) -> None:
        raise mlflow.MlflowException(answers.pop())

    monkeypatch.setattr(store, "_look", look)
    with pytest.raises(StoreError, match="mlflow db upgrade sqlite:///"):
        store.open_store()
    assert answers == []
