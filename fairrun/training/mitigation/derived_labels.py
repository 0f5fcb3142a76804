"""Equalise the error rates of two groups by changing labels at random, with the fewest errors.

A label of a group becomes 1 with one probability where it was 0, and with another where it was 1.
These two probabilities move the group's false and true positive rate to any point of a
parallelogram in the ROC plane. Its corners are the rates as they are, (0, 0), (1, 1), and the rates
of the opposite labels (Hardt, Price and Srebro 2016, figure 1). Fewest errors means the upper edge
of the parallelogram, which consists of two lines. The optimum is therefore a corner of the area
below the lines of both groups, and there are few corners to compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["GroupErrors", "equalise_both_rates", "equalise_true_positive_rates"]

#: Rates and shares that differ by less than this are equal.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class GroupErrors:
    """The errors of a group's labels.

    Attributes
    ----------
    true_positive, false_positive : float
        The shares of label 1 among the rows whose true label is 1, and is 0.
    positive, negative : float
        The numbers of these rows, or the sums of their weights.
    """

    true_positive: float
    false_positive: float
    positive: float
    negative: float

    @classmethod
    def of(
        cls,
        label: NDArray[np.int64],
        predicted: NDArray[np.bool_],
        weight: NDArray[np.float64] | None = None,
    ) -> GroupErrors:
        """Measure the errors of rows; both labels must occur.

        Parameters
        ----------
        label : array of int64 of shape (n_rows,)
            The true labels, 0 or 1.
        predicted : array of bool of shape (n_rows,)
            Whether the predicted label is 1.
        weight : array of float64 of shape (n_rows,), optional
            The weights of the rows.

        Examples
        --------
        >>> GroupErrors.of(np.array([0, 0, 1, 1]), np.array([True, False, True, True]))
        GroupErrors(true_positive=1.0, false_positive=0.5, positive=2.0, negative=2.0)
        """
        weights = np.ones(len(label)) if weight is None else weight
        positive, negative = (float(weights[label == value].sum()) for value in (1, 0))
        hit, miss = (float(weights[predicted & (label == value)].sum()) for value in (1, 0))
        return cls(hit / positive, miss / negative, positive, negative)

    @property
    def better(self) -> tuple[float, float]:
        """The false and true positive rate of the labels, or of their opposite if it is better."""
        if self.true_positive >= self.false_positive:
            return self.false_positive, self.true_positive
        return 1 - self.false_positive, 1 - self.true_positive

    @property
    def lines(self) -> list[tuple[float, float]]:
        """The upper edge of the parallelogram: (height at 0, slope) of one or two lines."""
        x, y = self.better
        through_0 = [(0.0, y / x)] if x > 0 else []
        through_1 = [((y - x) / (1 - x), (1 - y) / (1 - x))] if x < 1 else []
        return [*through_0, *through_1]

    def least_false_positive(self, true_positive: float) -> float:
        """Return the smallest false positive rate with this true positive rate."""
        x, y = self.better
        if true_positive <= y:
            return true_positive * x / y if y > 0 else 0.0
        return x + (true_positive - y) * (1 - x) / (1 - y)

    def chances(self, false_positive: float, true_positive: float) -> NDArray[np.float64]:
        """Return P(label 1) of a label that was 0 and of one that was 1, to reach these rates."""
        informed = self.true_positive - self.false_positive
        if abs(informed) <= _ROUNDING:  # the labels tell nothing, so both rates are equal
            return np.full(2, np.clip((false_positive + true_positive) / 2, 0.0, 1.0))
        steep = (true_positive - false_positive) / informed
        turn = false_positive - steep * self.false_positive
        return np.asarray(np.clip(np.array([turn, turn + steep]), 0.0, 1.0))

    def changed(self, chances: NDArray[np.float64]) -> float:
        """Return the expected number of changed labels (or their weight)."""
        selected = self.true_positive * self.positive + self.false_positive * self.negative
        kept_out = self.positive + self.negative - selected
        return float(kept_out * chances[0] + selected * (1 - chances[1]))


def equalise_both_rates(groups: Sequence[GroupErrors]) -> list[NDArray[np.float64]]:
    """Return the probabilities that give all groups equal error rates with the fewest errors.

    Parameters
    ----------
    groups : sequence of GroupErrors
        The errors of each group's labels.

    Returns
    -------
    list of array of float64 of shape (2,)
        For each group, the probability of label 1 for a label that was 0 and for one that was 1.
        Of equally accurate solutions, the one with the fewest expected changes.

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.1. The loss is the number of wrong labels.

    Examples
    --------
    >>> sharp, blunt = GroupErrors(0.9, 0.1, 50, 50), GroupErrors(0.7, 0.1, 50, 50)
    >>> [chances.round(3).tolist() for chances in equalise_both_rates([sharp, blunt])]
    [[0.025, 0.775], [0.0, 1.0]]
    """
    return _fewest_errors(groups, [[rates] * len(groups) for rates in _corners(groups)])


def equalise_true_positive_rates(groups: Sequence[GroupErrors]) -> list[NDArray[np.float64]]:
    """Return the probabilities that give all groups equal true positive rates.

    The parameters, the result and the source are those of `equalise_both_rates`.

    Examples
    --------
    >>> sharp, blunt = GroupErrors(0.9, 0.1, 50, 50), GroupErrors(0.7, 0.1, 50, 50)
    >>> [chances.round(3).tolist() for chances in equalise_true_positive_rates([sharp, blunt])]
    [[0.0, 0.778], [0.0, 1.0]]
    """
    levels = [0.0, 1.0, *(group.better[1] for group in groups)]
    return _fewest_errors(
        groups,
        [[(group.least_false_positive(level), level) for group in groups] for level in levels],
    )


def _corners(groups: Sequence[GroupErrors]) -> Iterator[tuple[float, float]]:
    """Yield the corners of the upper edge that all groups can reach: (false, true positive)."""
    lines = sorted({line for group in groups for line in group.lines})
    places = [0.0, 1.0]
    for (height, slope), (other_height, other_slope) in combinations(lines, 2):
        if abs(slope - other_slope) > _ROUNDING:
            places.append((other_height - height) / (slope - other_slope))
    for place in places:
        if -_ROUNDING <= place <= 1 + _ROUNDING:
            x = min(max(place, 0.0), 1.0)
            yield x, min(1.0, *(height + slope * x for height, slope in lines))


def _fewest_errors(
    groups: Sequence[GroupErrors], points: Sequence[Sequence[tuple[float, float]]]
) -> list[NDArray[np.float64]]:
    """Return the probabilities of the best point; each has the two rates of every group."""
    n_rows = sum(group.positive + group.negative for group in groups)
    found: list[tuple[float, float, int, list[NDArray[np.float64]]]] = []
    for rates in points:
        errors = sum(
            group.negative * x + group.positive * (1 - y)
            for group, (x, y) in zip(groups, rates, strict=True)
        )
        chances = [group.chances(*of) for group, of in zip(groups, rates, strict=True)]
        changed = sum(group.changed(of) for group, of in zip(groups, chances, strict=True))
        # Rounded, so that points which differ by a rounding error alone are equally accurate.
        found.append((round(errors / n_rows, 11), changed / n_rows, len(found), chances))
    return min(found)[-1]
