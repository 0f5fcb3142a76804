from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner

from fairrun.entrypoints import serve


@pytest.mark.parametrize(("gone", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_run_that_mlflow_run_left_is_ended(
    gone: bool, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If `mlflow run` is alive, it ends the run itself."""
    monkeypatch.setattr(serve, "serve", lambda *_: gone)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    run = client.create_run(client.create_experiment("serving"))
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    done = CliRunner().invoke(serve.main, ["--model", "any"])
    assert done.exit_code == 0, done.output
    assert client.get_run(run.info.run_id).info.status == status
