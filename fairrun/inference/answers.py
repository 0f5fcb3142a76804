"""The answers of a model to rows."""

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
    """The answers of a model to rows.

    Attributes
    ----------
    prediction : array of int64 of shape (n_rows,)
        The label, where 1 is the favourable outcome.
    probability : array of float64 of shape (n_rows,)
        The probability of label 1 before post-processing.
    decision_probability : array of float64 of shape (n_rows,)
        P(prediction = 1 | row). It is 0 or 1 unless the decision is randomised.
    unseen : dict of str to int
        By column, the number of values that are no category of the training rows; for the protected
        column, the number of values in neither group. Columns with none are left out.
    explanations : Explanations or None
        The contributions of the columns to the scores, if requested.
    counterfactuals : list of list of dict, or None
        For each row, the changes that would change the label, if requested; see `HintFinder.find`.
    index : pandas.Index or None
        The index of the rows. None means positions from 0.
    """

    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    decision_probability: NDArray[np.float64]
    unseen: dict[str, int]
    explanations: Explanations | None = None
    counterfactuals: list[list[dict[str, Any]]] | None = None
    index: pd.Index | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return the columns `prediction`, `probability` and `decision_probability` as a table.

        The table has the index of the rows, so it can be joined to them.
        """
        values = {name: getattr(self, name) for name in OUTPUT_COLUMNS}
        return pd.DataFrame(values, index=self.index, copy=False)
