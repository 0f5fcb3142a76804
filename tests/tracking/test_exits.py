"""The exit code of a command as a tag of the run that `mlflow run` opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from fairrun.tracking.exits import write_exit
from fairrun.tracking.names import RUN_VARIABLE


@pytest.fixture
def run_id(tmp_path: Path, empty_store: Path) -> Iterator[str]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(empty_store, tmp_path)}")
    run_id = mlflow.MlflowClient().create_run("0").info.run_id
    yield run_id
    mlflow.set_tracking_uri(before)


def test_codes_and_states(run_id: str) -> None:
    def left() -> tuple[str, str, str]:
        run = mlflow.get_run(run_id)
        tags = run.data.tags
        return (
            run.info.status,
            tags.get("process.exit_code", ""),
            tags.get("mlflow.note.content", ""),
        )

    assert left() == ("RUNNING", "", "")
    for code in (0, 4, 5):  # `mlflow run` ends the run after the command
        write_exit(run_id, code)
        assert left() == ("RUNNING", str(code), "")
    write_exit(run_id, 143, "error: stopped by SIGTERM")
    assert left() == ("KILLED", "143", "error: stopped by SIGTERM")
    write_exit(run_id, 2, "error: x")  # a run that has ended keeps its state
    assert left() == ("KILLED", "2", "error: x")
    write_exit(run_id, 2, "error: target=<b> is no column")
    assert left() == ("KILLED", "2", "error: target=&lt;b&gt; is no column")


def test_a_run_that_was_refused_before_it_was_opened_is_named_after_its_command(
    run_id: str,
) -> None:
    client = mlflow.MlflowClient()
    client.set_tag(run_id, "mlflow.project.entryPoint", "train")
    write_exit(run_id, 2, "error: x")
    assert client.get_run(run_id).info.run_name == "train · refused"
    client.update_run(run_id, name="none · train")
    write_exit(run_id, 2, "error: x")  # it is described already, as an opened run is
    assert client.get_run(run_id).info.run_name == "none · train"


def test_a_store_that_is_gone_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mlflow.get_tracking_uri()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RUN_VARIABLE, "0" * 32)
    try:
        mlflow.set_tracking_uri("sqlite:///relative.db")
        write_exit("0" * 32, 2, "error: x")
    finally:
        mlflow.set_tracking_uri(before)
    assert list(tmp_path.iterdir()) == []
