"""Simulated calibration of the probability that a constraint holds for new rows.

    python benchmarks/constraint_probability.py [--simulations 1000] [--groups 2 5]
        [--rows 60 500 5000] [--spreads 0.05 0.3] [--save]

Each simulation draws the true selection rates of the groups: a common rate from 0.02 to 0.6, and
for each group a distance from it, uniform up to a limit that is itself uniform up to the spread.
With a spread of 0.05 the groups are nearly alike, and with 0.3 they can be far apart. It then draws
the measured rows; every second group has a third of the rows. `probability_kept` gives the
probability of statistical parity <= 0.05. The table shows, for each range of this probability, its
mean and how often the true rates meet the constraint. Both are equal if the true rates are drawn
from the prior of the method, which does not know how much alike groups are.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from _results import Measurement, add_save

from fairrun.gate import parse_gate, probability_kept
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts

#: What the figures depend on.
CODE = ("fairrun/gate/probability.py",)
TOLERANCE = 0.05
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def simulate(n_groups: int, n: int, spread: float, simulations: int) -> list[dict[str, float]]:
    """Return the mean probability and the share of true constraints in each range."""
    values = tuple(f"group {i}" for i in range(n_groups))
    column = ProtectedColumn("group", values, values[:1], values[1:])
    gate = parse_gate(f"statistical_parity<={TOLERANCE}")
    rng = np.random.default_rng([n_groups, n, round(100 * spread)])
    size = np.where(np.arange(n_groups) % 2, n // 3, n)
    found, holds = np.empty(simulations), np.empty(simulations, dtype=bool)
    for simulation in range(simulations):
        common, apart = rng.uniform(0.02, 0.6), rng.uniform(0, spread)
        true = np.clip(common + rng.uniform(-apart, apart, n_groups), 0.001, 0.999)
        selected = rng.binomial(size, true)
        table = np.zeros((n_groups + 1, 2, 2), dtype=np.int64)
        table[:-1, 0] = np.stack([size - selected, selected], axis=1)
        found[simulation] = probability_kept(gate, Counts((column,), table), seed=simulation)
        holds[simulation] = true.max() - true.min() <= TOLERANCE
    place = np.clip(np.digitize(found, EDGES[1:-1]), 0, len(EDGES) - 2)
    return [
        {
            "low": EDGES[i],
            "high": EDGES[i + 1],
            "simulations": int((place == i).sum()),
            "probability": 100 * found[place == i].mean() if (place == i).any() else np.nan,
            "holds": 100 * holds[place == i].mean() if (place == i).any() else np.nan,
        }
        for i in range(len(EDGES) - 1)
    ]


def main() -> None:
    """Print the table of docs/mitigators.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--groups", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--rows", type=int, nargs="+", default=[60, 500, 5000])
    parser.add_argument("--spreads", type=float, nargs="+", default=[0.05, 0.3])
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    rows: list[dict[str, object]] = []
    for spread, n_groups, n in itertools.product(
        arguments.spreads, arguments.groups, arguments.rows
    ):
        found = simulate(n_groups, n, spread, arguments.simulations)
        rows += [{"spread": spread, "groups": n_groups, "rows": n} | each for each in found]
        cells = (
            f"{each['probability']:.0f} / {each['holds']:.0f} ({each['simulations']})"
            for each in found
        )
        print(f"| {spread} | {n_groups} | {n:,} | " + " | ".join(cells) + " |", flush=True)
    if arguments.save:
        measurement.save("constraint_probability", rows, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
