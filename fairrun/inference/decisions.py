"""From the score to the label: what a post-processing mitigator leaves behind.

A decision gives the chance of label 1 for each row, from its score and its group. It is 0 or 1
unless the decision is randomised; the model then draws once for each row.

The code of a row's group is the position of its protected value among those of group_a and
group_b, and −1 for a value that is in neither: −1 reads the last entry of every table here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

__all__ = [
    "Decision",
    "GroupThresholds",
    "LabelMixing",
    "MemberVote",
    "Threshold",
]


class Decision(Protocol):
    """A fitted rule for the label."""

    kind: ClassVar[str]
    reads_group: ClassVar[bool]
    randomised: ClassVar[bool]

    def decision_probability(self, scores: Floats, codes: Codes) -> Floats:
        """P(label = 1) of each row; all of shape (n_rows,)."""

    def distance(self, scores: Floats, codes: Codes) -> Floats:
        """How far each row's score is from where its label changes, in log-odds."""

    def thresholds_of(self, codes: Codes) -> Floats | None:
        """Give each row's threshold, shape (n_rows,), in log-odds; None where there is none."""

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Decision:
        """Build from what `to_arrays` gave."""


@dataclass(frozen=True)
class Threshold:
    """1 above one threshold for everybody.

    Attributes
    ----------
    value : float
        In log-odds.
    """

    value: float = 0.0
    kind: ClassVar[str] = "threshold"
    reads_group: ClassVar[bool] = False
    randomised: ClassVar[bool] = False

    def decision_probability(self, scores: Floats, codes: Codes) -> Floats:  # noqa: ARG002
        """P(label = 1) of each row; all of shape (n_rows,)."""
        return (scores > self.value).astype(np.float64)

    def distance(self, scores: Floats, codes: Codes) -> Floats:  # noqa: ARG002
        """How far each row's score is from where its label changes, in log-odds."""
        return np.abs(scores - self.value)

    def thresholds_of(self, codes: Codes) -> Floats:
        """Give each row's threshold, shape (n_rows,), in log-odds."""
        return np.full(len(codes), self.value)

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {"value": np.array(self.value)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Threshold:
        """Build from what `to_arrays` gave."""
        return cls(float(arrays["value"]))


@dataclass(frozen=True)
class GroupThresholds:
    """1 above the threshold of the row's group.

    Attributes
    ----------
    values : ndarray of float64, shape (n_groups + 1,)
        In log-odds, by code; last the pooled threshold, for rows in no group.

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

    def decision_probability(self, scores: Floats, codes: Codes) -> Floats:
        """P(label = 1) of each row; all of shape (n_rows,)."""
        return (scores > self.values[codes]).astype(np.float64)

    def distance(self, scores: Floats, codes: Codes) -> Floats:
        """How far each row's score is from where its label changes, in log-odds."""
        return np.abs(scores - self.values[codes])

    def thresholds_of(self, codes: Codes) -> Floats:
        """Give each row's threshold, shape (n_rows,), in log-odds."""
        return self.values[codes]

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {"values": self.values}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GroupThresholds:
        """Build from what `to_arrays` gave."""
        return cls(arrays["values"])


@dataclass(frozen=True)
class LabelMixing:
    """A label by threshold, kept or turned at random, both as the row's group has it.

    Attributes
    ----------
    rates : ndarray of float64, shape (n_groups + 1, 2)
        P(label = 1) where the score is at most the threshold, and where it is above: by code, last
        the rates of rows in no group.
    thresholds : ndarray of float64, shape (n_groups + 1,)
        In log-odds, by code.

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

    def decision_probability(self, scores: Floats, codes: Codes) -> Floats:
        """P(label = 1) of each row; all of shape (n_rows,)."""
        above = scores > self.thresholds[codes]
        return np.asarray(self.rates[codes, above.astype(np.intp)])

    def distance(self, scores: Floats, codes: Codes) -> Floats:
        """How far each row's score is from where its label changes, in log-odds."""
        return np.abs(scores - self.thresholds[codes])

    def thresholds_of(self, codes: Codes) -> Floats:
        """Give each row's threshold, shape (n_rows,), in log-odds."""
        return self.thresholds[codes]

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it."""
        return {"rates": self.rates, "thresholds": self.thresholds}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LabelMixing:
        """Build from what `to_arrays` gave."""
        return cls(arrays["rates"], arrays["thresholds"])


@dataclass(frozen=True)
class MemberVote:
    """The label of one member of a mixture, drawn with its weight.

    Here the scores are the mixture's votes: they are the chance itself.
    """

    kind: ClassVar[str] = "member_vote"
    reads_group: ClassVar[bool] = False
    randomised: ClassVar[bool] = True

    def decision_probability(self, scores: Floats, codes: Codes) -> Floats:  # noqa: ARG002
        """P(label = 1) of each row; all of shape (n_rows,)."""
        return scores

    def distance(self, scores: Floats, codes: Codes) -> Floats:  # noqa: ARG002
        """Votes have no threshold: everywhere as far as can be."""
        return np.full(len(scores), np.inf)

    def thresholds_of(self, codes: Codes) -> None:  # noqa: ARG002
        """Votes have no threshold."""
        return

    def to_arrays(self) -> Arrays:
        """Nothing defines it: the mixture has the weights."""
        return {}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MemberVote:  # noqa: ARG003
        """Build from what `to_arrays` gave."""
        return cls()
