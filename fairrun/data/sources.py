"""Sources of rows: the embedded census, UCI Adult, files, databases and URIs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from fairrun.data.addresses import masked, refuse_secrets
from fairrun.data.census import load_census
from fairrun.data.compressed import COMPRESSIONS, unpack
from fairrun.data.csv_files import read_csv
from fairrun.data.databases import is_database, read_database
from fairrun.data.excel_files import EXCEL_FORMATS, read_excel
from fairrun.data.first_reading import read_first
from fairrun.data.places import Place, find_place, local_path
from fairrun.data.read_options import ReadOptions
from fairrun.data.source_table import SourceTable
from fairrun.data.table_files import TABLE_FORMATS, read_parquet_folder, read_table_file
from fairrun.errors import RequestError

__all__ = ["load_adult", "load_source"]

_ADULT_COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation"),
    *("relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week"),
    *("native-country", "class"),
]
_ADULT_ROWS = 48_842
#: The suffixes of text files. UCI calls its own .data and .test.
TEXT_FORMATS = (".csv", ".tsv", ".tab", ".txt", ".data", ".test")
# The type of a column is decided later, so these options suit a column of texts in every format.
_ALWAYS = ("decimal", "thousands", "strip")
_CSV, _EXCEL = "CSV file", "Excel file"
_OPTIONS_OF = {
    _CSV: ("delimiter", "encoding", "header", "names", "comment", "strip"),
    _EXCEL: ("header", "names", "sheet"),
    "database": ("query",),
}


def load_source(source: str, read: ReadOptions | None = None, *, reading: int = 2) -> SourceTable:
    """Read the raw rows of a source.

    Parameters
    ----------
    source : str
        `census`, `adult`, a path or URI of a file, or the URL of a SQL database. See docs/files.md.
        ``${NAME}`` in a URL stands for an environment variable.
    read : ReadOptions, optional
        How the file is read.
    reading : {1, 2}
        The version of the rules. Version 1 lets pandas decide the types of a CSV file, as older
        versions of fairrun did.

    Returns
    -------
    SourceTable
        The rows, and notes about what the reader found or changed.

    Raises
    ------
    RequestError
        If the source cannot be found or read as a table, or has no rows, or its URL contains a
        password.
    """
    read = read or ReadOptions()
    if source in _BUILT_IN:
        return _noted(SourceTable(_BUILT_IN[source]()), "built-in data set", read)
    if reading == 1:
        if read != ReadOptions():
            raise RequestError(
                f"data={masked(source)} is read by the rules of an earlier version, which "
                "have no options; leave read out, or train again with this file as data"
            )
        return SourceTable(read_first(local_path(source), masked(source)))
    refuse_secrets(source)
    if is_database(source):
        kind, table = "database", read_database(source, read)
    else:
        kind, table = _read_place(find_place(source), read)
    if table.frame.empty:
        raise RequestError(f"data={masked(source)} has no rows; give a table with rows")
    return _noted(table, kind, read)


def _read_place(place: Place, read: ReadOptions) -> tuple[str, SourceTable]:
    """Return what kind of source it is, and its rows."""
    suffixes = [each.lower() for each in PurePosixPath(place.name).suffixes]
    last = suffixes[-1] if suffixes else ""
    if place.is_folder:
        return "folder of Parquet files", read_parquet_folder(place)
    if last in EXCEL_FORMATS:
        return _EXCEL, read_excel(place, read)
    if last in TABLE_FORMATS:
        return f"{last} file", read_table_file(place, last)
    if last in TEXT_FORMATS:
        return _CSV, read_csv(place.read(), read, place.shown)
    if last == ".zip" or (
        last in COMPRESSIONS and suffixes[-2:-1] and suffixes[-2] in TEXT_FORMATS
    ):
        return _CSV, read_csv(unpack(place.read(), last, place.shown), read, place.shown)
    raise RequestError(_not_allowed(place, "".join(suffixes[-2:])))


def _not_allowed(place: Place, suffix: str) -> str:
    shown = f"ends in {suffix!r}" if suffix else "has no suffix"
    formats = ", ".join([*TEXT_FORMATS, *TABLE_FORMATS, *EXCEL_FORMATS])
    more = ", ".join(COMPRESSIONS)
    return (
        f"data={place.shown} {shown}; give a file that ends in one of {formats} "
        f"(text files also with {more}), or a folder of Parquet files"
    )


def _noted(table: SourceTable, kind: str, read: ReadOptions) -> SourceTable:
    """Return the table with a note about options that have no meaning for this kind of source."""
    used = (*_ALWAYS, *_OPTIONS_OF.get(kind, ()))
    unused = [f"read.{name}" for name in read.to_dict() if name not in used]
    if not unused:
        return table
    article, verb = "an" if kind == _EXCEL else "a", "was" if len(unused) == 1 else "were"
    note = f"{', '.join(unused)} {verb} not used, because the source is {article} {kind}."
    return replace(table, notes=(*table.notes, note))


def load_adult(cache: Path | None = None) -> pd.DataFrame:
    """Read UCI Adult through `holisticai.datasets`, and cache it.

    holisticai's `load_dataset("adult")` drops `education-num` and rows with missing values. This
    function reads the table before these are dropped, because `missing=keep` needs those rows.

    Parameters
    ----------
    cache : Path, optional
        The folder of the cached file. The default is the environment variable `FAIRRUN_CACHE`, or
        `~/.cache/fairrun` if it is not set.

    Returns
    -------
    pandas.DataFrame
        48,842 rows, 15 columns, target `class`.

    Raises
    ------
    RequestError
        If the download fails, or the file does not have Adult's columns and number of rows.
    """
    default = os.environ.get("FAIRRUN_CACHE", Path.home() / ".cache" / "fairrun")
    path = Path(cache or default) / "adult.parquet"
    if path.is_file():
        frame = read_first(str(path), str(path))
        _check_adult(frame, f"the cached file {path}; delete it to fetch it again")
        return frame
    frame = _download_adult()
    _check_adult(frame, "the downloaded file; give the path of a copy as data instead")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renaming a complete file means that another process never reads a part of it.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    frame.to_parquet(unfinished, index=False)
    unfinished.replace(path)
    return frame


def _download_adult() -> pd.DataFrame:
    from holisticai.datasets import load_hai_datasets

    try:
        frame: pd.DataFrame = load_hai_datasets(dataset_name="adult")
    except Exception as error:  # urllib, pyarrow and pandas raise errors of different classes.
        raise RequestError(
            f"data=adult cannot be downloaded ({type(error).__name__}); give the path of a copy, "
            "or data=census, which is built in and needs no network"
        ) from error
    return frame


def _check_adult(frame: pd.DataFrame, what: str) -> None:
    if list(frame.columns) != _ADULT_COLUMNS or len(frame) != _ADULT_ROWS:
        raise RequestError(
            f"UCI Adult has {_ADULT_ROWS} rows and {len(_ADULT_COLUMNS)} columns; "
            f"{len(frame)} rows and {frame.shape[1]} columns are in {what}"
        )


_BUILT_IN = {"census": load_census, "adult": load_adult}
