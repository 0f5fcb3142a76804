"""A weighted mixture of scorers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .scorer import Arrays, Scorer

__all__ = ["MixtureScorer"]


@dataclass(frozen=True)
class MixtureScorer:
    """Scorers that are drawn with given weights; its score is that of the expected probability.

    Attributes
    ----------
    members : tuple of Scorer
        All of one kind.
    weights : ndarray of float64, shape (n_members,)
        The probability of each; they add up to 1.

    Examples
    --------
    >>> members = (LinearScorer(np.array([1.0]), 0.0), LinearScorer(np.array([1.0]), -2.0))
    >>> mixture = MixtureScorer(members, np.array([0.25, 0.75]))
    >>> mixture.votes(np.array([[-1.0], [1.0], [3.0]]))
    array([0.  , 0.25, 1.  ])
    >>> mixture.score(np.array([[1.0]])).round(3)
    array([-0.471])
    """

    members: tuple[Scorer, ...]
    weights: NDArray[np.float64]
    kind: ClassVar[str] = "mixture"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score encoded rows: the log-odds of Σ weight · probability, shape (n_rows,)."""
        # Added up as logarithms: a probability that rounds to 1 would have no finite log-odds.
        of_1 = np.full(len(matrix), -np.inf)
        of_0 = of_1.copy()
        for weight, member in zip(self.weights, self.members, strict=True):
            scores = member.score(matrix)
            of_1 = np.logaddexp(of_1, np.log(weight) - np.logaddexp(0.0, -scores))
            of_0 = np.logaddexp(of_0, np.log(weight) - np.logaddexp(0.0, scores))
        return np.asarray(of_1 - of_0)

    def votes(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the weight of the members whose score is above 0, shape (n_rows,), in [0, 1]."""
        total = np.zeros(len(matrix))
        for weight, member in zip(self.weights, self.members, strict=True):
            total += weight * (member.score(matrix) > 0.0)
        # Weights may add up to the last bit beside 1; a unanimous vote is certain all the same.
        return np.asarray(np.where(total > 1 - 1e-9, 1.0, total))

    def to_arrays(self) -> Arrays:
        """Give the arrays that define it: the members' by number."""
        arrays = {
            f"{number}.{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.to_arrays().items()
        }
        return arrays | {"weights": self.weights, "member_kind": np.array(self.members[0].kind)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MixtureScorer:
        """Build from what `to_arrays` gave."""
        from .parts import build_part  # the table of parts holds this class

        kind, members = str(arrays["member_kind"]), []
        for number in range(len(arrays["weights"])):
            prefix = f"{number}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            members.append(build_part("scorer", kind, own))
        return cls(tuple(members), arrays["weights"])
