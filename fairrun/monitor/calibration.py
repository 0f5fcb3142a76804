"""Scores against labels by bin of the score, for each group that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics import (
    CALIBRATION_BINS,
    Hidden,
    ScoreHistogram,
    WeightedScoreHistogram,
    everybody,
    values_of,
)

__all__ = ["GroupCalibration", "calibration_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GroupCalibration:
    """How scores and labels of one group go together, by bin of the score.

    Bins are [0, first edge), [first edge, second edge), …, and the last one includes 1.

    Attributes
    ----------
    protected, group : str
        The protected column, and one of its values as tables name it.
    edges : tuple of float
        The edges between the bins.
    rows : tuple of int
        The number of rows in each bin.
    weight : tuple of float
        The sum of weights in each bin; for rows without weights the number of rows.
    mean_score, label_rate : tuple of float
        The mean score, exact to half of a thousandth, and the share of label 1, both weighted. They
        are 0 in a bin of which all weights are 0.
    """

    protected: str
    group: str
    edges: tuple[float, ...]
    rows: tuple[int, ...]
    weight: tuple[float, ...]
    mean_score: tuple[float, ...]
    label_rate: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as a dictionary that JSON can represent."""
        numbers = {name: list(getattr(self, name)) for name in _NUMBERS}
        return {"protected": self.protected, "group": self.group} | numbers

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the calibration that `to_dict` described; raises ValueError or KeyError."""
        numbers = {name: tuple(map(of, document[name])) for name, of in _NUMBERS.items()}
        n_bins = len(numbers["edges"]) + 1
        if any(len(each) != n_bins for name, each in numbers.items() if name != "edges"):
            raise ValueError("a calibration has to hold a number for each bin")
        return cls(str(document["protected"]), str(document["group"]), **numbers)


#: The numbers of a calibration and their types.
_NUMBERS: dict[str, type[Any]] = {
    "edges": float,
    "rows": int,
    "weight": float,
    "mean_score": float,
    "label_rate": float,
}


def calibration_of(
    scores: ScoreHistogram | WeightedScoreHistogram,
    hidden: Hidden,
    fewest: int,
    *,
    together: bool,
) -> tuple[GroupCalibration, ...]:
    """Return the calibration of each group that is shown.

    Parameters
    ----------
    scores : ScoreHistogram or WeightedScoreHistogram
        The scores by group and label.
    hidden : Hidden
        The groups that are not shown.
    fewest : int
        The fewest rows of a bin.
    together : bool
        Whether all groups of a column get the same bins, each with enough rows of all other rows,
        too. No difference of two bins is then about fewer rows, but small groups make the bins of
        large ones coarse.

    Returns
    -------
    tuple of GroupCalibration
        One for each value of each protected column that is shown and has rows. Bins of a tenth are
        merged until each has enough rows.
    """
    found: list[GroupCalibration] = []
    whole = scores.moments_of(everybody(scores.columns))
    for column in scores.columns:
        grouping = values_of(scores.columns, column.name)
        sums, _, rows = (each.astype(np.float64) for each in scores.moments_of(grouping))
        n_rows = rows.sum(axis=(1, 2))
        shown = [
            place
            for place, group in enumerate(grouping.groups)
            if n_rows[place] >= fewest and not hidden.reason(column.name, group, joint=True)
        ]
        if not shown:
            continue
        tenths = _tenths(rows.sum(axis=1))
        rest = _tenths(whole[2].sum(axis=(0, 1))) - tenths[shown].sum(axis=0)
        shared = np.stack([*tenths[shown], *([rest] if rest.sum() >= fewest else [])])
        for place in shown:
            starts = _starts(shared if together else tenths[[place]], fewest)
            edges = tuple(start / CALIBRATION_BINS for start in starts[1:])
            numbers = _of_group(sums[place], rows[place], starts)
            found.append(GroupCalibration(column.name, grouping.groups[place], edges, *numbers))
    return tuple(found)


def _tenths(fine: Floats) -> Floats:
    """Return the sums of fine bins of the score in ten bins."""
    return np.asarray(fine.reshape(*fine.shape[:-1], CALIBRATION_BINS, -1).sum(axis=-1))


def _starts(rows: Floats, fewest: int) -> list[int]:
    """Return the first of the ten bins of each merged bin, for rows of shape (n_groups, 10)."""
    starts, below = [0], np.zeros(len(rows))
    upto = np.cumsum(rows, axis=1)
    for place in range(1, CALIBRATION_BINS):
        now = upto[:, place - 1]
        if (now - below >= fewest).all() and (upto[:, -1] - now >= fewest).all():
            starts.append(place)
            below = now
    return starts


def _of_group(
    sums: Floats, rows: Floats, starts: list[int]
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return rows, weights, mean scores and label rates by merged bin, for arrays (2, n_bins)."""
    middle = (np.arange(sums.shape[-1]) + 0.5) / sums.shape[-1]

    def merged(fine: Floats) -> Floats:
        return np.add.reduceat(_tenths(fine), starts)

    weight = merged(sums.sum(axis=0))
    per = np.where(weight > 0, weight, 1.0)
    mean, rate = merged(sums.sum(axis=0) * middle) / per, merged(sums[1]) / per
    n_rows = merged(rows.sum(axis=0)).astype(int)
    return (
        tuple(n_rows.tolist()),
        tuple(weight.tolist()),
        tuple(mean.tolist()),
        tuple(rate.tolist()),
    )
