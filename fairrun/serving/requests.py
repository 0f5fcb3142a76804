"""Reading the rows of a request: three forms of JSON, converted to columns without pandas."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from fairrun.inference import name_rows
from fairrun.serving.errors import Refused

__all__ = ["read_rows"]

_SHAPES = (
    'give {"columns": [...], "data": [[...], ...]}, a list of records, or one record '
    '{"column": value, ...}'
)


_NOT_JSON = "the body is not JSON in UTF-8"

#: The deepest nesting of a JSON body. Python's own limit depends on its version and on the caller.
_DEEPEST = 64


def read_rows(body: bytes, names: tuple[str, ...]) -> tuple[dict[str, list[Any]], int]:
    """Read the rows of a request.

    Parameters
    ----------
    body : bytes
        JSON in one of three forms: the form that `DataFrame.to_json(orient="split")` writes, with
        or without an index, which is ignored; a list of records; or one record.
    names : tuple of str
        The columns to read. Other columns are ignored.

    Returns
    -------
    columns : dict of str to list
        The values of each column in `names` that the body has.
    n_rows : int
        The number of rows.

    Raises
    ------
    Refused
        With status 400 if the body is not JSON. With status 422 if it has another form, rows have
        unequal lengths, or a column in `names` is given twice or is missing in some of the rows.

    Examples
    --------
    >>> read_rows(b'{"columns": ["age", "x"], "data": [[38, 0], [40, 0]]}', ("age",))
    ({'age': [38, 40]}, 2)
    >>> read_rows(b'{"age": 38}', ("age",))
    ({'age': [38]}, 1)
    """
    document = _parse(body)
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        columns = document.get("columns")
        if isinstance(columns, list):
            return _from_split(columns, document["data"], names)
    records = [document] if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise Refused(422, _SHAPES)
    wrong = [row for row, record in enumerate(records) if not isinstance(record, dict)]
    if wrong:
        raise Refused(422, f"{name_rows(wrong)}: not a record; {_SHAPES}", row=wrong[0])
    # The parser keeps the last value of a name that a record has twice. Every name has a colon, so
    # only a body with more colons than names can have such a record.
    if body.count(b":") > sum(map(len, records)):
        if _is_deeper(document, _DEEPEST):
            raise Refused(422, f"a value is itself a list or a record; {_SHAPES}")
        _check_names(body, names)
    return _from_records(records, names), len(records)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # Python's parser accepts numbers that are too large for float64. The model then refuses them
    # with an error that names the row and the column.
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused(400, _NOT_JSON) from None
    if _is_deeper(document, _DEEPEST):
        raise Refused(400, _NOT_JSON)
    return document


def _is_deeper(document: Any, limit: int) -> bool:
    """Return whether lists and records are nested more than `limit` levels deep."""
    level = [document] if type(document) in (dict, list) else []
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return True


def _refuse_constant(_: str) -> NoReturn:
    raise Refused(400, "NaN and Infinity are not JSON; write null for a missing value")


def _from_split(
    columns: list[Any], data: list[Any], names: tuple[str, ...]
) -> tuple[dict[str, list[Any]], int]:
    width = len(columns)
    if not (set(map(type, data)) <= {list} and set(map(len, data)) <= {width}):
        ragged = [
            row for row, cells in enumerate(data) if type(cells) is not list or len(cells) != width
        ]
        raise Refused(
            422,
            f"{name_rows(ragged)}: not a list of {width} values; give one value per column",
            row=ragged[0],
        )
    # pandas writes the name of a column that is a number as a number.
    columns = [name if type(name) is str else str(name) for name in columns]
    twice = [name for name in names if columns.count(name) > 1]
    if twice:
        raise Refused(422, f"duplicate column {twice[0]!r}", code="invalid_rows", column=twice[0])
    by_column = [*zip(*data, strict=True)] or [()] * width
    places = {name: columns.index(name) for name in names if name in columns}
    return {name: [*by_column[place]] for name, place in places.items()}, len(data)


def _from_records(records: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for name in names:
        try:
            columns[name] = [record[name] for record in records]
        except KeyError:
            without = [row for row, record in enumerate(records) if name not in record]
            # If no row has the column, the model reports it together with all missing columns.
            if len(without) < len(records):
                raise Refused(
                    422,
                    f"column {name!r}: missing in {name_rows(without)}; write null for a missing "
                    "value",
                    code="invalid_rows",
                    column=name,
                    row=without[0],
                ) from None
    return columns


def _check_names(body: bytes, names: tuple[str, ...]) -> None:
    def check(pairs: list[tuple[str, Any]]) -> None:
        given = [name for name, _ in pairs]
        for name in names:
            if given.count(name) > 1:
                raise Refused(422, f"duplicate column {name!r}", code="invalid_rows", column=name)

    json.loads(body, object_pairs_hook=check)
