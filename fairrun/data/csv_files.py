"""Read CSV files: every cell is the text that stands in the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairrun.data.column_names import distinct_names
from fairrun.data.csv_cells import SMALL, Layout, read_cells
from fairrun.data.csv_dialect import (
    blanks_before_quotes,
    check_header,
    delimiter_line,
    find_delimiter,
    head,
    shown_delimiter,
    to_utf8,
)
from fairrun.data.read_options import ReadOptions
from fairrun.data.source_table import SourceTable
from fairrun.errors import RequestError
from fairrun.inference import BLANKS

__all__ = ["read_csv"]


def read_csv(data: bytes, read: ReadOptions, shown: str) -> SourceTable:
    r"""Read the content of a CSV file.

    Parameters
    ----------
    data : bytes
        The content of the file, not compressed.
    read : ReadOptions
        What the user says about the file. The delimiter is found if it is not given.
    shown : str
        The name of the source in error messages.

    Returns
    -------
    SourceTable
        Each cell is a text; an empty cell is "". The notes say what was found or changed.

    Raises
    ------
    RequestError
        If the file is not a table. The message names the line, and has no text of it.

    Examples
    --------
    >>> table = read_csv(b"age; job\n01; clerk\n", ReadOptions(), "people.csv")
    >>> table.frame.to_dict("list")
    {'age': ['01'], 'job': ['clerk']}
    >>> print(*table.notes, sep="\n")
    The delimiter is ';'.
    Blanks were stripped in job (1 cell), and in names of columns.
    """
    data = to_utf8(data, read.encoding, shown)
    data, said = delimiter_line(data)
    layout = Layout(
        shown,
        delimiter=read.delimiter or said or ",",
        comment=read.comment,
        blanks=read.strip and blanks_before_quotes(data, read.delimiter or said),
        first_line=1 if said is None else 2,
    )
    notes = []
    if read.delimiter is None and said is None:
        layout = replace(layout, delimiter=find_delimiter(data, layout))
        if layout.delimiter != ",":
            notes.append(f"The delimiter is {shown_delimiter(layout.delimiter)}.")
    table = read_cells(data, layout)
    if layout.blanks:
        notes.append("Blanks between a delimiter and a cell were stripped.")
    names = [f"column_{place + 1}" for place in range(table.num_columns)]
    stripped_names = False
    if read.header:
        first = [column[0].as_py() for column in table.columns]
        names = [name.strip(BLANKS) for name in first] if read.strip else first
        stripped_names = names != first
        table = table.slice(1)
        _check_delimiter(names, layout)
        if not read.names:
            notes += check_header(names, head(data, layout)[1:], shown)
    if read.names:
        names = _given_names(read.names, len(names), shown)
    if not table.num_rows:
        raise RequestError(f"data={shown} has a header and no rows; give a table with rows")
    names, renamed = distinct_names(names)
    notes += renamed
    if read.strip and _may_have_blanks(data, layout.delimiter):
        table, counts = _strip(table)
        changed = {name: n for name, n in zip(names, counts, strict=True) if n}
        notes += _note_stripped(changed, stripped_names)
    elif stripped_names:
        notes += _note_stripped({}, stripped_names)
    frame = table.rename_columns(names).to_pandas(use_threads=table.nbytes > SMALL)
    return SourceTable(frame, written=True, notes=tuple(notes))


def _check_delimiter(names: list[str], layout: Layout) -> None:
    others = [sign for sign in ",;\t|" if sign in names[0] and sign != layout.delimiter]
    if len(names) == 1 and others:
        raise RequestError(
            f"data={layout.shown} has one column with the delimiter "
            f"{shown_delimiter(layout.delimiter)}, but its first line has "
            f"{shown_delimiter(others[0])}; give that as read.delimiter, or leave it out"
        )


def _given_names(given: tuple[str, ...], n_columns: int, shown: str) -> list[str]:
    if len(given) != n_columns:
        raise RequestError(
            f"read.names has {len(given)} names, but data={shown} has {n_columns} columns; "
            "give a name for each column"
        )
    return list(given)


def _may_have_blanks(data: bytes, delimiter: str) -> bool:
    """Return whether a blank stands beside a delimiter, a quote or the end of a line.

    Most files have none, and this test takes a tenth of the time of stripping.
    """
    if b"\xc2\xa0" in data or delimiter in " \t":
        return True
    if b" " not in data and b"\t" not in data:
        return False
    signs = np.frombuffer(b"\n" + data + b"\n", dtype=np.uint8)
    blanks = np.flatnonzero((signs == ord(" ")) | (signs == ord("\t")))
    is_border = np.zeros(256, dtype=bool)
    is_border[[ord(delimiter), *b'\n\r"']] = True
    return bool(is_border[signs[blanks - 1]].any() or is_border[signs[blanks + 1]].any())


def _strip(table: pa.Table) -> tuple[pa.Table, list[int]]:
    """Return the table without blanks around its cells, and the changed cells of each column."""
    columns, counts = [], []
    for column in table.columns:
        stripped = pc.utf8_trim(column, characters=BLANKS)
        counts.append(pc.sum(pc.not_equal(column, stripped)).as_py())
        columns.append(stripped)
    return pa.table(columns, names=table.column_names), counts


def _note_stripped(counts: dict[str, int], names: bool, most: int = 5) -> list[str]:
    if not counts and not names:
        return []
    places = [f"{name} ({n:,} cell{'s' * (n != 1)})" for name, n in list(counts.items())[:most]]
    if len(counts) > most:
        places.append(f"{len(counts) - most} more columns")
    where = ", ".join(places)
    if names:
        where = f"{where}, and in names of columns" if where else "names of columns"
    return [f"Blanks were stripped in {where}."]
