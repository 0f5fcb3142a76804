"""What MLflow runs when it loads a saved model: finds the model's own inference code.

Inside a saved model this file stands beside `code/inference`, the inference code as it was when
the model was logged. MLflow would import that as the top-level module `inference`; a process that
had loaded another model before would then silently run the first model's code. So it is loaded
from its own place, under a name made from its content: models with the same code share it, others
never do.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path

import mlflow

_here = Path(__file__).resolve().parent
# At the time of logging there is no saved model yet: the file stands in the package itself.
_package = _here / "code" / "inference" if (_here / "code").is_dir() else _here


def _load_inference(package: Path) -> str:
    digest = hashlib.sha256()
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    name = f"fairrun_inference_{digest.hexdigest()[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, package / "__init__.py", submodule_search_locations=[str(package)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"no inference code at {package}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return name


mlflow.models.set_model(importlib.import_module(f"{_load_inference(_package)}.pyfunc").FairModel())
