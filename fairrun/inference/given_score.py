"""The scorer of a rule on scores that another model computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .cells import Column, numbers
from .errors import InputError, name_rows
from .scorer import Arrays, sigmoid

__all__ = ["GivenScore", "log_odds_of"]

#: The log-odds of the probabilities 0 and 1, which are then finite, and farther out than those of
#: every other probability.
_FARTHEST = 800.0


@dataclass(frozen=True)
class GivenScore:
    """A scorer that takes the score from the row, in place of computing it.

    The encoded row has one column, the score as it was given.

    Attributes
    ----------
    is_log_odds : bool
        Whether the score is given in log-odds; otherwise it is a probability.

    Examples
    --------
    >>> GivenScore().score(np.array([[0.0], [0.5], [0.75]])).round(3)
    array([-800.   ,    0.   ,    1.099])
    """

    is_log_odds: bool = False
    kind: ClassVar[str] = "given_score"

    def score(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of label 1 for encoded rows of shape (n_rows, 1)."""
        given = matrix[:, 0]
        return given.copy() if self.is_log_odds else log_odds_of(given)

    def read(self, column: Column, name: str) -> NDArray[np.float64]:
        """Return the scores of a raw column as they were given, of shape (n_rows,).

        Raises
        ------
        InputError
            If a score is missing, is not a finite number, or is no probability but should be one.
        """
        given = numbers(column, name)
        null = np.flatnonzero(np.isnan(given))
        if len(null):
            raise InputError(
                f"column {name!r}: null in {name_rows(null)}; a rule cannot decide without a score",
                column=name,
                row=int(null[0]),
            )
        outside = np.flatnonzero((given < 0) | (given > 1))
        if len(outside) and not self.is_log_odds:
            raise InputError(
                f"column {name!r}: score outside 0 to 1 in {name_rows(outside)}; give "
                "probabilities of the favourable outcome",
                column=name,
                row=int(outside[0]),
            )
        return given

    def probability(self, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of scores; a probability is returned bit for bit."""
        return sigmoid(given) if self.is_log_odds else given

    def draw(self, rng: np.random.Generator, n_rows: int) -> list[Any]:
        """Return random scores for golden rows."""
        ends = (-3.0, 3.0) if self.is_log_odds else (0.0, 1.0)
        return [float(value) for value in rng.uniform(*ends, size=n_rows)]

    def to_arrays(self) -> Arrays:
        """Return the arrays for `from_arrays`."""
        return {"is_log_odds": np.array(int(self.is_log_odds))}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> GivenScore:
        """Return the object with the arrays that `to_arrays` returned."""
        return cls(bool(arrays["is_log_odds"]))


def log_odds_of(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds log(p / (1 − p)) of probabilities; −800 for 0 and 800 for 1.

    Examples
    --------
    >>> log_odds_of(np.array([0.25, 1.0])).round(3)
    array([ -1.099, 800.   ])
    """
    with np.errstate(divide="ignore"):
        odds = np.log(probability) - np.log1p(-probability)
    return np.asarray(np.clip(odds, -_FARTHEST, _FARTHEST))
