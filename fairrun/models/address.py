"""The forms of a model URI, which are checked without MLflow."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from fairrun.documents import searched
from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["FORMS", "cannot_load", "check_address"]

#: What to give as a model.
FORMS = "runs:/<run id>/model, models:/<name>/<version>, models:/<name>@<alias> or a folder"
#: The schemes of models that MLflow can fetch.
_SCHEMES = (
    *("runs", "models", "file", "mlflow-artifacts", "http", "https", "s3", "gs", "wasbs", "abfss"),
    *("hdfs", "viewfs", "dbfs", "ftp", "sftp", "r2", "b2", "oss"),
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def check_address(uri: str) -> None:
    """Refuse a model URI that no store can have, and a folder without a model.

    Parameters
    ----------
    uri : str
        The model URI or folder that was given.

    Raises
    ------
    RequestError
        If the URI has an unknown scheme or an unknown form, or a local folder is not a model.

    Examples
    --------
    >>> check_address("models:/income")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: model=models:/income cannot be loaded, because it names no \
version; give models:/income/<version> or models:/income@<alias>
    """
    found = _SCHEME.match(uri)
    scheme = found[1].lower() if found else ""
    if scheme in ("", "file"):
        _check_folder(uri, url2pathname(unquote(urlparse(uri).path)) if scheme else uri)
    elif scheme == "runs":
        _check_run(uri)
    elif scheme == "models":
        _check_registered(uri)
    elif scheme not in _SCHEMES:
        nearest = did_you_mean(f"{scheme}:/", ["runs:/", "models:/"], f"give {FORMS}")
        raise RequestError(cannot_load(uri, f"{scheme}: is not a scheme of models", nearest))


def cannot_load(uri: str, because: str, instead: str) -> str:
    """Return the message for a model that cannot be loaded."""
    return f"model={uri} cannot be loaded, because {because}; {instead}"


def _check_folder(uri: str, folder: str) -> None:
    path = Path(folder)
    # Path.exists raises for a name that is too long.
    if not os.path.exists(path):  # noqa: PTH110
        if re.fullmatch("[0-9a-f]{32}", uri):
            missing, instead = "it is the id of a run and not a model", f"give runs:/{uri}/model"
        elif re.fullmatch("m-[0-9a-f]{32}", uri):
            missing, instead = "it is the id of a model and not a URI", f"give models:/{uri}"
        else:
            missing, instead = f"there is no such folder{searched(path)}", f"give {FORMS}"
        raise RequestError(cannot_load(uri, missing, instead))
    if not os.path.isfile(path / "MLmodel"):  # noqa: PTH113
        because = "the folder has no file MLmodel" if path.is_dir() else "it is a file, no folder"
        raise RequestError(cannot_load(uri, because, f"give the folder of a model, or {FORMS}"))


def _check_run(uri: str) -> None:
    # MLflow also takes runs://profile@host/<run id>/model.
    parts = [part for part in urlparse(uri).path.split("/") if part]
    if len(parts) < 2:
        run = parts[0] if parts else "<run id>"
        raise RequestError(
            cannot_load(uri, "it names no artifact of a run", f"give runs:/{run}/model")
        )


def _check_registered(uri: str) -> None:
    path = urlparse(uri).path.strip("/")
    if not path or path.count("/") > 1:
        forms = "models:/<name>/<version>, models:/<name>@<alias> or models:/<model id>"
        raise RequestError(cannot_load(uri, "it has another form than models:/", f"give {forms}"))
    if "/" not in path and "@" not in path and not path.startswith("m-"):
        instead = f"give models:/{path}/<version> or models:/{path}@<alias>"
        raise RequestError(cannot_load(uri, "it names no version", instead))
