"""What a counterfactual hint may change, and which values of a number are tried first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chain import links_of
from .encoder import Numeric
from .group_blocks import GroupBlocks
from .groups import GROUP_A, GROUP_B, NEITHER
from .mixture import MixtureScorer
from .scorer import LinearScorer, Scorer
from .transforms import GroupShift, GroupStepMap, Transform
from .trees import TreeScorer

__all__ = ["Changeable", "values_to_try"]

Floats = NDArray[np.float64]

# So many equal steps between the ends of the range, where nothing better is known of the score.
_STEPS = 64
# All whole numbers of a range are tried, if they are no more than these.
_WHOLE = 256


@dataclass(frozen=True)
class Changeable:
    """A raw feature column that a hint may change.

    Attributes
    ----------
    name : str
        The column. All categories of a text column may be tried.
    low, high : float or None
        Of a number: the range of the training rows, as the lowest and the highest mean of equal
        shares of them have it. Nobody's value, and within the true range.
    whole : bool
        Whether the training rows have whole numbers only.
    """

    name: str
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of a number."""
        assert self.low is not None and self.high is not None  # noqa: S101, PT018
        return self.low, self.high

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Changeable:
        """Build from what `to_dict` gave."""
        return cls(**saved)


def values_to_try(
    changeable: Changeable,
    column: Numeric,
    place: int,
    n_encoded: int,
    transform: Transform | None,
    scorer: Scorer,
) -> Floats:
    """Choose values so that the label turns at most once between neighbours, where that is known.

    A score that rises or falls with the column all along turns at most once: the ends are enough.
    Trees give the same label between two of their split points. Of anything else all whole numbers
    are tried, or, where there are no or too many of them, equal steps.

    Parameters
    ----------
    changeable : Changeable
        The column's range.
    column : Numeric
        How it is encoded.
    place : int
        Where.
    n_encoded : int
        The number of encoded columns.
    transform : Transform or None
        What is done to the encoded matrix.
    scorer : Scorer
        What the label is made of.

    Returns
    -------
    ndarray of float64, shape (3, n_values)
        Rising, in the column's unit: for rows of group_a, of group_b and, last, of neither.
    """
    low, high = changeable.bounds
    while isinstance(scorer, MixtureScorer) and len(scorer.members) == 1:
        (scorer,) = scorer.members
    links = links_of(transform)
    if isinstance(scorer, LinearScorer) and _is_monotone(links):
        values = np.array([[low, high]])
    elif changeable.whole and high - low < _WHOLE:
        values = np.arange(low, high + 1)[np.newaxis]
    elif isinstance(scorer, TreeScorer) and all(isinstance(link, GroupShift) for link in links):
        splits = scorer.splits_of(place)
        between = (splits[:-1] + splits[1:]) / 2 + _shifts(transform, place, n_encoded)
        inner = np.clip(column.mean + column.scale * between, low, high)
        values = np.hstack([np.full((3, 1), low), inner, np.full((3, 1), high)])
    else:
        values = np.linspace(low, high, _STEPS + 1)[np.newaxis]
    values = np.round(values) if changeable.whole else values
    return np.array(np.broadcast_to(values, (3, values.shape[1])))


def _is_monotone(links: tuple[Transform, ...]) -> bool:
    """Whether a linear score of what the links give is monotone in each column of a row."""
    steps = [isinstance(link, GroupStepMap) for link in links]
    blocks = [isinstance(link, GroupBlocks) for link in links]
    known = all(isinstance(link, GroupShift | GroupStepMap | GroupBlocks) for link in links)
    # Of a row in neither group the groups' steps are mixed, with a coefficient for each in blocks.
    return known and not (any(steps) and any(blocks))


def _shifts(transform: Transform | None, place: int, n_encoded: int) -> Floats:
    """Give what shifts take from a column: of group_a, group_b and neither; shape (3, 1)."""
    if transform is None:
        return np.zeros((3, 1))
    groups = np.array([GROUP_A, GROUP_B, NEITHER], dtype=np.int8)
    return -transform.apply(np.zeros((3, n_encoded)), groups)[:, [place]]
