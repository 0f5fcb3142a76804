"""The run that `mlflow run` has opened for a command that opens none itself."""

from __future__ import annotations

import os

import mlflow

from fairrun.tracking.names import RUN_VARIABLE
from fairrun.tracking.owners import process_tags

__all__ = ["RUN_VARIABLE", "claim_run", "end_left_run"]


def claim_run() -> None:
    """Tag the run with this process, so that `reap` finds it if the process is killed."""
    if RUN_VARIABLE in os.environ:
        for name, value in process_tags().items():
            mlflow.MlflowClient().set_tag(os.environ[RUN_VARIABLE], name, value)


def end_left_run() -> None:
    """End the run of this command as KILLED, because `mlflow run`, which would end it, is gone."""
    mlflow.MlflowClient().set_terminated(os.environ[RUN_VARIABLE], "KILLED")
