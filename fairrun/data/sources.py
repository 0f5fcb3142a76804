"""Sources of rows: the embedded census, UCI Adult, and CSV or Parquet files."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import pandas as pd

from fairrun.data.census import load_census
from fairrun.data.read_options import ReadOptions
from fairrun.data.source_table import SourceTable
from fairrun.documents import searched
from fairrun.errors import RequestError

__all__ = ["load_adult", "load_source"]

_ADULT_COLUMNS = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation"),
    *("relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week"),
    *("native-country", "class"),
]
_ADULT_ROWS = 48_842
_AS_USUAL = ReadOptions()


def load_source(
    source: str,
    read: ReadOptions = _AS_USUAL,  # noqa: ARG001
    *,
    reading: int = 2,
) -> SourceTable:
    """Read the raw rows of a source.

    Parameters
    ----------
    source : str
        `census`, `adult`, or a path or URI of a CSV or Parquet file. The scheme of a URI is http,
        https, or any scheme of MLflow's artifact stores.
    read : ReadOptions
        How a file is read.
    reading : int
        The version of the rules by which a file is read.

    Returns
    -------
    SourceTable
        The rows, unchanged.

    Raises
    ------
    RequestError
        If the source cannot be found or read as a table, or has no rows.
    """
    if source == "census":
        return SourceTable(load_census())
    if source == "adult":
        return SourceTable(load_adult())
    frame = _read_table(_fetch(source), source, reading)
    return SourceTable(frame, written=reading == 2 and _suffix(_fetch(source)) == ".csv")


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
        frame = _read_table(str(path), str(path))
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


def _fetch(source: str) -> str:
    """Return a local path or a URL that pandas can read, downloading artifacts where needed."""
    scheme = urlparse(source).scheme
    if scheme in ("http", "https"):
        return source
    if scheme in ("", "file") or Path(source).exists():
        path = Path(urlparse(source).path if scheme == "file" else source)
        if not path.is_file():
            raise RequestError(
                f"data={source} is not a file; give census, adult, a CSV or Parquet file, "
                f"a YAML spec or the run id of a preprocess{searched(path)}"
            )
        return str(path)
    from mlflow.artifacts import download_artifacts

    try:
        return str(download_artifacts(artifact_uri=source))
    except Exception as error:  # Each artifact store raises errors of its own classes.
        raise RequestError(
            f"data={source} cannot be fetched ({type(error).__name__}); check the URI, or give the "
            "path of a local copy"
        ) from error


def _suffix(path: str) -> str:
    return PurePosixPath(urlparse(path).path).suffix.lower()


def _read_table(path: str, source: str, reading: int = 1) -> pd.DataFrame:
    readers: dict[str, Any] = {
        ".csv": _read_csv if reading == 1 else _read_texts,
        ".parquet": pd.read_parquet,
        ".pq": pd.read_parquet,
    }
    suffix = _suffix(path)
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


def _read_texts(path: str) -> pd.DataFrame:
    """Read each cell as the text that stands in the file."""
    _read_csv(path)  # refuses duplicate columns
    return pd.read_csv(path, dtype=str, keep_default_na=False)
