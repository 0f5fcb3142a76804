"""A sweep in the store: what it was asked for, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.tracking.names import SWEEP, SWEEP_PAGE, parameter
from fairrun.tracking.runs import parameter_text

__all__ = ["log_page", "log_sweep", "read_sweep"]


def log_page(html: str) -> None:
    """Log the page of a sweep, `sweep.html`."""
    mlflow.log_text(html, SWEEP_PAGE)


def log_sweep(request: Mapping[str, object]) -> None:
    """Log what a sweep was asked for: `read_sweep` gives it back, so that it can be resumed."""
    mlflow.log_dict(dict(request), SWEEP)
    mlflow.set_tags(
        {
            parameter("sweep", name): parameter_text(request[name])
            for name in ("method", "objective")
        }
    )


def read_sweep(run_id: str) -> dict[str, Any]:
    """Read what a sweep was asked for.

    Raises
    ------
    RequestError
        If the run is not there or is no sweep.
    """
    try:
        saved: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{SWEEP}")
    except (MlflowException, OSError) as error:
        raise RequestError(
            f"the run {run_id} has no {SWEEP}; give the id of a run that sweep made"
        ) from error
    return saved
