"""The errors that are the caller's to mend, and the exit codes of entry points."""

from __future__ import annotations

__all__ = [
    "EXIT_BAD_REQUEST",
    "EXIT_GATE_FAILED",
    "EXIT_INSUFFICIENT_EVIDENCE",
    "RequestError",
]

#: Exit code of an entry point that was asked for something it cannot do.
EXIT_BAD_REQUEST = 2
#: Exit codes of an evaluation whose gate is enabled and does not pass; all of it is logged.
EXIT_GATE_FAILED = 4
EXIT_INSUFFICIENT_EVIDENCE = 5


class RequestError(ValueError):
    """A request that cannot be met as it stands.

    The message is one or two lines: what was given, what is allowed, what to do next. Entry
    points print it without a traceback, mark the MLflow run FAILED and exit with
    `EXIT_BAD_REQUEST`. It never holds a value of a row.

    Examples
    --------
    >>> from fairrun.errors import RequestError
    >>> raise RequestError("C=-1.0 is not positive; give a number above 0")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: C=-1.0 is not positive; give a number above 0
    """
