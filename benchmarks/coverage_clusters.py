"""Simulated coverage of the 95 % intervals for rows in clusters, such as households.

    python benchmarks/coverage_clusters.py [--simulations 100] [--replicates 1000] [--save]

Each cluster draws its shares of label and prediction from a Dirichlet distribution, and its rows
from these shares. The intra-class correlation of every indicator of a row (its label, its
prediction, whether both agree) is then exact. Clusters have 2 to 5 rows or 50 rows. All groups have
the same rates: base rate 0.25, true positive rate 0.7, false positive rate 0.1 ("common"), or 0.05,
0.6 and 0.02 ("rare"). A cluster is in one group ("one group"), or each of its rows is in one of two
groups at random ("both groups").

The table has the share of intervals that contain the true value, for rates of groups (selection
rate, true positive rate, accuracy), for differences and ratios of a pair (statistical parity,
disparate impact, equal opportunity, average odds), and for all pairs of a metric at once. Beside
it stands the coverage of intervals that take the rows as independent (Wilson's and Newcombe's), and
the share of the intervals that are refused because there are too few clusters.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray
from scipy import sparse

from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, GROUP_RATES, normal_quantile, values_of
from fairrun.metrics.closed_form import difference_limits, wilson_limits
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.clustered import Clustered

FloatArray = NDArray[np.float64]
#: What the figures depend on.
CODE = tuple(
    f"fairrun/metrics/{name}.py"
    for name in ("cluster_limits", "cluster_shares", "cluster_tables", "clustered")
)
RATES = ("selection_rate", "true_positive_rate", "accuracy")
COMPARED = (
    "statistical_parity",
    "disparate_impact",
    "equality_of_opportunity_difference",
    "average_odds_difference",
)
KINDS = {"common": (0.25, 0.7, 0.1), "rare": (0.05, 0.6, 0.02)}
SIZES = {"2–5": (2, 5), "50": (50, 50)}


def scenarios() -> list[tuple[str, str, int, float, str, int]]:
    """Return kind of rates, groups of a cluster, number of groups, correlation, size, clusters."""
    whole, both, correlations = "one group", "both groups", (0.0, 0.1, 0.5)
    found = [
        ("common", whole, 2, icc, size, n)
        for size in SIZES
        for icc in correlations
        for n in (30, 100, 1000)
    ]
    less = [(icc, size) for size in SIZES for icc in correlations[1:]]
    found += [("rare", whole, 2, icc, size, n) for icc, size in less for n in (100, 1000)]
    found += [("common", both, 2, icc, size, 100) for icc, size in less]
    found += [("common", whole, 5, icc, size, 300) for icc, size in less]
    return found


def draw(
    rng: np.random.Generator,
    shares: FloatArray,
    among: str,
    n_groups: int,
    icc: float,
    sizes: tuple[int, int],
    n_clusters: int,
) -> FloatArray:
    """Return the tables of clusters, of shape (n_clusters, n_groups, 4)."""
    size = rng.integers(sizes[0], sizes[1] + 1, n_clusters)
    rows = np.zeros((n_clusters, n_groups), dtype=np.int64)
    if among == "one group":
        rows[np.arange(n_clusters), np.arange(n_clusters) % n_groups] = size
    else:
        rows[:, 0] = rng.binomial(size, 0.5)
        rows[:, 1] = size - rows[:, 0]
    own = np.broadcast_to(shares, (n_clusters, 4))
    if icc:
        gamma = rng.standard_gamma(shares * (1 - icc) / icc, size=(n_clusters, 4)) + 1e-300
        own = gamma / gamma.sum(axis=1, keepdims=True)
    return rng.multinomial(rows, own[:, np.newaxis]).astype(np.float64)


def measure(
    scenario: tuple[str, str, int, float, str, int], simulations: int, n_replicates: int
) -> dict[str, object]:
    """Return the coverage of one scenario, in percent."""
    kind, among, n_groups, icc, size, n_clusters = scenario
    base, tpr, fpr = KINDS[kind]
    shares = np.array([(1 - base) * (1 - fpr), (1 - base) * fpr, base * (1 - tpr), base * tpr])
    truth = np.broadcast_to(shares.reshape(2, 2), (n_groups, 2, 2))
    names = tuple("abcde"[:n_groups])
    column = ProtectedColumn("group", names, names[:1], names[1:])
    pairs = values_of((column,), "group").pairs()
    rng, held = np.random.default_rng(0), defaultdict(list)
    for simulation in range(simulations):
        drawn = draw(rng, shares, among, n_groups, icc, SIZES[size], n_clusters)
        tables = sparse.csr_array(drawn.reshape(n_clusters, -1))
        once = np.ones(n_clusters, dtype=np.int64)
        clusters = ClusterTables((column,), tables, tables, once, weighted=False)
        replicates = clusters.replicates(n_replicates, simulation)
        estimates = Clustered(clusters, replicates, confidence=0.95)
        for name in RATES:
            rate = GROUP_RATES[name]
            found = estimates.rate(rate)
            add(held, "rates", found.low, rate(truth), found.high)
            value, n = rate(estimates.tables), rate.size(estimates.tables)
            low, high = wilson_limits(value, n, normal_quantile(0.95))
            add(held, "rates, as rows", low, rate(truth), high)
        for name in COMPARED:
            metric = BIAS_METRICS[name]
            each, _, together = estimates.each_and_together(metric, pairs)
            expected = metric.function(truth[pairs])
            add(held, "pairs", each.low, expected, each.high)
            low, high = together.low, together.high
            all_held = (low <= expected) & (expected <= high) | np.isnan(low)
            if not np.isnan(low).all():
                held["all pairs at once"].append(np.array([all_held.all()]))
            if metric.kind == "difference" and len(metric.rates) == 1:
                of = metric.rates[0]
                p, n = of(estimates.tables), of.size(estimates.tables)
                a, b = pairs.T
                limits = difference_limits([(p[a], n[a], p[b], n[b])], normal_quantile(0.95))
                add(held, "pairs, as rows", limits[0], expected, limits[1])
    percent = {name: 100 * float(np.concatenate(each).mean()) for name, each in held.items()}
    facts = {"rates of": kind, "cluster in": among, "groups": n_groups}
    return (
        facts
        | {"rows": size, "correlation": icc, "clusters": n_clusters}
        | {
            name: percent.get(name, np.nan)
            for name in (
                *("rates", "rates, as rows", "pairs", "pairs, as rows", "all pairs at once"),
                "refused",
            )
        }
    )


def add(
    held: dict[str, list[NDArray[np.bool_]]],
    name: str,
    low: FloatArray,
    expected: FloatArray,
    high: FloatArray,
) -> None:
    """Add whether each interval contains the true value, and whether it was refused."""
    refused = np.isnan(low)
    # A limit at the end of a scale, such as 0 or 1, can be off by a rounding error.
    inside = (low - 1e-12 <= expected) & (expected <= high + 1e-12)
    held[name].append(inside[~refused])
    if not name.endswith("as rows"):
        held["refused"].append(refused)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=1000)
    add_save(parser)
    given = parser.parse_args()
    measurement = Measurement(CODE)
    rows = []
    for scenario in scenarios():
        rows.append(measure(scenario, given.simulations, given.replicates))
        print(*(f"{x:.1f}" if isinstance(x, float) else x for x in rows[-1].values()), flush=True)
    if given.save:
        measurement.save("coverage_clusters", rows)


if __name__ == "__main__":
    main()
