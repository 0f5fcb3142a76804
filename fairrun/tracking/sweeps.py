"""Log the request, the tables and the page of a sweep, and read the request."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import Experiment, LifecycleStage, LoggedModelOutput, Metric, Run
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.text import without_formulas
from fairrun.tracking.names import (
    ALTERNATIVES,
    ALTERNATIVES_CSV,
    SWEEP,
    SWEEP_EXPERIMENT,
    SWEEP_METHOD,
    SWEEP_OBJECTIVE,
    SWEEP_PAGE,
    parameter,
)
from fairrun.tracking.runs import log_table
from fairrun.tracking.store import reading

__all__ = [
    "is_recorded",
    "is_sensitive",
    "log_alternatives",
    "log_choice",
    "log_page",
    "log_sweep",
    "output_model",
    "put_table",
    "put_trials_in",
    "read_sweep",
    "sweep_tags",
]


def sweep_tags(method: str, objective: str) -> dict[str, str]:
    """Return the tags that a sweep has from its start, by which `read_sweep` knows it."""
    return {SWEEP_METHOD: method, SWEEP_OBJECTIVE: objective}


def put_trials_in(name: str, run: Run) -> Run:
    """Give the trials of a sweep an experiment of their own, and create it if it does not exist.

    Parameters
    ----------
    name : str
        The name of the experiment.
    run : mlflow.entities.Run
        The run of the sweep, which stays in its experiment.

    Returns
    -------
    mlflow.entities.Run
        The run with the tag by which `ChildRuns` finds the experiment.

    Raises
    ------
    RequestError
        If the experiment was deleted, or the store refuses the name.
    """
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise RequestError(
            f"the experiment trials_experiment={name} was deleted; give another name, or bring it "
            f"back with: mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    if found is not None:
        experiment_id = found.experiment_id
    else:
        beside = client.get_experiment(run.info.experiment_id)
        try:
            experiment_id = client.create_experiment(name, _place_beside(beside))
        except MlflowException as error:
            raise RequestError(
                f"the store refuses trials_experiment={name}: {error.message}"
            ) from error
    client.set_tag(run.info.run_id, SWEEP_EXPERIMENT, experiment_id)
    return client.get_run(run.info.run_id)


def _place_beside(experiment: Experiment) -> str | None:
    """Return where the artifacts of a new experiment go; None if the tracking server decides.

    Without a server, MLflow would take a folder of the working directory. Under `mlflow run`, this
    is the project's folder, and not the folder where the artifacts of the sweep are.
    """
    if mlflow.get_tracking_uri().startswith(("http", "databricks")):
        return None
    place, _, last = experiment.artifact_location.rstrip("/").rpartition("/")
    if last != experiment.experiment_id:  # somebody has chosen the place, so stay inside it
        place = experiment.artifact_location.rstrip("/")
    return f"{place}/trials-{uuid.uuid4().hex[:8]}"


def output_model(run_id: str, uri: str) -> None:
    """Show a model as an output of a run that has not logged it itself.

    Parameters
    ----------
    run_id : str
        The run of the sweep.
    uri : str
        The URI of the model, ``models:/<model id>``.
    """
    client, model_id = mlflow.MlflowClient(), uri.removeprefix("models:/")
    outputs = client.get_run(run_id).outputs
    known = () if outputs is None else outputs.model_outputs
    if model_id not in {each.model_id for each in known}:
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def log_choice(run_id: str, metrics: Mapping[str, float]) -> None:
    """Log the metrics of the chosen model to the run of a sweep.

    `mlflow.log_metrics` would give them to the models of the run's outputs, too. In a resumed sweep
    this is the model of the earlier choice.
    """
    now = int(time.time() * 1000)
    found = [Metric(name, value, now, 0) for name, value in metrics.items()]
    mlflow.MlflowClient().log_batch(run_id, metrics=found)


def log_page(html: str) -> None:
    """Log the page of a sweep as `sweep.html`."""
    mlflow.log_text(html, SWEEP_PAGE)


def log_alternatives(table: pd.DataFrame) -> None:
    """Log the candidates for a less discriminatory alternative, as a table and as CSV."""
    put_table(ALTERNATIVES, table)
    mlflow.log_text(without_formulas(table).to_csv(index=False), ALTERNATIVES_CSV)


def put_table(name: str, table: pd.DataFrame) -> None:
    """Log an MLflow table as `<name>.json`, in the place of one of an earlier process.

    MLflow itself would append the rows to those of the earlier table.
    """
    file, run = f"{name}.json", mlflow.active_run()
    assert run is not None  # noqa: S101  a sweep has an open run
    if any(each.path == file for each in mlflow.MlflowClient().list_artifacts(run.info.run_id)):
        text = table.to_json(orient="split", index=False, date_format="iso")  # MLflow's own form
        mlflow.log_text(text, file)
    else:
        log_table(name, table)


def log_sweep(request: Mapping[str, object]) -> None:
    """Log the request of a sweep, which `read_sweep` reads when the sweep is resumed.

    Parameters
    ----------
    request : mapping of str to object
        The fields of a `SweepRequest`.
    """
    mlflow.log_dict(dict(request), SWEEP)


def is_recorded(run_id: str) -> bool:
    """Return whether a sweep has logged its request, so that it can be resumed."""
    try:
        return any(each.path == SWEEP for each in mlflow.MlflowClient().list_artifacts(run_id))
    except MlflowException:
        return True  # The store cannot say. Trying to resume does no harm.


def is_sensitive(run_id: str) -> bool:
    """Return whether the data of a sweep are sensitive, so that it cannot be resumed."""
    try:
        parameters = mlflow.get_run(run_id).data.params
    except MlflowException:
        return False
    return parameters.get(parameter("data", "sensitive")) == "true"


def read_sweep(run_id: str) -> dict[str, Any]:
    """Return the request of a sweep.

    Parameters
    ----------
    run_id : str
        The run of the sweep.

    Returns
    -------
    dict
        The fields of a `SweepRequest`.

    Raises
    ------
    RequestError
        If the run does not exist, is not a sweep, or was interrupted before its first record.
    StoreError
        If the tracking store cannot be used.
    """
    refusal = f"the run {run_id} is not a sweep (it has no {SWEEP}); give the run id of a sweep"
    try:
        with reading(refusal):
            saved: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{SWEEP}")
    except RequestError:
        if not _was_started(run_id):
            raise
        raise RequestError(
            f"the sweep {run_id} ended before it recorded its data and parameters, so there is "
            "nothing to resume; start it again, with all its parameters and without resume"
        ) from None
    return saved


def _was_started(run_id: str) -> bool:
    """Return whether a run is a sweep, whatever it has recorded."""
    try:
        return SWEEP_METHOD in mlflow.get_run(run_id).data.tags
    except MlflowException:
        return False
