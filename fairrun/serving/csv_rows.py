"""Reading the rows of a CSV body, with the types that the model's columns have."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from fairrun.inference import NULL_WORDS, name_rows
from fairrun.serving.errors import Refused

__all__ = ["read_csv_pieces"]

#: The largest number of rows that are read and answered at a time. More rows at a time are slower,
#: because they do not stay in the processor's cache.
PIECE_ROWS = 1000
#: A line of this size or less is read; a line of twice the size is refused.
_LINE_BYTES = 2**20

_SHAPE = "give a line with the names of the columns, then a line for each row, with commas"
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")
_BOOLEANS = {"true": True, "false": False}


def read_csv_pieces(
    body: bytes,
    columns: Sequence[Mapping[str, Any]],
    *,
    strip: bool = False,
    rows: int = PIECE_ROWS,
) -> Iterator[tuple[dict[str, list[Any]], int]]:
    r"""Read the rows of a CSV body piece by piece, so that a large body needs little memory.

    The cells mean what they mean in a training file, so that the rows of this file get the answers
    that were measured. A cell of a text column is text as it stands, so ``01`` and ``NA`` are text.
    The exception is ``1.0``, which pandas writes for a whole number beside nulls: it is read as
    ``1`` if no training row had another spelling of a number. A cell of a number column is a
    number, True or False in upper or lower case, or a word for a null, such as ``NA``. An empty
    cell is null.

    Parameters
    ----------
    body : bytes
        CSV in UTF-8 with a header line. Lines that are empty are skipped.
    columns : sequence of dict
        The input columns of the model; see `fairrun.inference.describe`. Other columns are ignored.
    strip : bool
        Whether blanks around a cell were removed from the training rows. The model removes them
        from texts itself; here they are removed before a quote.
    rows : int
        The largest number of rows in a piece.

    Yields
    ------
    columns : dict of str to list
        The values of each input column that the body has, in this piece. A body without rows is one
        piece.
    n_rows : int
        The number of rows of the piece.

    Raises
    ------
    Refused
        With status 400 if the body is not CSV in UTF-8. With status 422 if it has no header, a
        line is too long, rows have unequal lengths, or an input column is given twice. Positions of
        rows count from the first row of the piece.

    Examples
    --------
    >>> age = {"name": "age", "type": "number", "values": None}
    >>> code = {"name": "code", "type": "text", "values": ["01", "02"]}
    >>> [*read_csv_pieces(b"code,age\n01,38.5\n,True", [age, code])]
    [({'age': [38.5, True], 'code': ['01', None]}, 2)]
    """
    names = [str(column["name"]) for column in columns]
    lines = _lines(body, strip=strip)
    header = [name if name in names else name.strip() for name in next(lines, [])]
    if not any(header):
        raise Refused(422, f"the body has no header; {_SHAPE}")
    twice = [name for name in names if header.count(name) > 1]
    if twice:
        raise Refused(422, f"duplicate column {twice[0]!r}", code="invalid_rows", column=twice[0])
    # An empty line is the row with a null if there is only one column.
    filled = (cells or [""] for cells in lines if cells or len(header) == 1)
    piece = [*islice(filled, rows)]
    while True:
        yield _read_piece(piece, header, columns), len(piece)
        piece = [*islice(filled, rows)]
        if not piece:
            return


def _lines(body: bytes, *, strip: bool) -> Iterator[list[str]]:
    for start in range(0, len(body) - _LINE_BYTES + 1, _LINE_BYTES):
        part = slice(start, start + _LINE_BYTES)
        if b"\n" not in body[part] and b"\r" not in body[part]:
            raise Refused(422, f"a line has more than {_LINE_BYTES:,} bytes; {_SHAPE}")
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    try:
        yield from csv.reader(text, strict=True, skipinitialspace=strip)
    except (UnicodeDecodeError, csv.Error):
        raise Refused(400, f"the body is not CSV in UTF-8; {_SHAPE}", code="not_csv") from None


def _read_piece(
    rows: list[list[str]], header: list[str], columns: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    if not {*map(len, rows)} <= {len(header)}:
        ragged = [row for row, cells in enumerate(rows) if len(cells) != len(header)]
        raise Refused(
            422,
            f"{name_rows(ragged)}: not a line of {len(header)} values; "
            "separate the cells by commas",
            row=ragged[0],
        )
    read: dict[str, list[Any]] = {}
    for column in columns:
        if column["name"] in header:
            place = header.index(column["name"])
            cells = [cells[place] for cells in rows]
            if column["type"] == "number":
                read[column["name"]] = _numbers(cells)
            else:
                read[column["name"]] = _texts(cells, column)
    return read


def _numbers(cells: list[str]) -> list[Any]:
    """Return the numbers of a column; see `_number` for one that is not plain."""
    with suppress(ValueError):
        numbers = [*map(float, cells)]
        # float reads nan, which is a word for a null, and 1_000, which is not a number here.
        if not (math.isnan(sum(numbers)) or "_" in "".join(cells)):
            return numbers
    return [*map(_number, cells)]


def _number(cell: str) -> float | bool | str | None:
    """Return the number in a cell. Other text is returned as it is, and the model refuses it."""
    cell = cell.strip()
    if cell in NULL_WORDS:
        return None
    if cell.lower() in _BOOLEANS:
        return _BOOLEANS[cell.lower()]
    try:
        number = float(cell)
    except ValueError:
        return cell
    return cell if math.isnan(number) or "_" in cell else number


def _texts(cells: list[str], column: Mapping[str, Any]) -> list[str | None]:
    known = {value for value in column["values"] or () if isinstance(value, str)}

    def read(cell: str) -> str | None:
        whole = _WHOLE.fullmatch(cell)
        if whole and whole[1] in known and cell not in known:
            return whole[1]
        return cell or None

    if column.get("other_spellings", False):
        return [cell or None for cell in cells]
    # Most texts occur often, so each is read once.
    texts = {cell: read(cell) for cell in set(cells)}
    return [texts[cell] for cell in cells]
