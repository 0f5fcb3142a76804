"""Populations of scores whose rates are known at every threshold, for thresholds_hold.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.training.mitigation.threshold_constraints import CONSTRAINTS

__all__ = ["TOLERANCE", "Case", "Population", "cases", "gap"]

Floats = NDArray[np.float64]

#: The tolerance that is asked for in each constraint; 0.2 is the four-fifths rule.
TOLERANCE = {name: 0.2 if asked.ratio else 0.05 for name, asked in CONSTRAINTS.items()}
#: The points of the numerical integrals; their largest error is below 1e-6.
_GRID = np.linspace(-15.0, 15.0, 6001)
#: The shares of the five values of race in UCI Adult.
_RACES = (0.8543, 0.0959, 0.0319, 0.0096, 0.0083)


class Population:
    """Groups with scores from N(mean, sd) and P(label = 1 | score) = sigmoid(score + shift).

    Parameters
    ----------
    means, shifts : sequence of float
        One number for each group.
    sd : float
        The standard deviation of the scores in each group.
    """

    def __init__(self, means: Sequence[float], shifts: Sequence[float], sd: float = 1.5) -> None:
        self.means, self.shifts, self.sd = np.array(means), np.array(shifts), sd
        density = np.exp(-(((_GRID - self.means[:, None]) / sd) ** 2) / 2)
        positive = density / (1 + np.exp(-(_GRID + self.shifts[:, None])))
        parts = {
            "selection": density,
            "true_positive": positive,
            "false_positive": density - positive,
        }
        above = {}
        for name, part in parts.items():
            middle = (part[:, 1:] + part[:, :-1]) / 2
            summed = np.cumsum(middle[:, ::-1], axis=1)[:, ::-1]
            above[name] = np.column_stack([summed, np.zeros(len(part))]) / summed[:, :1]
        self._above = above

    def draw(
        self, sizes: Sequence[int], rng: np.random.Generator
    ) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
        """Return scores, labels and groups of rows, with at least one row of each label."""
        group = np.repeat(np.arange(len(sizes)), sizes)
        while True:
            score = rng.normal(self.means[group], self.sd)
            chance = 1 / (1 + np.exp(-(score + self.shifts[group])))
            label = (rng.random(len(group)) < chance).astype(np.int64)
            if 0 < label.sum() < len(label):
                return score, label, group

    def rates(self, thresholds: Floats, names: Sequence[str]) -> Floats:
        """Return the true rates of groups at their thresholds, of shape (n_rates, n_groups)."""
        return np.array(
            [
                [
                    np.interp(at, _GRID, of)
                    for at, of in zip(thresholds, self._above[name], strict=True)
                ]
                for name in names
            ]
        )


def gap(rates: Floats, ratio: bool) -> float:
    """Return the largest difference of rates between groups, or 1 − their smallest ratio."""
    lowest, highest = rates.min(axis=1), rates.max(axis=1)
    if ratio:
        return float((1 - lowest / np.maximum(highest, 1e-12)).max())
    return float((highest - lowest).max())


@dataclass(frozen=True)
class Case:
    """A population and the number of rows of each group."""

    name: str
    sizes: tuple[int, ...]
    population: Population


def cases() -> Iterator[Case]:
    """Yield the cases: equal groups and different ones, of few rows and of many."""
    apart = {"equal": 0.0, "moderate": 0.5, "strong": 1.5}
    for n_groups in (2, 5, 10):
        for name, width in apart.items():
            means = -1.2 + width * np.linspace(-0.5, 0.5, n_groups)[::-1]
            population = Population(means, np.zeros(n_groups))
            for n_rows in (10, 100, 1000, 5000):
                yield Case(name, (n_rows,) * n_groups, population)
            for n_rows in (10, 100):
                yield Case(f"{name}, one large", (5000, *[n_rows] * (n_groups - 1)), population)
        # The scores are alike, but mean another probability in each group.
        population = Population(np.full(n_groups, -0.6), np.linspace(-0.5, 0.5, n_groups))
        yield Case("other calibration", (1000,) * n_groups, population)
    yield Case("issue", (1700, 25), Population([-1.2, -1.2], [0.0, 0.0]))
    sizes = tuple(round(2000 * share) for share in _RACES)
    yield Case("race of 2,000", sizes, Population([-1.4, -2.2, -1.3, -2.2, -2.2], np.zeros(5)))
    sizes = tuple(round(30000 * share) for share in _RACES)
    yield Case("race of 30,000", sizes, Population([-1.4, -2.2, -1.3, -2.2, -2.2], np.zeros(5)))
