"""The script that MLflow runs to load a saved model; it imports the model's own inference code.

In a saved model, this file is next to `code/inference`, the inference code at the time of logging.
MLflow would import that code as the top-level module `inference`. A process that has loaded another
model before would then silently run the code of the first model. Therefore the code is imported
from its folder, under a name of its own, by the file `importing.py` in this folder.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import mlflow

_here = Path(__file__).resolve().parent
# When a model is logged, there is no saved model yet, and this file is still in the package.
_package = _here / "code" / "inference" if (_here / "code").is_dir() else _here


class _Uncached(SourceFileLoader):
    """A loader that writes no compiled file: a saved model stays as it was logged."""

    def set_data(self, *_: Any, **__: Any) -> None:
        """Write nothing."""


def _import_model(package: Path) -> object:
    """Import the model's own code, and return the model as MLflow calls it."""
    path = package / "importing.py"
    loader = _Uncached("_importing", str(path))
    spec = importlib.util.spec_from_file_location("_importing", path, loader=loader)
    if spec is None:
        raise ImportError(f"no inference code at {package}")
    importing = importlib.util.module_from_spec(spec)
    loader.exec_module(importing)
    code = importing.import_code(package)
    return importlib.import_module(f"{code.__name__}.pyfunc").FairModel()


def _remove_compiled() -> None:
    """Remove the compiled file of this file, which Python wrote before it ran this file."""
    cached = __spec__.cached if __spec__ is not None else None
    # With PYTHONPYCACHEPREFIX the compiled file is in another folder, where it does no harm.
    if cached is not None and Path(cached).parent.parent == _here:
        with suppress(OSError):
            Path(cached).unlink()
            Path(cached).parent.rmdir()  # fails if another file is in it


_remove_compiled()
mlflow.models.set_model(_import_model(_package))
