"""Save and load models: a folder of JSON and arrays with a format version and digests.

    manifest.json   format version, and the SHA-256 of every other file
    model.json      encoder, group lookup, draws, kinds of the parts, changeable columns
    arrays.npz      the arrays of the parts: transform, scorer, decision, background
    golden.json     synthetic rows and their answers

There is no pickle. Loading refuses a file that was changed and an unknown format.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .background import Background
from .changeable import Changeable
from .cleaning import Cleaning
from .draws import RowDraws
from .encoder import Encoder
from .errors import ModelError
from .golden import check_golden, make_golden
from .groups import GroupLookup
from .model import InferenceModel
from .parts import build_part

__all__ = ["FORMAT_VERSION", "load_model", "save_model"]

FORMAT_VERSION = 4

_MANIFEST, _MODEL, _ARRAYS, _GOLDEN = "manifest.json", "model.json", "arrays.npz", "golden.json"


def save_model(model: InferenceModel, folder: str | Path) -> None:
    """Save a model to a folder. Equal models give equal bytes.

    Parameters
    ----------
    model : InferenceModel
        The model.
    folder : str or Path
        The folder, which is created if it does not exist.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"transform": model.transform, "scorer": model.scorer, "decision": model.decision}
    arrays = {
        f"{part}.{name}": array
        for part, fitted in parts.items()
        if fitted is not None
        for name, array in fitted.to_arrays().items()
    }
    if model.background is not None:
        kept = model.background.to_arrays()
        arrays |= {f"background.{name}": array for name, array in kept.items()}
    described = {
        "encoder": model.encoder.to_dict(),
        "groups": None if model.groups is None else model.groups.to_dict(),
        "draws": None if model.draws is None else model.draws.to_dict(),
        "cleaning": model.cleaning.to_dict(),
        "changeable": [changeable.to_dict() for changeable in model.changeable],
        **{part: None if fitted is None else fitted.kind for part, fitted in parts.items()},
    }
    # Arrays are little-endian on every machine and the entries of npz files have a constant date,
    # so that equal models give equal bytes.
    little = {name: array.astype(array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    np.savez_compressed(folder / _ARRAYS, allow_pickle=False, **little)
    _write(folder / _MODEL, described)
    _write(folder / _GOLDEN, make_golden(model))
    digests = {name: _sha256(folder / name) for name in (_ARRAYS, _GOLDEN, _MODEL)}
    _write(folder / _MANIFEST, {"format_version": FORMAT_VERSION, "sha256": digests})


def load_model(folder: str | Path) -> InferenceModel:
    """Load a model and check its files and golden answers.

    Parameters
    ----------
    folder : str or Path
        The folder that `save_model` wrote.

    Returns
    -------
    InferenceModel

    Raises
    ------
    ModelError
        If a file is missing or changed, the format is unknown, or the answer to a golden row
        differs from that at the time of saving.
    """
    folder = Path(folder)
    manifest = _read(folder / _MANIFEST)
    version = manifest.get("format_version")
    if version not in range(1, FORMAT_VERSION + 1):
        raise ModelError(
            f"the model has format {version}, and this code reads formats 1 to {FORMAT_VERSION}; "
            "load it with the version of fairrun that saved it, or train it again"
        )
    for name, digest in manifest["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise ModelError(f"{name} is missing or was changed after the model was saved")
    described = _read(folder / _MODEL)
    with np.load(folder / _ARRAYS, allow_pickle=False) as opened:
        arrays = {name: opened[name] for name in opened}
    if version == 1:
        _upgrade_from_1(described, arrays)
    background = _of(arrays, "background")  # empty before format 3
    model = InferenceModel(
        encoder=Encoder.from_dict(described["encoder"]),
        scorer=build_part("scorer", described["scorer"], _of(arrays, "scorer")),
        transform=None
        if described["transform"] is None
        else build_part("transform", described["transform"], _of(arrays, "transform")),
        decision=build_part("decision", described["decision"], _of(arrays, "decision")),
        groups=None if described["groups"] is None else GroupLookup.from_dict(described["groups"]),
        draws=None if described["draws"] is None else RowDraws.from_dict(described["draws"]),
        background=Background.from_arrays(background) if background else None,
        # The first models of format 3 have no changeable columns. Their format is the same, because
        # code that does not know this entry gives the same answers.
        changeable=tuple(map(Changeable.from_dict, described.get("changeable", ()))),
        # Before format 4, every text counted as it was.
        cleaning=Cleaning.from_dict(described["cleaning"])
        if "cleaning" in described
        else Cleaning(),
    )
    check_golden(model, _read(folder / _GOLDEN))
    return model


def _of(arrays: dict[str, NDArray[Any]], part: str) -> dict[str, NDArray[Any]]:
    prefix = f"{part}."
    return {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}


def _upgrade_from_1(described: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Change the content of format 1 in place to that of later formats.

    Format 1 had only linear scorers with one threshold, and stored their numbers in the JSON file.
    """
    arrays["scorer.intercept"] = np.array(described["scorer"]["intercept"])
    arrays["decision.value"] = np.array(described["threshold"])
    described |= {"scorer": "linear", "decision": "threshold", "draws": None}


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
