"""What a command leaves in the run of `mlflow run`, which passes on only the exit codes 0 and 1."""

from __future__ import annotations

from collections.abc import Callable

import mlflow
import pytest
from click.testing import Result
from mlflow.entities import Run

from fairrun.tracking.descriptions import escaped
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]


@pytest.fixture
def started(run: Invoke, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Run]:
    """Open a run as `mlflow run` does; return it as it is later."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("commands")
    assert experiment is not None
    run_id = client.create_run(experiment.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    return lambda: client.get_run(run_id)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("train", ["--mitigater", "none"]),
        ("train", ["--mitigator", "reweighting"]),
        ("train", ["--data", "nowhere.csv", *ABOUT]),
        ("evaluate", ["--model", "runs:/nosuch/model"]),
        ("serve", ["--model", "nowhere"]),
    ],
)
def test_a_refusal_ends_the_run_and_describes_it(
    run: Invoke, started: Callable[[], Run], command: str, arguments: list[str]
) -> None:
    result = run(command, *arguments)
    assert result.exit_code == 2
    left = started()
    assert left.info.status == "FAILED"
    assert left.data.tags["process.exit_code"] == "2"
    said = left.data.tags["mlflow.note.content"]
    opened = "**Refused** (a bad request, exit code 2): "  # if the run was opened before
    assert said.startswith(("error: ", opened))
    assert escaped(result.output).endswith(said.removeprefix(opened))


def test_a_bug_is_told_from_a_refusal(
    run: Invoke, started: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise TypeError("Jo Doe")

    monkeypatch.setattr("fairrun.entrypoints.train.read_early", fail)
    result = run("train")
    assert isinstance(result.exception, TypeError)
    left = started()
    assert left.info.status == "FAILED"
    assert left.data.tags["process.exit_code"] == "1"
    # The text of an unknown error may hold a value of a row.
    assert left.data.tags["mlflow.note.content"] == "a bug in fairrun or in a library: TypeError"


@pytest.mark.parametrize(("gate", "code"), [("accuracy>=0.9999", "4"), ("accuracy>=0.01", "0")])
def test_the_last_line_and_the_tags_give_the_verdict(
    run: Invoke, trained: str, started: Callable[[], Run], gate: str, code: str
) -> None:
    result = run("evaluate", "--model", trained, "--gate", gate)
    assert str(result.exit_code) == code
    verdict = "pass" if code == "0" else "fail"
    assert result.output.strip().splitlines()[-1].startswith(f"gate: {verdict}")
    left = started()
    assert left.info.status == "FINISHED"  # `mlflow run` then sets FAILED for every code but 0
    assert left.data.tags["process.exit_code"] == code
    assert left.data.tags["fairness.gate"] == verdict
    assert "error" not in left.data.tags.get("mlflow.note.content", "")
