"""Choice of each method's setting on validation rows, and the results on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _frontier_methods import FOUR_FIFTHS, Candidate
from _frontier_problem import Problem

#: Limits of |selection rate a − b|. The tables show three of them.
LIMITS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15)
#: The constraint of the four-fifths rule, by the name that the tables show.
RATIO = "disparate impact in [0.8, 1.25]"


@dataclass(frozen=True)
class Measured:
    """Accuracy, and the difference a − b and the ratio a / b of the groups' selection rates.

    Group a is the privileged group.
    """

    accuracy: float
    difference: float
    ratio: float

    def distance(self, cell: str) -> float:
        """Return the distance from parity in the cell's measure, a difference or a ratio."""
        if cell == RATIO:
            return 1 - min(self.ratio, 1 / self.ratio) if self.ratio else 1.0
        return abs(self.difference)


def measure(problem: Problem, candidate: Candidate, split: str) -> Measured:
    """Return accuracy, difference and ratio of a candidate on a split."""
    label, group = candidate.labels[split], problem.group[split]
    rate_a, rate_b = label[group == 0].mean(), label[group == 1].mean()
    return Measured(
        float((label == problem.label[split]).mean()),
        float(rate_a - rate_b),
        float(rate_a / rate_b) if rate_b else np.inf,
    )


def cells(protected: str) -> dict[str, float]:
    """Return the limit of each cell of the tables by the cell's name."""
    limits = {f"{limit:g}": limit for limit in LIMITS}
    return limits | ({RATIO: FOUR_FIFTHS} if protected == "sex" else {})


def choose(problem: Problem, everything: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Choose a setting of each method for each cell on validation, and measure it on test.

    The choice is the most accurate setting within the limit on validation. If no setting is within
    the limit, the choice is the setting nearest to parity. fairrun's group thresholds are also
    measured without a choice, with the limit itself as their tolerance.
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
