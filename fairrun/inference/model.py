"""The inference model, which answers raw rows."""

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
from .cleaning import Cleaning
from .columns import Columns, Table, take_columns
from .counterfactuals import HintFinder
from .decisions import Decision, MemberVote, Threshold
from .draws import RowDraws
from .encoder import Encoder
from .errors import InputError
from .explain import Explainer, Explanations, make_explainer
from .given_score import GivenScore
from .groups import NEITHER, GroupLookup
from .mixture import MixtureScorer
from .scorer import Scorer, sigmoid
from .shapley import Contributions
from .transforms import Transform

__all__ = ["InferenceModel"]

# The number of rows that are encoded and scored together, so that they stay in the cache.
_ROWS = 2048


@dataclass(frozen=True)
class InferenceModel:
    """A fitted model as arrays and functions of a single row.

    The model contains no training row, label or group mask. A prediction does not change the model,
    so the answer to a row is the same in any batch, order and thread.

    Attributes
    ----------
    encoder : Encoder
        The function from raw feature columns to the encoded matrix.
    scorer : Scorer
        The function from the encoded matrix to log-odds.
    transform : Transform or None
        A mitigator's change of the encoded matrix before it is scored.
    decision : Decision
        The rule from log-odds to labels. By default, log-odds above 0 give label 1, the favourable
        outcome.
    groups : GroupLookup or None
        The protected column. None means that the model does not use the group in prediction.
    draws : RowDraws or None
        The random numbers of the rows. None means that the decision is not randomised.
    background : Background or None
        The summary of the training rows for explanations. It is None in models that were saved by
        a version without explanations.
    changeable : tuple of Changeable
        The columns that counterfactual hints may change.
    cleaning : Cleaning
        The nulls and blanks in texts, which are read as in the training file.
    """

    encoder: Encoder
    scorer: Scorer
    transform: Transform | None = None
    decision: Decision = field(default_factory=Threshold)
    groups: GroupLookup | None = None
    draws: RowDraws | None = None
    background: Background | None = None
    changeable: tuple[Changeable, ...] = ()
    cleaning: Cleaning = field(default_factory=Cleaning)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that the model uses: features, protected column and row key."""
        protected = () if self.groups is None else (self.groups.column,)
        key = () if self.draws is None or self.draws.row_key is None else (self.draws.row_key,)
        return self.encoder.names + protected + key

    def log_odds(self, table: Table) -> NDArray[np.float64]:
        """Return the scores of raw rows.

        Parameters
        ----------
        table : pandas.DataFrame, Columns, polars.DataFrame or pyarrow.Table
            Raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        array of float64 of shape (n_rows,)
            The log-odds of the favourable outcome before post-processing.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        return self._score(self._take(table)).scores

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the answers to raw rows as a table.

        Parameters
        ----------
        frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        pandas.DataFrame
            A row for each given row, in the same order and with the same index, with the columns
            `prediction`, `probability` and `decision_probability`; see `Answers`.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        return self.answer(frame).to_frame()

    def answer(
        self, table: Table, *, explain: bool = False, counterfactuals: bool = False
    ) -> Answers:
        """Return the answers to raw rows.

        Parameters
        ----------
        table : pandas.DataFrame, Columns, polars.DataFrame or pyarrow.Table
            Raw rows. The order of columns does not matter, and other columns are ignored. Equal
            rows get bit-equal answers in both types.
        explain : bool, default False
            Whether to return the contributions of the columns to the scores.
        counterfactuals : bool, default False
            Whether to return changes that would change the label.

        Returns
        -------
        Answers
            The answers in the order of the rows.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or the model cannot give the requested
            explanations or counterfactuals.
        """
        rows = self._take(table)
        scored = self._score(rows, explain=explain)
        drawn = 0.5 if self.draws is None else self.draws.uniform(rows, self.encoder)
        prediction = (scored.decided > drawn).astype(np.int64)
        explanations = self._explanations(scored) if explain else None
        hints = self.counterfactuals(rows) if counterfactuals else None
        return Answers(
            prediction=prediction,
            probability=self._probability(scored),
            decision_probability=scored.decided,
            unseen=scored.unseen,
            explanations=explanations,
            counterfactuals=hints,
            index=rows.index,
        )

    def explain(self, table: Table) -> Explanations:
        """Return the contributions of the columns to the scores of raw rows.

        Parameters
        ----------
        table : pandas.DataFrame, Columns, polars.DataFrame or pyarrow.Table
            Raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        Explanations
            In the order of the rows. The explanation of a row is the same in any batch, up to
            rounding.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or the model was saved by a version without
            explanations.
        """
        return self._explanations(self._score(self._take(table), explain=True))

    def counterfactuals(self, table: Table) -> list[list[dict[str, Any]]]:
        """Return changes of raw rows that would change their labels.

        Parameters
        ----------
        table : pandas.DataFrame, Columns, polars.DataFrame or pyarrow.Table
            Raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        list of list of dict
            The hints for each row, in the order of the rows; see `HintFinder.find`.

        Raises
        ------
        InputError
            If the rows do not meet the input policy, or the model has no changeable columns.
        """
        if not self.changeable:
            raise InputError(
                "the model has no changeable columns; name some under changeable in the dataset "
                "spec, and train it again"
            )
        rows = self._take(table)
        positions, groups, _ = self._groups_of(rows)
        return self._hint_finder.find(rows, positions, groups)

    def _take(self, table: Table) -> Columns:
        """Return the columns of the model, with nulls and blanks as in the training file."""
        rows = take_columns(table, self.columns)
        return self.cleaning.clean(rows, self.columns, self.encoder.numeric_names)

    @cached_property
    def _hint_finder(self) -> HintFinder:
        return HintFinder(
            self.encoder, self.changeable, self.transform, self.scorer, self._answer_encoded
        )

    @cached_property
    def _explainer(self) -> Explainer:
        if self.background is None:
            raise InputError(
                "the model was saved by a version without explanations; train it again to get them"
            )
        return make_explainer(self.encoder, self.transform, self.scorer, self.background)

    def distance(self, table: Table) -> NDArray[np.float64]:
        """Return the distance of each score from its threshold in log-odds, of shape (n_rows,)."""
        scored = self._score(self._take(table))
        return self.decision.distance(scored.scores, scored.positions)

    def _score(self, rows: Columns, *, explain: bool = False) -> _Scored:
        explainer = self._explainer if explain else None
        positions, groups, unseen = self._groups_of(rows)
        scores, decided, reasons = np.empty(len(rows)), np.empty(len(rows)), []
        given = self._given(rows)
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
        return _Scored(scores, decided, positions, unseen, reasons, given)

    def _given(self, rows: Columns) -> NDArray[np.float64] | None:
        """Return the scores in the rows, if the model is a rule on given scores."""
        if not isinstance(self.scorer, GivenScore):
            return None
        (name,) = self.encoder.names
        return self.scorer.read(rows.values[name], name)

    def _probability(self, scored: _Scored) -> NDArray[np.float64]:
        """Return the probabilities of the scores; given ones stay as they are, to the bit."""
        if isinstance(self.scorer, GivenScore) and scored.given is not None:
            return self.scorer.probability(scored.given)
        return sigmoid(scored.scores)

    def _answer_encoded(
        self,
        matrix: NDArray[np.float64],
        positions: NDArray[np.intp],
        groups: NDArray[np.int8],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores and P(label = 1) of encoded rows."""
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
        """Return positions of protected values, groups, and number of rows in neither."""
        if self.groups is None:
            positions = np.full(len(rows), NEITHER, dtype=np.intp)
            return positions, positions.astype(np.int8), {}
        positions = self.groups.positions(rows)
        neither = int(np.count_nonzero(positions == NEITHER))
        unseen = {self.groups.column: neither} if neither else {}
        return positions, self.groups.groups_of(positions), unseen


@dataclass(frozen=True)
class _Scored:
    """Scores, P(label = 1), positions of protected values, and what else was requested or given."""

    scores: NDArray[np.float64]
    decided: NDArray[np.float64]
    positions: NDArray[np.intp]
    unseen: dict[str, int]
    reasons: list[Contributions]
    given: NDArray[np.float64] | None
