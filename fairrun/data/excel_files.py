"""Read the sheets of Excel files."""

from __future__ import annotations

import io
from contextlib import closing

import pandas as pd

from fairrun.data.places import Place
from fairrun.data.read_options import ReadOptions
from fairrun.data.source_table import SourceTable
from fairrun.data.table_files import as_source_table
from fairrun.errors import RequestError

__all__ = ["EXCEL_FORMATS", "read_excel"]

#: The suffixes of Excel files that openpyxl can read.
EXCEL_FORMATS = (".xlsx", ".xlsm")


def read_excel(place: Place, read: ReadOptions) -> SourceTable:
    """Read one sheet of an Excel file.

    A cell keeps its type: a number is a number, and a text that looks like a number is a text.

    Parameters
    ----------
    place : Place
        The file.
    read : ReadOptions
        The sheet, whether it has a header, and the names of the columns.

    Raises
    ------
    RequestError
        If the package openpyxl is not installed, or the file or its sheet cannot be read.
    """
    cells, note = _cells(place, read)
    names: list[object] = [f"column_{number}" for number in range(1, cells.shape[1] + 1)]
    if read.header and len(cells):
        names = [None if pd.isna(name) else str(name).strip() for name in cells.iloc[0]]
        cells = cells.iloc[1:]
    if read.names:
        if len(read.names) != cells.shape[1]:
            raise RequestError(
                f"read.names has {len(read.names)} names, but data={place.shown} has "
                f"{cells.shape[1]} columns; give a name for each column"
            )
        names = list(read.names)
    cells.columns = pd.Index(names, dtype=object)
    table = as_source_table(cells.infer_objects())
    return SourceTable(table.frame, table.written, (*note, *table.notes))


def _cells(place: Place, read: ReadOptions) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells of the sheet with the header, and a note if it is one of several sheets."""
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError as error:
        raise RequestError(
            f"data={place.shown} needs the package openpyxl; install it with "
            "pip install openpyxl, or save the sheet as CSV"
        ) from error
    content = io.BytesIO(place.read())
    try:
        # data_only gives the value of a formula that Excel stored.
        with closing(openpyxl.load_workbook(content, read_only=True, data_only=True)) as book:
            sheets = {str(sheet.title): sheet for sheet in book.worksheets}
            name = read.sheet or next(iter(sheets))
            if name not in sheets:
                raise RequestError(
                    f"read.sheet={name!r} is not a sheet of data={place.shown}; "
                    f"give one of {', '.join(sheets)}"
                )
            rows = list(sheets[name].iter_rows(values_only=True))
    except RequestError:
        raise
    except Exception as error:  # zipfile and openpyxl raise errors of different classes.
        raise RequestError(
            f"data={place.shown} cannot be read as Excel ({type(error).__name__}); "
            "check the file, or save the sheet as CSV"
        ) from error
    others = len(sheets) > 1 and read.sheet is None
    # Excel keeps rows and columns that were emptied.
    cells = pd.DataFrame(rows, dtype=object).dropna(how="all").dropna(how="all", axis=1)
    return cells, [f"The sheet is {name!r}, the first of {len(sheets)}."] if others else []
