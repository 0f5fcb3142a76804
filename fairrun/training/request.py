"""The parameters of a model, as a user gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fairrun.data import Dataset
from fairrun.errors import RequestError
from fairrun.text import did_you_mean, listed_names
from fairrun.training.estimators import resolve_estimator
from fairrun.training.mitigation import resolve_mitigator
from fairrun.training.resampling import Resample

__all__ = ["TrainingRequest"]


@dataclass(frozen=True)
class TrainingRequest:
    """The parameters of a model in a request.

    Attributes
    ----------
    mitigator, mitigator_params, estimator, estimator_params, class_weight, resample, unseen, \
min_frequency, row_key, seed
        See `FairClassifier`.
    """

    mitigator: str = "none"
    mitigator_params: Mapping[str, object] = field(default_factory=dict)
    estimator: str = "logistic_regression"
    estimator_params: Mapping[str, object] = field(default_factory=dict)
    class_weight: Literal["balanced"] | None = None
    resample: Resample = "none"
    unseen: Literal["ignore", "error"] = "ignore"
    min_frequency: int = 5
    row_key: str | None = None
    seed: int = 0

    def check(self) -> None:
        """Raise RequestError if mitigator, estimator or one of their parameters is not possible."""
        resolve_mitigator(self.mitigator, self.mitigator_params)
        resolve_estimator(self.estimator, self.estimator_params)

    def check_row_key(self, dataset: Dataset) -> None:
        """Refuse a row key that is no column: the column that was meant would be a feature."""
        columns = [str(name) for name in dataset.splits["train"].frame.columns]
        key = self.row_key
        if key is not None and key not in columns:
            nearest = did_you_mean(key, columns, f"the columns are {listed_names(columns)}")
            dropped = "a dropped column" if key in dataset.spec.drop else "not a column of the data"
            raise RequestError(f"row_key={key} is {dropped}; {nearest}")
