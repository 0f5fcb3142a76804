"""Simulated error rates of the comparison of a candidate with a champion.

    python benchmarks/promotion_errors.py [--simulations 1000] [--save]

Two groups have the same expected number of rows. The champion's distances from parity are 0 ("at
parity"), or 0.08 in selection rates and 0.1 in true positive rates ("apart"). The labels of the
candidate differ in a share of the rows ("differ"), and as far as one metric needs it: its true loss
is 0 ("equal") or exactly the margin. The margins are the default of `promote`.
The table has the share of simulations in which the candidate passes as not worse. With a loss of
the margin, each of these is an error. With the default number of simulations, the standard
error is 0.49 points at 2.5 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray
from scipy.optimize import brentq

from fairrun.gate import MARGIN, Verdict, judge_margin, parse_margins
from fairrun.gate.not_worse import CONFIDENCE_OF_DISTANCES
from fairrun.metrics import GROUP_RATES
from fairrun.metrics.paired_limits import PairedEstimates, distance_of

FloatArray = NDArray[np.float64]
#: What the figures depend on.
CODE = (
    "fairrun/gate/margin_checks.py",
    "fairrun/gate/margins.py",
    "fairrun/gate/not_worse.py",
    "fairrun/metrics/paired_limits.py",
)
MARGINS = parse_margins(MARGIN)
DISTANCES = ("statistical_parity", "disparate_impact", "equality_of_opportunity_difference")
LOSSES = {"equal": 0.0, "at_margin": 1.0}
ROWS, DIFFER = (300, 3000), (0.02, 0.1)
REPLICATES = 500


def champion(kind: str) -> FloatArray:
    """Return the true shares of rows by group, label and prediction of the champion."""
    base, tpr, fpr = np.array([[0.3, 0.3], [0.7, 0.7], [0.1, 0.1]])
    if kind == "apart":
        base, tpr, fpr = np.array([[0.3, 0.25], [0.7, 0.6], [0.1, 0.0933]])
    table = np.array([(1 - base) * (1 - fpr), (1 - base) * fpr, base * (1 - tpr), base * tpr])
    return table.T.reshape(2, 2, 2) / 2


def paired(of_champion: FloatArray, metric: str, differ: float, more: float) -> FloatArray:
    """Return the shares by group, label, candidate and champion; `more` makes a larger loss."""
    flips = np.full((2, 2, 2), differ)
    worse, better = max(more, 0.0), max(-more, 0.0)
    if metric == "accuracy":
        for label in (0, 1):
            flips[:, label, label] += worse
            flips[:, label, 1 - label] += better
    else:  # fewer rows of the second group are selected
        flips[1, :, 1] += worse
        flips[1, :, 0] += better
    flips = flips.clip(0, 1)
    table = np.zeros((2, 2, 2, 2))
    for b in (0, 1):
        table[:, :, b, b] = of_champion[:, :, b] * (1 - flips[:, :, b])
        table[:, :, 1 - b, b] = of_champion[:, :, b] * flips[:, :, b]
    return table


def loss(table: FloatArray, metric: str) -> float:
    """Return the true loss of the candidate."""
    candidate, of_champion = table.sum(axis=3), table.sum(axis=2)
    if metric == "accuracy":
        rate = GROUP_RATES["accuracy"]
        return float(rate(of_champion.sum(axis=0)) - rate(candidate.sum(axis=0)))
    return float(distance_of(candidate, [metric]) - distance_of(of_champion, [metric]))


def truth(kind: str, metric: str, differ: float, wanted: float) -> FloatArray:
    """Return the true shares with which the candidate has a given loss."""
    of_champion = champion(kind)

    def excess(more: float) -> float:
        return loss(paired(of_champion, metric, differ, more), metric) - wanted

    grid = np.linspace(-0.4, 0.6, 201)
    values = np.array([excess(float(more)) for more in grid])
    crossings = np.flatnonzero((values[:-1] < 0) & (values[1:] >= 0))
    if not crossings.size:  # no candidate is nearer to parity than a champion at parity
        return paired(of_champion, metric, differ, float(grid[np.abs(values).argmin()]))
    place = int(crossings[-1])
    return paired(of_champion, metric, differ, float(brentq(excess, *grid[place : place + 2])))


def passes(table: FloatArray, metric: str, n: int, simulations: int, seed: int) -> float:
    """Return how often the candidate passes, in percent."""
    rng = np.random.default_rng(seed)
    margin, n_passed = MARGINS.of(metric), 0
    for _ in range(simulations):
        counts = rng.multinomial(2 * n, table.ravel()).reshape(table.shape).astype(float)
        counts = counts.sum(axis=0, keepdims=True) if metric == "accuracy" else counts
        estimates = PairedEstimates(
            np.repeat(counts[..., None], 3, axis=-1),
            confidence=0.95 if metric == "accuracy" else CONFIDENCE_OF_DISTANCES,
            n_replicates=REPLICATES,
            seed=0,
        )
        if metric == "accuracy":
            found = estimates.rate(GROUP_RATES["accuracy"]).take(0)
        else:
            found = estimates.distance([metric], [0, 1])
        limits = float(found.low), float(found.high)
        verdict = judge_margin(*limits, margin=margin, larger_is_better=metric == "accuracy")
        n_passed += verdict is Verdict.PASS
    return 100 * n_passed / simulations


def cases() -> Iterator[tuple[str, str, int, float]]:
    """Yield metric, kind of champion, rows of a group, and share of labels that differ."""
    yield from product(["accuracy"], ["apart"], ROWS, DIFFER)
    yield from product(DISTANCES, ["at parity", "apart"], ROWS, DIFFER)


def main() -> None:
    """Print the table of docs/promotion.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    print("| metric | champion | rows a group | differ | " + " | ".join(LOSSES) + " |")
    print("|---" * (4 + len(LOSSES)) + "|")
    found = []
    for seed, (metric, kind, n, differ) in enumerate(cases()):
        row: dict[str, object] = {"metric": metric, "champion": kind, "rows": n, "differ": differ}
        for name, times in LOSSES.items():
            table = truth(kind, metric, differ, times * MARGINS.of(metric))
            row[name] = passes(table, metric, n, arguments.simulations, seed)
        found.append(row)
        print("| " + " | ".join(map(str, row.values())) + " |", flush=True)
    if arguments.save:
        measurement.save("promotion_errors", found, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
