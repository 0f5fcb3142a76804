"""What is saved and served: small, and free of everything that only training needs.

This package is copied into each saved model and runs from there, so it imports nothing from the
rest of fairrun, and relatively within itself. numpy and pandas are enough for it; `pyfunc` alone
knows MLflow.
"""

from .artifact import FORMAT_VERSION, load_model, save_model
from .encoder import Categorical, Encoder, Numeric
from .errors import InputError, ModelError
from .groups import GROUP_A, GROUP_B, NEITHER, GroupLookup
from .model import OUTPUT_COLUMNS, InferenceModel
from .prototypes import Prototypes
from .scorer import LinearScorer, sigmoid
from .transforms import GroupShift, GroupStepMap, StepFunction, Transform

__all__ = [
    "FORMAT_VERSION",
    "GROUP_A",
    "GROUP_B",
    "NEITHER",
    "OUTPUT_COLUMNS",
    "Categorical",
    "Encoder",
    "GroupLookup",
    "GroupShift",
    "GroupStepMap",
    "InferenceModel",
    "InputError",
    "LinearScorer",
    "ModelError",
    "Numeric",
    "Prototypes",
    "StepFunction",
    "Transform",
    "load_model",
    "save_model",
    "sigmoid",
]
