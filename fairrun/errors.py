"""The errors that entry points print in one line, and the exit codes of entry points."""

from __future__ import annotations

import re

__all__ = [
    "EXIT_BAD_REQUEST",
    "EXIT_BUG",
    "EXIT_GATE_FAILED",
    "EXIT_INSUFFICIENT_EVIDENCE",
    "EXIT_TRACKING_STORE",
    "RequestError",
    "StoreError",
]

#: The exit code of an entry point after any other exception, with which Python ends.
EXIT_BUG = 1
#: The exit code of an entry point after a `RequestError`.
EXIT_BAD_REQUEST = 2
#: The exit code of an entry point after a `StoreError`.
EXIT_TRACKING_STORE = 3
#: The exit codes of an evaluation with an enabled gate that does not pass. The evaluation is
#: complete and logged in both cases.
EXIT_GATE_FAILED = 4
EXIT_INSUFFICIENT_EVIDENCE = 5

#: A message quotes what was given, which can be of any length and hold any character.
_MOST_CHARACTERS, _MOST_LINES = 1000, 6
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


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

    def __init__(self, message: str) -> None:
        super().__init__(_readable(message))


class StoreError(RuntimeError):
    """An error of MLflow's tracking store, such as a server that is gone or a full disk.

    The request may be right, so the same command can succeed once the store can be used again. The
    message is one line, as for `RequestError`, and has no password of a URI. Entry points print it
    without a traceback, mark the MLflow run FAILED where the store can still be reached, and exit
    with `EXIT_TRACKING_STORE`.

    Examples
    --------
    >>> from fairrun.errors import StoreError
    >>> raise StoreError("the tracking store sqlite:///mlflow.db cannot be written (disk full)")
    Traceback (most recent call last):
    ...
    fairrun.errors.StoreError: the tracking store sqlite:///mlflow.db cannot be written (disk full)
    """


def _readable(message: str) -> str:
    """Shorten a message in its middle, and leave out what would move a terminal's cursor.

    The start says what was given, and the end what to do next.
    """
    lines = [line for line in _CONTROL.sub("\ufffd", message).split("\n") if line.strip()]
    text = ("\n" if len(lines) <= _MOST_LINES else " ").join(lines)
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[: _MOST_CHARACTERS - 400]} … {text[-390:]}"
