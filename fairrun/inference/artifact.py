"""The saved model: a folder of JSON and arrays, with a format version and a digest.

    manifest.json   format version, and the SHA-256 of every other file
    model.json      encoder, group lookup, kinds, threshold
    arrays.npz      the arrays of the scorer and the transform
    golden.json     synthetic rows and their answers

Nothing is pickled. A file that was changed, or a format this code does not know, is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .encoder import Encoder
from .errors import ModelError
from .golden import check_golden, make_golden
from .groups import GroupLookup
from .model import InferenceModel
from .scorer import LinearScorer
from .transforms import transform_from_arrays

__all__ = ["FORMAT_VERSION", "load_model", "save_model"]

FORMAT_VERSION = 1

_MANIFEST, _MODEL, _ARRAYS, _GOLDEN = "manifest.json", "model.json", "arrays.npz", "golden.json"


def save_model(model: InferenceModel, folder: str | Path) -> None:
    """Save a model.

    Parameters
    ----------
    model : InferenceModel
        The model.
    folder : str or Path
        Made if it is not there. The same model gives the same bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {"scorer.coefficients": model.scorer.coefficients}
    if model.transform is not None:
        for name, array in model.transform.to_arrays().items():
            arrays[f"transform.{name}"] = array
    described = {
        "encoder": model.encoder.to_dict(),
        "groups": None if model.groups is None else model.groups.to_dict(),
        "transform": None if model.transform is None else model.transform.kind,
        "scorer": {"kind": "linear", "intercept": model.scorer.intercept},
        "threshold": model.threshold,
    }
    # Little-endian whatever the machine; npz entries carry a constant date.
    little = {name: array.astype(array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    np.savez_compressed(folder / _ARRAYS, allow_pickle=False, **little)
    _write(folder / _MODEL, described)
    _write(folder / _GOLDEN, make_golden(model))
    digests = {name: _sha256(folder / name) for name in (_ARRAYS, _GOLDEN, _MODEL)}
    _write(folder / _MANIFEST, {"format_version": FORMAT_VERSION, "sha256": digests})


def load_model(folder: str | Path) -> InferenceModel:
    """Load a model, and check it before it answers anything.

    Parameters
    ----------
    folder : str or Path
        What `save_model` wrote.

    Returns
    -------
    InferenceModel
        The model.

    Raises
    ------
    ModelError
        If a file is missing or changed, the format is not known, or a golden row is answered
        otherwise than when the model was saved.
    """
    folder = Path(folder)
    manifest = _read(folder / _MANIFEST)
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelError(
            f"the model has format {version}, this code reads format {FORMAT_VERSION}; "
            "load it with the fairrun that saved it, or train it again"
        )
    for name, digest in manifest["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise ModelError(f"{name} is missing or was changed after the model was saved")
    described = _read(folder / _MODEL)
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        scorer = LinearScorer(arrays["scorer.coefficients"], described["scorer"]["intercept"])
        transform = None
        if described["transform"] is not None:
            prefix = "transform."
            own = {n.removeprefix(prefix): arrays[n] for n in arrays if n.startswith(prefix)}
            transform = transform_from_arrays(described["transform"], own)
    model = InferenceModel(
        encoder=Encoder.from_dict(described["encoder"]),
        scorer=scorer,
        transform=transform,
        groups=None if described["groups"] is None else GroupLookup.from_dict(described["groups"]),
        threshold=described["threshold"],
    )
    check_golden(model, _read(folder / _GOLDEN))
    return model


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} of the saved model cannot be read") from error
    return content
