"""Open MLflow's tracking store for the first time in a process, and read from it."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.entities import Run
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException, RestException

from fairrun.errors import RequestError, StoreError
from fairrun.tracking.faults import fault_of, is_not_there, without_password

__all__ = ["find_run", "impatient", "open_store", "reading"]

#: The stores that this process has opened.
_opened: set[tuple[int, str]] = set()

#: The time in seconds in which a server must answer the first request, of which there are two.
_PATIENCE = 5
#: The longest time in seconds to wait for another process that creates the tables of a database.
#: MLflow's migrations take about 6 s on two busy cores.
_LONGEST_MIGRATION = 120
#: What SQLite says to a process while another one creates the tables.
_MIGRATING = re.compile("already exists|database is locked|no such table|duplicate column")


def open_store() -> None:
    """Make sure that the tracking store can be used; return at once if it was opened before.

    MLflow repeats a request to a server that does not answer for minutes, and connects to a
    database ten times. Here the first request gets a few seconds, so that a wrong address is
    reported at once. If the user has set MLflow's timeout or number of retries, these apply.

    If two processes are the first users of one SQLite database, MLflow creates the tables in both
    and fails in one. Here the second process waits for the first.

    Raises
    ------
    StoreError
        If the store cannot be used.
    """
    uri = mlflow.get_tracking_uri()
    if (os.getpid(), uri) in _opened:
        return
    try:
        if (path := _sqlite_path(uri)) is not None:
            with _alone_in(path.parent):
                _look_at_sqlite(path)
                _look_during_migration(uri)
        else:
            _look_at_database(uri)
            with impatient():
                _look(uri)
    except Exception as error:
        fault = fault_of(error, opening=True)
        if fault is None or fault is error:
            raise
        raise fault from error
    _opened.add((os.getpid(), uri))


@contextmanager
def impatient(*, large: bool = False) -> Iterator[None]:
    """Let MLflow's requests to a server fail after seconds, unless the user has set the limits.

    Parameters
    ----------
    large : bool, default False
        Whether answers may take as long as MLflow allows, because files are fetched. A server that
        cannot be reached is still given up after seconds.
    """
    limits = {MLFLOW_HTTP_REQUEST_MAX_RETRIES: 1}
    if not large:
        limits[MLFLOW_HTTP_REQUEST_TIMEOUT] = _PATIENCE
    ours = {each: limit for each, limit in limits.items() if not each.is_set()}  # type: ignore[no-untyped-call]
    for each, limit in ours.items():
        each.set(limit)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for each in ours:
            each.unset()  # type: ignore[no-untyped-call]


@contextmanager
def reading(refusal: str | Callable[[], str], *, from_tracking: bool = True) -> Iterator[None]:
    """Read from the store in the block; what the store does not have is a RequestError.

    Parameters
    ----------
    refusal : str or callable
        The message of the RequestError, or a function that finds it.
    from_tracking : bool
        Whether the block needs the tracking store, and not only an artifact store or a folder.

    Raises
    ------
    RequestError
        If the store has no such run, model or file.
    StoreError
        If the store cannot be used.
    """
    if from_tracking:
        open_store()
    try:
        yield
    except (RequestError, StoreError):
        raise
    except Exception as error:
        if is_not_there(error):
            raise RequestError(refusal if isinstance(refusal, str) else refusal()) from error
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def find_run(run_id: str) -> Run | None:
    """Return a run, deleted ones too; None if the store has no such run."""
    try:
        return mlflow.MlflowClient().get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _look(uri: str) -> None:
    """Make the first request to the store, which creates the tables of a new database."""
    try:
        mlflow.MlflowClient(uri).search_experiments(max_results=1)
    except RestException as error:
        # The server has answered. Someone who may use one experiment need not see all of them.
        if error.get_http_status_code() >= 500:  # type: ignore[no-untyped-call]
            raise


def _look_during_migration(uri: str) -> None:
    """Make the first request to an SQLite database, and repeat it while tables are being created.

    Processes that fairrun did not start, such as `mlflow run`, create tables without our lock.
    """
    until = time.monotonic() + _LONGEST_MIGRATION / 4
    while True:
        try:
            return _look(uri)
        except Exception as error:
            if time.monotonic() > until or not _MIGRATING.search(str(error)):
                raise
            time.sleep(0.5)


def _sqlite_path(uri: str) -> Path | None:
    """Return the file of an SQLite database; None for other stores and databases in memory."""
    scheme, _, path = uri.partition(":///")
    path = path.partition("?")[0]
    if scheme.partition("+")[0] != "sqlite" or path in ("", ":memory:") or path.startswith("file:"):
        return None
    return Path(path)


def _look_at_sqlite(path: Path) -> None:
    """Raise StoreError if a file cannot be an SQLite database, before MLflow tries ten times."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE)
        try:
            connection.execute("PRAGMA schema_version")
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the tracking store {mlflow.get_tracking_uri()} cannot be opened ({error}); give a "
            "database in a folder where you may write, such as "
            "MLFLOW_TRACKING_URI=sqlite:////somewhere/mlflow.db"
        ) from error


def _look_at_database(uri: str) -> None:
    """Connect once to a database server, before MLflow tries ten times."""
    if uri.partition(":")[0].partition("+")[0] not in ("postgresql", "mysql", "mssql"):
        return
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
        engine.connect().close()
    except sqlalchemy.exc.SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StoreError(
            f"the tracking store {without_password(uri)} cannot be reached ({said}); start the "
            "database, or set MLFLOW_TRACKING_URI to another store"
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes of fairrun out of the block that have the same folder.

    The lock is one of the folder itself, so that no file is left behind. Where there are no such
    locks, on Windows and some network file systems, the block runs without one.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        until = time.monotonic() + _LONGEST_MIGRATION
        while time.monotonic() < until:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                break
        yield
    finally:
        os.close(handle)  # This unlocks the folder.
