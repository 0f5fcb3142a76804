"""The one shape of all that the app refuses, and the ways to refuse a request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

__all__ = ["CODES", "Refused", "code_of", "error_body"]

#: What stands in `code`, by status; `invalid_rows` and `invalid_parameter` beside `wrong_shape`
#: for 422.
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
    500: "internal",
    503: "overloaded",
}


class Refused(Exception):  # noqa: N818 - an answer rather than a failure
    """A request that is not answered.

    Parameters
    ----------
    status : int
        The HTTP status.
    message : str
        What is wrong and what would be right; never a value of the request.
    code : str, optional
        Which error; that of the status, if not given.
    row, column : int and str, optional
        Where the first of the trouble lies: rows by position, columns by name.
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
        """The answer."""
        return error_body(self.code, str(self), self.row, self.column)


def code_of(status: int) -> str:
    """Give the code of a status.

    Examples
    --------
    >>> code_of(413), code_of(418)
    ('too_large', 'im_a_teapot')
    """
    return CODES.get(status) or HTTPStatus(status).name.lower()


def error_body(code: str, message: str, row: int | None = None, column: str | None = None) -> bytes:
    """Write an error.

    Examples
    --------
    >>> error_body("not_found", "there is nothing here")
    b'{"error":{"code":"not_found","message":"there is nothing here","row":null,"column":null}}'
    """
    error: dict[str, Any] = {"code": code, "message": message, "row": row, "column": column}
    return orjson.dumps({"error": error})
