"""Training: from raw rows to a fitted model that `fairrun.inference` can save and serve.

`classifier` has the public classifier. `recipe` fits the mitigators and the estimator that it asks
for. `encoder` fits the conversion of raw rows to numbers. `estimators` and `mitigation` hold tables
of the available methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairrun.training.encoded import (
    EncodedRows,
)
from fairrun.training.encoder import (
    example_row,
    fit_encoder,
)
from fairrun.training.estimators import (
    ESTIMATOR_PARAMETERS,
    ESTIMATORS,
    Estimator,
    few_threads,
    resolve_estimator,
)
from fairrun.training.parameters import (
    Choice,
    Parameter,
    resolve_parameters,
)
from fairrun.training.recipe import (
    Recipe,
    deal_folds,
    fit_recipe,
)
from fairrun.training.request import (
    TrainingRequest,
)
from fairrun.training.resampling import (
    Resample,
)
from fairrun.training.score_rule import (
    fit_score_rule,
    resolve_postprocessor,
)

if TYPE_CHECKING:
    from fairrun.training.classifier import FairClassifier

__all__ = [
    "ESTIMATORS",
    "ESTIMATOR_PARAMETERS",
    "Choice",
    "EncodedRows",
    "Estimator",
    "FairClassifier",
    "Parameter",
    "Recipe",
    "Resample",
    "TrainingRequest",
    "deal_folds",
    "example_row",
    "few_threads",
    "fit_encoder",
    "fit_recipe",
    "fit_score_rule",
    "resolve_estimator",
    "resolve_parameters",
    "resolve_postprocessor",
]


def __getattr__(name: str) -> object:
    """Import the classifier when it is first used, because scikit-learn takes a second.

    The tables of methods do not need it, so that a wrong name is refused at once.
    """
    if name != "FairClassifier":
        raise AttributeError(f"module 'fairrun.training' has no attribute {name!r}")
    from fairrun.training.classifier import FairClassifier

    return FairClassifier
