"""What the entry points do: one function for each kind of MLflow run."""

from fairrun.runs.compare import (
    COMPARED_METRICS,
    COMPARED_MITIGATORS,
    Comparison,
    run_comparison,
)
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.gate import mlflow_validation
from fairrun.runs.preprocess import run_preprocess
from fairrun.runs.train import TrainingRequest, run_train

__all__ = [
    "COMPARED_METRICS",
    "COMPARED_MITIGATORS",
    "Comparison",
    "TrainingRequest",
    "mlflow_validation",
    "run_comparison",
    "run_evaluate",
    "run_preprocess",
    "run_train",
]
