"""Simulated coverage of the 95 % intervals of conditional parity.

    python benchmarks/coverage_conditional.py [--simulations 2000] [--save]

The program draws two groups in strata of several sizes, from pairs of rows to strata of hundreds,
and measures how often the intervals of `fairrun.metrics.conditional_parity` contain the true
difference and ratio of selection rates. The rates differ between the strata; their difference, or
their ratio, is the same in all strata, so that all estimates have the same true value.

For comparison, the variances of Sato (difference) and of Greenland and Robins (ratio), which other
programs use, are measured on the same tables.
"""

from __future__ import annotations

import argparse

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.rates import divide
from fairrun.metrics.stratified import (
    are_sparse,
    mantel_haenszel,
    score_limits,
    weighted_comparison,
)

FloatArray = NDArray[np.float64]
Row = dict[str, object]
Tables = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
#: What the figures depend on.
CODE = ("fairrun/metrics",)

#: By name: the rows of a and of b in each stratum.
SIZES: dict[str, tuple[list[int], list[int]]] = {
    "200 pairs": ([1] * 200, [1] * 200),
    "60 strata of 2 and 3": ([2] * 60, [3] * 60),
    "30 strata of 8 and 2": ([8] * 30, [2] * 30),
    "3 strata of 60, 9 of 2": ([60] * 3 + [2] * 9, [60] * 3 + [2] * 9),
    "6 strata of 20 and 10": ([20] * 6, [10] * 6),
    "4 strata, unlike mixes": ([300, 100, 40, 10], [10, 60, 120, 200]),
    "3 strata of hundreds": ([400, 300, 200], [200, 300, 300]),
}
#: The lowest and the highest rate of group b, in equal steps over the strata.
RATES = ((0.02, 0.06), (0.05, 0.2), (0.2, 0.5), (0.5, 0.7))
DIFFERENCES, RATIOS = (0.0, 0.1), (1.0, 0.7)
METHODS = ("difference", "sato", "standardised", "ratio", "greenland-robins")


def draw(rng: np.random.Generator, name: str, rates: tuple[FloatArray, FloatArray]) -> Tables:
    """Return the selected and all rows of both groups by stratum."""
    n_a, n_b = (np.array(sizes, dtype=np.int64) for sizes in SIZES[name])
    x_a, x_b = rng.binomial(n_a, rates[0]), rng.binomial(n_b, rates[1])
    return tuple(np.asarray(x, dtype=np.float64) for x in (x_a, n_a, x_b, n_b))  # type: ignore[return-value]


def sato(tables: Tables) -> tuple[float, float]:
    """Return the limits of Sato (1989)."""
    x_a, n_a, x_b, n_b = tables
    n, value = n_a + n_b, float(mantel_haenszel(*tables, ratio=False))
    p = ((n_a**2 * x_b - n_b**2 * x_a + n_a * n_b * (n_b - n_a) / 2) / n**2).sum()
    q = ((x_a * (n_b - x_b) + x_b * (n_a - x_a)) / (2 * n)).sum()
    half = 1.96 * float(np.sqrt(max(value * p + q, 0))) / float((n_a * n_b / n).sum())
    return value - half, value + half


def greenland_robins(tables: Tables) -> tuple[float, float]:
    """Return the limits of Greenland and Robins (1985); NaN if nobody of a group is selected."""
    x_a, n_a, x_b, n_b = tables
    n = n_a + n_b
    a, b = (x_a * n_b / n).sum(), (x_b * n_a / n).sum()
    top = ((n_a * n_b * (x_a + x_b) - x_a * x_b * n) / n**2).sum()
    half = 1.96 * np.sqrt(divide(top, a * b))
    ratio = divide(a, b)
    return float(ratio * np.exp(-half)), float(ratio * np.exp(half))


def standardised(tables: Tables) -> tuple[float, float]:
    """Return the limits of the standardised difference; NaN if they are refused."""
    x_a, n_a, x_b, n_b = tables
    if are_sparse(n_a, n_b, n_a + n_b):
        return np.nan, np.nan
    parts = [(x / n, *clopper_pearson_limits(x, n, 0.025)) for x, n in ((x_a, n_a), (x_b, n_b))]
    _, low, high = weighted_comparison(*parts, n_a + n_b, ratio=False)
    return float(low), float(high)


def simulate(name: str, low: float, high: float, simulations: int) -> Row:
    """Return the percent of intervals that are given, cover, and miss above and below."""
    n_strata = len(SIZES[name][0])
    of_b = np.linspace(low, high, n_strata)
    row: Row = {"strata": name, "rates": f"{low:g} to {high:g}"}
    rng = np.random.default_rng([n_strata, round(100 * low), len(name)])
    for same, values in (("difference", DIFFERENCES), ("ratio", RATIOS)):
        for true in values:
            of_a = of_b + true if same == "difference" else of_b * true
            found: dict[str, list[tuple[float, float]]] = {}
            for _ in range(simulations):
                tables = draw(rng, name, (of_a, of_b))
                if same == "difference":
                    limits = score_limits(*tables, ratio=False)
                    found.setdefault("difference", []).append((float(limits[0]), float(limits[1])))
                    found.setdefault("sato", []).append(sato(tables))
                    found.setdefault("standardised", []).append(standardised(tables))
                else:
                    limits = score_limits(*tables, ratio=True)
                    found.setdefault("ratio", []).append((float(limits[0]), float(limits[1])))
                    found.setdefault("greenland-robins", []).append(greenland_robins(tables))
            for method, pairs in found.items():
                lows, highs = np.array(pairs).T
                given = ~np.isnan(highs)
                above, below = lows > true + 1e-9, highs < true - 1e-9
                covered = 1 - (above | below)[given].mean() if given.any() else np.nan
                row[f"{method} {true:g}"] = [
                    100 * float(x) for x in (given.mean(), covered, above.mean(), below.mean())
                ]
    return row


def show(simulations: int) -> list[Row]:
    """Print and return the coverage in all cases."""
    found = []
    for name in SIZES:
        for low, high in RATES:
            row = simulate(name, low, high, simulations)
            found.append(row)
            said = [
                f"{key} {value[1]:.1f} ({value[2]:.1f}, {value[3]:.1f}; given {value[0]:.0f})"
                for key, value in row.items()
                if isinstance(value, list)
            ]
            print(f"{name}, {row['rates']}:", "; ".join(said), flush=True)
    for method in METHODS:
        covered = [
            value[1]
            for row in found
            for key, value in row.items()
            if isinstance(value, list) and key.rsplit(" ", 1)[0] == method
        ]
        print(f"{method}: mean {np.nanmean(covered):.1f}, lowest {np.nanmin(covered):.1f}")
    return found


def main() -> None:
    """Print the coverage, and save it if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2000)
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    found = show(arguments.simulations)
    if arguments.save:
        measurement.save("coverage_conditional", found, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
