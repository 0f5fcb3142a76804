"""The experiment of a sweep's trials."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from fairrun.errors import RequestError
from fairrun.tracking.names import SWEEP_EXPERIMENT
from fairrun.tracking.sweeps import _place_beside, put_trials_in


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[mlflow.MlflowClient]:
    before = mlflow.get_tracking_uri()
    folder = tmp_path_factory.mktemp("sweeps")
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(empty_store, folder)}")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


def test_an_experiment_is_created_once_beside_that_of_the_sweep(
    client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    here = client.create_experiment("beside", artifact_location=(tmp_path / "given").as_uri())
    run, other = (client.create_run(here) for _ in range(2))
    tagged = put_trials_in("beside: trials", run)
    found = client.get_experiment_by_name("beside: trials")
    assert tagged.data.tags[SWEEP_EXPERIMENT] == found.experiment_id
    # A place that somebody has chosen is not left.
    assert found.artifact_location.startswith(f"{(tmp_path / 'given').as_uri()}/trials-")
    assert put_trials_in("beside: trials", other).data.tags[SWEEP_EXPERIMENT] == found.experiment_id


def test_the_default_place_of_an_experiment_has_a_folder_for_each(
    client: mlflow.MlflowClient,
) -> None:
    experiment = client.get_experiment(client.create_experiment("default place"))
    folder, _, last = experiment.artifact_location.rpartition("/")
    assert last == experiment.experiment_id
    assert str(_place_beside(experiment)).startswith(f"{folder}/trials-")


def test_the_tracking_server_decides_the_place(
    client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = client.get_experiment("0")
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "https://mlflow.example.org")
    assert _place_beside(experiment) is None


def test_a_deleted_experiment_is_refused(client: mlflow.MlflowClient) -> None:
    run = client.create_run(client.create_experiment("of a sweep"))
    gone = client.create_experiment("deleted trials")
    client.delete_experiment(gone)
    with pytest.raises(RequestError, match="trials_experiment=deleted trials was deleted; give an"):
        put_trials_in("deleted trials", run)


@pytest.mark.parametrize("name", ["x" * 501, ""])
def test_a_name_that_the_store_refuses_is_a_bad_request(
    client: mlflow.MlflowClient, name: str
) -> None:
    run = client.create_run(client.create_experiment(f"of a sweep {len(name)}"))
    with pytest.raises(RequestError, match="trials_experiment="):
        put_trials_in(name, run)
