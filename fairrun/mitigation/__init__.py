"""Mitigators: fitted here, read out into arrays, served by `fairrun.inference`."""

from fairrun.mitigation.fitted import Fitted, TrainingMatrix
from fairrun.mitigation.registry import (
    MITIGATORS,
    Mitigator,
    Parameter,
    mitigator_table,
    resolve_mitigator,
)

__all__ = [
    "MITIGATORS",
    "Fitted",
    "Mitigator",
    "Parameter",
    "TrainingMatrix",
    "mitigator_table",
    "resolve_mitigator",
]
