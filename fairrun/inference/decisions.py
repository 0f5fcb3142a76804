"""Decisions: rules from scores to labels, which post-processing mitigators fit.

A decision gives the probability of label 1 for each row, from its score and its protected value.
The probability is 0 or 1 unless the decision is randomised. A randomised model compares it with a
random number for the row.

`positions` are those that `GroupLookup.positions` returns: the values of group_a, then those of
group_b, and −1 for neither. The last entry of each array here is for −1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

__all__ = [
    "Decision",
    "GroupThresholds",
    "LabelMixing",
    "MemberVote",
    "Threshold",
]


class Decision(Protocol):
    """The interface of decisions."""

    kind: ClassVar[str]
    reads_group: ClassVar[bool]
    randomised: ClassVar[bool]

    def decision_probability(self, scores: Floats, positions: Positions) -> Floats:
        """Return P(label = 1) of each row; all arrays have shape (n_rows,)."""

    def distance(self, scores: Floats, positions: Positions) -> Floats:
        """Return the distance of each score from its threshold, in log-odds."""

    def thresholds_of(self, positions: Positions) -> Floats | None:
        """Return each row's threshold in log-odds, of shape (n_rows,); None without thresholds."""

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Decision:
        """Return the object with the arrays that `to_arrays` returned."""


@dataclass(frozen=True)
class Threshold:
    """A decision for label 1 if the score is above a threshold, the same for all groups.

    Attributes
    ----------
    value : float
        The threshold in log-odds.
    """

    value: float = 0.0
    kind: ClassVar[str] = "threshold"
    reads_group: ClassVar[bool] = False
    randomised: ClassVar[bool] = False

    def decision_probability(self, scores: Floats, positions: Positions) -> Floats:  # noqa: ARG002
        """Return P(label = 1) of each row; all arrays have shape (n_rows,)."""
        return (scores > self.value).astype(np.float64)

    def distance(self, scores: Floats, positions: Positions) -> Floats:  # noqa: ARG002
        """Return the distance of each score from its threshold, in log-odds."""
        return np.abs(scores - self.value)

    def thresholds_of(self, positions: Positions) -> Floats:
        """Return each row's threshold in log-odds, of shape (n_rows,)."""
        return np.full(len(positions), self.value)

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"value": np.array(self.value)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Threshold:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(float(arrays["value"]))


@dataclass(frozen=True)
class GroupThresholds:
    """A decision for label 1 if the score is above the threshold of the protected value.

    Attributes
    ----------
    values : array of float64 of shape (n_values + 1,)
        The thresholds in log-odds, by code. The last one is for rows in neither group.

    Examples
    --------
    >>> rule = GroupThresholds(np.array([1.0, -1.0, 0.0]))
    >>> rule.decision_probability(np.array([0.5, 0.5, 0.5]), np.array([0, 1, -1]))
    array([0., 1., 1.])
    """

    values: NDArray[np.float64]
    kind: ClassVar[str] = "group_thresholds"
    reads_group: ClassVar[bool] = True
    randomised: ClassVar[bool] = False

    def decision_probability(self, scores: Floats, positions: Positions) -> Floats:
        """Return P(label = 1) of each row; all arrays have shape (n_rows,)."""
        return (scores > self.values[positions]).astype(np.float64)

    def distance(self, scores: Floats, positions: Positions) -> Floats:
        """Return the distance of each score from its threshold, in log-odds."""
        return np.abs(scores - self.values[positions])

    def thresholds_of(self, positions: Positions) -> Floats:
        """Return each row's threshold in log-odds, of shape (n_rows,)."""
        return self.values[positions]

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"values": self.values}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GroupThresholds:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["values"])


@dataclass(frozen=True)
class LabelMixing:
    """A randomised decision: a label by threshold is changed with some probability.

    Attributes
    ----------
    rates : array of float64 of shape (n_values + 1, 2)
        P(label = 1) if the score is at most the threshold, and if it is above, by code. The last
        entry is for rows in neither group.
    thresholds : array of float64 of shape (n_values + 1,)
        The thresholds in log-odds, by code. The last one is for rows in neither group.

    Examples
    --------
    >>> rule = LabelMixing(np.array([[0.0, 0.9], [0.2, 1.0], [0.1, 0.95]]), np.zeros(3))
    >>> rule.decision_probability(np.array([-1.0, 1.0, -1.0]), np.array([0, 0, 1]))
    array([0. , 0.9, 0.2])
    """

    rates: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    kind: ClassVar[str] = "label_mixing"
    reads_group: ClassVar[bool] = True
    randomised: ClassVar[bool] = True

    def decision_probability(self, scores: Floats, positions: Positions) -> Floats:
        """Return P(label = 1) of each row; all arrays have shape (n_rows,)."""
        above = scores > self.thresholds[positions]
        return np.asarray(self.rates[positions, above.astype(np.intp)])

    def distance(self, scores: Floats, positions: Positions) -> Floats:
        """Return the distance of each score from its threshold, in log-odds."""
        return np.abs(scores - self.thresholds[positions])

    def thresholds_of(self, positions: Positions) -> Floats:
        """Return each row's threshold in log-odds, of shape (n_rows,)."""
        return self.thresholds[positions]

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"rates": self.rates, "thresholds": self.thresholds}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LabelMixing:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(arrays["rates"], arrays["thresholds"])


@dataclass(frozen=True)
class MemberVote:
    """A randomised decision for the label of a member of a mixture, chosen by weight.

    The scores of this decision are the votes of the mixture (`MixtureScorer.votes`), which are the
    probabilities of label 1.
    """

    kind: ClassVar[str] = "member_vote"
    reads_group: ClassVar[bool] = False
    randomised: ClassVar[bool] = True

    def decision_probability(self, scores: Floats, positions: Positions) -> Floats:  # noqa: ARG002
        """Return P(label = 1) of each row; all arrays have shape (n_rows,)."""
        return scores

    def distance(self, scores: Floats, positions: Positions) -> Floats:  # noqa: ARG002
        """Return infinity for each row, because votes have no threshold."""
        return np.full(len(scores), np.inf)

    def thresholds_of(self, positions: Positions) -> None:  # noqa: ARG002
        """Return None, because votes have no threshold."""
        return

    def to_arrays(self) -> Arrays:
        """Return no arrays, because the mixture stores the weights."""
        return {}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MemberVote:  # noqa: ARG003
        """Return the object with the arrays that `to_arrays` returned."""
        return cls()
