"""Reading the rows of a request: three forms of JSON, converted to columns without pandas."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, NoReturn

import orjson

from fairrun.inference import name_rows
from fairrun.serving.errors import Refused
from fairrun.serving.pieces import (
    PIECE_BYTES,
    VALUE_BYTES,
    NotArrayError,
    array_pieces,
    end_of_value,
)

__all__ = ["read_pieces", "read_rows"]

_SHAPES = (
    'give {"columns": [...], "data": [[...], ...]}, a list of records, or one record '
    '{"column": value, ...}'
)


_NOT_JSON = "the body is not JSON in UTF-8"

#: The deepest nesting of a JSON body. Python's own limit depends on its version and on the caller.
_DEEPEST = 64

#: The largest number of names beside `columns` and `data` in a large body.
_MOST_NAMES = 100
#: The longest of these names in bytes, with the blanks around it.
_LONGEST_NAME = 2**16

_BLANKS = b" \t\r\n"
_KEY = re.compile(rb'[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_FOLLOWS = re.compile(rb"[ \t\r\n]*([,}])")


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
    return _from_records(records, body, names), len(records)


def read_pieces(
    body: bytes, names: tuple[str, ...], size: int = PIECE_BYTES
) -> Iterator[tuple[dict[str, list[Any]], int]]:
    """Read the rows of a request piece by piece, so that a large body needs little memory.

    The rows together are those of `read_rows`. An error names the first piece's wrong rows only,
    by their position in that piece.

    Parameters
    ----------
    body, names
        As in `read_rows`.
    size : int
        The size of a piece in bytes. A body of this size or less is one piece.

    Yields
    ------
    columns : dict of str to list
        The values of each column in `names` that the piece has.
    n_rows : int
        The number of rows of the piece.

    Raises
    ------
    Refused
        As in `read_rows`, and with status 422 if a row has more than 1 MiB.
    """
    if len(body) <= size:
        yield read_rows(body, names)
        return
    try:
        start = len(body) - len(body.lstrip(_BLANKS))
        if body[start : start + 1] == b"[":
            end = start
            for piece in array_pieces(body, start, size):
                records = _parse(piece.text)
                yield _from_records(records, piece.text, names, first=end == start), len(records)
                end = piece.end
            if body[end:].strip(_BLANKS):
                raise Refused(400, _NOT_JSON)
        elif body[start : start + 1] == b"{":
            yield from _split_pieces(body, start, names, size)
        else:
            yield read_rows(body, names)
    except NotArrayError as error:
        if error.too_large:
            said = (
                f"a row, or a value beside the rows, has more than {VALUE_BYTES:,} bytes; {_SHAPES}"
            )
            raise Refused(422, said) from None
        raise Refused(400, _NOT_JSON) from None


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


def _split_pieces(
    body: bytes, start: int, names: tuple[str, ...], size: int
) -> Iterator[tuple[dict[str, list[Any]], int]]:
    """Yield the rows of the form `{"columns": [...], "data": [[...], ...]}`, in any order."""
    columns: list[Any] | None = None
    late: int | None = None
    answered = False
    given: list[str] = []
    at, follows = start + 1, ","
    while follows == ",":
        key = _KEY.match(body, at, at + _LONGEST_NAME)
        if key is None:
            if answered or len(body) > VALUE_BYTES:
                raise Refused(400, _NOT_JSON)
            break
        name, at = _parse(key[1]), key.end()
        given.append(name)
        if name in ("columns", "data") and given.count(name) > 1:
            raise Refused(422, f"{name!r} is given twice; {_SHAPES}")
        if len(given) > _MOST_NAMES:
            break
        is_array = body[at : at + 1] == b"["
        if name == "columns" or not is_array:
            end = end_of_value(body, at)
            value = _parse(body[at:end])
            if name == "columns" and is_array:
                columns = value
        elif name != "data":
            for piece in array_pieces(body, at, size):
                _parse(piece.text)
                end = piece.end
        elif columns is None:
            late = at
            end = [piece.end for piece in array_pieces(body, at, size)][-1]
        else:
            end = yield from _data_pieces(body, at, columns, names, size)
            answered = True
        after = _FOLLOWS.match(body, end)
        if after is None:
            raise Refused(400, _NOT_JSON)
        follows, at = after[1].decode(), after.end()
    if follows == "}" and body[at:].strip(_BLANKS):
        raise Refused(400, _NOT_JSON)
    if columns is not None and late is not None and follows == "}":
        yield from _data_pieces(body, late, columns, names, size)
    elif not answered and len(body) <= VALUE_BYTES:  # one record of many columns
        yield read_rows(body, names)
    elif not answered or follows == ",":
        raise Refused(422, f"one record has more than {VALUE_BYTES:,} bytes; {_SHAPES}")


def _data_pieces(
    body: bytes, start: int, columns: list[Any], names: tuple[str, ...], size: int
) -> Generator[tuple[dict[str, list[Any]], int], None, int]:
    """Yield the rows of an array of arrays; return the position after it."""
    end = start
    for piece in array_pieces(body, start, size):
        yield _from_split(columns, _parse(piece.text), names)
        end = piece.end
    return end


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


def _from_records(
    records: list[Any], body: bytes, names: tuple[str, ...], *, first: bool = True
) -> dict[str, list[Any]]:
    wrong = [row for row, record in enumerate(records) if not isinstance(record, dict)]
    if wrong:
        raise Refused(422, f"{name_rows(wrong)}: not a record; {_SHAPES}", row=wrong[0])
    # The parser keeps the last value of a name that a record has twice. Every name has a colon, so
    # only a body with more colons than names can have such a record.
    if body.count(b":") > sum(map(len, records)):
        if _is_deeper(records, _DEEPEST):
            raise Refused(422, f"a value is itself a list or a record; {_SHAPES}")
        _check_names(body, names)
    columns: dict[str, list[Any]] = {}
    for name in names:
        try:
            columns[name] = [record[name] for record in records]
        except KeyError:
            without = [row for row, record in enumerate(records) if name not in record]
            # If no row has the column, the model reports it together with all missing columns.
            if len(without) < len(records) or not first:
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
