"""A relative tracking URI under `mlflow run`: one line, and nothing written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest

from fairrun.errors import RequestError
from fairrun.tracking.runs import check_tracking_uri
from tests.ways.conftest import Caller, files, given


@pytest.fixture
def under_mlflow_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, track_at: Callable[[str], None]
) -> Callable[[str], None]:
    """In a folder, as a command that `mlflow run` started; the fixture sets the tracking URI."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    return track_at


@pytest.mark.parametrize(
    ("uri", "absolute"),
    [
        ("sqlite:///mine.db", "sqlite:///$PWD/mine.db"),
        ("sqlite:///../my runs.db?timeout=9", "sqlite:///$PWD/../my runs.db?timeout=9"),
        ("sqlite+pysqlite:///mine.db", "sqlite+pysqlite:///$PWD/mine.db"),
        ("file:runs", "file:$PWD/runs"),
        ("./runs", "$PWD/./runs"),
        ("runs", "$PWD/runs"),
    ],
)
def test_a_relative_store_is_refused(
    uri: str,
    absolute: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    under_mlflow_run: Callable[[str], None],
) -> None:
    under_mlflow_run(uri)
    with pytest.raises(RequestError) as caught:
        check_tracking_uri()
    said = str(caught.value)
    assert f"MLFLOW_TRACKING_URI={uri} is relative" in said
    assert f'MLFLOW_TRACKING_URI="{absolute}"' in said
    assert "\n" not in said
    assert files(tmp_path) == set()
    # Without mlflow run, a relative store is nothing but a file in this folder.
    monkeypatch.delenv("MLFLOW_RUN_ID")
    check_tracking_uri()


@pytest.mark.parametrize(
    "uri",
    [
        *("sqlite:////somewhere/mine.db", "sqlite:///:memory:", "file:///runs", "file:/runs"),
        *("/runs", "http://127.0.0.1:5000", "https://somewhere/mlflow", "databricks"),
        *("databricks://profile", "postgresql://me@somewhere:5432/runs", "mysql://somewhere/runs"),
    ],
)
def test_any_other_store_is_left_to_mlflow(
    uri: str, under_mlflow_run: Callable[[str], None]
) -> None:
    under_mlflow_run(uri)
    check_tracking_uri()


def test_a_relative_store_that_has_the_run_is_accepted(
    store: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    under_mlflow_run: Callable[[str], None],
) -> None:
    """As where `mlflow run .` is typed in the project's folder."""
    run = mlflow.MlflowClient(store).create_run("0")
    shutil.copy(store.removeprefix("sqlite:///"), tmp_path / "here.db")
    under_mlflow_run("sqlite:///here.db")
    with pytest.raises(RequestError, match="is relative"):
        check_tracking_uri()
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    check_tracking_uri()


@pytest.mark.slow
def test_mlflow_run_ends_with_that_line(
    caller: Caller, project: Path, store: str, about: dict[str, str]
) -> None:
    shutil.copy(store.removeprefix("sqlite:///"), caller.folder / "mine.db")
    before = files(project)
    done = caller.call(
        *("mlflow", "run", project, "--env-manager", "local", "-e", "train", *given(**about)),
        MLFLOW_TRACKING_URI="sqlite:///mine.db",
    )
    assert done.returncode == 1
    (said,) = re.findall(r"^error: .*", done.stdout, flags=re.MULTILINE)
    assert 'set MLFLOW_TRACKING_URI="sqlite:///$PWD/mine.db"' in said
    assert "Traceback" not in done.stdout
    assert files(project) == before
    assert files(caller.folder) == {"mine.db"}
    (train,) = mlflow.MlflowClient(f"sqlite:///{caller.folder}/mine.db").search_runs(
        [caller.experiment]
    )
    assert train.info.status == "FAILED"
