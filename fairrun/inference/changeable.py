"""Columns that counterfactual hints may change, and the values of numbers to try first."""

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

# The number of equal steps in the range of a column if nothing better is known about the score.
_STEPS = 64
# The largest number of whole numbers in a range that are all tried.
_WHOLE = 256


@dataclass(frozen=True)
class Changeable:
    """A raw feature column that a hint may change.

    Attributes
    ----------
    name : str
        The name of the column. For a text column, all categories may be tried.
    low, high : float or None
        The range of a numeric column: the lowest and the highest mean of equal shares of the sorted
        training values. It lies within the true range and reveals no value of one row. None for
        text.
    whole : bool
        Whether all training values are whole numbers.
    """

    name: str
    low: float | None = None
    high: float | None = None
    whole: bool = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of a numeric column."""
        assert self.low is not None and self.high is not None  # noqa: S101, PT018
        return self.low, self.high

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Changeable:
        """Return the object with the fields that `to_dict` returned."""
        return cls(**saved)


def values_to_try(
    changeable: Changeable,
    column: Numeric,
    place: int,
    n_encoded: int,
    transform: Transform | None,
    scorer: Scorer,
) -> Floats:
    """Return values of a numeric column to try first.

    If possible, the values are chosen so that the label changes at most once between neighbours:

    - If the score is monotone in the column, the label changes at most once, and the ends of the
      range are enough.
    - If the column has few whole numbers, all of them are tried.
    - Trees have a constant score between two split points, so one value between each two of them is
      tried.
    - Otherwise, values at equal steps are tried, and a change between them can be missed.

    Parameters
    ----------
    changeable : Changeable
        The range of the column.
    column : Numeric
        The encoding of the column.
    place : int
        The position of its encoded column.
    n_encoded : int
        The number of encoded columns.
    transform : Transform or None
        The transform of the encoded matrix.
    scorer : Scorer
        The score on which the label depends.

    Returns
    -------
    array of float64 of shape (3, n_values)
        Sorted values in the unit of the column, for rows in group_a, in group_b and in neither.
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
    """Return whether a linear score after these transforms is monotone in each column."""
    steps = [isinstance(link, GroupStepMap) for link in links]
    blocks = [isinstance(link, GroupBlocks) for link in links]
    known = all(isinstance(link, GroupShift | GroupStepMap | GroupBlocks) for link in links)
    # For a row in neither group, the score mixes the step functions of both groups. With
    # `GroupBlocks` their coefficients can have opposite signs.
    return known and not (any(steps) and any(blocks))


def _shifts(transform: Transform | None, place: int, n_encoded: int) -> Floats:
    """Return what shifts subtract from a column in group_a, group_b and neither, shape (3, 1)."""
    if transform is None:
        return np.zeros((3, 1))
    groups = np.array([GROUP_A, GROUP_B, NEITHER], dtype=np.int8)
    return -transform.apply(np.zeros((3, n_encoded)), groups)[:, [place]]
