"""`reap` ends what killed processes left behind, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import Result
from mlflow.entities import Run
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from fairrun.errors import StoreError
from fairrun.tracking.names import PROCESS_HOST, PROCESS_START
from fairrun.tracking.owners import process_tags
from fairrun.tracking.runs import reopened_run, tracked_run
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]

DEAD = {PROCESS_START: "another-boot/1"}


def left(name: str, status: str = "RUNNING", **tags: str) -> str:
    """Return a run as a killed process leaves it, in an experiment of its own, with a model."""
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name(name)
    where = experiment.experiment_id if experiment else mlflow.create_experiment(name)
    run_id = client.create_run(where, run_name=name, tags=process_tags() | tags).info.run_id
    client.create_logged_model(where, "model", source_run_id=run_id)
    if status != "RUNNING":
        client.set_terminated(run_id, status)
    return str(run_id)


def state(run_id: str) -> tuple[str, list[str]]:
    """Return the status of a run and of its models."""
    run = mlflow.get_run(run_id)
    models = mlflow.search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run_id}'", output_format="list"
    )
    return run.info.status, [str(model.status) for model in models]


def test_reap_ends_only_what_is_left_over(run: Invoke) -> None:
    dead, alive = left("dead", **DEAD), left("alive")
    ended = left("ended", "FAILED", **DEAD)  # as `mlflow run` ends the run of a killed command
    there = left("there", **DEAD | {PROCESS_HOST: "other-0a1b2c3d"})
    foreign = mlflow.MlflowClient().create_run("0", run_name="not of fairrun").info.run_id

    said = run("reap")
    assert said.exit_code == 0, said.output
    assert f"KILLED: run {dead} (dead) of process " in said.stdout
    assert said.stdout.count("KILLED") == 1
    assert said.stdout.count("FAILED: model m-") == 2
    assert "left alone: 1 RUNNING of other-0a1b2c3d" in said.stdout
    assert state(dead) == ("KILLED", ["FAILED"])
    assert state(ended) == ("FAILED", ["FAILED"])
    assert state(alive) == state(there) == ("RUNNING", ["PENDING"])
    assert state(foreign) == ("RUNNING", [])

    again = run("reap", "--runs", there)
    assert f"KILLED: run {there}" in again.stdout
    assert state(there) == ("KILLED", ["FAILED"])
    assert "no run of a process that is gone" in run("reap").stdout

    refused = run("reap", "--runs", alive)
    assert refused.exit_code == 2
    assert f"the run {alive} is at work in process" in refused.stderr
    assert state(alive) == ("RUNNING", ["PENDING"])
    assert "there is no run nowhere" in run("reap", "--runs", "nowhere").stderr


def test_a_command_names_a_run_that_is_left_over(run: Invoke, table: Path) -> None:
    """Runs of other experiments and of live processes are not named."""
    left("elsewhere", **DEAD)
    first, second = left("commands", **DEAD), left("commands", **DEAD)
    left("commands")
    said = run("preprocess", "--data", table, *ABOUT)
    assert said.exit_code == 0, said.output
    (line,) = [line for line in said.stderr.splitlines() if "reap" in line]
    assert line.endswith("is RUNNING; end it with: python -m fairrun reap")
    assert "(commands), and 1 more is gone" in line
    assert first in line or second in line


def test_a_store_that_refuses_the_search_is_no_error(
    run: Invoke, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("not allowed")

    monkeypatch.setattr(mlflow.MlflowClient, "search_runs", refuse)
    with caplog.at_level(logging.INFO, "fairrun"), tracked_run("plain") as opened:
        pass
    assert mlflow.get_run(opened.info.run_id).info.status == "FINISHED"
    assert caplog.text == ""


@pytest.mark.usefixtures("run")
def test_a_run_that_cannot_be_opened_again_is_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow sets its status to RUNNING before it reads the run again."""
    with tracked_run("whole") as opened:
        run_id = opened.info.run_id
    read = SqlAlchemyStore.get_run

    def fail_once(*arguments: object, **settings: object) -> Run:
        found = read(*arguments, **settings)
        if found.info.status == "RUNNING":
            monkeypatch.setattr(SqlAlchemyStore, "get_run", read)
            raise mlflow.MlflowException("disk I/O error", TEMPORARILY_UNAVAILABLE)
        return found

    monkeypatch.setattr(SqlAlchemyStore, "get_run", fail_once)
    with pytest.raises(StoreError, match="disk I/O error"), reopened_run(run_id):
        pass
    assert mlflow.get_run(run_id).info.status == "FAILED"
