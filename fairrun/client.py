"""A client of the server: it sends a DataFrame of rows and returns a DataFrame of answers."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import pandas as pd
import requests

from fairrun.errors import RequestError
from fairrun.inference import Column, InputError, Table, column_names, plain_cells, take_columns
from fairrun.text import shift_rows

__all__ = ["Client", "RefusedError"]

_COLUMNS = {
    "predictions": "prediction",
    "probabilities": "probability",
    "decision_probabilities": "decision_probability",
    "explanations": "explanation",
    "feature_importances": "feature_importance",
    "counterfactuals": "counterfactuals",
    "reasons": "reasons",
}
_TYPES = {
    "prediction": np.int64,
    "probability": np.float64,
    "decision_probability": np.float64,
}
#: The largest number of rows per request if explanations, hints or notices are requested, because
#: such rows can take a thousand times as long.
_SLOW_ROWS = 500
#: Statuses of temporary errors. A request changes nothing on the server, so it can be sent again.
_PASSING = (429, 502, 503)
#: The first pause and the longest pause before a request is sent again, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
_WRONG_ROWS = 422
_NOT_TOLD = (403, 404)
_LARGEST = 10**300
_JSON = {str, float, int, bool, type(None)}


class RefusedError(RequestError):
    """A request that the server, or the client itself, refused.

    Attributes
    ----------
    status : int
        The HTTP status; 0 if the client refused the rows before sending them.
    row : int or None
        The position in the frame of the first refused row, from 0. None if the error is not about a
        row.
    column : str or None
        The name of the refused column. None if the error is not about a column.
    """

    def __init__(
        self, message: str, status: int = 0, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.row = row
        self.column = column


class Client:
    """A client of a server that `mlflow run . -e serve` started.

    Parameters
    ----------
    url : str
        The server's address, such as `http://127.0.0.1:8000`.
    token : str, optional
        The bearer token, if the server requires one.
    chunk_rows : int, default 5000
        The largest number of rows per request. Requests for explanations, counterfactuals or
        notices have at most 500 rows.
    retries : int, default 5
        The number of times that a request is sent again after the connection failed or the server
        was busy (statuses 429, 502 and 503). The first pause is 0.1 seconds, or the number of
        seconds in the server's header `Retry-After`. Each further pause is twice as long, at most
        30 seconds. The pauses are not random. Status 504 says that the rows took too long; they are
        not sent again, because they would take as long. Set a smaller `chunk_rows`.
    timeout : float, default 90
        The longest time to wait for an answer, in seconds.

    Examples
    --------
    >>> client = Client("http://127.0.0.1:8000")
    >>> client.predict(frame)  # doctest: +SKIP
       prediction  probability  decision_probability
    0           1     0.731059                   1.0
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        chunk_rows: int = 5000,
        retries: int = 5,
        timeout: float = 90.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.chunk_rows, self.retries, self.timeout = chunk_rows, retries, timeout
        self._session = requests.Session()
        # requests replaces an Authorization header with the entry of a .netrc file, but not `auth`.
        self._session.auth = _bearer(token)
        self._columns: tuple[str, ...] | None = None

    def predict(
        self,
        frame: Table,
        *,
        explain: bool = False,
        top_k: int = 0,
        feature_importance: bool = False,
        counterfactuals: bool = False,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """Return the server's predictions for rows.

        Parameters
        ----------
        frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Raw rows. The columns can have any order. Only the columns that the model reads are
            sent, so other columns can be of any type.
        explain : bool, default False
            Whether to add a column `explanation`, which holds dicts with the contribution of each
            column to the score.
        top_k : int, default 0
            The number of columns in each explanation; 0 for all columns. See also `reasons`.
        feature_importance : bool, default False
            Whether to add a column `feature_importance`, which holds lists with the contributions
            of all columns.
        counterfactuals : bool, default False
            Whether to add a column `counterfactuals`, which holds lists of dicts. Each dict is a
            change of one column that would change the label.
        reasons : bool, default False
            Whether to add a column `reasons`, which holds an adverse-decision notice for each row
            with label 0: a dict with `text`, `reasons` and `changes`. It is None for other rows. A
            notice has the `top_k` strongest reasons; 0 means four.

        Returns
        -------
        pandas.DataFrame
            The columns `prediction`, `probability` and `decision_probability`, then the requested
            ones, with the index of `frame` if it has one. The values are bit-identical to those of
            the model.

        Raises
        ------
        RefusedError
            If the server refuses the rows or a parameter, or a value cannot be sent as JSON. The
            attributes `row` and `column` give the place of a wrong value.
        requests.RequestException
            If the server cannot be reached after all retries.
        """
        asked = {
            "explain": explain,
            "top_k": top_k,
            "feature_importance": feature_importance,
            "counterfactuals": counterfactuals,
            "reasons": reasons,
        }
        query = urlencode({name: str(value).lower() for name, value in asked.items() if value})
        slow = explain or feature_importance or counterfactuals or reasons
        chunk_rows = min(self.chunk_rows, _SLOW_ROWS) if slow else self.chunk_rows
        path = f"/predict?{query}" if query else "/predict"
        columns = self._columns or self._ask_columns()
        for left in reversed(range(max(self.retries, 1) + 1)):
            try:
                parts = [*self._answers(path, frame, columns, chunk_rows)]
                break
            except RefusedError as error:
                # The server may have another model than before, also since the last request of
                # this call, and this model may read other columns.
                if error.status != _WRONG_ROWS or columns is None or not left:
                    raise
                before, columns = columns, self._ask_columns()
                if columns == before:
                    raise
        answers = pd.concat(parts, ignore_index=True)
        return answers.set_axis(frame.index) if isinstance(frame, pd.DataFrame) else answers

    def version(self) -> dict[str, Any]:
        """Return the server's description of the model that it serves.

        Raises
        ------
        RefusedError
            If the server refuses the request.
        requests.RequestException
            If the server cannot be reached after all retries.
        """
        response = self._send("GET", "/version")
        _check(response, 0)
        said: dict[str, Any] = response.json()
        return said

    def _ask_columns(self) -> tuple[str, ...] | None:
        """Return the columns that the model reads, or None if the server does not tell them."""
        response = self._send("GET", "/openapi.json")
        if response.status_code in _NOT_TOLD:  # a proxy may hide all paths but /predict
            return None
        _check(response, 0)
        record = response.json()["components"]["schemas"]["Record"]
        self._columns = tuple(record["required"])
        return self._columns

    def _answers(
        self, path: str, frame: Table, columns: tuple[str, ...] | None, chunk_rows: int
    ) -> Iterator[pd.DataFrame]:
        for start, body in _bodies(frame, columns, chunk_rows):
            yield self._ask(path, body, start)

    def _ask(self, path: str, body: bytes, start: int) -> pd.DataFrame:
        response = self._send("POST", path, body)
        _check(response, start)
        content = orjson.loads(response.content)
        # The server leaves it out if the model is not randomised. It then equals the label.
        content.setdefault("decision_probabilities", content["predictions"])
        return pd.DataFrame(
            {
                name: pd.Series(content[of_app], dtype=_TYPES.get(name, object))
                for of_app, name in _COLUMNS.items()
                if of_app in content
            }
        )

    def _send(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        for attempt in range(self.retries + 1):
            pause = _FIRST_PAUSE
            try:
                response = self._session.request(
                    method, self.url + path, data=body, headers=headers, timeout=self.timeout
                )
                if response.status_code not in _PASSING or attempt == self.retries:
                    return response
                told = response.headers.get("Retry-After", "")  # a proxy may write a date
                pause = max(pause, float(told)) if re.fullmatch("[0-9]{1,9}", told) else pause
            except (requests.ConnectionError, requests.Timeout):
                if attempt == self.retries:
                    raise
            time.sleep(min(pause * 2**attempt, _LONGEST_PAUSE))
        raise AssertionError  # This is unreachable, because the last attempt returns or raises.


def _bearer(token: str | None) -> Any:
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def _bodies(
    table: Table, columns: tuple[str, ...] | None, chunk_rows: int
) -> Iterator[tuple[int, bytes]]:
    """Yield JSON bodies with the position of their first row; a table without rows gives one body.

    A column that is missing is left out, so that the server names all that are missing. Floats are
    written without rounding.
    """
    try:
        given = column_names(table)
        names = tuple(given if columns is None else (name for name in columns if name in given))
        taken = take_columns(table, names)
    except InputError as error:
        raise RefusedError(str(error), column=error.column) from None
    for start in range(0, max(len(taken), 1), chunk_rows):
        rows = slice(start, start + chunk_rows)
        cells = [_cells(_part(taken.values[name], rows), name, start) for name in names]
        data = [*zip(*cells, strict=True)] if names else [()] * len(range(len(taken))[rows])
        try:
            body = orjson.dumps({"columns": names, "data": data})
        except TypeError:  # an int of more than 64 bits
            body = _large(names, data, start)
        yield start, body


def _large(names: tuple[str, ...], data: list[Any], start: int) -> bytes:
    """Write a body with integers that orjson cannot write."""
    try:
        return json.dumps({"columns": names, "data": data}).encode()
    except ValueError:  # an int of more than 4,300 digits
        raise RefusedError(
            f"an integer in rows {start} to {start + len(data) - 1} is too large; give a number "
            "that float64 can represent"
        ) from None


def _part(column: Column, rows: slice) -> Column:
    return column[rows] if isinstance(column, list) else column.iloc[rows]


def _cells(column: Column, name: str, start: int) -> list[Any]:
    """Return a column's values as types of JSON; raise RefusedError for a value that has none."""
    cells = plain_cells(column)
    kinds = set(map(type, cells))
    if kinds <= _JSON and (
        float not in kinds or not any(type(cell) is float and math.isinf(cell) for cell in cells)
    ):
        return cells
    sent: list[Any] = []
    for row, cell in enumerate(cells, start):
        if isinstance(cell, Decimal):
            whole = abs(cell) < _LARGEST and cell == cell.to_integral_value()
            cell = int(cell) if whole else float(cell)
        if isinstance(cell, float) and math.isinf(cell):
            raise _refused(name, row, "infinite number in", "give a finite number or a null")
        if type(cell) not in _JSON:
            what, instead = "no value of JSON in", "give numbers, text, booleans and nulls"
            raise _refused(name, row, what, instead)
        sent.append(cell)
    return sent


def _refused(name: str, row: int, what: str, instead: str) -> RefusedError:
    message = f"column {name!r}: {what} row {row}; {instead}"
    return RefusedError(message, row=row, column=name)


def _check(response: requests.Response, start: int) -> None:
    """Raise RefusedError for an error; its row positions count from the frame's first row."""
    if response.ok:
        return
    try:
        error = response.json()["error"]
        message, row, column = str(error["message"]), error["row"], error["column"]
    except (ValueError, KeyError, TypeError):  # The error can come from a proxy, not from the app.
        message, row, column = "the server gave no reason", None, None
    raise RefusedError(
        f"{shift_rows(message, start, column)} (status {response.status_code})",
        response.status_code,
        None if row is None else row + start,
        column,
    )
