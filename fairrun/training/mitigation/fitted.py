"""What mitigators are fitted on, and what fitting them gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.errors import RequestError
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
    """The training rows as a mitigator sees them.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_rows, n_encoded)
        The encoded features.
    label : ndarray of int64, shape (n_rows,)
        1 = the favourable outcome.
    groups : ndarray of int8, shape (n_rows,)
        0 for group_a, 1 for group_b, −1 for neither.
    """

    matrix: NDArray[np.float64]
    label: NDArray[np.int64]
    groups: NDArray[np.int8]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> TrainingMatrix:
        """Take some of the rows, by position or mask."""
        return TrainingMatrix(self.matrix[rows], self.label[rows], self.groups[rows])


@dataclass(frozen=True)
class ScoredRows:
    """Rows with scores of models that were not fitted on them: what a post-processor learns from.

    Attributes
    ----------
    log_odds : ndarray of float64, shape (n_rows,)
        The scores.
    label : ndarray of int64, shape (n_rows,)
        1 = the favourable outcome.
    positions : ndarray of int, shape (n_rows,)
        The protected value's position among those of group_a and then of group_b; −1 for neither.
    lookup : GroupLookup
        The values of group_a and of group_b.
    """

    log_odds: NDArray[np.float64]
    label: NDArray[np.int64]
    positions: NDArray[np.intp]
    lookup: GroupLookup

    @property
    def groups(self) -> NDArray[np.int8]:
        """0 for group_a, 1 for group_b, −1 for neither; shape (n_rows,)."""
        return self.lookup.groups_of(self.positions)

    def by_value(
        self, of_a: NDArray[np.float64], of_b: NDArray[np.float64], neutral: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Lay a rule of two groups out by position, as decisions hold it; neutral comes last."""
        n_a, n_b = len(self.lookup.group_a), len(self.lookup.group_b)
        return np.array([of_a] * n_a + [of_b] * n_b + [neutral], dtype=np.float64)


@dataclass(frozen=True)
class Fitted:
    """What a pre-processor asks of the fit that follows, and what it leaves for serving.

    Attributes
    ----------
    sample_weight : ndarray of float64, shape (n_rows,), or None
        Weights for the estimator's fit.
    transform : Transform or None
        Applied to the encoded matrix, in training and at serving alike.
    """

    sample_weight: NDArray[np.float64] | None = None
    transform: Transform | None = None


@dataclass(frozen=True)
class FittedEstimator:
    """What an in-processor puts in the estimator's place.

    Attributes
    ----------
    scorer : Scorer
        The encoded matrix to log-odds.
    decision : Decision or None
        Its own way from the score to the label; None: above 0 is 1.
    transform : Transform or None
        What it does to the encoded matrix before it is scored.
    """

    scorer: Scorer
    decision: Decision | None = None
    transform: Transform | None = None


def check_both_labels(mitigator: str, rows: ScoredRows | TrainingMatrix) -> None:
    """Raise RequestError unless both groups have rows of both labels."""
    for group, name in ((GROUP_A, "group_a"), (GROUP_B, "group_b")):
        if len(np.unique(rows.label[rows.groups == group])) < 2:
            raise RequestError(
                f"{mitigator} needs rows of both labels in each group; {name} has one label only; "
                "give more rows, or another mitigator"
            )


def known_rows(mitigator: str, train: TrainingMatrix) -> TrainingMatrix:
    """Leave out the rows in neither group; raise RequestError as `check_both_labels` does."""
    check_both_labels(mitigator, train)
    return train.take(train.groups != NEITHER)
