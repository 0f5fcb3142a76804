"""The inference model: raw rows in, three columns out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import take_columns
from .decisions import Decision, MemberVote, Threshold
from .draws import RowDraws
from .encoder import Encoder
from .groups import NEITHER, GroupLookup
from .mixture import MixtureScorer
from .scorer import Scorer, sigmoid
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
    scorer : Scorer
        The encoded matrix to log-odds.
    transform : Transform or None
        What mitigation does to the encoded matrix before it is scored.
    decision : Decision
        Log-odds to the label; above 0 is 1, the favourable outcome, unless mitigation decides.
    groups : GroupLookup or None
        The protected column; only where something reads the group.
    draws : RowDraws or None
        One number for each row; only where the decision is randomised.
    """

    encoder: Encoder
    scorer: Scorer
    transform: Transform | None = None
    decision: Decision = field(default_factory=Threshold)
    groups: GroupLookup | None = None
    draws: RowDraws | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are read: features, protected column and row key where needed."""
        protected = () if self.groups is None else (self.groups.column,)
        key = () if self.draws is None or self.draws.row_key is None else (self.draws.row_key,)
        return self.encoder.names + protected + key

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
        return self.scorer.score(self._matrix(frame, self._positions(frame)))

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
        positions = self._positions(frame)
        matrix = self._matrix(frame, positions)
        scores = self.scorer.score(matrix)
        if isinstance(self.decision, MemberVote) and isinstance(self.scorer, MixtureScorer):
            decided = self.scorer.votes(matrix)
        else:
            decided = self.decision.decision_probability(scores, positions)
        drawn = 0.5 if self.draws is None else self.draws.uniform(frame, self.encoder)
        answers = ((decided > drawn).astype(np.int64), sigmoid(scores), decided)
        return pd.DataFrame(dict(zip(OUTPUT_COLUMNS, answers, strict=True)))

    def distance(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """How far the rows' scores are from where the label changes, in log-odds; (n_rows,)."""
        positions = self._positions(frame)
        return self.decision.distance(self.scorer.score(self._matrix(frame, positions)), positions)

    def _positions(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        take_columns(frame, self.columns)  # so that all that is missing is named at once
        if self.groups is None:
            return np.full(len(frame), NEITHER, dtype=np.intp)
        return self.groups.positions(frame)

    def _matrix(self, frame: pd.DataFrame, positions: NDArray[np.intp]) -> NDArray[np.float64]:
        matrix = self.encoder.encode(frame)
        if self.transform is None:
            return matrix
        groups = (
            positions.astype(np.int8) if self.groups is None else self.groups.groups_of(positions)
        )
        return self.transform.apply(matrix, groups)
