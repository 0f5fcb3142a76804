"""Choices on validation rows, and what they come to on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _frontier_methods import FOUR_FIFTHS, Candidate
from _frontier_problem import Problem

#: Largest absolute differences of the selection rates; the table shows three of them.
LIMITS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15)
#: The cell of the four-fifths rule.
RATIO = "disparate impact in [0.8, 1.25]"


@dataclass(frozen=True)
class Measured:
    """Accuracy, selection rate of the privileged minus and by that of the unprivileged."""

    accuracy: float
    difference: float
    ratio: float

    def distance(self, cell: str) -> float:
        """How far from parity, in the measure of the cell."""
        if cell == RATIO:
            return 1 - min(self.ratio, 1 / self.ratio) if self.ratio else 1.0
        return abs(self.difference)


def measure(problem: Problem, candidate: Candidate, split: str) -> Measured:
    """Measure a candidate on a split."""
    label, group = candidate.labels[split], problem.group[split]
    rate_a, rate_b = label[group == 0].mean(), label[group == 1].mean()
    return Measured(
        float((label == problem.label[split]).mean()),
        float(rate_a - rate_b),
        float(rate_a / rate_b) if rate_b else np.inf,
    )


def cells(protected: str) -> dict[str, float]:
    """Name the cells, each with its limit."""
    limits = {f"{limit:g}": limit for limit in LIMITS}
    return limits | ({RATIO: FOUR_FIFTHS} if protected == "sex" else {})


def choose(problem: Problem, everything: Sequence[Candidate]) -> list[dict[str, Any]]:
    """For each method and cell: choose on validation, measure on test.

    The choice is the most accurate of those within the limit on validation, or if none is, the one
    nearest to parity. Ours is also measured without any choice: asked for the limit itself.
    """
    validation = [measure(problem, candidate, "validation") for candidate in everything]
    records = []
    for cell, limit in cells(problem.protected).items():

        def rank(place: int, cell: str = cell, limit: float = limit) -> tuple[bool, float]:
            measured = validation[place]
            within = measured.distance(cell) <= limit
            return within, measured.accuracy if within else -measured.distance(cell)

        pools: dict[str, list[int]] = {}
        for place, candidate in enumerate(everything):
            pools.setdefault(candidate.method, []).append(place)
            constraint = "disparate_impact" if cell == RATIO else "statistical_parity"
            if candidate.setting == f"{constraint} {limit:g}":
                pools[f"{candidate.method}, asked for the limit"] = [place]
        for method, pool in pools.items():
            place = max(pool, key=rank)
            on_test = measure(problem, everything[place], "test")
            records.append(
                {
                    "protected": problem.protected,
                    "estimator": problem.estimator.row.name,
                    "seed": problem.seed,
                    "cell": cell,
                    "method": method,
                    "setting": everything[place].setting,
                    "validation_accuracy": validation[place].accuracy,
                    "validation_difference": validation[place].difference,
                    "accuracy": on_test.accuracy,
                    "difference": on_test.difference,
                    "ratio": on_test.ratio,
                    "distance": on_test.distance(cell),
                }
            )
    return records
