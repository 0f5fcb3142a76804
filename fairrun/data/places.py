"""The place of a source: a local file or folder, or one that is fetched from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname, urlopen

from fairrun.data.addresses import masked, scheme_of, with_environment
from fairrun.documents import searched
from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["Place", "find_place", "local_artifact", "local_path"]

_SECONDS_TO_WAIT = 60
#: The data sets that are part of fairrun.
_BUILT_IN = ("census", "adult")
#: Files of a folder whose names are compared with the name of a file that is not there.
_MOST_BESIDE = 1000
#: The schemes that only MLflow knows.
_MLFLOW = ("runs", "models", "mlflow-artifacts", "dbfs")


@dataclass(frozen=True)
class Place:
    """A file or folder that can be read.

    Attributes
    ----------
    shown : str
        The source as the user gave it, without passwords, for error messages.
    name : str
        The name of the file with its suffixes.
    path : str
        The path of the file in its file system, or its URL.
    filesystem : object or None
        The file system of fsspec; None for a local path or a URL.
    """

    shown: str
    name: str
    path: str
    filesystem: Any = None

    @property
    def is_folder(self) -> bool:
        """Return whether the place is a folder."""
        if self.filesystem is None:
            return Path(self.path).is_dir()
        return bool(self.filesystem.isdir(self.path))

    def read(self) -> bytes:
        """Return the content of the file."""
        try:
            if self.filesystem is not None:
                content: bytes = self.filesystem.cat_file(self.path)
            elif scheme_of(self.path) in ("http", "https"):
                # The scheme is one of the two that were checked.
                with urlopen(self.path, timeout=_SECONDS_TO_WAIT) as answer:  # noqa: S310
                    content = answer.read()
            else:
                content = Path(self.path).read_bytes()
        except Exception as error:  # Each store raises errors of its own classes.
            raise RequestError(
                f"data={self.shown} cannot be read ({type(error).__name__}); check the address, "
                "and whether you may read it"
            ) from error
        return content


def find_place(source: str) -> Place:
    """Return the place of a source, and fetch artifacts of MLflow.

    Parameters
    ----------
    source : str
        A path, an http(s) URL, a URI that fsspec or MLflow's artifact stores know. Environment
        variables in it are replaced.

    Raises
    ------
    RequestError
        If there is no such file, or a package that is needed is not installed.
    """
    shown, source = masked(source), with_environment(source)
    scheme = scheme_of(source)
    if scheme in ("http", "https"):
        return Place(shown, _last_part(urlparse(source).path), source)
    if scheme in ("", "file"):
        path = Path(url2pathname(urlparse(source).path) if scheme else source)
        # Path.exists raises for a name that is too long.
        if not os.path.exists(path):  # noqa: PTH110
            raise RequestError(_not_found(shown, path))
        return Place(shown, path.name, str(path))
    if scheme in _MLFLOW:
        path = Path(local_artifact(source, shown))
        return Place(shown, path.name, str(path))
    return _with_fsspec(source, shown, scheme)


def _with_fsspec(source: str, shown: str, scheme: str) -> Place:
    try:
        import fsspec  # type: ignore[import-untyped]

        filesystem, path = fsspec.url_to_fs(source)
        found = filesystem.exists(path)
    except (ImportError, ValueError) as error:
        # fsspec raises ValueError for a scheme that it does not know. MLflow may know it, or have
        # another library for it.
        return _with_mlflow(source, shown, scheme, error)
    except Exception as error:  # Each store raises errors of its own classes.
        raise RequestError(
            f"data={shown} cannot be fetched ({type(error).__name__}); check the address and your "
            "permission, or give the path of a local copy"
        ) from error
    if not found:
        raise RequestError(f"data={shown} is not there; check the address")
    return Place(shown, _last_part(path), path, filesystem)


def _with_mlflow(source: str, shown: str, scheme: str, error: Exception) -> Place:
    try:
        path = Path(local_artifact(source, shown))
    except RequestError as refused:
        if isinstance(error, ImportError):
            raise RequestError(
                f"data={shown} needs a package that is not installed: {_package(scheme, error)}; "
                "install it with pip, or give the path of a local copy"
            ) from error
        raise refused from error
    return Place(shown, path.name, str(path))


def _package(scheme: str, error: ImportError) -> str:
    packages = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "hf": "huggingface_hub"}
    packages |= dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs")
    return packages.get(scheme) or error.name or "the library of fsspec for this scheme"


def local_path(source: str) -> str:
    """Return a local path or a URL that pandas can read, as the first version of reading did."""
    scheme = urlparse(source).scheme
    if scheme in ("http", "https"):
        return source
    if scheme in ("", "file") or os.path.exists(source):  # noqa: PTH110
        path = Path(urlparse(source).path if scheme == "file" else source)
        if not os.path.isfile(path):  # noqa: PTH113
            raise RequestError(_not_found(source, path))
        return str(path)
    return local_artifact(source, source)


def local_artifact(uri: str, shown: str) -> str:
    """Download what a URI of MLflow's artifact stores names, and return its local path."""
    from mlflow.artifacts import download_artifacts

    try:
        return str(download_artifacts(artifact_uri=uri))
    except Exception as error:  # Each artifact store raises errors of its own classes.
        raise RequestError(
            f"data={shown} cannot be fetched, because {_missing(uri, error)}; check the URI, or "
            "give the path of a local copy"
        ) from error


def _missing(uri: str, error: Exception) -> str:
    """Return which part of a URI the store does not have, as far as it says so."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    parsed = urlparse(uri)
    run_id, _, artifact = parsed.path.strip("/").partition("/")
    if parsed.scheme == "runs":
        try:
            MlflowClient().get_run(run_id)
        except MlflowException as missing:
            if missing.error_code == "RESOURCE_DOES_NOT_EXIST":
                return f"the tracking store has no run {run_id}"
            return "the tracking store gives no answer"
        return f"the run {run_id} has no artifact {artifact}"
    return f"the artifact store does not give it ({type(error).__name__})"


def _not_found(shown: str, path: Path) -> str:
    # A folder of a user may have many files. The nearest name is searched among the first ones.
    beside = islice(_names_in(path.parent), _MOST_BESIDE)
    nearest = did_you_mean(
        path.name,
        [*_BUILT_IN, *beside],
        "give census, adult, a file (CSV, Parquet, Excel, …), a YAML spec or the id of a run",
        cutoff=0.8,
    )
    return f"data={shown} is not a file; {nearest}{searched(path)}"


def _names_in(folder: Path) -> Iterator[str]:
    """Yield the names of the files of a folder; none if it cannot be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _last_part(path: str) -> str:
    return PurePosixPath(unquote(path).rstrip("/")).name
