"""The points of a command at which something can fail: writes, MLflow's calls and new processes.

A point is found where Python or MLflow is asked for something, so no code of fairrun knows of it:

- a write is a file that is opened for writing, a folder that is made, or a file that is renamed
  (Python's audit events) in the folder of the command, and a Parquet file;
- a call is a method of MLflow's tracking store, model registry or artifact store;
- a process is a program that is started.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["KILLED", "KINDS", "Point", "at_points", "fault", "unseen"]

#: The kinds of faults at a point of each kind.
KINDS = {
    "write": ("disk full", "SIGTERM", "kill"),
    "call": ("database", "connection", "SIGTERM", "kill"),
    "process": ("no process", "SIGTERM", "kill"),
}
#: The exit code of a process that a shell saw killed.
KILLED = 137

_STORES = (
    ("mlflow.store.tracking.sqlalchemy_store", "SqlAlchemyStore"),
    ("mlflow.store.model_registry.sqlalchemy_store", "SqlAlchemyStore"),
    ("mlflow.store.artifact.local_artifact_repo", "LocalArtifactRepository"),
)
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Point:
    """Where something can fail.

    Attributes
    ----------
    number : int
        The number of the point in its command, from 1 on.
    what : str
        "write", "call" or "process".
    label : str
        The file, the method or the program.
    leaves : Path or None
        The file that is empty if the process ends right after it was opened.
    """

    number: int
    what: str
    label: str
    leaves: Path | None = None


#: What is done at a point: it returns the exception to raise, or None.
At = Callable[[Point], BaseException | None]

_at: At | None = None
_folder = ""
_number = 0
#: Above 0 while nothing is a point, because the harness itself works.
_hidden = 0
#: Above 0 in a call. Calls in it are no points, because a transaction may be open.
_in_call = 0


def at_points(folder: Path, at: At) -> None:
    """Call a function at each point of this process from now on. It cannot be undone.

    Parameters
    ----------
    folder : Path
        The folder in which writes count.
    at : callable
        Returns the exception to raise at the point, or None.
    """
    global _at, _folder
    _at, _folder = at, f"{folder}{os.sep}"
    for module, name in _STORES:
        store = getattr(importlib.import_module(module), name)
        for method, function in list(vars(store).items()):
            if callable(function) and not method.startswith("_"):
                wrapped = _in_module(module, function, f"{name}.{method}")
                setattr(store, method, wrapped)
    # Arrow writes without Python.
    write = pd.DataFrame.to_parquet

    def to_parquet(self: pd.DataFrame, path: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(path, str | os.PathLike):
            _pass("write", f"to_parquet {Path(path).name}", Path(path))
        return write(self, path, *args, **kwargs)

    pd.DataFrame.to_parquet = to_parquet  # type: ignore[method-assign]
    sys.addaudithook(_hear)


@contextmanager
def unseen() -> Iterator[None]:
    """Keep what the harness does in the block from being a point."""
    global _hidden
    _hidden += 1
    try:
        yield
    finally:
        _hidden -= 1


def fault(point: Point, kind: str) -> BaseException | None:
    """Do what a fault of a kind does: end this process, send a signal, or return an exception.

    A process that dies at a write, and a disk that is full, leave an empty file.
    """
    if point.leaves is not None and kind in ("disk full", "kill"):
        with unseen():
            os.close(os.open(point.leaves, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    if kind == "kill":
        os._exit(KILLED)
    if kind == "SIGTERM":
        os.kill(os.getpid(), signal.SIGTERM)
        return None
    return _EXCEPTIONS[kind](point)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _at is None or _hidden or threading.current_thread() is not threading.main_thread():
        return
    if event == "subprocess.Popen":
        _pass("process", " ".join(Path(str(word)).name for word in list(args[1])[:3]), None)
    elif event == "open":
        path, _, flags = args
        if isinstance(path, str | bytes | os.PathLike) and flags & _FOR_WRITING:
            _pass_file(path, leaves=bool(flags & (os.O_CREAT | os.O_TRUNC)))
    elif event in ("os.mkdir", "os.rename"):
        _pass_file(args[event == "os.rename"], leaves=False)


def _pass_file(path: str | bytes | os.PathLike[Any], *, leaves: bool) -> None:
    place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  Path would resolve links
    if place.startswith(_folder):
        _pass("write", place.removeprefix(_folder), Path(place) if leaves else None)


def _pass(what: str, label: str, leaves: Path | None) -> None:
    global _number
    if _at is None or _hidden:
        return
    _number += 1
    error = _at(Point(_number, what, label, leaves))
    if error is not None:
        raise error


def _in_module(module: str, function: Callable[..., Any], label: str) -> Callable[..., Any]:
    """Wrap a method so that its faults come from a frame of MLflow's module, as real ones do."""

    def before() -> BaseException | None:
        global _number
        if _at is None or _hidden or _in_call:
            return None
        if threading.current_thread() is not threading.main_thread():
            return None
        _number += 1
        return _at(Point(_number, "call", label))

    @contextmanager
    def inside() -> Iterator[None]:
        global _in_call
        _in_call += 1
        try:
            yield
        finally:
            _in_call -= 1

    names: dict[str, Any] = {"__name__": module, "function": function}
    names |= {"before": before, "inside": inside}
    code = (
        "def wrapped(*args, **kwargs):\n"
        "    error = before()\n"
        "    if error is not None:\n"
        "        raise error\n"
        "    with inside():\n"
        "        return function(*args, **kwargs)\n"
    )
    exec(code, names)  # noqa: S102
    wrapped: Callable[..., Any] = names["wrapped"]
    return wrapped


def _database(point: Point) -> BaseException:
    """Return what MLflow raises if its database, or the disk of its artifacts, fails."""
    import sqlalchemy
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

    if point.label.startswith("LocalArtifactRepository"):
        return OSError(errno.EIO, "Input/output error", point.label)
    cause = sqlalchemy.exc.OperationalError(
        "UPDATE", {}, sqlite3.OperationalError("disk I/O error")
    )
    error = MlflowException(str(cause), error_code=TEMPORARILY_UNAVAILABLE)
    error.__cause__ = cause
    return error


def _connection(point: Point) -> BaseException:
    """Return what MLflow raises if its server is gone."""
    import requests
    from mlflow.exceptions import MlflowException

    cause = requests.exceptions.ConnectionError(f"{point.label}: Max retries exceeded")
    error = MlflowException(f"API request to http://127.0.0.1:1 failed with exception {cause}")
    error.__context__ = cause
    return error


_EXCEPTIONS: dict[str, Callable[[Point], BaseException]] = {
    "disk full": lambda point: OSError(errno.ENOSPC, "No space left on device", point.label),
    "no process": lambda _: OSError(errno.EAGAIN, "Resource temporarily unavailable"),
    "database": _database,
    "connection": _connection,
}
