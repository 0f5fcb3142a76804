"""Simulated coverage of the 95 % intervals.

    python benchmarks/coverage.py [--simulations 1000] [--groups 2 5 10] [--rows 500 5000] [--small]
        [--edges] [--save]

The program draws rows from known rates, with the same expected number of rows in every group. It
computes the intervals of `fairrun.metrics.audit` for each simulated table and counts how often they
contain the true value. With "parity", all groups have the same rates. With "disparity", base rates
are 0.15 to 0.35, true positive rates 0.6 to 0.8, and false positive rates 0.05 to 0.15.

The table has the lowest, the mean and the highest coverage over all metrics of a kind, where the
coverage of a metric is its mean over groups or pairs. The kinds are the rates of each group, the
differences and ratios of each pair, all pairs of a metric at once, and the largest difference or
smallest ratio.

--edges measures rates, differences and ratios at true rates near 0 and 1, and how often the
matching gate term is wrong there. Most of its figures are exact sums (`_coverage_edges.py`).

--small measures the rates of single cells by metric, in groups of 20 to 200 rows. Differences
between two models are in benchmarks/coverage_models.py, scores in benchmarks/coverage_scores.py.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from _coverage_edges import edges
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.metrics import BIAS_METRICS, GROUP_RATES, Grouping, worst_of
from fairrun.metrics.counted import Counted
from fairrun.metrics.worst import orient

COMPARED = [
    "statistical_parity",
    "disparate_impact",
    "equality_of_opportunity_difference",
    "false_positive_rate_difference",
    "average_odds_difference",
    "accuracy_difference",
]
Coverage = dict[str, dict[str, list[float]]]
Row = dict[str, object]
#: What the figures depend on.
CODE = ("fairrun/metrics",)
FloatArray = NDArray[np.float64]


def shares(n_groups: int, disparity: float) -> FloatArray:
    """Return the true shares of rows by group, label and prediction."""
    at = np.linspace(-1, 1, n_groups) * disparity
    base, tpr, fpr = 0.25 + 0.1 * at, 0.7 + 0.1 * at[::-1], 0.1 + 0.05 * at
    table = np.array([(1 - base) * (1 - fpr), (1 - base) * fpr, base * (1 - tpr), base * tpr])
    return table.T.reshape(n_groups, 2, 2) / n_groups


def simulate(truth: FloatArray, n: int, simulations: int) -> Coverage:
    """Return how often the intervals of tables with n rows contain the true value."""
    n_groups = len(truth)
    identity = np.eye(n_groups, dtype=np.int64)
    pairs = Grouping("", tuple(map(str, range(n_groups))), identity).pairs()
    rng = np.random.default_rng(0)
    held: Coverage = defaultdict(lambda: defaultdict(list))
    for _ in range(simulations):
        table = rng.multinomial(n, truth.ravel()).reshape(truth.shape)
        estimates = Counted(table, n)
        for name, rate in GROUP_RATES.items():
            found = estimates.rate(rate)
            held["rates"][name].append(share(found.low, rate(truth), found.high))
        for name in COMPARED:
            metric = BIAS_METRICS[name]
            each, turned, together = estimates.each_and_together(metric, pairs)
            expected = metric.function(truth[pairs])
            held["pairs"][name].append(share(each.low, expected, each.high))
            expected = metric.function(truth[turned])
            all_held = share(together.low, expected, together.high) == 1
            held["all pairs at once"][name].append(all_held)
            _, worst = worst_of(metric, turned, together)
            expected = metric.function(truth[orient(metric, truth, pairs)])
            extreme = expected.min() if metric.kind == "ratio" else expected.max()
            held["worst"][name].append(share(worst.low, extreme, worst.high))
    return held


def share(low: FloatArray, expected: FloatArray | float, high: FloatArray) -> float:
    """Return the share of intervals that contain the true value, without undefined values."""
    defined = ~np.isnan(low)
    # A limit at the end of a scale, such as 0 or 1, can be off by a rounding error.
    held = (low - 1e-12 <= expected) & (expected <= high + 1e-12)
    return float(held[defined].mean()) if defined.any() else np.nan


def show_promised(groups: list[int], rows: list[int], simulations: int) -> list[Row]:
    """Print and return the coverage for tables that are large enough for the stated guarantee."""
    found: list[Row] = []
    kinds = ["rates", "pairs", "all pairs at once", "worst"]
    print("| groups | rows a group | | " + " | ".join(kinds) + " |")
    print("|---" * (3 + len(kinds)) + "|")
    for n_groups in groups:
        for n in rows:
            for disparity in (0.0, 1.0):
                truth = shares(n_groups, disparity)
                held = simulate(truth, n * n_groups, simulations)
                name = "disparity" if disparity else "parity"
                cells = []
                for kind in kinds:
                    each = [100 * float(np.mean(values)) for values in held[kind].values()]
                    of = {"groups": n_groups, "rows": n, "case": name, "kind": kind}
                    pairs = zip(held[kind], each, strict=True)
                    found += [of | {"metric": metric, "percent": value} for metric, value in pairs]
                    cells.append(f"{min(each):.1f} – **{np.mean(each):.1f}** – {max(each):.1f}")
                print(f"| {n_groups} | {n:,} | {name} | " + " | ".join(cells) + " |", flush=True)
    return found


def show_small(simulations: int) -> list[Row]:
    """Print and return the coverage for small groups, where there is no guarantee."""
    found: list[Row] = []
    names = ["selection_rate", "true_positive_rate", "false_positive_rate"]
    print("| rows a group | " + " | ".join([*names, *COMPARED]) + " | worst of all |")
    print("|---" * (2 + len(names) + len(COMPARED)) + "|")
    for n in (20, 50, 100, 200):
        held = simulate(shares(2, 1.0), 2 * n, simulations)
        values = [held["rates"][name] for name in names] + [held["pairs"][m] for m in COMPARED]
        each = [100 * float(np.nanmean(value)) for value in values]
        found.append({"rows": n} | dict(zip([*names, *COMPARED], each, strict=True)))
        print(f"| {n} | " + " | ".join(f"{c:.1f}" for c in each) + f" | {min(each):.1f} |")
    return found


def show_edges(simulations: int) -> list[Row]:
    """Print and return the coverage at rates near 0 and 1."""
    found: list[Row] = edges(simulations)
    names = ["metric", "sizes", "lowest", "lowest_mean", "missed_below", "missed_above"]
    names += ["term", "wrong_pass", "wrong_fail"]
    print("| " + " | ".join(names) + " |")
    print("|---" * len(names) + "|")
    for row in found:
        cells = (row.get(name, "") for name in names)
        print(
            "| " + " | ".join(f"{c:.1f}" if isinstance(c, float) else str(c) for c in cells) + " |"
        )
    return found


def main() -> None:
    """Print the tables of docs/metrics.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--groups", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--edges", action="store_true")
    add_save(parser)
    arguments = parser.parse_args()
    more = ("benchmarks/_coverage_edges.py",) if arguments.edges else ()
    measurement = Measurement((*CODE, *more))
    simulations = arguments.simulations
    if arguments.small:
        name, found = "coverage_small", show_small(simulations)
    elif arguments.edges:
        name, found = "coverage_edges", show_edges(simulations)
    else:
        name = "coverage"
        found = show_promised(arguments.groups, arguments.rows, simulations)
    if arguments.save:
        measurement.save(name, found, simulations=simulations)


if __name__ == "__main__":
    main()
