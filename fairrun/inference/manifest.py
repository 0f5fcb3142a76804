"""The manifest of a saved model, which has its format version and the SHA-256 of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NoReturn

from .errors import ModelError

__all__ = [
    "MANIFEST",
    "NEEDED",
    "dump_json",
    "read_checked",
    "read_json",
    "read_manifest",
    "sha256",
]

MANIFEST = "manifest.json"
#: The files beside the manifest. A manifest must name all of them and no other.
NEEDED = ("arrays.npz", "golden.json", "model.json")

#: The most bytes of a file. Models have a few kilobytes; the largest ensembles have some megabytes.
_LARGEST = 2**30


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes as text."""
    return hashlib.sha256(content).hexdigest()


def dump_json(content: dict[str, Any]) -> bytes:
    """Return the one JSON text of some content, so that equal models give equal bytes."""
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return (text + "\n").encode("utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest in a folder, and check its form.

    Parameters
    ----------
    folder : Path
        The folder that `save_model` wrote.

    Returns
    -------
    dict
        The manifest. Its `sha256` has exactly the names in `NEEDED`.

    Raises
    ------
    ModelError
        If it is missing, or not such a manifest.
    """
    manifest = read_json(MANIFEST, _content(folder / MANIFEST))
    digests = manifest.get("sha256")
    if not isinstance(digests, dict) or sorted(digests) != sorted(NEEDED):
        raise ModelError(
            f"{MANIFEST} of the saved model must name {', '.join(NEEDED)} and nothing else; "
            "fetch the model again, or train it again"
        )
    return manifest


def read_checked(folder: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Read the files beside a manifest, and check them.

    The bytes that were checked are returned, so that a file that changes later has no effect.

    Parameters
    ----------
    folder : Path
        The folder of the manifest.
    manifest : dict
        The result of `read_manifest`.

    Returns
    -------
    dict of str to bytes
        The content of each file in `NEEDED`.

    Raises
    ------
    ModelError
        If a file is missing or was changed.
    """
    contents = {name: _content(folder / name) for name in NEEDED}
    for name, content in contents.items():
        if sha256(content) != manifest["sha256"][name]:
            raise ModelError(_changed(name))
    return contents


def read_json(name: str, content: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises ModelError if it is none, or has NaN or an infinite number."""
    try:
        found = json.loads(content, parse_constant=_refuse_constant)
    # A text that is nested very deeply is a RecursionError.
    except (ValueError, RecursionError) as error:
        raise ModelError(_changed(name, "is no JSON")) from error
    if not isinstance(found, dict):
        raise ModelError(_changed(name, "is no JSON object"))
    return found


def _content(path: Path) -> bytes:
    try:
        # A pipe or a device could be read for ever.
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise ModelError(_changed(path.name))
        return path.read_bytes()
    except OSError as error:
        raise ModelError(_changed(path.name)) from error


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("no JSON number")


def _changed(name: str, how: str = "is missing or was changed after the model was saved") -> str:
    return f"{name} {how}; fetch the model again, or train it again"
