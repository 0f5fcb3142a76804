from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import pytest

from fairrun.tracking.left_run import claim_run, end_left_run
from fairrun.tracking.names import RUN_VARIABLE
from fairrun.tracking.owners import process_tags


def test_reap_finds_the_run_of_a_server_and_a_left_one_is_ended(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(empty_store, tmp_path)}")
    try:
        run_id = mlflow.MlflowClient().create_run("0").info.run_id
        monkeypatch.delenv(RUN_VARIABLE, raising=False)
        claim_run("serve", "Serves.")  # without `mlflow run` there is nothing to tag
        assert not process_tags().items() & mlflow.get_run(run_id).data.tags.items()
        monkeypatch.setenv(RUN_VARIABLE, run_id)
        claim_run("serve", "Serves.")
        claimed = mlflow.get_run(run_id)
        assert process_tags().items() <= claimed.data.tags.items()
        assert claimed.info.run_name == "serve"
        assert claimed.data.tags["mlflow.note.content"] == "Serves."
        end_left_run()
        assert mlflow.get_run(run_id).info.status == "KILLED"
    finally:
        mlflow.set_tracking_uri(before)
