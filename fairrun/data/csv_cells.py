"""The cells of a CSV file as texts, exactly as they stand in the file.

Two parsers share the work. Arrow's reads a regular file fast. Python's reads every file, and knows
the line of an error. Where both can read a file, both give the same cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from fairrun.errors import RequestError

__all__ = ["SMALL", "Layout", "read_cells", "records"]

#: Up to this number of bytes, a file is read in one thread.
SMALL = 5_000_000
_CHUNK = 50_000


@dataclass(frozen=True)
class Layout:
    """How the cells of a file are written.

    Attributes
    ----------
    shown : str
        The name of the source in error messages.
    delimiter : str
        The character between two cells.
    comment : str or None
        The character with which a line of comment starts.
    blanks : bool
        Whether a blank before a quote is no part of the cell.
    first_line : int
        The number of the first line, for error messages.
    """

    shown: str
    delimiter: str
    comment: str | None = None
    blanks: bool = True
    first_line: int = 1


def read_cells(data: bytes, layout: Layout) -> pa.Table:
    """Return every record of a file, the header too, as a table of texts.

    Parameters
    ----------
    data : bytes
        The content of the file, in UTF-8 without a byte order mark.
    layout : Layout
        How the cells are written.

    Returns
    -------
    pyarrow.Table
        One column of large_string for each column of the file, called 0, 1, …

    Raises
    ------
    RequestError
        If two records differ in their number of cells, a quote is not closed, or there is no
        record.
    """
    first = next(records(data, layout), None)
    if first is None:
        raise RequestError(f"data={layout.shown} is empty; give a file with rows")
    n_columns = len(first[1])
    if layout.comment is None and _quotes_are_regular(data, layout.delimiter):
        try:
            return _arrow_cells(data, layout, n_columns)
        except pa.ArrowInvalid:
            # The other parser finds the line of the error, or reads what Arrow cannot.
            pass
    return _python_cells(data, layout, n_columns)


def records(data: bytes, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each record.

    Empty lines and lines of comment are left out. So are lines of blanks, unless the file has one
    column.
    """
    lines = _Lines(data, layout)
    reader = csv.reader(
        lines,
        delimiter=layout.delimiter,
        skipinitialspace=layout.blanks and layout.delimiter != " ",
    )
    n_columns = 1
    while True:
        lines.between_records = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RequestError(
                f"data={layout.shown} cannot be read at line {lines.start} ({error}); "
                "correct the line"
            ) from error
        if not cells or (n_columns > 1 and len(cells) == 1 and not cells[0].strip()):
            continue
        n_columns = max(n_columns, len(cells))
        yield lines.start, cells


class _Lines:
    """The lines of a file. It tells the line at which a record begins, and skips comments."""

    def __init__(self, data: bytes, layout: Layout) -> None:
        self._layout = layout
        # newline="" keeps line ends inside quotes as they are.
        self._lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
        self._number = layout.first_line - 1
        self.start = self._number
        self.between_records = True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        comment = self._layout.comment
        for line in self._lines:
            self._number += 1
            if self.between_records:
                if comment is not None and line.lstrip(" \t").startswith(comment):
                    continue
                self.start = self._number
            self.between_records = False
            return line
        if not self.between_records:
            # The parser asks for a further line of a record only inside quotes.
            raise RequestError(
                f"data={self._layout.shown}: a quote in the record of line {self.start} is not "
                "closed; close it, or write a quote inside a quoted cell twice"
            )
        raise StopIteration


def _quotes_are_regular(data: bytes, delimiter: str) -> bool:
    """Return whether each quote encloses a whole cell or stands twice inside one."""
    if b'"' not in data:
        return True
    signs = np.frombuffer(b"\n" + data + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord('"'))
    if len(quotes) % 2:
        return False
    is_border = np.zeros(256, dtype=bool)
    # A quote beside an opening one closes the part before it: both are one quote inside a cell.
    is_border[[ord(delimiter), *b'\n\r"']] = True
    return bool(
        is_border[signs[quotes[0::2] - 1]].all() and is_border[signs[quotes[1::2] + 1]].all()
    )


def _arrow_cells(data: bytes, layout: Layout, n_columns: int) -> pa.Table:
    text = pa.large_string()
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        # A command may refuse a small file and end at once. Threads of Arrow that are just starting
        # would then abort the process with a code of their own.
        read_options=pyarrow.csv.ReadOptions(
            autogenerate_column_names=True, use_threads=len(data) > SMALL
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=b'"' in data
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={f"f{place}": text for place in range(n_columns)},
            strings_can_be_null=False,
        ),
    )
    return table.rename_columns([str(place) for place in range(n_columns)])


def _python_cells(data: bytes, layout: Layout, n_columns: int) -> pa.Table:
    names = [str(place) for place in range(n_columns)]
    batches = []
    rows = _checked(records(data, layout), layout, n_columns)
    # A list of texts takes ten times the memory of Arrow's array.
    while chunk := list(islice(rows, _CHUNK)):
        columns = [pa.array(cells, pa.large_string()) for cells in zip(*chunk, strict=True)]
        batches.append(pa.record_batch(columns, names=names))
    return pa.Table.from_batches(batches)


def _checked(
    found: Iterator[tuple[int, list[str]]], layout: Layout, n_columns: int
) -> Iterator[list[str]]:
    for line, cells in found:
        if len(cells) != n_columns:
            raise RequestError(
                f"data={layout.shown}: line {line} has {len(cells)} cells, and the first line has "
                f"{n_columns}; correct the line (a cell that contains the delimiter "
                f"{layout.delimiter!r} needs quotes), or give another read.delimiter"
            )
        yield cells
