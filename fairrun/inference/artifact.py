"""Save and load models: a folder of JSON and arrays with a format version and digests.

    manifest.json   format version, and the SHA-256 of the other files; in a logged model also that
                    of its code and of all other files that MLflow does not write again
    model.json      encoder, group lookup, draws, kinds of the parts, changeable columns
    arrays.npz      the arrays of the parts: transform, scorer, decision, background
    golden.json     synthetic rows and their answers

There is no pickle. Loading refuses a file that was changed and an unknown format.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import read_arrays
from .background import Background
from .changeable import Changeable
from .cleaning import Cleaning
from .draws import RowDraws
from .encoder import Encoder
from .errors import ModelError
from .golden import check_golden, make_golden
from .groups import GroupLookup
from .manifest import MANIFEST, NEEDED, dump_json, read_checked, read_json, read_manifest, sha256
from .model import InferenceModel
from .parts import build_part

__all__ = ["FORMAT_VERSION", "load_model", "save_model"]

FORMAT_VERSION = 4

_ARRAYS, _GOLDEN, _MODEL = NEEDED


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
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **little)
    contents = {
        _ARRAYS: packed.getvalue(),
        _GOLDEN: dump_json(make_golden(model)),
        _MODEL: dump_json(described),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    # The manifest is written last, so that a model that was written in part is refused.
    digests = {name: sha256(content) for name, content in contents.items()}
    manifest = {"format_version": FORMAT_VERSION, "sha256": digests}
    (folder / MANIFEST).write_bytes(dump_json(manifest))


def load_model(folder: str | Path) -> InferenceModel:
    """Load a model and check its files and golden answers.

    Parameters
    ----------
    folder : str or Path
        The folder that `save_model` wrote. Other files in it are not read.

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
    manifest = read_manifest(folder)
    version = manifest.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise ModelError(
            f"the model has format {version}, and this code reads formats 1 to {FORMAT_VERSION}; "
            "load it with the version of fairrun that saved it, or train it again"
        )
    contents = read_checked(folder, manifest)
    described = read_json(_MODEL, contents[_MODEL])
    golden = read_json(_GOLDEN, contents[_GOLDEN])
    arrays = read_arrays(contents[_ARRAYS])
    # Before format 4, rows near a threshold were left out, so a model could have no golden rows.
    if version >= 4 and not golden.get("log_odds"):
        raise ModelError(f"{_GOLDEN} of the saved model has no rows; train the model again")
    try:
        if version == 1:
            _upgrade_from_1(described, arrays)
        model = _build(described, arrays)
        if model.decision.randomised != (model.draws is not None):
            raise ValueError("a model draws if, and only if, its decision is randomised")
        check_golden(model, golden)
    except ModelError:
        raise
    except Exception as error:  # whatever wrong keys, shapes and types raise
        raise ModelError(
            f"the saved model cannot be used ({type(error).__name__}), because its files do not "
            "fit together; fetch the model again, or train it again"
        ) from error
    return model


def _build(described: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> InferenceModel:
    background = _of(arrays, "background")  # empty before format 3
    return InferenceModel(
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
