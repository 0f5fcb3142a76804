from __future__ import annotations

from collections.abc import Callable

import mlflow
import pytest
from click.testing import Result


@pytest.mark.parametrize(("gone", "status"), [(True, "KILLED"), (False, "RUNNING")])
def test_a_run_that_mlflow_run_left_is_ended(
    gone: bool, status: str, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If `mlflow run` is alive, it ends the run itself."""
    monkeypatch.setattr("fairrun.serving.server.serve", lambda *_: gone)
    client = mlflow.MlflowClient()
    run_id = client.create_run(client.get_experiment_by_name("commands").experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    done = run("serve", "--model", "models:/any/1")
    assert done.exit_code == 0, done.output
    assert client.get_run(run_id).info.status == status
