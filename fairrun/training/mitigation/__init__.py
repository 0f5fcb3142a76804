"""Bias mitigators, which are fitted to plain arrays that `fairrun.inference` can serve."""

from fairrun.training.mitigation.fitted import Fitted, FittedEstimator, ScoredRows, TrainingMatrix
from fairrun.training.mitigation.plan import Mitigation, resolve_mitigator
from fairrun.training.mitigation.registry import (
    MITIGATORS,
    Mitigator,
    constraint_table,
    mitigator_table,
    parameter_table,
    weights_table,
)

__all__ = [
    "MITIGATORS",
    "Fitted",
    "FittedEstimator",
    "Mitigation",
    "Mitigator",
    "ScoredRows",
    "TrainingMatrix",
    "constraint_table",
    "mitigator_table",
    "parameter_table",
    "resolve_mitigator",
    "weights_table",
]
