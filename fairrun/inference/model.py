"""The inference model: raw rows in, three columns out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .answers import Answers
from .background import Background
from .changeable import Changeable
from .columns import Columns, Table, take_columns
from .counterfactuals import HintFinder
from .decisions import Decision, MemberVote, Threshold
from .draws import RowDraws
from .encoder import Encoder
from .errors import InputError
from .explain import Explainer, Explanations, make_explainer
from .groups import NEITHER, GroupLookup
from .mixture import MixtureScorer
from .scorer import Scorer, sigmoid
from .shapley import Contributions
from .transforms import Transform

__all__ = ["InferenceModel"]

# Rows that are laid out and scored together: few enough for the cache.
_ROWS = 2048


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
    background : Background or None
        What rows are compared with when their scores are explained; models that were saved before
        there were explanations do not have it.
    changeable : tuple of Changeable
        The columns that counterfactual hints may change.
    """

    encoder: Encoder
    scorer: Scorer
    transform: Transform | None = None
    decision: Decision = field(default_factory=Threshold)
    groups: GroupLookup | None = None
    draws: RowDraws | None = None
    background: Background | None = None
    changeable: tuple[Changeable, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are read: features, protected column and row key where needed."""
        protected = () if self.groups is None else (self.groups.column,)
        key = () if self.draws is None or self.draws.row_key is None else (self.draws.row_key,)
        return self.encoder.names + protected + key

    def log_odds(self, table: Table) -> NDArray[np.float64]:
        """Score raw rows.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
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
        return self._score(take_columns(table, self.columns)).scores

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Answer raw rows, as a table: see `answer`.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        pandas.DataFrame
            One row for each row, in order: `prediction`, `probability`, `decision_probability`.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        return self.answer(frame).to_frame()

    def answer(
        self, table: Table, *, explain: bool = False, counterfactuals: bool = False
    ) -> Answers:
        """Answer raw rows.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows; columns in any order, others ignored. Equal rows get equal answers, to the
            bit, whichever they come as.
        explain : bool, default False
            Whether to say why.
        counterfactuals : bool, default False
            Whether to say what would have to be different.

        Returns
        -------
        Answers
            In the order of the rows.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or the model holds no explanations, or no
            column of it is changeable.
        """
        rows = take_columns(table, self.columns)
        scored = self._score(rows, explain=explain)
        drawn = 0.5 if self.draws is None else self.draws.uniform(rows, self.encoder)
        prediction = (scored.decided > drawn).astype(np.int64)
        explanations = self._explanations(scored) if explain else None
        hints = self.counterfactuals(rows) if counterfactuals else None
        return Answers(
            prediction, sigmoid(scored.scores), scored.decided, scored.unseen, explanations, hints
        )

    def explain(self, table: Table) -> Explanations:
        """Explain the scores of raw rows.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        Explanations
            In the order of the rows; of a row the same in any batch, up to rounding.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or the model holds no explanations.
        """
        return self._explanations(self._score(take_columns(table, self.columns), explain=True))

    def counterfactuals(self, table: Table) -> list[list[dict[str, Any]]]:
        """Say what would have to be different for raw rows to be answered otherwise.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        list of list of dict
            For each row, in order, its hints; see `HintFinder.find`.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or no column of the model is changeable.
        """
        if not self.changeable:
            raise InputError(
                "no column of the model is changeable; name some under changeable in the dataset "
                "spec, and train it again"
            )
        rows = take_columns(table, self.columns)
        positions, groups, _ = self._groups_of(rows)
        return self._hint_finder.find(rows, positions, groups)

    @cached_property
    def _hint_finder(self) -> HintFinder:
        return HintFinder(
            self.encoder, self.changeable, self.transform, self.scorer, self._answer_encoded
        )

    @cached_property
    def _explainer(self) -> Explainer:
        if self.background is None:
            raise InputError(
                "the model was saved before there were explanations; train it again to have them"
            )
        return make_explainer(self.encoder, self.transform, self.scorer, self.background)

    def distance(self, table: Table) -> NDArray[np.float64]:
        """How far the rows' scores are from where the label changes, in log-odds; (n_rows,)."""
        scored = self._score(take_columns(table, self.columns))
        return self.decision.distance(scored.scores, scored.positions)

    def _score(self, rows: Columns, *, explain: bool = False) -> _Scored:
        explainer = self._explainer if explain else None
        positions, groups, unseen = self._groups_of(rows)
        scores, decided, reasons = np.empty(len(rows)), np.empty(len(rows)), []
        one = self.encoder.encode_one(rows) if len(rows) == 1 else None
        if one is None:
            read = self.encoder.read(rows)
            unseen |= read.unseen
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            matrix = self.encoder.matrix(read[part]) if one is None else one
            if explainer is not None:
                reasons.append(explainer.explain(matrix, groups[part]))
            scores[part], decided[part] = self._answer_encoded(
                matrix, positions[part], groups[part]
            )
        if explainer is not None and not reasons:  # zero rows
            reasons.append(explainer.explain(self.encoder.matrix(read), groups))
        return _Scored(scores, decided, positions, unseen, reasons)

    def _answer_encoded(
        self,
        matrix: NDArray[np.float64],
        positions: NDArray[np.intp],
        groups: NDArray[np.int8],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the scores of encoded rows, and P(label = 1)."""
        if self.transform is not None:
            matrix = self.transform.apply(matrix, groups)
        scores = self.scorer.score(matrix)
        if isinstance(self.decision, MemberVote) and isinstance(self.scorer, MixtureScorer):
            return scores, self.scorer.votes(matrix)
        return scores, self.decision.decision_probability(scores, positions)

    def _explanations(self, scored: _Scored) -> Explanations:
        columns = self.encoder.names + (() if self.groups is None else (self.groups.column,))
        values = [part.values[:, : len(columns)] for part in scored.reasons]
        errors = [
            part.errors[:, : len(columns)] for part in scored.reasons if part.errors is not None
        ]
        thresholds = self.decision.thresholds_of(scored.positions)
        return Explanations(
            columns=columns,
            base_value=scored.reasons[0].base_value,
            contributions=np.concatenate(values),
            standard_errors=np.concatenate(errors) if errors else None,
            distances=None if thresholds is None else scored.scores - thresholds,
        )

    def _groups_of(
        self, rows: Columns
    ) -> tuple[NDArray[np.intp], NDArray[np.int8], dict[str, int]]:
        """Give the positions of the protected values, the groups, and how many are in neither."""
        if self.groups is None:
            positions = np.full(len(rows), NEITHER, dtype=np.intp)
            return positions, positions.astype(np.int8), {}
        positions = self.groups.positions(rows)
        neither = int(np.count_nonzero(positions == NEITHER))
        unseen = {self.groups.column: neither} if neither else {}
        return positions, self.groups.groups_of(positions), unseen


@dataclass(frozen=True)
class _Scored:
    """Scores, P(label = 1), positions of the protected values, and reasons if asked for."""

    scores: NDArray[np.float64]
    decided: NDArray[np.float64]
    positions: NDArray[np.intp]
    unseen: dict[str, int]
    reasons: list[Contributions]
