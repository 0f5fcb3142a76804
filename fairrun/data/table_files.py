"""Read files that have types of their own: Parquet, Feather, Arrow, JSON lines."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa

from fairrun.data.column_names import distinct_names
from fairrun.data.places import Place
from fairrun.data.source_table import SourceTable
from fairrun.errors import RequestError

__all__ = ["TABLE_FORMATS", "as_source_table", "read_parquet_folder", "read_table_file"]


def as_source_table(frame: pd.DataFrame) -> SourceTable:
    """Return a table with distinct names of columns and a new index, and notes about both."""
    names, notes = distinct_names(list(frame.columns))
    kept = [str(name) for name in frame.index.names if name is not None]
    if kept:
        notes.append(
            f"The index {', '.join(kept)} was not read. Make it a column if it is a feature."
        )
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index(names)
    return SourceTable(frame, written=False, notes=tuple(notes))


def read_table_file(place: Place, suffix: str) -> SourceTable:
    """Read a file of one of `TABLE_FORMATS`.

    Parameters
    ----------
    place : Place
        The file.
    suffix : str
        The suffix, a key of `TABLE_FORMATS`.

    Raises
    ------
    RequestError
        If the file cannot be read as a table.
    """
    try:
        frame = TABLE_FORMATS[suffix](place)
    except RequestError:
        raise
    except Exception as error:  # pandas and pyarrow raise errors of different classes.
        raise RequestError(
            f"data={place.shown} cannot be read as {suffix[1:]} ({type(error).__name__}); "
            "check the file"
        ) from error
    return as_source_table(frame)


def read_parquet_folder(place: Place) -> SourceTable:
    """Read a folder of Parquet files; `year=2024` in the name of a folder is a column.

    Raises
    ------
    RequestError
        If the folder has no Parquet file, or the files have different columns.
    """
    import pyarrow.dataset as ds

    options = {"filesystem": place.filesystem, "format": "parquet", "partitioning": "hive"}
    try:
        dataset = ds.dataset(place.path, **options)
        files = list(dataset.get_fragments())
        columns = [set(each.physical_schema.names) for each in files]
        different = [f.path for f, names in zip(files, columns, strict=True) if names != columns[0]]
        if files and not different:
            # One file may have whole numbers where another has a null and thus floats.
            schema = pa.unify_schemas(
                [dataset.schema, *(each.physical_schema for each in files)],
                promote_options="permissive",
            )
            frame = ds.dataset(place.path, schema=schema, **options).to_table().to_pandas()
    except Exception as error:  # pyarrow and file systems raise errors of different classes.
        raise RequestError(
            f"data={place.shown} cannot be read as a folder of Parquet files "
            f"({type(error).__name__}); give a folder that has no other files, or one file"
        ) from error
    if not files:
        raise RequestError(f"data={place.shown} has no Parquet files; give a folder that has some")
    if different:
        raise RequestError(
            f"data={place.shown} has files with different columns: {files[0].path} and "
            f"{different[0]}; give files that have the same columns"
        )
    return as_source_table(frame)


def _parquet(place: Place) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(place.read()))


def _arrow(place: Place) -> pd.DataFrame:
    from pyarrow import feather

    data = place.read()
    try:
        table = feather.read_table(pa.BufferReader(data))
    except pa.ArrowInvalid:
        # Arrow has two formats, one for files and one for streams.
        table = pa.ipc.open_stream(data).read_all()
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _json_lines(place: Place) -> pd.DataFrame:
    rows = []
    # Another line end, such as U+2028, may stand inside a text.
    lines = place.read().decode("utf-8-sig").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise RequestError(
                f"data={place.shown}: line {number} is not a JSON object; "
                'give a file with one object a line, such as {"age": 30}'
            )
        rows.append(row)
    return pd.DataFrame(rows)


#: The suffixes of files that have types of their own, with their readers.
TABLE_FORMATS: dict[str, Callable[[Place], pd.DataFrame]] = {
    ".parquet": _parquet,
    ".pq": _parquet,
    ".feather": _arrow,
    ".arrow": _arrow,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
