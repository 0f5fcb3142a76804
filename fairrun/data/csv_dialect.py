"""Find out how a CSV file is written: its encoding, its delimiter, and whether it has a header."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from fairrun.data.csv_cells import Layout, records
from fairrun.errors import RequestError

__all__ = [
    "blanks_before_quotes",
    "check_header",
    "delimiter_line",
    "find_delimiter",
    "shown_delimiter",
    "to_utf8",
]

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 1 << 18
_HEAD_RECORDS = 100
_UTF8 = codecs.lookup("utf-8").name
# The mark of UTF-32 starts with the mark of UTF-16, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def to_utf8(data: bytes, encoding: str | None, shown: str) -> bytes:
    """Return the text of a file in UTF-8 without a byte order mark.

    Parameters
    ----------
    data : bytes
        The content of the file.
    encoding : str or None
        The encoding that the user gave. None means UTF-8, or what the byte order mark says.
    shown : str
        The name of the source in error messages.

    Raises
    ------
    RequestError
        If the bytes do not have this encoding, or are no text. No other encoding is guessed,
        because a wrong one gives wrong categories and no error.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    name = encoding or marked or "utf-8"
    try:
        if codecs.lookup(name).name in (_UTF8, "utf-8-sig"):
            data = data.removeprefix(codecs.BOM_UTF8)
            data.decode("utf-8")
        else:
            data = data.decode(name).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data[:start].count(b"\n") + 1
        advice = (
            "check read.encoding"
            if encoding
            else 'give its encoding, such as read={"encoding": "latin-1"} or cp1252 (of Windows)'
        )
        raise RequestError(
            f"data={shown} is not {name.upper()} text (line {line}); {advice}"
        ) from (error)
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise RequestError(
            f"data={shown} has a null byte in line {line}, so it is not a text file in this "
            'encoding; give a CSV file, or its encoding, such as read={"encoding": "utf-16"}'
        )
    return data


def delimiter_line(data: bytes) -> tuple[bytes, str | None]:
    r"""Return the data without Excel's first line `sep=;`, and the delimiter that it names.

    Examples
    --------
    >>> delimiter_line(b"sep=;\r\nage;job\r\n")
    (b'age;job\r\n', ';')
    """
    found = re.match(rb'"?sep=([\t -~])"?(?:\r\n|\r|\n)', data)
    return (data, None) if found is None else (data[found.end() :], found[1].decode())


def blanks_before_quotes(data: bytes, delimiter: str | None) -> bool:
    r"""Return whether a blank stands between a delimiter and a quote.

    Examples
    --------
    >>> blanks_before_quotes(b'age, "job"\n', None), blanks_before_quotes(b'"a", 5 "b"\n', None)
    (True, False)
    """
    if b' "' not in data:
        return False
    delimiters = re.escape("".join(_DELIMITERS) if delimiter is None else delimiter).encode()
    return re.search(rb"(?:^|[" + delimiters + rb'\r\n]) +"', data) is not None


def shown_delimiter(delimiter: str) -> str:
    """Return the name of a delimiter for a message."""
    return {"\t": "a tab", " ": "a blank"}.get(delimiter, repr(delimiter))


def find_delimiter(data: bytes, layout: Layout) -> str:
    """Return the delimiter with which the header and the first records have as many cells.

    Parameters
    ----------
    data : bytes
        The content of the file in UTF-8.
    layout : Layout
        How the cells are written. Its delimiter is not used.

    Raises
    ------
    RequestError
        If there is no such delimiter, or there are two that fit equally well.
    """
    counts = {each: _counts(data, replace(layout, delimiter=each)) for each in _DELIMITERS}
    fit = {each: n[0] for each, n in counts.items() if n and n[0] > 1 and len(set(n)) == 1}
    if fit:
        most = max(fit.values())
        best = [each for each, n in fit.items() if n == most]
        if len(best) == 1:
            return best[0]
        raise RequestError(
            f"data={layout.shown} may be separated by {' or '.join(map(shown_delimiter, best))}; "
            f'give the delimiter, such as read={{"delimiter": "{best[0]}"}}'
        )
    near = {each: n.count(n[0]) / len(n) for each, n in counts.items() if n and n[0] > 1}
    if near and max(near.values()) >= 0.5:
        # Most records fit. Reading the cells then names the line that does not.
        return max(near, key=lambda each: near[each])
    if any(max(n, default=0) > 1 for n in counts.values()) or _blanks_separate(data, layout):
        found = ", ".join(
            f"{shown_delimiter(each)} gives {n[0]} in the first line and "
            f"{min(n)} to {max(n)} in all lines"
            for each, n in counts.items()
            if max(n, default=0) > 1
        )
        raise RequestError(
            f"data={layout.shown} is not separated by ',', ';', a tab or '|'"
            + (f" (cells: {found})" if found else ", but its lines have blanks")
            + '; give the delimiter, such as read={"delimiter": " "}'
        )
    return ","


def _counts(data: bytes, layout: Layout) -> list[int]:
    """Return the numbers of cells of the first records; none where a quote is not closed."""
    return [len(cells) for cells in head(data, layout)]


def head(data: bytes, layout: Layout) -> list[list[str]]:
    """Return the cells of the first records, as far as they can be read."""
    part = data
    if len(data) > _HEAD_BYTES:
        cut = max(data.rfind(b"\n", 0, _HEAD_BYTES), data.rfind(b"\r", 0, _HEAD_BYTES))
        part = data[: cut + 1]
    found: list[list[str]] = []
    # Reading all cells later refuses the same file, and tells why.
    with contextlib.suppress(RequestError):
        found.extend(cells for _, cells in islice(records(part, layout), _HEAD_RECORDS))
    return found


def _blanks_separate(data: bytes, layout: Layout) -> bool:
    found = head(data, replace(layout, delimiter=" "))
    return len({len(cells) for cells in found}) == 1 and len(found[0]) > 1 and any(found[0])


def check_header(cells: Sequence[str], rows: Sequence[Sequence[str]], shown: str) -> list[str]:
    """Return a note if the first line may be a row, and refuse it if it certainly is one.

    Parameters
    ----------
    cells : sequence of str
        The cells of the first line.
    rows : sequence of sequences of str
        The next records.
    shown : str
        The name of the source in error messages.

    Returns
    -------
    list of str
        One note, or none.

    Raises
    ------
    RequestError
        If the first line has a number, and a text that stands in the same column of a later row.
        No header has both.
    """
    stripped = [cell.strip() for cell in cells]
    numbers = [cell for cell in stripped if _is_number(cell)]
    if not numbers:
        return []
    below = [
        {row[place].strip() for row in rows if place < len(row)} for place in range(len(cells))
    ]
    if any(
        cell and not _is_number(cell) and cell in values
        for cell, values in zip(stripped, below, strict=True)
    ):
        raise RequestError(
            f"data={shown} has no header, because its first line is like the rows below it; "
            'give read={"header": false, "names": [the names of the columns]}'
        )
    return [
        f"{len(numbers)} of the {len(cells)} names in the first line are numbers. If the file has "
        "no header, give read.header=false."
    ]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", text) is not None
