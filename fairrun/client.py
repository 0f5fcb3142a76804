"""A client of the app: a DataFrame in, a DataFrame out."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import pandas as pd
import requests

from fairrun.errors import RequestError

__all__ = ["Client", "RefusedError"]

_COLUMNS = {
    "predictions": "prediction",
    "probabilities": "probability",
    "decision_probabilities": "decision_probability",
    "explanations": "explanation",
    "feature_importances": "feature_importance",
    "counterfactuals": "counterfactuals",
}
_TYPES = {
    "prediction": np.int64,
    "probability": np.float64,
    "decision_probability": np.float64,
}
#: Rows that are to be explained take up to a thousand times as long: fewer are sent at once.
_SLOW_ROWS = 500
#: What may pass: nothing was changed by the request, so it can be sent again.
_PASSING = (429, 502, 503, 504)


class RefusedError(RequestError):
    """The app refused the rows.

    Attributes
    ----------
    status : int
        The HTTP status; 0 if the rows were not even sent.
    row : int or None
        The position in the frame of the first row that was refused.
    column : str or None
        The column.
    """

    def __init__(
        self, message: str, status: int = 0, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.row = row
        self.column = column


class Client:
    """Asks an app that `mlflow run . -e serve` has started.

    Parameters
    ----------
    url : str
        The app's address, such as `http://127.0.0.1:8000`.
    token : str, optional
        The bearer token, where the app wants one.
    chunk_rows : int, default 5000
        How many rows are sent at once; no more than 500 of those that are to be explained.
    retries : int, default 5
        How often rows are sent again after the connection failed or the app was too busy, each
        time after twice the pause, from a tenth of a second.
    timeout : float, default 90
        Seconds to wait for an answer.

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
        # As auth, for a header would give way to what a .netrc has for the host.
        self._session.auth = _bearer(token)

    def predict(
        self,
        frame: pd.DataFrame,
        *,
        explain: bool = False,
        top_k: int = 0,
        feature_importance: bool = False,
        counterfactuals: bool = False,
    ) -> pd.DataFrame:
        """Have rows answered.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows; columns in any order, others are ignored by the app.
        explain : bool, default False
            Whether to say why: a column `explanation` of dicts.
        top_k : int, default 0
            By how many columns to explain; 0 for all.
        feature_importance : bool, default False
            Whether to give the contributions of all columns: a column `feature_importance` of
            lists.
        counterfactuals : bool, default False
            Whether to say what would have to be different: a column `counterfactuals` of lists of
            dicts.

        Returns
        -------
        pandas.DataFrame
            `prediction`, `probability` and `decision_probability`, and what else is asked for, with
            the frame's index: what the model itself gives for these rows, to the bit.

        Raises
        ------
        RefusedError
            If the app refuses rows, `row` and `column` say where; or what is asked for.
        requests.RequestException
            If it cannot be reached, after all retries.
        """
        asked = {
            "explain": explain,
            "top_k": top_k,
            "feature_importance": feature_importance,
            "counterfactuals": counterfactuals,
        }
        query = urlencode({name: str(value).lower() for name, value in asked.items() if value})
        slow = explain or feature_importance or counterfactuals
        chunk_rows = min(self.chunk_rows, _SLOW_ROWS) if slow else self.chunk_rows
        path = f"/predict?{query}" if query else "/predict"
        parts = [self._ask(path, body, start) for start, body in _bodies(frame, chunk_rows)]
        answers = pd.concat(parts, ignore_index=True)
        return answers.set_axis(frame.index, axis=0)

    def version(self) -> dict[str, Any]:
        """Ask which model is served."""
        response = self._send("GET", "/version")
        _check(response, 0)
        said: dict[str, Any] = response.json()
        return said

    def _ask(self, path: str, body: bytes, start: int) -> pd.DataFrame:
        response = self._send("POST", path, body)
        _check(response, start)
        content = orjson.loads(response.content)
        # The app leaves it out where it is the label.
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
            try:
                response = self._session.request(
                    method, self.url + path, data=body, headers=headers, timeout=self.timeout
                )
                if response.status_code not in _PASSING or attempt == self.retries:
                    return response
            except (requests.ConnectionError, requests.Timeout):
                if attempt == self.retries:
                    raise
            time.sleep(0.1 * 2**attempt)
        raise AssertionError  # the last attempt returns or raises


def _bearer(token: str | None) -> Any:
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def _bodies(frame: pd.DataFrame, chunk_rows: int) -> Iterator[tuple[int, bytes]]:
    """Write rows as JSON, floats to the last bit; at least one body, for zero rows as well."""
    names = [*map(str, frame.columns)]
    for start in range(0, max(len(frame), 1), chunk_rows):
        chunk = frame.iloc[start : start + chunk_rows]
        columns = [_cells(chunk.iloc[:, place], name, start) for place, name in enumerate(names)]
        data = [*zip(*columns, strict=True)] if columns else [()] * len(chunk)
        try:
            body = orjson.dumps({"columns": names, "data": data})
        except TypeError:
            raise RefusedError(
                f"a value in rows {start} to {start + len(chunk) - 1} is none that JSON has: give "
                "numbers, text, booleans and nulls"
            ) from None
        yield start, body


def _cells(column: pd.Series, name: str, start: int) -> list[Any]:
    """Give a column's values as JSON has them; infinity, which it has not, is refused here."""
    cells = column.to_numpy(dtype=object).tolist()
    for row in np.flatnonzero(column.isna()).tolist():
        cells[row] = None
    for row, cell in enumerate(cells):
        if isinstance(cell, np.generic):  # orjson would round a float32
            cells[row] = cell = cell.item()
        if isinstance(cell, float) and math.isinf(cell):
            raise RefusedError(
                f"column {name!r}: infinite number in row {start + row}",
                row=start + row,
                column=name,
            )
    return cells


def _check(response: requests.Response, start: int) -> None:
    """Raise what the app refused, with the rows' positions in the whole frame."""
    if response.ok:
        return
    try:
        error = response.json()["error"]
        message, row, column = str(error["message"]), error["row"], error["column"]
    except (ValueError, KeyError, TypeError):  # not from the app: a proxy perhaps
        message, row, column = "the server gave no reason", None, None
    raise RefusedError(
        f"{_shifted(message, start, column)} (status {response.status_code})",
        response.status_code,
        None if row is None else row + start,
        column,
    )


def _shifted(message: str, start: int, column: str | None) -> str:
    """Count the rows of a message from the frame's first row.

    Examples
    --------
    >>> _shifted("column 'row 3': null in rows 0, 7 and 2 more", 100, "row 3")
    "column 'row 3': null in rows 100, 107 and 2 more"
    """

    def shift(rows: re.Match[str]) -> str:
        return rows[1] + re.sub(r"\d+", lambda number: str(int(number[0]) + start), rows[2])

    name = repr(column)
    parts = message.split(name)
    return name.join(re.sub(r"\b(rows? )(\d+(?:, \d+)*)", shift, part) for part in parts)
