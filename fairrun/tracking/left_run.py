"""The run that `mlflow run` has opened for a command that opens none itself."""

from __future__ import annotations

import os

import mlflow
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from fairrun.tracking.names import RUN_VARIABLE
from fairrun.tracking.owners import process_tags

__all__ = ["RUN_VARIABLE", "claim_run", "end_left_run"]


def claim_run(name: str, description: str) -> None:
    """Name and describe the run, and tag it with this process.

    With the tags, `reap` finds the run if the process is killed.

    Parameters
    ----------
    name : str
        The name of the run, in place of the random one that MLflow gave it.
    description : str
        The description in Markdown.
    """
    if RUN_VARIABLE not in os.environ:
        return
    client, run_id = mlflow.MlflowClient(), os.environ[RUN_VARIABLE]
    client.update_run(run_id, name=name)
    for tag, value in {**process_tags(), MLFLOW_RUN_NOTE: description}.items():
        client.set_tag(run_id, tag, value)


def end_left_run() -> None:
    """End the run of this command as KILLED, because `mlflow run`, which would end it, is gone."""
    mlflow.MlflowClient().set_terminated(os.environ[RUN_VARIABLE], "KILLED")
