"""Training: from raw rows to a fitted model that `fairrun.inference` can save and serve.

`classifier` has the public classifier. `recipe` fits the mitigators and the estimator that it asks
for. `encoder` fits the conversion of raw rows to numbers. `estimators` and `mitigation` hold tables
of the available methods.
"""

from fairrun.training.classifier import (
    FairClassifier,
)
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
from fairrun.training.resampling import (
    Resample,
)

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
    "deal_folds",
    "example_row",
    "few_threads",
    "fit_encoder",
    "fit_recipe",
    "resolve_estimator",
    "resolve_parameters",
]
