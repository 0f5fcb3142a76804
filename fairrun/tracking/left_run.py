"""The run of a command whose `mlflow run` has ended before it."""

from __future__ import annotations

import os

import mlflow

__all__ = ["RUN_VARIABLE", "end_left_run"]

#: `mlflow run` sets this variable for its command, and ends the run after the command.
RUN_VARIABLE = "MLFLOW_RUN_ID"


def end_left_run() -> None:
    """End the run of this command as KILLED, because `mlflow run`, which would end it, is gone."""
    mlflow.MlflowClient().set_terminated(os.environ[RUN_VARIABLE], "KILLED")
