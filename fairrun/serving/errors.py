"""Error codes of the app and the JSON that every refused request gets."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

__all__ = [
    "CODES",
    "FAILED",
    "NOT_READY",
    "NO_METHOD",
    "NO_PATH",
    "Refused",
    "code_of",
    "error_body",
    "place_of",
]

#: The error code of each status. Status 400 can also have `not_csv` or `not_http`, and status 422
#: `invalid_rows` or `invalid_parameter`.
CODES: Mapping[int, str] = {
    400: "not_json",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "wrong_content_type",
    422: "wrong_shape",
    431: "head_too_large",
    500: "internal",
    503: "overloaded",
    504: "timeout",
}


class Refused(Exception):  # noqa: N818 - it is an answer to the client, not a failure
    """A refused request.

    Parameters
    ----------
    status : int
        The HTTP status.
    message : str
        The reason and what to send instead. It must not contain a value of the request.
    code : str, optional
        The error code. The default depends on the status.
    row, column : int and str, optional
        The position of the first wrong row, from 0, and the name of the wrong column.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or code_of(status)
        self.row = row
        self.column = column

    @property
    def body(self) -> bytes:
        """Return the error as JSON."""
        return error_body(self.code, str(self), self.row, self.column)


def code_of(status: int) -> str:
    """Return the error code of a status.

    Examples
    --------
    >>> code_of(413), code_of(418)
    ('too_large', 'im_a_teapot')
    """
    return CODES.get(status) or HTTPStatus(status).name.lower()


def error_body(code: str, message: str, row: int | None = None, column: str | None = None) -> bytes:
    """Return an error as JSON.

    Examples
    --------
    >>> error_body("not_found", "there is nothing here")
    b'{"error":{"code":"not_found","message":"there is nothing here","row":null,"column":null}}'
    """
    error: dict[str, Any] = {"code": code, "message": message, "row": row, "column": column}
    return orjson.dumps({"error": error})


def place_of(error: Exception) -> str:
    """Return the type and the place of a bug, without its message, which may hold a value of a row.

    The log of the server has only this.
    """
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.filename}, line {where.lineno}"


#: The answers to a path that does not exist, to another method, and before the model is ready.
NO_PATH = Refused(404, "this path does not exist; see /docs for the paths")
NO_METHOD = Refused(405, "this path does not allow the method; see /docs for the methods")
NOT_READY = Refused(503, "the server is starting or stopping; try again")
#: The answer to a request that meets a bug.
FAILED = Refused(500, "the server failed; see the server's log for the place")
