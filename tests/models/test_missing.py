"""Which part of a model URI the store does not have."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

from fairrun.errors import RequestError
from fairrun.models.open import fetch_model


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[dict[str, str]]:
    """A store with a run of a model whose files are gone, and an empty, and a deleted run."""
    folder = tmp_path_factory.mktemp("store")
    before = mlflow.get_tracking_uri()
    uri = f"sqlite:///{shutil.copy(empty_store, folder)}"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    experiment = client.create_experiment("x", artifact_location=(folder / "files").as_uri())
    run, empty, deleted = (client.create_run(experiment).info.run_id for _ in range(3))
    ready = client.create_logged_model(experiment, "model", run)
    pending = client.create_logged_model(experiment, "other", run)
    client.finalize_logged_model(ready.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(ready.model_id, step=0)])
    client.delete_run(deleted)
    client.create_registered_model("income")
    client.create_model_version("income", (folder / "gone").as_uri(), run)
    client.set_registered_model_alias("income", "champion", "1")
    yield {
        "store": uri,
        "run": run,
        "empty": empty,
        "deleted": deleted,
        "ready": ready.model_id,
        "pending": pending.model_id,
    }
    mlflow.set_tracking_uri(before)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("runs:/0123/model", "{store} has no run 0123; check the id, or set MLFLOW_TRACKING_URI"),
        ("runs:/{run}/modle", "the run {run} has no model 'modle'; did you mean model?"),
        ("runs:/{run}/xyz", "the run {run} has no model 'xyz'; it has model"),
        ("runs:/{run}/model", "the files of the model model of the run are gone"),
        ("runs:/{empty}/model", " has no model; give a run of train"),
        ("runs:/{deleted}/model", "was deleted; type: mlflow runs restore --run-id {deleted}"),
        ("models:/incme/1", "{store} has no registered model 'incme'; did you mean income?"),
        ("models:/xyz/1", "no registered model 'xyz'; the registered models are income"),
        ("models:/income/2", "the registered model 'income' has no version 2; it has 1"),
        ("models:/income@champ", "has no alias 'champ'; did you mean champion?"),
        ("models:/income@xyz", "has no alias 'xyz'; it has champion"),
        ("models:/income/1", "the files of 'income' 1 are gone"),
        ("models:/m-0123", "{store} has no model m-0123"),
        ("models:/{pending}", "the model {pending} was not completely logged"),
        ("models:/{ready}", "the files of the model {ready} are gone"),
    ],
)
def test_the_missing_part_is_named(names: dict[str, str], uri: str, said: str) -> None:
    uri = uri.format(**names)
    with pytest.raises(RequestError) as refused:
        fetch_model(uri)
    line = str(refused.value)
    assert line.startswith(f"model={uri} cannot be loaded, because ")
    assert said.format(**names) in line
    assert "\n" not in line


def test_an_address_without_a_model(tmp_path: Path, names: dict[str, str]) -> None:
    with pytest.raises(RequestError, match="there is no such folder"):
        fetch_model(str(tmp_path / "model"))
