"""What MLflow runs when it loads a saved model: finds the model's own inference code.

Inside a saved model this file stands beside `code/inference`, the inference code as it was when
the model was logged. MLflow would import that as the top-level module `inference`; a process that
had loaded another model before would then silently run the first model's code. So it is loaded
from its own place, by `importing.py` in it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

import mlflow

_here = Path(__file__).resolve().parent
# At the time of logging there is no saved model yet: the file stands in the package itself.
_package = _here / "code" / "inference" if (_here / "code").is_dir() else _here


def _import_pyfunc(package: Path) -> object:
    """Import the model's code; `without_bytecode` is not there before it is imported itself."""
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
    """Remove what Python compiled of this file before it ran it: a model stays as it was logged."""
    cached = __spec__.cached if __spec__ is not None else None
    # Elsewhere only where the user said so (PYTHONPYCACHEPREFIX).
    if cached is not None and Path(cached).parent.parent == _here:
        with suppress(OSError):
            Path(cached).unlink()
            Path(cached).parent.rmdir()  # where nothing else is in it


_remove_compiled()
mlflow.models.set_model(_import_pyfunc(_package))
