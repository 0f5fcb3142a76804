"""The script that MLflow runs to load a saved model; it imports the model's own inference code.

In a saved model, this file is next to `code/inference`, the inference code at the time of logging.
MLflow would import that code as the top-level module `inference`. A process that has loaded another
model before would then silently run the code of the first model. Therefore the code is imported
from its folder, under a name of its own, by the file `importing.py` in this folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import mlflow

_here = Path(__file__).resolve().parent
# MLflow also runs this file when a model is logged. It is then inside the package itself.
_package = _here / "code" / "inference" if (_here / "code").is_dir() else _here


def _import_pyfunc(package: Path) -> object:
    """Import the model's code and return its MLflow model.

    This repeats `importing.without_bytecode`, which cannot be used before it is imported.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec = importlib.util.spec_from_file_location("_importing", package / "importing.py")
        if spec is None or spec.loader is None:
            raise ImportError(f"no inference code at {package}")
        importing = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(importing)
        code = importing.import_code(package)
        return importlib.import_module(f"{code.__name__}.pyfunc").FairModel()
    finally:
        sys.dont_write_bytecode = before


def _remove_compiled() -> None:
    """Remove the compiled copy that Python wrote of this file, so that the model is unchanged."""
    cached = __spec__.cached if __spec__ is not None else None
    # Compiled files are in another folder if the user set PYTHONPYCACHEPREFIX; those may stay.
    if cached is not None and Path(cached).parent.parent == _here:
        with suppress(OSError):
            Path(cached).unlink()
            Path(cached).parent.rmdir()  # fails if other files are in it, which is fine


_remove_compiled()
mlflow.models.set_model(_import_pyfunc(_package))
