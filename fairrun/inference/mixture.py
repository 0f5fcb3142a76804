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
    """A mixture of scorers, whose score is the log-odds of the expected probability.

    Attributes
    ----------
    members : tuple of Scorer
        The scorers, all of the same class.
    weights : array of float64 of shape (n_members,)
        The probability of each scorer; the sum is 1.

    Examples
    --------
    >>> from fairrun.inference import LinearScorer
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
        """Return the log-odds of Σ weight · probability for encoded rows, of shape (n_rows,)."""
        # Logarithms are added, because a probability that rounds to 1 has no finite log-odds.
        of_1 = np.full(len(matrix), -np.inf)
        of_0 = of_1.copy()
        for weight, member in zip(self.weights, self.members, strict=True):
            scores = member.score(matrix)
            of_1 = np.logaddexp(of_1, np.log(weight) - np.logaddexp(0.0, -scores))
            of_0 = np.logaddexp(of_0, np.log(weight) - np.logaddexp(0.0, scores))
        return np.asarray(of_1 - of_0)

    def votes(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of the weights of the members with a score above 0, of shape (n_rows,)."""
        total = np.zeros(len(matrix))
        for weight, member in zip(self.weights, self.members, strict=True):
            total += weight * (member.score(matrix) > 0.0)
        # The sum of all weights may differ from 1 by rounding, but a unanimous vote is certain.
        return np.asarray(np.where(total > 1 - 1e-9, 1.0, total))

    def to_arrays(self) -> Arrays:
        """Return the arrays of the members, with their numbers as prefixes, and the weights."""
        arrays = {
            f"{number}.{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.to_arrays().items()
        }
        return arrays | {"weights": self.weights, "member_kind": np.array(self.members[0].kind)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> MixtureScorer:
        """Return the object with the arrays that `to_arrays` returned."""
        from .parts import build_part  # `parts` imports this class

        kind, members = str(arrays["member_kind"]), []
        for number in range(len(arrays["weights"])):
            prefix = f"{number}."
            own = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            members.append(build_part("scorer", kind, own))
        return cls(tuple(members), arrays["weights"])
