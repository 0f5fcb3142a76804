"""The script that MLflow runs to load a saved model; it imports the model's own inference code.

In a saved model, this file is next to `code/inference`, the inference code at the time of logging.
MLflow would import that code as the top-level module `inference`. A process that has loaded another
model before would then silently run the code of the first model. Therefore the code is imported
from its folder, under a name of its own, by the file `importing.py` in this folder.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import mlflow

_here = Path(__file__).resolve().parent
# When a model is logged, there is no saved model yet, and this file is still in the package.
_package = _here / "code" / "inference" if (_here / "code").is_dir() else _here


class _Uncached(SourceFileLoader):
    """A loader that neither writes nor reads a compiled file; see `importing.py`."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _check_files() -> None:
    """Check the files of the saved model before any of its code is run."""
    digests = _digests(_here / "artifacts" / "inference" / "manifest.json")
    code = {
        path.relative_to(_here).as_posix()
        for path in (_here / "code").rglob("*")
        if not path.is_dir() and "__pycache__" not in path.parts
    }
    wrong = [name for name in sorted(code) if name not in digests]
    for name, digest in digests.items():
        path = _here / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong.append(name)
    if wrong:
        raise _changed(wrong[0])


def _digests(manifest: Path) -> dict[str, str]:
    """Return the digest of each file by its path, as the manifest has them."""
    try:
        # Reading a pipe would wait for ever.
        content = manifest.read_bytes() if manifest.is_file() else b""
        return {
            str(name): str(digest) for name, digest in json.loads(content)["model_sha256"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _changed(manifest.name) from error


def _changed(name: str) -> ValueError:
    return ValueError(
        f"{name} of the saved model is missing or was changed after the model was saved; "
        "fetch the model again, or train it again"
    )


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
if _package != _here:
    _check_files()
mlflow.models.set_model(_import_model(_package))
