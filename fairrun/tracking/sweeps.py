"""Log the request, the tables and the page of a sweep, and read the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.tracking.names import SWEEP, SWEEP_METHOD, SWEEP_OBJECTIVE, SWEEP_PAGE
from fairrun.tracking.runs import log_table
from fairrun.tracking.store import reading

__all__ = ["is_recorded", "log_page", "log_sweep", "put_table", "read_sweep", "sweep_tags"]


def sweep_tags(method: str, objective: str) -> dict[str, str]:
    """Return the tags that a sweep has from its start, by which `read_sweep` knows it."""
    return {SWEEP_METHOD: method, SWEEP_OBJECTIVE: objective}


def log_page(html: str) -> None:
    """Log the page of a sweep as `sweep.html`."""
    mlflow.log_text(html, SWEEP_PAGE)


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
