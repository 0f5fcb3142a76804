"""MLflow runs: opening one, and what any run logs."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import pandas as pd
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE

from fairrun.errors import RequestError
from fairrun.figures import to_png
from fairrun.tracking.names import PLOTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "check_tracking_uri",
    "commit_of",
    "log_figure",
    "log_parameters",
    "log_pictures",
    "log_table",
    "parameter_text",
    "project_of",
    "tracked_run",
]

#: A store whose place depends on the working directory: `sqlite:///runs.db`, `file:runs`, `runs`.
_RELATIVE_STORE = re.compile(
    r"(?P<scheme>sqlite(?:\+\w+)?:///|file:|(?!databricks))(?P<path>[^/:?][^:?]*)(?:\?.*)?"
)


def check_tracking_uri() -> None:
    """Refuse a relative tracking URI that `mlflow run` resolved in another folder than this one.

    `mlflow run` makes its run where it is typed, and hands the URI on as it stands to a command
    that works in the project's folder: there a relative path is another store, or none yet.

    Raises
    ------
    RequestError
        If `mlflow run` started this process, its store is relative, and the run is not in it.
    """
    run_id = os.environ.get("MLFLOW_RUN_ID")
    uri = mlflow.get_tracking_uri()
    relative = _RELATIVE_STORE.fullmatch(uri)
    if run_id is None or relative is None:
        return
    # Asking a store that is not there would make it.
    if Path(relative["path"]).exists():
        with suppress(MlflowException):
            mlflow.MlflowClient().get_run(run_id)
            return
    absolute = f"{relative['scheme']}$PWD/{uri.removeprefix(relative['scheme'])}"
    raise RequestError(
        f"MLFLOW_TRACKING_URI={uri} is relative, and is not the store of this run in the folder of "
        f'the project; give MLFLOW_TRACKING_URI="{absolute}" where mlflow run is typed'
    )


@contextmanager
def tracked_run(name: str, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Open the MLflow run that `mlflow run` made, or a new one; a child inside another.

    Parameters
    ----------
    name : str
        The run's name.
    tags : mapping, optional
        Its tags.

    Yields
    ------
    mlflow.entities.Run
        The run; it ends FAILED if an exception leaves the block.
    """
    nested = mlflow.active_run() is not None
    with mlflow.start_run(run_name=name, nested=nested, tags=dict(tags or {})) as run:
        yield run


def commit_of(run_id: str) -> str:
    """Give the Git commit that a run was started from; empty if MLflow did not find one."""
    return str(mlflow.MlflowClient().get_run(run_id).data.tags.get(MLFLOW_GIT_COMMIT, ""))


def project_of(run_id: str) -> str:
    """Give the project a run was started from, as `mlflow run` takes it: a folder or a Git URL.

    A run that `mlflow run` did not start gives `.`, this folder.
    """
    tags = mlflow.MlflowClient().get_run(run_id).data.tags
    return tags[MLFLOW_SOURCE_NAME] if tags.get(MLFLOW_SOURCE_TYPE) == "PROJECT" else "."


def log_parameters(parameters: Mapping[str, object]) -> None:
    """Log resolved parameters under names with a dot.

    `mlflow run` has logged what was typed under the entry point's own names, as text; a dot keeps
    the two apart, and gives a run of any entry point the same names.
    """
    mlflow.log_params({name: parameter_text(value) for name, value in parameters.items()})


def parameter_text(value: object) -> str:
    """Write the value of a parameter."""
    return "none" if value is None else str(value)


def log_table(name: str, table: pd.DataFrame) -> None:
    """Log an MLflow table, `<name>.json`."""
    mlflow.log_table(table, f"{name}.json")


def log_figure(name: str, figure: Figure) -> None:
    """Log a plot, `plots/<name>.png`."""
    log_pictures({name: to_png(figure)})


def log_pictures(pictures: Mapping[str, bytes]) -> None:
    """Log drawn plots, `plots/<name>.png`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, png in pictures.items():
            (Path(folder) / f"{name}.png").write_bytes(png)
        mlflow.log_artifacts(folder, PLOTS)
