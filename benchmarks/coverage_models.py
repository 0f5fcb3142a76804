"""Simulated coverage of the 95 % intervals of differences between two models.

    python benchmarks/coverage_models.py [--simulations 500] [--replicates 1000] [--save]

Two groups have the same expected number of rows. With "common" rates, base rates are 0.15 and 0.35,
true positive rates 0.8 and 0.6, false positive rates 0.05 and 0.15. With "rare" rates, model A
selects 4 % and 2 % of the rows. The labels of model B differ from those of model A in a share of
the rows that model A selects, and in the share of the others that makes the shares stated in the
table. The rows are independent ("rows"), have log-normal weights that are twice as large for label
1 ("weights"), or come in clusters of 2 to 5 rows in both groups, with an intra-class correlation of
0.3 ("clusters").

The table has the share of intervals of `compare_models` that contain the true value, among those
that are given, and the smallest share of simulations with an interval.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, GROUP_RATES, compare_models, paired_rows
from fairrun.metrics.paired_limits import distance_of

FloatArray = NDArray[np.float64]
#: What the figures depend on.
CODE = tuple(
    f"fairrun/metrics/{name}.py"
    for name in ("compare", "paired", "paired_clusters", "paired_limits")
)
SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RATES = {name: GROUP_RATES[name] for name in ("selection_rate", "accuracy", "true_positive_rate")}
RATES |= {"precision": GROUP_RATES["positive_predictive_value"]}
COMPARED = ("statistical_parity", "disparate_impact", "equality_of_opportunity_difference")
DISTANCE = "distance from parity"
NAMES = (*RATES, *COMPARED, DISTANCE)


def truth_of(kind: str, differing: float) -> FloatArray:
    """Return the true shares of rows by group, label, prediction of A and prediction of B."""
    base, tpr, fpr = np.array([[0.15, 0.35], [0.8, 0.6], [0.05, 0.15]])
    if kind == "rare":
        base, tpr, fpr = np.array([[0.1, 0.1], [0.31, 0.155], [0.01, 0.005]])
    of_a = np.array([(1 - base) * (1 - fpr), (1 - base) * fpr, base * (1 - tpr), base * tpr])
    of_a = of_a.T.reshape(2, 2, 2) / 2
    # Of the rows that A selects, twice the share differs in the second group.
    leave = np.empty_like(of_a)
    selected = of_a.sum(axis=1)[:, 1] * 2
    leave[:, :, 1] = (np.array([0.5, 1.0]) * differing / 2 / selected.mean())[:, None]
    leave[:, :, 0] = (np.array([1.0, 0.5]) * differing / 2 / (1 - selected).mean())[:, None]
    leave = np.minimum(leave, 0.9)
    stay = of_a * (1 - leave)
    truth = np.empty((2, 2, 2, 2))
    truth[..., 0, 0], truth[..., 0, 1] = stay[..., 0], (of_a * leave)[..., 0]
    truth[..., 1, 1], truth[..., 1, 0] = stay[..., 1], (of_a * leave)[..., 1]
    return truth


def cases() -> list[tuple[str, str, int, float]]:
    """Return the rows' kind, kind of rates, rows of a group and share of labels that differ."""
    found = [
        ("rows", "common", n, differing)
        for n in (100, 500, 5000)
        for differing in (0.01, 0.05, 0.2)
    ]
    found += [("rows", "rare", n, differing) for n in (50, 200, 1000) for differing in (0.01, 0.03)]
    for rows in ("weights", "clusters"):
        found += [(rows, "common", n, differing) for n in (200, 2000) for differing in (0.02, 0.2)]
        found.append((rows, "rare", 1000, 0.03))
    return found


def draw(rng: np.random.Generator, truth: FloatArray, n: int, rows: str) -> dict[str, NDArray]:
    """Return the columns of n rows."""
    cluster = np.repeat(np.arange(n), rng.integers(2, 6, size=n))[:n]
    if rows == "clusters":
        # The Dirichlet distribution gives every indicator this intra-class correlation.
        shares = rng.dirichlet(truth.ravel() * (1 / 0.3 - 1), size=cluster[-1] + 1)[cluster]
        cell = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=15)
    else:
        cell = rng.choice(16, p=truth.ravel(), size=n)
    group, label, a, b = np.unravel_index(cell, (2, 2, 2, 2))
    weight = rng.lognormal(0, 0.5, size=n) * (1 + label)
    return {"group": group, "label": label, "a": a, "b": b, "weight": weight, "cluster": cluster}


def coverage(
    case: tuple[str, str, int, float], simulations: int, replicates: int
) -> dict[str, float]:
    """Return the share of intervals that contain the true value, by metric, in percent."""
    rows, kind, n, differing = case
    truth = truth_of(kind, differing)
    rng = np.random.default_rng(0)
    weighted = truth * np.array([1, 2])[:, None, None] if rows == "weights" else truth
    of_a, of_b = weighted.sum(axis=3), weighted.sum(axis=2)
    expected = {name: rate(of_a) - rate(of_b) for name, rate in RATES.items()}
    for name in COMPARED:
        function = BIAS_METRICS[name].function
        expected[name] = function(of_a) - function(of_b)
    parity = ["statistical_parity"]
    expected[DISTANCE] = distance_of(of_a, parity) - distance_of(of_b, parity)
    held: dict[str, list[bool]] = defaultdict(list)
    wanted: dict[str, int] = defaultdict(int)
    for _ in range(simulations):
        drawn = draw(rng, truth, 2 * n, rows)
        more = {"weight": drawn["weight"]} if rows == "weights" else {}
        more |= {"cluster": drawn["cluster"]} if rows == "clusters" else {}
        arrays = (drawn[name] for name in ("label", "a", "b"))
        paired = paired_rows([SEX], [drawn["group"]], *arrays, **more)
        found = compare_models(paired, n_replicates=replicates)
        limits = {}
        for name, rate in RATES.items():
            of_rate = found.rates[found.rates["metric"] == rate.name].iloc[1:]
            limits[name] = of_rate[["value", "ci_low", "ci_high"]].to_numpy()
        for name in COMPARED:
            of_metric = found.compared.query("metric == @name")
            limits[name] = of_metric[["value", "ci_low", "ci_high"]].to_numpy()
        of_metric = found.distances.query("metric == 'statistical_parity'")
        limits[DISTANCE] = of_metric[["value", "ci_low", "ci_high"]].to_numpy()
        for name, each in limits.items():
            for (value, low, high), true in zip(each, np.atleast_1d(expected[name]), strict=True):
                wanted[name] += int(np.isfinite(value))
                if np.isfinite(low):
                    held[name].append(bool(low <= true <= high))
    given = min(len(held[name]) / max(wanted[name], 1) for name in NAMES)
    return {name: 100 * float(np.mean(held[name])) for name in NAMES} | {"given": 100 * given}


def main() -> None:
    """Print the table of docs/metrics.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--replicates", type=int, default=1000)
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    print("| rows are | rates | rows a group | differ | " + " | ".join(NAMES) + " | given |")
    print("|---" * (len(NAMES) + 5) + "|")
    found = []
    for case in cases():
        row = dict(zip(("kind", "rates", "rows", "differing"), case, strict=True))
        row |= coverage(case, arguments.simulations, arguments.replicates)
        found.append(row)
        cells = (
            f"{value:.1f}" if isinstance(value, float) else str(value) for value in row.values()
        )
        print("| " + " | ".join(cells) + " |", flush=True)
    if arguments.save:
        measurement.save("coverage_models", found, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
