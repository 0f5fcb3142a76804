"""A tracking server over HTTP that also carries the artifacts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import mlflow
import pytest
from click.testing import CliRunner

from fairrun.entrypoints import evaluate, preprocess, train
from tests.drawing import without_drawing
from tests.ways.conftest import Caller, files, free_port, given, running


@pytest.fixture
def remote(
    caller: Caller, store: str, environment: dict[str, str], tmp_path: Path
) -> Iterator[Caller]:
    """Somebody who knows only the address of the server."""
    port = free_port()
    served = tmp_path / "served"
    served.mkdir()
    server = ["mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", 1]
    server += ["--backend-store-uri", store, "--serve-artifacts"]
    server += ["--artifacts-destination", (served / "artifacts").as_uri()]
    # Without the workers for jobs that none is asked for here.
    lean = environment | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running(server, port, served, lean):
        address = f"http://127.0.0.1:{port}"
        experiment = mlflow.MlflowClient(address).create_experiment("through the server")
        where = {"MLFLOW_TRACKING_URI": address, "MLFLOW_EXPERIMENT_ID": experiment}
        yield Caller(caller.folder, address, experiment, environment | where)


def command(main: click.Command, *arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_train_evaluate_preprocess_train(
    remote: Caller,
    project: Path,
    about: dict[str, str],
    tmp_path: Path,
    track_at: Callable[[str], None],
) -> None:
    before = files(project)
    run = ("mlflow", "run", project, "--env-manager", "local", "-e", "train")
    output = remote.succeed(*run, *given(mitigator="correlation_remover", **about))
    (model,) = re.findall(r"-P model=(\S+)", output)
    # MLflow says where the run is, once, and not also the command inside.
    assert output.count("View run") <= 1
    # The rest in this process, which never saw the files: each new one takes seconds to import.
    track_at(remote.store)
    mlflow.set_experiment(experiment_id=remote.experiment)
    with without_drawing():
        command(evaluate.main, "--model", model)
    options = [word for name, value in about.items() for word in (f"--{name}", value)]
    (data,) = re.findall(r"-P data=(\w+)", command(preprocess.main, *options))
    command(train.main, "--data", data)

    runs = remote.runs()
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    assert all(run.info.artifact_uri.startswith("mlflow-artifacts:/") for run in runs)
    trained, evaluated, preprocessed, again = runs
    # The data of the model were derived again, from the spec that the server has.
    assert evaluated.data.tags["evaluated.rows"] == "test"
    assert evaluated.data.metrics["n_rows"] == preprocessed.data.metrics["n_rows_test"]
    digests = {run.data.tags["dataset.digest"] for run in (trained, preprocessed, again)}
    assert len(digests) == 1

    assert files(remote.folder) == set()
    assert files(project) == before
    carried = {name.rpartition("/")[2] for name in files(tmp_path / "served" / "artifacts")}
    assert {"MLmodel", "counts.json", "test.parquet"} <= carried
