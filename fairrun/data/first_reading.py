"""The first version of reading: pandas decides the type of each column.

Specs that were logged by older versions of fairrun are read by these rules, so that their splits
and digests stay as they were. Do not change this file.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse

import pandas as pd

from fairrun.errors import RequestError

__all__ = ["read_first"]


def read_first(path: str, source: str) -> pd.DataFrame:
    """Read a CSV or Parquet file as the first version did.

    Parameters
    ----------
    path : str
        A local path, or an http(s) URL.
    source : str
        The name of the source in error messages.

    Raises
    ------
    RequestError
        If the file cannot be read as a table, or has no rows.
    """
    readers: dict[str, Any] = {
        ".csv": _read_csv,
        ".parquet": pd.read_parquet,
        ".pq": pd.read_parquet,
    }
    suffix = PurePosixPath(urlparse(path).path).suffix.lower()
    reader = readers.get(suffix)
    if reader is None:
        raise RequestError(f"data={source} ends in {suffix!r}; give a .csv or .parquet file")
    try:
        frame: pd.DataFrame = reader(path)
    except RequestError:
        raise
    except UnicodeDecodeError as error:
        raise RequestError(f"data={source} is not UTF-8 text; save the file as UTF-8") from error
    except Exception as error:  # pandas and pyarrow raise errors of different classes.
        raise RequestError(
            f"data={source} cannot be read as {suffix[1:]} ({type(error).__name__}); "
            "check the address and the file"
        ) from error
    if frame.shape[1] == 1 and any(sign in str(frame.columns[0]) for sign in ";\t|"):
        raise RequestError(f"data={source} has one column; separate the columns by commas")
    if frame.empty:
        raise RequestError(f"data={source} has no rows; give a table with rows")
    return frame


def _read_csv(path: str) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(path)
    # pandas silently renames the second column of the same name, so the header is read again.
    names = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
    if names.duplicated().any():
        twice = ", ".join(names[names.duplicated()].unique())
        raise RequestError(f"data={path} has duplicate columns: {twice}; rename or remove them")
    return frame
