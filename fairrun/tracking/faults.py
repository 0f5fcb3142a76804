"""Distinguish faults of the tracking store from bugs, and describe a fault in one line."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import mlflow
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError, StoreError

__all__ = ["fault_of", "is_not_there", "naming_faults", "without_password"]

#: MLflow's codes that say that a request was wrong. A wrong request to the store is our bug.
_WRONG_REQUEST = {
    *("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "NOT_IMPLEMENTED"),
    *("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS", "INVALID_STATE"),
}
#: MLflow's codes that leave open what the store has.
_NOT_ANSWERED = {
    *("TEMPORARILY_UNAVAILABLE", "DEADLINE_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"),
    *("PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED"),
}
#: Errors of a disk that say that there is no such file.
_NO_FILE = {None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}

#: The modules of MLflow that speak to databases, servers and artifact stores.
_STORES = ("mlflow.store.", "mlflow.utils.rest_utils", "mlflow.utils.request_utils")

#: The packages of the libraries of stores, by the name of their module.
_PACKAGES = {
    "boto3": "boto3",
    "botocore": "boto3",
    "google": "google-cloud-storage",
    "azure": "azure-storage-blob",
    "psycopg": "psycopg",
    "psycopg2": "psycopg2-binary",
    "pymysql": "pymysql",
    "MySQLdb": "mysqlclient",
}

#: The user in a URI. SQLAlchemy also reads a slash as part of a password.
_USER = re.compile(r"(?<=//)[^/@\s'\"]+@|(?<=://)(?<!http://)(?<!https://)[^/@:\s'\"]+:[^@\s'\"]*@")
#: Passwords among the parameters of a URI, as drivers of databases read them.
_PASSWORD = re.compile(r"(?<=[?&])(\w*password|passwd|odbc_connect)=[^&\s'\"]*", re.IGNORECASE)
_STATUS = re.compile(r"too many (\d+) error responses")
_DELETED = re.compile(r"The (\w+) (\S+) must be in the 'active' state")
_LONGEST = 300

_Error = TypeVar("_Error", bound=BaseException)


@contextmanager
def naming_faults() -> Iterator[None]:
    """Raise a fault of the tracking store in the block as a StoreError; see `fault_of`.

    Raises
    ------
    StoreError
        If the block raised a fault of the store. Other exceptions are unchanged.

    Examples
    --------
    >>> with naming_faults():
    ...     raise OSError(28, "No space left on device", "model.npz")
    Traceback (most recent call last):
    ...
    fairrun.errors.StoreError: no space is left on the disk of model.npz; free some and repeat \
the command
    """
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        if fault is None or fault is error:
            raise
        raise fault from error


def fault_of(error: BaseException, *, opening: bool = False) -> StoreError | None:
    """Return the StoreError that describes an exception, or None if it is no fault of the store.

    Parameters
    ----------
    error : BaseException
        An exception of MLflow, or of a library that MLflow uses.
    opening : bool
        Whether the store or a run was opened. Then every exception of MLflow is a fault, because
        the request consists of settings of the user only.

    Returns
    -------
    StoreError or None
    """
    if isinstance(error, StoreError):
        return error
    if not _is_fault(error, opening=opening):
        return None
    line = without_password(_line(error))
    return StoreError(line if len(line) <= 2 * _LONGEST else f"{line[: 2 * _LONGEST]} …")


def without_password(uri: str) -> str:
    """Return a URI, or a text with URIs, without users and passwords.

    Examples
    --------
    >>> without_password("postgresql://me:secret@somewhere/runs")
    'postgresql://***@somewhere/runs'
    >>> without_password("postgresql://somewhere/runs?user=me&password=secret")
    'postgresql://somewhere/runs?user=me&password=***'
    """
    return _PASSWORD.sub(r"\1=***", _USER.sub("***@", uri))


def _is_fault(error: BaseException, *, opening: bool) -> bool:
    if not isinstance(error, Exception):  # a signal may come while the store is used
        return False
    if isinstance(error, RequestError):  # which may be raised from what the store answered
        return False
    # A full disk is a fault wherever it occurs, because a run also writes temporary files.
    if any(map(_is_full, _chain(error))):
        return True
    in_store = _passes_through(error, _STORES)
    if isinstance(error, MlflowException):
        if opening or _is_of_database(error) or _DELETED.search(error.message):
            return True
        cause = error.__cause__
        by_bug = type(cause).__module__ == "builtins" and not isinstance(
            cause, (OSError, ImportError, type(None))
        )
        return in_store and error.error_code not in _WRONG_REQUEST and not by_bug
    if isinstance(error, OSError):
        return _passes_through(error, ("mlflow.",))
    if isinstance(error, ImportError):  # of a driver or of the library of an artifact store
        return in_store or opening
    # Exceptions of drivers and cloud libraries; a TypeError or KeyError is a bug.
    return in_store and type(error).__module__ != "builtins"


def _line(error: BaseException) -> str:
    """Return what happened and what to do."""
    tracking = f"the tracking store {mlflow.get_tracking_uri()}"
    chain = list(_chain(error))
    if missing := _first(chain, ImportError):
        module = (missing.name or "of its driver").partition(".")[0]
        package = _PACKAGES.get(module)
        install = f"it with: python -m pip install {package}" if package else "its package"
        return (
            f"{_part_of_store(error)} needs the Python library {package or module}, which is not "
            f"installed; install {install}"
        )
    text = _first_line(str(error))
    if status := _status(chain, text):
        return f"{tracking} answers with HTTP {status}; read the log of the server"
    if any(_is_of_network(each) for each in chain):
        if any("Timeout" in type(each).__name__ for each in chain):
            return (
                f"{tracking} gave no answer in time; check the server, or set "
                "MLFLOW_HTTP_REQUEST_TIMEOUT to more seconds if it is slow"
            )
        reason = _first_line(str(chain[-1]))
        return (
            f"{tracking} cannot be reached ({reason}); start the server, or set "
            "MLFLOW_TRACKING_URI to another store"
        )
    if of_database := next((each for each in chain if _is_of_database(each)), None):
        of_database = of_database.__cause__ or of_database
        said = _first_line(str(getattr(of_database, "orig", None) or of_database))
        if "disk is full" in said:
            return f"{tracking} cannot be written ({said}); free some space and repeat the command"
        return f"{tracking} cannot be used ({said}); check the database, or MLFLOW_TRACKING_URI"
    if full := next(filter(_is_full, chain), None):
        where = _files(full) or "the artifacts or the temporary files"
        return f"no space is left on the disk of {where}; free some and repeat the command"
    if of_disk := _first(chain, OSError):
        said = of_disk.strerror or _first_line(str(of_disk))
        where = f": {_files(of_disk)}" if _files(of_disk) else ""
        return (
            f"{_part_of_store(error)} cannot be read or written ({said}{where}); make the place "
            "writable, or use an experiment with another artifact location"
        )
    if deleted := _DELETED.search(text):
        what, which = deleted.groups()
        return (
            f"{tracking} has deleted the {what} {which}; bring it back with: mlflow {what}s "
            f"restore --{what}-id {which}, or use another {what}"
        )
    if "out-of-date database schema" in text:
        return (
            f"{tracking} was made by another version of MLflow; back it up and run: mlflow db "
            f"upgrade {mlflow.get_tracking_uri()}"
        )
    text = text.partition(". ")[0].rstrip(".")
    if "xperiment" in text:
        return (
            f"{tracking} cannot open the experiment: {text}; set MLFLOW_EXPERIMENT_ID to another "
            "experiment, or bring back a deleted one with: mlflow experiments restore"
        )
    run = " and MLFLOW_RUN_ID" if re.search(r"\brun\b|run_id", text, re.IGNORECASE) else ""
    return f"{tracking} cannot be used: {text}; check MLFLOW_TRACKING_URI{run}"


def _is_full(error: BaseException) -> bool:
    """Return whether an error says that a disk is full; `shutil` keeps only the text of others."""
    if isinstance(error, shutil.Error):
        return f"[Errno {errno.ENOSPC}]" in str(error)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _files(error: BaseException) -> str:
    """Return the file that could not be written, or read; empty if it is unknown."""
    return str(getattr(error, "filename2", None) or getattr(error, "filename", None) or "")


def _part_of_store(error: BaseException) -> str:
    """Return the name of the artifact store or of the tracking store, depending on the error."""
    run = mlflow.active_run()
    if _passes_through(error, ("mlflow.store.artifact.",)):
        return f"the artifact store {run.info.artifact_uri}" if run else "the artifact store"
    return f"the tracking store {mlflow.get_tracking_uri()}"


def is_not_there(error: BaseException) -> bool:
    """Return whether an exception says that the store has no such run, model or file.

    If the store cannot be used, or does not let the user read, it is unknown what the store has.
    """
    chain = list(_chain(error))
    if _first(chain, ImportError) or any(map(_is_of_database, chain)):
        return False
    if status := _status(chain, _first_line(str(error))):
        return status in ("400", "404")
    if any(_is_of_network(each) for each in chain):
        return False
    if of_disk := _first(chain, OSError):
        return of_disk.errno in _NO_FILE
    if isinstance(error, MlflowException):
        return error.error_code not in _NOT_ANSWERED
    return isinstance(error, ValueError)


def _status(chain: list[BaseException], text: str) -> str | None:
    """Return the HTTP status of an error that a server answered; None if there was no answer."""
    for each in chain:
        answered = getattr(getattr(each, "response", None), "status_code", None)
        if answered is not None:
            return str(answered)
    after_retries = _STATUS.search(text)
    return after_retries[1] if after_retries else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first(chain: list[BaseException], kind: type[_Error]) -> _Error | None:
    return next((each for each in chain if isinstance(each, kind)), None)


def _is_of_network(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("requests", "urllib3")


def _is_of_database(error: BaseException) -> bool:
    """Return whether a database failed. A wrong statement or a violated constraint is a bug."""
    from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

    if isinstance(error, MlflowException):
        return error.__cause__ is not None and _is_of_database(error.__cause__)
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError


def _first_line(text: str) -> str:
    line = (text.strip().splitlines() or [""])[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def _passes_through(error: BaseException, modules: tuple[str, ...]) -> bool:
    """Return whether the traceback has a frame of a module whose name starts like one of these."""
    frames = error.__traceback__
    while frames is not None:
        if str(frames.tb_frame.f_globals.get("__name__", "")).startswith(modules):
            return True
        frames = frames.tb_next
    return False
