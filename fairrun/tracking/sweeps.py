"""Log the request and the page of a sweep, and read the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlflow

from fairrun.tracking.names import SWEEP, SWEEP_PAGE, parameter
from fairrun.tracking.runs import parameter_text
from fairrun.tracking.store import reading

__all__ = ["log_page", "log_sweep", "read_sweep"]


def log_page(html: str) -> None:
    """Log the page of a sweep as `sweep.html`."""
    mlflow.log_text(html, SWEEP_PAGE)


def log_sweep(request: Mapping[str, object]) -> None:
    """Log the request of a sweep, which `read_sweep` reads when the sweep is resumed.

    Parameters
    ----------
    request : mapping of str to object
        The fields of a `SweepRequest`.
    """
    mlflow.log_dict(dict(request), SWEEP)
    mlflow.set_tags(
        {
            parameter("sweep", name): parameter_text(request[name])
            for name in ("method", "objective")
        }
    )


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
        If the run does not exist or is not a sweep.
    StoreError
        If the tracking store cannot be used.
    """
    refusal = f"the run {run_id} is not a sweep (it has no {SWEEP}); give the run id of a sweep"
    with reading(refusal):
        saved: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{SWEEP}")
    return saved
