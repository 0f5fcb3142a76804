"""Inputs and results of fitting a mitigator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, NEITHER, Decision, GroupLookup, Scorer, Transform

__all__ = [
    "Fitted",
    "FittedEstimator",
    "ScoredRows",
    "TrainingMatrix",
    "check_both_labels",
    "known_rows",
]


@dataclass(frozen=True)
class TrainingMatrix:
    """Encoded training rows with their labels and groups.

    Attributes
    ----------
    matrix : array of float64 of shape (n_rows, n_encoded)
        The encoded features.
    label : array of int64 of shape (n_rows,)
        0 or 1, where 1 is the favourable outcome.
    groups : array of int8 of shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    weight : array of float64 of shape (n_rows,), or None
        The weight of each row, above 0. A row with weight 2 counts as much as two equal rows. None
        means that each row counts once.
    """

    matrix: NDArray[np.float64]
    label: NDArray[np.int64]
    groups: NDArray[np.int8]
    weight: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> TrainingMatrix:
        """Return the rows at the given positions, or where the given mask is true."""
        weight = None if self.weight is None else self.weight[rows]
        return TrainingMatrix(self.matrix[rows], self.label[rows], self.groups[rows], weight)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The shares of group_a and of group_b among the rows in either, of shape (2,)."""
        return _shares(self.groups, self.weight)


@dataclass(frozen=True)
class ScoredRows:
    """Rows with out-of-fold scores, on which a post-processor is fitted.

    Attributes
    ----------
    log_odds : array of float64 of shape (n_rows,)
        The score of each row, from a model that was not fitted on this row.
    label : array of int64 of shape (n_rows,)
        0 or 1, where 1 is the favourable outcome.
    positions : array of int of shape (n_rows,)
        The position of each row's protected value in the list of group_a's values followed by
        group_b's; −1 for neither.
    lookup : GroupLookup
        The protected values of group_a and of group_b.
    weight : array of float64 of shape (n_rows,), or None
        The weight of each row, above 0; None means that each row counts once.
    """

    log_odds: NDArray[np.float64]
    label: NDArray[np.int64]
    positions: NDArray[np.intp]
    lookup: GroupLookup
    weight: NDArray[np.float64] | None = None

    @property
    def groups(self) -> NDArray[np.int8]:
        """The groups, of shape (n_rows,): 0 for group_a, 1 for group_b, −1 for neither."""
        return self.lookup.groups_of(self.positions)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The shares of group_a and of group_b among the rows in either, of shape (2,)."""
        return _shares(self.groups, self.weight)

    def by_value(
        self, of_a: NDArray[np.float64], of_b: NDArray[np.float64], neutral: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the numbers of a rule for each protected value, as a `Decision` stores them.

        Parameters
        ----------
        of_a, of_b, neutral : array of shape (...)
            The numbers for group_a, for group_b and for rows in neither.

        Returns
        -------
        array of float64 of shape (n_values + 1, ...)
            `of_a` for each value of group_a, then `of_b` for each value of group_b, then `neutral`.
        """
        n_a, n_b = len(self.lookup.group_a), len(self.lookup.group_b)
        return np.array([of_a] * n_a + [of_b] * n_b + [neutral], dtype=np.float64)


@dataclass(frozen=True)
class Fitted:
    """The result of fitting a pre-processor.

    Attributes
    ----------
    sample_weight : array of float64 of shape (n_rows,), or None
        The weights of the training rows in the estimator's fit.
    transform : Transform or None
        A change of the encoded matrix, in training and in prediction.
    """

    sample_weight: NDArray[np.float64] | None = None
    transform: Transform | None = None


@dataclass(frozen=True)
class FittedEstimator:
    """The result of fitting an in-processor.

    Attributes
    ----------
    scorer : Scorer
        The function from the encoded matrix to log-odds.
    decision : Decision or None
        The rule from log-odds to labels. None means label 1 if the log-odds are above 0.
    transform : Transform or None
        A change of the encoded matrix before it is scored.
    """

    scorer: Scorer
    decision: Decision | None = None
    transform: Transform | None = None


def _shares(groups: NDArray[np.int8], weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if weight is None:
        return group_shares(groups)
    sums = np.array([weight[groups == group].sum() for group in (GROUP_A, GROUP_B)])
    return np.asarray(sums / sums.sum())


def check_both_labels(mitigator: str, rows: ScoredRows | TrainingMatrix) -> None:
    """Raise RequestError unless both groups have rows of both labels."""
    for group, name in ((GROUP_A, "group_a"), (GROUP_B, "group_b")):
        if len(np.unique(rows.label[rows.groups == group])) < 2:
            raise RequestError(
                f"{mitigator} needs rows with both labels in each group, and {name} has at most "
                "one label; give more rows, or another mitigator"
            )


def known_rows(mitigator: str, train: TrainingMatrix) -> TrainingMatrix:
    """Return the rows in group_a or group_b; raise RequestError as `check_both_labels` does."""
    check_both_labels(mitigator, train)
    return train.take(train.groups != NEITHER)
