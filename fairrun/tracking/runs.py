"""Open MLflow runs, and log parameters, tables and plots."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import pandas as pd
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError, StoreError
from fairrun.tracking.descriptions import describe_failure
from fairrun.tracking.faults import fault_of
from fairrun.tracking.hints import mlflow_run
from fairrun.tracking.interrupts import uninterrupted
from fairrun.tracking.names import PLOTS
from fairrun.tracking.owners import process_tags
from fairrun.tracking.reaping import fail_models_of, say_gone
from fairrun.tracking.store import impatient, open_store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "check_tracking_uri",
    "log_figure",
    "log_for_run_alone",
    "log_parameters",
    "log_pictures",
    "log_table",
    "mlflow_run",
    "parameter_text",
    "reopened_run",
    "tracked_run",
]

_logger = logging.getLogger(__name__)

#: The time in seconds before a run is ended a second time.
_PAUSE = 0.5

#: A URI whose store depends on the working directory: `sqlite:///runs.db`, `file:runs`, `runs`.
_RELATIVE_STORE = re.compile(
    r"(?P<scheme>sqlite(?:\+\w+)?:///|file:|(?!databricks))(?P<path>[^/:?][^:?]*)(?:\?.*)?"
)


def check_tracking_uri() -> None:
    """Refuse a relative tracking URI if `mlflow run` was called in another folder.

    `mlflow run` creates its run in the caller's folder and passes the URI unchanged to a command in
    the project's folder. There, a relative path is a different store.

    Raises
    ------
    RequestError
        If `mlflow run` started this process with a relative URI, and its run is not in the store of
        this folder.
    """
    run_id = os.environ.get("MLFLOW_RUN_ID")
    uri = mlflow.get_tracking_uri()
    relative = _RELATIVE_STORE.fullmatch(uri)
    if run_id is None or relative is None:
        return
    # MLflow creates a store that does not exist, so its file is checked first.
    if Path(relative["path"]).exists():
        with suppress(MlflowException):
            mlflow.MlflowClient().get_run(run_id)
            return
    absolute = f"{relative['scheme']}$PWD/{uri.removeprefix(relative['scheme'])}"
    raise RequestError(
        f"MLFLOW_TRACKING_URI={uri} is relative, and means another store in the project's folder; "
        f'set MLFLOW_TRACKING_URI="{absolute}" before mlflow run'
    )


@contextmanager
def tracked_run(name: str, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Open the MLflow run that `mlflow run` created, or a new run.

    Inside another run, it opens a child run.

    Parameters
    ----------
    name : str
        The name of the run.
    tags : mapping, optional
        The tags of the run.

    Yields
    ------
    mlflow.entities.Run
        The run. Its status becomes FAILED if the block raises an exception, and KILLED if a signal
        stops the process. A model that is not completely logged then becomes FAILED.

    Raises
    ------
    StoreError
        If the run cannot be opened or ended, or the store fails in the block.
    """
    with _open_run(run_name=name, tags=tags or {}) as run:
        yield run


@contextmanager
def reopened_run(run_id: str) -> Iterator[Run]:
    """Open a run again that has ended, as `tracked_run` opens a new one.

    Inside another run, it becomes the active run until the block ends.
    """
    with _open_run(run_id=run_id, tags={}) as run:
        yield run


@contextmanager
def _open_run(*, tags: Mapping[str, str], **settings: Any) -> Iterator[Run]:
    open_store()
    outer = mlflow.active_run()
    existing = settings.get("run_id") or os.environ.get("MLFLOW_RUN_ID")
    run: Run | None = None
    tags = {**tags, **process_tags()}
    try:
        try:
            with uninterrupted():
                run = mlflow.start_run(nested=outer is not None, tags=tags, **settings)
        except Exception as error:
            if existing is not None:  # MLflow may have set it to RUNNING before the fault
                with suppress(Exception), impatient():
                    mlflow.MlflowClient().set_terminated(existing, "FAILED")
            raise fault_of(error, opening=True) or error from error
        if outer is None:
            say_gone(run)
        yield run
    except BaseException as error:
        run = run or _opened_since(outer)
        if run is None:
            raise
        stopped = isinstance(error, (KeyboardInterrupt, GeneratorExit))
        fault = fault_of(error)
        left = _end(run, "KILLED" if stopped else "FAILED", in_time=fault is None and not stopped)
        if fault is None:
            _describe(run, error)
            if left:
                _logger.warning("warning: %s", left)
            raise
        # The fault may come from an inner run, and is then said already.
        raise (StoreError(f"{fault}; {left}") if left else fault) from error
    if left := _end(run, "FINISHED", in_time=True):
        raise StoreError(left)


def _describe(run: Run, error: BaseException) -> None:
    """Say in the description of a run why it ended, if the store can still be written."""
    try:
        with uninterrupted(), impatient():
            describe_failure(run, error)
    except Exception as other:
        if fault_of(other) is None:
            raise


def _opened_since(outer: Run | None) -> Run | None:
    """Return the active run, unless it is the outer one: a signal came while it was opened."""
    active = mlflow.active_run()
    is_outer = outer is not None and active is not None and active.info.run_id == outer.info.run_id
    return None if is_outer else active


def _end(run: Run, status: str, *, in_time: bool) -> str:
    """End a run unless it has ended; return what is left undone if the store cannot be used.

    With `in_time`, MLflow repeats its requests to a server for minutes. After a fault of the store
    this would be in vain.
    """
    active = mlflow.active_run()
    if active is None or active.info.run_id != run.info.run_id:
        return ""
    try:
        with uninterrupted(), nullcontext() if in_time else impatient():
            _end_twice(run, status)
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        may_be = f"the run {run.info.run_id} may be left RUNNING"
        return f"{fault}; {may_be}" if in_time else may_be
    if status == "FINISHED":
        return ""
    try:
        with uninterrupted(), impatient():
            fail_models_of(run)
    except Exception as error:
        if fault_of(error) is None:
            raise
        return f"a model of the run {run.info.run_id} may be left PENDING"
    return ""


def _end_twice(run: Run, status: str) -> None:
    """End a run, and try it again once, because nobody else would end the run."""
    try:
        mlflow.end_run(status)
    except Exception as error:
        if fault_of(error) is None:
            raise
        time.sleep(_PAUSE)
        mlflow.MlflowClient().set_terminated(run.info.run_id, status)


def log_for_run_alone(metrics: Mapping[str, float]) -> None:
    """Log metrics of the active run that are linked to no model and no dataset."""
    run = mlflow.active_run()
    if run is None:
        raise RuntimeError("no MLflow run is active")
    now = int(time.time() * 1000)
    logged = [Metric(name, value, now, 0) for name, value in metrics.items()]
    mlflow.MlflowClient().log_batch(run.info.run_id, metrics=logged)


def log_parameters(parameters: Mapping[str, object]) -> None:
    """Log the values of parameters, including defaults.

    `mlflow run` logs the given text under the names of the entry point's parameters, and a
    parameter cannot be logged twice with different text. Names here therefore have a dot, and are
    the same for all entry points.

    Parameters
    ----------
    parameters : mapping of str to object
        The values, by names from `fairrun.tracking.names.parameter`.
    """
    mlflow.log_params({name: parameter_text(value) for name, value in parameters.items()})


def parameter_text(value: object) -> str:
    """Return the value of a parameter as text, with "none" for None."""
    return "none" if value is None else str(value)


def log_table(name: str, table: pd.DataFrame) -> None:
    """Log an MLflow table as `<name>.json`."""
    # MLflow looks for images in columns of objects, in a way that pandas 3 warns of for its texts.
    texts = table.columns[[isinstance(dtype, pd.StringDtype) for dtype in table.dtypes]]
    mlflow.log_table(table.astype(dict.fromkeys(texts, object)), f"{name}.json")


def log_figure(name: str, figure: Figure) -> None:
    """Log a plot as `plots/<name>.png`."""
    from fairrun.figures import to_png  # imports matplotlib, which a refused request does not need

    log_pictures({name: to_png(figure)})


def log_pictures(pictures: Mapping[str, bytes]) -> None:
    """Log PNG images of plots as `plots/<name>.png`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, png in pictures.items():
            (Path(folder) / f"{name}.png").write_bytes(png)
        mlflow.log_artifacts(folder, PLOTS)
