"""The digests of all files of a logged model: writing them, and checking them before code is run.

They are in the manifest that `fairrun.inference.save_model` writes, and find damage and changes.
They are no signature: someone who can write all files of a model can write a matching manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fairrun.errors import RequestError
from fairrun.inference import ModelError
from fairrun.inference.manifest import MANIFEST, dump_json, read_json, read_manifest, sha256

__all__ = ["ARTIFACT", "CODE", "check_files", "seal"]

CODE, ARTIFACT = Path("code", "inference"), Path("artifacts", "inference")

#: The entries of the manifest of a logged model. The first has digests by path, and the second the
#: digest of the part of MLmodel that MLflow does not write again.
_FILES, _DESCRIPTION = "model_sha256", "mlmodel_sha256"
#: The first format of logged models with these entries.
_FIRST = 4

_MLMODEL = "MLmodel"
#: MLflow writes MLmodel again when a model is registered, and the next two when someone calls
#: `mlflow models update-pip-requirements`. It adds the last one to a download.
_WRITTEN_AGAIN = {_MLMODEL, "requirements.txt", "conda.yaml", "registered_model_meta"}
#: In these folders, a file that the manifest does not name is refused, because Python or the model
#: could read it. MLflow writes files of its own beside them.
_CLOSED = (Path("code"), Path("artifacts"))

#: The entries of MLmodel that stay as they are when MLflow writes it again.
_LASTING = ("flavors", "metadata", "signature")
#: The most bytes of MLmodel, and of its entries as JSON. A small YAML file with anchors can stand
#: for a JSON text of any length.
_LONGEST = 64 * 2**20

_AGAIN = "fetch the model again, or train it again"


def seal(folder: Path) -> None:
    """Write the digests of all files of a logged model into its manifest.

    Parameters
    ----------
    folder : Path
        The folder of the model, as MLflow has saved it.
    """
    path = folder / ARTIFACT / MANIFEST
    manifest = read_json(MANIFEST, path.read_bytes())
    named = sorted(
        name
        for name in map(PurePosixPath, _names(folder, Path()))
        if str(name) not in _WRITTEN_AGAIN and folder / name != path
    )
    manifest[_FILES] = {str(name): sha256((folder / name).read_bytes()) for name in named}
    manifest[_DESCRIPTION] = _digest_of_description(folder)
    path.write_bytes(dump_json(manifest))


def check_files(folder: Path) -> None:
    """Check the files of a logged model by its manifest, before any of its code is run.

    Models before format 4 have no digests of their code; their own code checks the other files.

    Parameters
    ----------
    folder : Path
        The folder of the model.

    Raises
    ------
    RequestError
        If a file is missing, was changed, or is not in the manifest, or the part of MLmodel with
        signature, groups and data set was changed.
    """
    manifest = _manifest_of(folder)
    if manifest is None:
        return
    digests = manifest.get(_FILES)
    needed = {(ARTIFACT / "model.json").as_posix(), (CODE / "__init__.py").as_posix()}
    if not isinstance(digests, dict) or not needed <= digests.keys():
        raise RequestError(f"{MANIFEST} of the model does not name its files; {_AGAIN}")
    for name, digest in digests.items():
        parts = PurePosixPath(name).parts
        if ".." in parts or PurePosixPath(name).is_absolute() or Path(name).is_absolute():
            raise RequestError(f"{MANIFEST} of the model names a file outside of it; {_AGAIN}")
        if _digest_of_file(folder / name) != digest:
            raise RequestError(
                f"{name} of the model is missing or was changed after it was saved; {_AGAIN}"
            )
    if (described := _digest_of_description(folder)) is None or described != manifest.get(
        _DESCRIPTION
    ):
        raise RequestError(
            f"flavors, metadata or signature in {_MLMODEL} were changed after the model was saved; "
            f"{_AGAIN}"
        )
    named = {*digests, (ARTIFACT / MANIFEST).as_posix()}
    for name in (name for closed in _CLOSED for name in _names(folder, closed)):
        if name not in named:
            raise RequestError(
                f"{name} was added after the model was saved; remove it, or {_AGAIN}"
            )


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest, or None for a model of an earlier format."""
    try:
        manifest = read_manifest(folder / ARTIFACT)
    except ModelError as error:
        raise RequestError(str(error)) from error
    version = manifest.get("format_version")
    return None if isinstance(version, int) and version < _FIRST else manifest


def _names(folder: Path, inside: Path) -> Iterator[str]:
    """Yield the relative paths of all files in a folder; links to folders count as files."""
    for path in sorted((folder / inside).rglob("*")):
        name = path.relative_to(folder)
        # Nothing reads the compiled files that Python may have left there.
        if "__pycache__" not in name.parts and (path.is_symlink() or not path.is_dir()):
            yield name.as_posix()


def _digest_of_file(path: Path) -> str | None:
    """Return the SHA-256 of a file, or None if it is none; a pipe could be read for ever."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _digest_of_description(folder: Path) -> str | None:
    """Return the SHA-256 of the lasting part of MLmodel, or None if it cannot be read."""
    import yaml  # imported here, because models of earlier formats do without it

    digest, length = hashlib.sha256(), 0
    try:
        path = folder / _MLMODEL
        if path.stat().st_size > _LONGEST:
            return None
        content = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        lasting = {key: content.get(key) for key in _LASTING}
        for part in json.JSONEncoder(sort_keys=True).iterencode(lasting):
            digest.update(part.encode())
            length += len(part)
            if length > _LONGEST:
                return None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
        return None
    return digest.hexdigest()
