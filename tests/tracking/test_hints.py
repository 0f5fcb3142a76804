"""The commands that a run prints: they work when pasted, in any folder."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

import fairrun.tracking.hints
from fairrun.tracking.hints import (
    mlflow_run,
    mlflow_serve,
    mlflow_ui,
    next_command,
    where_to_look,
)
from tests.conftest import ROOT


@pytest.fixture
def run_id(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A run in a store whose path needs quotes, of a Python that is on the path."""
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    (tmp_path / "a b").mkdir()
    shutil.copy(empty_store, tmp_path / "a b")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/a b/mlflow.db")
    mlflow.set_experiment(experiment_id="0")  # another test may have set its own
    with mlflow.start_run() as run:
        pass
    yield run.info.run_id
    mlflow.set_tracking_uri(before)


def tag(run_id: str, **tags: str) -> None:
    for name, value in tags.items():
        mlflow.MlflowClient().set_tag(run_id, f"mlflow.{name.replace('_', '.')}", value)


def test_a_command_names_the_store_and_the_project(run_id: str, tmp_path: Path) -> None:
    store = f"MLFLOW_TRACKING_URI=sqlite:///{tmp_path}/a b/mlflow.db"
    words = shlex.split(next_command(run_id, "evaluate", {"model": "m", "gate": "accuracy>=0.8"}))
    local = ["--env-manager", "local"]
    assert words == [
        *(store, "mlflow", "run", str(ROOT), *local, "-e", "evaluate"),
        *("-P", "model=m", "-P", "gate=accuracy>=0.8"),
    ]
    assert shlex.split(mlflow_serve(run_id, "runs:/1/model")) == [
        *(store, "mlflow", "models", "serve", "-m", "runs:/1/model", "--port", "5001", *local)
    ]
    tag(run_id, source_type="PROJECT", source_name="git://host/p.git", project_env="uv")
    assert mlflow_run(run_id).endswith("mlflow run git://host/p.git --env-manager uv")
    assert mlflow_serve(run_id, "m").endswith(" --env-manager uv")
    tag(run_id, project_env="virtualenv")
    assert mlflow_run(run_id).endswith("mlflow run git://host/p.git")
    tag(run_id, source_git_commit="0123abcd")
    assert mlflow_run(run_id).endswith("mlflow run git://host/p.git -v 0123abcd")
    tag(run_id, source_name="https://me:token@host/p.git")
    assert mlflow_run(run_id).endswith("mlflow run https://host/p.git -v 0123abcd")
    tag(run_id, source_name="/home/me/p")
    assert mlflow_run(run_id).endswith("mlflow run /home/me/p")


def test_a_run_inside_another_names_the_project_of_the_outer_one(run_id: str) -> None:
    tag(run_id, source_type="PROJECT", source_name="git://host/p.git", project_env="uv")
    tags = {"mlflow.parentRunId": run_id, "mlflow.source.type": "LOCAL"}
    inner = mlflow.MlflowClient().create_run("0", tags=tags).info.run_id
    assert mlflow_run(inner).endswith("mlflow run git://host/p.git --env-manager uv")


def test_an_installed_package_is_run_by_its_own_python(
    run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairrun.tracking.hints, "_CHECKOUT", tmp_path)
    command = next_command(run_id, "evaluate", {"model": "m", "min_cell": "1"})
    assert command.endswith(" -m fairrun evaluate --model=m --min-cell=1")


@pytest.mark.parametrize("active", ["", "/another env"])
def test_an_environment_that_is_not_active_is_put_on_the_path(
    active: str, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", active)
    monkeypatch.setattr("sys.prefix", "/my env")
    start = "PATH='/my env/bin':\"$PATH\" "
    assert mlflow_run(run_id).startswith(f"{start}MLFLOW_TRACKING_URI=")
    assert mlflow_ui(run_id).startswith(f"{start}mlflow ui")
    tag(run_id, project_env="uv")
    assert not mlflow_run(run_id).startswith("PATH")


@pytest.mark.parametrize(
    ("uri", "shown", "assigned"),
    [
        ("sqlite:///mlflow.db", "sqlite:///{here}/mlflow.db", True),
        ("sqlite:////a b/x.db", "'sqlite:////a b/x.db'", True),
        ("postgresql://host/db", "postgresql://host/db", True),
        ("postgresql://me:secret@host/db", '"$MLFLOW_TRACKING_URI"', False),
        ("postgresql://me:a/secret@host/db", '"$MLFLOW_TRACKING_URI"', False),
        ("postgresql://host/db?user=me&password=secret", '"$MLFLOW_TRACKING_URI"', False),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", '"$MLFLOW_TRACKING_URI"', False),
    ],
)
def test_the_store_is_named_without_a_password(
    run_id: str, uri: str, shown: str, assigned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mlflow.MlflowClient()
    monkeypatch.setattr(mlflow, "MlflowClient", lambda: client)
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: uri)
    shown = shown.format(here=Path.cwd())
    first, then = where_to_look(run_id)
    assert first == f"mlflow ui --backend-store-uri {shown}"
    assert then.endswith(f"5000/#/experiments/0/runs/{run_id}")
    assert mlflow_run(run_id).startswith(f"MLFLOW_TRACKING_URI={shown} mlflow run") == assigned
    assert "secret" not in mlflow_run(run_id)


def test_a_server_is_a_link_to_the_run(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = mlflow.MlflowClient()
    monkeypatch.setattr(mlflow, "MlflowClient", lambda: client)
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "http://me:secret@host:5000/")
    assert where_to_look(run_id) == [f"http://host:5000/#/experiments/0/runs/{run_id}"]
    assert "secret" not in mlflow_run(run_id)
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "databricks")
    assert where_to_look(run_id) == [f"run {run_id} on the tracking server"]
