"""The models of trials, in the experiment of the trials or beside the sweep."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import LoggedModelStatus

from fairrun.tracking.names import PROCESS_ID, SWEEP_MODEL
from fairrun.tracking.trial_models import logged_model, model_of_trial


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[mlflow.MlflowClient]:
    before = mlflow.get_tracking_uri()
    folder = tmp_path_factory.mktemp("trials")
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(empty_store, folder)}")
    client = mlflow.MlflowClient()
    for name in ("sweep", "trials"):
        client.create_experiment(name, artifact_location=(folder / name).as_uri())
    yield client
    mlflow.set_tracking_uri(before)


def test_a_model_beside_the_sweep_that_is_cut_off_has_failed(client: mlflow.MlflowClient) -> None:
    """And the run of its trial, which is not opened, has the process by which `reap` judges it."""
    beside, there = (client.get_experiment_by_name(n).experiment_id for n in ("sweep", "trials"))
    trial = client.create_run(there)
    client.set_terminated(trial.info.run_id, "FINISHED")

    def interrupted() -> None:
        with model_of_trial(trial, beside):
            client.create_logged_model(beside, source_run_id=trial.info.run_id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (model,) = client.search_logged_models([beside])
    assert model.status == LoggedModelStatus.FAILED
    after = client.get_run(trial.info.run_id)
    assert after.info.status == "FINISHED"
    assert PROCESS_ID in after.data.tags


def test_a_model_is_known_in_its_experiment_alone_until_it_is_deleted(
    client: mlflow.MlflowClient,
) -> None:
    beside, there = (client.get_experiment_by_name(n).experiment_id for n in ("sweep", "trials"))
    run_id = client.create_run(there).info.run_id
    assert logged_model(client.get_run(run_id), there) == ""
    model = client.create_logged_model(there, source_run_id=run_id)
    client.set_tag(run_id, SWEEP_MODEL, f"models:/{model.model_id}")
    trial = client.get_run(run_id)
    assert logged_model(trial, there) == f"models:/{model.model_id}"
    assert logged_model(trial, beside) == ""  # a new choice of a resumed sweep is logged again
    client.delete_logged_model(model.model_id)
    assert logged_model(trial, there) == ""
