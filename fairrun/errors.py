"""The errors that are the caller's to mend, and the exit codes they end with."""

from __future__ import annotations

__all__ = ["EXIT_BAD_REQUEST", "RequestError"]

#: Exit code of an entry point that was asked for something it cannot do.
EXIT_BAD_REQUEST = 2


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
