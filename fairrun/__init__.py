"""Train, measure and serve fair binary classifiers with MLflow.

The names below are fairrun's interface for Python, documented in docs/api.md. They are imported
when they are first used, so that `import fairrun` costs nothing. Everything else may change.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairrun.client import Client
    from fairrun.errors import RequestError, StoreError
    from fairrun.gate import Gate, decide
    from fairrun.groups import Protected, ProtectedColumn
    from fairrun.metrics import Counts, evaluate_predictions
    from fairrun.models.load import load_model
    from fairrun.runs.gate import mlflow_validation
    from fairrun.training import FairClassifier

__all__ = [
    "Client",
    "Counts",
    "FairClassifier",
    "Gate",
    "Protected",
    "ProtectedColumn",
    "RequestError",
    "StoreError",
    "__version__",
    "decide",
    "evaluate_predictions",
    "load_model",
    "mlflow_validation",
]

__version__ = "0.1.0"

#: Where each name is defined.
_WHERE = {
    "Client": "fairrun.client",
    "Counts": "fairrun.metrics",
    "FairClassifier": "fairrun.training",
    "Gate": "fairrun.gate",
    "Protected": "fairrun.groups",
    "ProtectedColumn": "fairrun.groups",
    "RequestError": "fairrun.errors",
    "StoreError": "fairrun.errors",
    "decide": "fairrun.gate",
    "evaluate_predictions": "fairrun.metrics",
    "load_model": "fairrun.models.load",
    "mlflow_validation": "fairrun.runs.gate",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'fairrun' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value  # found at once the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
