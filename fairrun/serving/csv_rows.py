"""Reading the rows of a CSV body, with the types that the model's columns have."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairrun.inference import NULL_WORDS, name_rows
from fairrun.serving.errors import Refused

__all__ = ["read_csv_rows"]

_SHAPE = "give a line with the names of the columns, then a line for each row, with commas"
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")
_BOOLEANS = {"true": True, "false": False}


def read_csv_rows(
    body: bytes, columns: Sequence[Mapping[str, Any]], *, strip: bool = False
) -> tuple[dict[str, list[Any]], int]:
    r"""Read the rows of a CSV body.

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

    Returns
    -------
    columns : dict of str to list
        The values of each input column that the body has.
    n_rows : int
        The number of rows.

    Raises
    ------
    Refused
        With status 400 if the body is not CSV in UTF-8. With status 422 if it has no header, rows
        have unequal lengths, or an input column is given twice.

    Examples
    --------
    >>> age = {"name": "age", "type": "number", "values": None}
    >>> code = {"name": "code", "type": "text", "values": ["01", "02"]}
    >>> read_csv_rows(b"code,age\n01,38.5\n,True", [age, code])
    ({'age': [38.5, True], 'code': ['01', None]}, 2)
    """
    names = [str(column["name"]) for column in columns]
    header, rows = _parse(body, names, strip=strip)
    twice = [name for name in names if header.count(name) > 1]
    if twice:
        raise Refused(422, f"duplicate column {twice[0]!r}", code="invalid_rows", column=twice[0])
    ragged = [row for row, cells in enumerate(rows) if len(cells) != len(header)]
    if ragged:
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
                read[column["name"]] = [*map(_number, cells)]
            else:
                read[column["name"]] = _texts(cells, column)
    return read, len(rows)


def _parse(body: bytes, names: Sequence[str], *, strip: bool) -> tuple[list[str], list[list[str]]]:
    try:
        text = body.decode("utf-8-sig")
        lines = [*csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=strip)]
    except (UnicodeDecodeError, csv.Error):
        raise Refused(400, f"the body is not CSV in UTF-8; {_SHAPE}", code="not_csv") from None
    if not lines or not any(lines[0]):
        raise Refused(422, f"the body has no header; {_SHAPE}")
    header = [name if name in names else name.strip() for name in lines[0]]
    # An empty line is the row with a null if there is only one column.
    rows = [cells or [""] for cells in lines[1:] if cells or len(header) == 1]
    return header, rows


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
    if column.get("other_spellings", False):
        return [cell or None for cell in cells]
    known = {value for value in column["values"] or () if isinstance(value, str)}
    read: list[str | None] = []
    for cell in cells:
        whole = _WHOLE.fullmatch(cell)
        if whole and whole[1] in known and cell not in known:
            cell = whole[1]
        read.append(cell or None)
    return read
