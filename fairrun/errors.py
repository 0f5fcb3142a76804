"""The error for requests that the caller can correct, and the exit codes of entry points."""

from __future__ import annotations

__all__ = [
    "EXIT_BAD_REQUEST",
    "EXIT_GATE_FAILED",
    "EXIT_INSUFFICIENT_EVIDENCE",
    "RequestError",
]

#: The exit code of an entry point after a `RequestError`.
EXIT_BAD_REQUEST = 2
#: The exit codes of an evaluation with an enabled gate that does not pass. The evaluation is
#: complete and logged in both cases.
EXIT_GATE_FAILED = 4
EXIT_INSUFFICIENT_EVIDENCE = 5


class RequestError(ValueError):
    """An error that the caller can correct, such as a wrong parameter or unsuitable data.

    The message has one or two lines. It says what was given, what is allowed and what to do next,
    and it never contains a value of a row. Entry points print it without a traceback, mark the
    MLflow run FAILED and exit with `EXIT_BAD_REQUEST`.

    Examples
    --------
    >>> from fairrun.errors import RequestError
    >>> raise RequestError("C=-1.0 is not positive; give a number above 0")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: C=-1.0 is not positive; give a number above 0
    """
