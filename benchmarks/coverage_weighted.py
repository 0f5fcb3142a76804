"""Simulated coverage of the 95 % intervals of weighted rows.

    python benchmarks/coverage_weighted.py [--simulations 1000] [--save]

The program draws rows with weights from several distributions, and measures how often the intervals
of `fairrun.metrics.Linearised` contain the true selection rate, the difference of two groups and
their ratio. The number of rows is chosen so that the effective number of rows of each group is
about 60 or 300. In a third of the cases the weight does not depend on the prediction. In the others
a selected row weighs 5 times, or a fifth, as much as a row that is not selected, on average.

The true rates run from 0.02 to 0.95, in steps close enough that the coverage of their mean is not
that of a lucky whole number. A case is left out if fewer than two effective rows of one group are
selected, or not selected, on average. The second group has 0.8 times the rate of the first one.

--accuracy measures the interval of `accuracy_over_threshold` instead (`_over_threshold.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.metrics import BIAS_METRICS, Linearised
from fairrun.metrics.rates import selection_rate

FloatArray = NDArray[np.float64]
Row = dict[str, object]
#: What the figures depend on.
CODE = ("fairrun/metrics",)
Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]


def _rare(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return np.where(rng.random(shape) < 0.02, 50.0, 1.0)


def _three(_: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Three rows carry half of the weight."""
    weight = np.ones(shape)
    weight[:, :3] = (shape[1] - 3) / 3
    return weight


#: By name: how weights are drawn, and E[w²] / E[w]².
WEIGHTS: dict[str, tuple[Draw, float]] = {
    "equal": (lambda _, shape: np.ones(shape), 1.0),
    "as in Adult (gamma)": (lambda rng, shape: rng.gamma(3.2, size=shape), 1 + 1 / 3.2),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 2.0),
    "lognormal, sd 1": (lambda rng, shape: rng.lognormal(size=shape), np.e),
    "lognormal, sd 1.5": (lambda rng, shape: rng.lognormal(sigma=1.5, size=shape), np.exp(2.25)),
    "1 of 50 rows weighs 50": (_rare, (0.98 + 0.02 * 2500) / 1.98**2),
    "3 rows carry half": (_three, 1.0),
}
RATES = (0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.085, 0.1, 0.13, 0.17, 0.25, 0.4, 0.6, 0.8, 0.9, 0.95)
METRICS = ("rate", "difference", "ratio")


def tables(
    rng: np.random.Generator, draw: Draw, n: int, p: float, heavier: float, simulations: int
) -> FloatArray:
    """Return sums of powers of weights of simulated groups, of shape (simulations, 2, 2, 4)."""
    selected = rng.random((simulations, n)) < p / (p + heavier * (1 - p))
    weight = draw(rng, selected.shape) * np.where(selected, heavier, 1.0)
    found = np.zeros((simulations, 2, 2, 4))
    for place, rows in ((0, ~selected), (1, selected)):
        moments = [(rows * weight**power).sum(axis=1) for power in (1, 2, 0, 4)]
        found[:, 0, place] = np.stack(moments, axis=-1)
    return found


def simulate(name: str, size: int, p: float, heavier: float, simulations: int) -> Row | None:
    """Return what became of each metric: percent given, covered, above and below.

    The percent covered is one of the given intervals. Above and below, the shares of intervals that
    miss on this side, are percent of all simulations.
    """
    draw, spread = WEIGHTS[name]
    n = round(size * spread)
    rates = (p, 0.8 * p)
    shares = [rate / (rate + heavier * (1 - rate)) for rate in rates]
    if min(min(share, 1 - share) for share in shares) * size < 2:
        return None
    rng = np.random.default_rng([size, round(1000 * p), round(10 * heavier), len(name)])
    both = [tables(rng, draw, n, rate, heavier, simulations) for rate in rates]
    estimates = Linearised(np.concatenate(both), 0.95)
    pairs = np.arange(simulations)[:, None] + [0, simulations]
    of_rate = estimates.rate(selection_rate)
    found = {
        "rate": (of_rate.low[:simulations], of_rate.high[:simulations], p),
        "difference": _limits(estimates, "statistical_parity", pairs, 0.2 * p),
        "ratio": _limits(estimates, "disparate_impact", pairs, 1.25),
    }
    row: Row = {"weights": name, "heavier": heavier, "effective_n": size, "p": p}
    for metric, (low, high, true) in found.items():
        given = ~np.isnan(high)
        above, below = low > true + 1e-12, high < true - 1e-12
        covered = 1 - (above | below)[given].mean() if given.any() else np.nan
        row[metric] = [100 * float(x) for x in (given.mean(), covered, above.mean(), below.mean())]
    return row


def _limits(
    estimates: Linearised, metric: str, pairs: NDArray[np.intp], true: float
) -> tuple[FloatArray, FloatArray, float]:
    found = estimates.each(BIAS_METRICS[metric], pairs)
    return found.low, found.high, true


def show(simulations: int) -> list[Row]:
    """Print and return what became of the metrics in all cases."""
    found: list[Row] = []
    for name in WEIGHTS:
        for heavier in (1.0, 5.0, 0.2):
            for size in (60, 300):
                each = (simulate(name, size, p, heavier, simulations) for p in RATES)
                rows = [row for row in each if row is not None]
                found += rows
                print(f"{name}, {heavier:g} times, {size}:", end=" ")
                for metric in METRICS:
                    given, covered, *sides = np.array([row[metric] for row in rows]).T
                    print(
                        f"{metric} {np.nanmean(covered):.1f} (lowest {np.nanmin(covered):.1f}, "
                        f"one side {np.mean(sides, axis=1).max():.1f}, given {given.mean():.0f})",
                        end="; ",
                    )
                print(flush=True)
    return found


def main() -> None:
    """Print the table of docs/weights.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--accuracy", action="store_true")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    if arguments.accuracy:
        from _over_threshold import show_accuracy

        name, found = "coverage_over_threshold", show_accuracy(arguments.simulations)
    else:
        name, found = "coverage_weighted", show(arguments.simulations)
    if arguments.save:
        measurement.save(name, found, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
