"""`mlflow.projects.run`, from Python: how a bad request ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import ExecutionException

from tests.ways.conftest import Caller, files


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"C": "abc"}, "error: C=abc is not a number; give a number, or auto for the default"),
        pytest.param(
            {"data": "nowhere.csv"},
            "error: data=nowhere.csv is not a file; give census, adult",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_bad_request_fails_the_run_in_a_line(
    bad: dict[str, str],
    said: str,
    caller: Caller,
    project: Path,
    about: dict[str, str],
    track_at: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = files(project)
    monkeypatch.chdir(caller.folder)
    for name, value in caller.environment.items():
        monkeypatch.setenv(name, value)
    track_at(caller.store)
    with pytest.raises(ExecutionException, match="failed"):
        mlflow.projects.run(
            str(project),
            "train",
            parameters=about | bad,
            env_manager="local",
            experiment_id=caller.experiment,
        )
    written = capfd.readouterr().err
    (line,) = (line for line in written.splitlines() if line.lower().startswith("error: "))
    assert line.startswith(said)
    assert "Traceback" not in written
    (train,) = caller.runs()
    assert train.info.status == "FAILED"
    assert files(project) == before
    assert files(caller.folder) == set()
