"""The inference model: raw rows in, three columns out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .encoder import Encoder
from .groups import NEITHER, GroupLookup
from .scorer import LinearScorer, sigmoid
from .transforms import Transform

__all__ = ["OUTPUT_COLUMNS", "InferenceModel"]

OUTPUT_COLUMNS = ("prediction", "probability", "decision_probability")


@dataclass(frozen=True)
class InferenceModel:
    """A fitted model reduced to arrays and pure functions of the row.

    It holds no training row, label or group mask, and no state that a prediction changes: any
    batch, any order and any thread give a row the same answer.

    Attributes
    ----------
    encoder : Encoder
        Raw feature columns to the encoded matrix.
    scorer : LinearScorer
        The encoded matrix to log-odds.
    transform : Transform or None
        What mitigation does to the encoded matrix before it is scored.
    groups : GroupLookup or None
        The protected column; only where something reads the group.
    threshold : float
        Log-odds above it are labelled 1, the favourable outcome.
    """

    encoder: Encoder
    scorer: LinearScorer
    transform: Transform | None = None
    groups: GroupLookup | None = None
    threshold: float = 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are read: the features, then the protected column if it is read."""
        protected = () if self.groups is None else (self.groups.column,)
        return self.encoder.names + protected

    def log_odds(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Score raw rows.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        ndarray of float64, shape (n_rows,)
            Log-odds of the favourable outcome, before any decision.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        matrix = self.encoder.encode(frame)
        if self.transform is not None:
            matrix = self.transform.apply(matrix, self._group_codes(frame))
        return self.scorer.score(matrix)

    def _group_codes(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        if self.groups is None:
            return np.full(len(frame), NEITHER, dtype=np.int8)
        return self.groups.codes(frame)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Answer raw rows.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        pandas.DataFrame
            One row for each row, in order: `prediction` (int64, 1 = the favourable outcome),
            `probability` (the score before any decision) and `decision_probability`
            (P(prediction = 1 | row); 0 or 1 unless the decision is randomised).

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        scores = self.log_odds(frame)
        labels = scores > self.threshold
        answers = (labels.astype(np.int64), sigmoid(scores), labels.astype(np.float64))
        return pd.DataFrame(dict(zip(OUTPUT_COLUMNS, answers, strict=True)))
