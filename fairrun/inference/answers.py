"""What a model says of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .explain import Explanations

__all__ = ["OUTPUT_COLUMNS", "Answers"]

OUTPUT_COLUMNS = ("prediction", "probability", "decision_probability")


@dataclass(frozen=True)
class Answers:
    """What a model says of rows.

    Attributes
    ----------
    prediction : ndarray of int64, shape (n_rows,)
        The label, 1 = the favourable outcome.
    probability : ndarray of float64, shape (n_rows,)
        The score before any decision.
    decision_probability : ndarray of float64, shape (n_rows,)
        P(prediction = 1 | row); 0 or 1 unless the decision is randomised.
    unseen : dict of str to int
        How many values of a column are of no category seen in training, or in the protected
        column of neither group, where there are any.
    explanations : Explanations or None
        Why the scores are what they are, if asked for.
    counterfactuals : list of list of dict, or None
        For each row what would have to be different, if asked for; see `HintFinder.find`.
    """

    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    decision_probability: NDArray[np.float64]
    unseen: dict[str, int]
    explanations: Explanations | None = None
    counterfactuals: list[list[dict[str, Any]]] | None = None

    def to_frame(self) -> pd.DataFrame:
        """Give the three columns as a table."""
        return pd.DataFrame({name: getattr(self, name) for name in OUTPUT_COLUMNS}, copy=False)
