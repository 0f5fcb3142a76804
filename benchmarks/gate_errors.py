"""Simulated error rates of a gate.

    python benchmarks/gate_errors.py [--part terms gates unequal] [--simulations N] [--save]

Every part draws tables of counts from known rates, and counts how often the verdict is pass,
insufficient evidence and fail.

terms: one term. There are 2 or 5 groups (``--groups``) of 500 or 5,000 rows (``--rows``). The
groups alternate between two sets of rates, so with five groups six pairs have the largest
difference. Three thresholds put the true value inside the allowed range, exactly on its edge, and
outside. Inside, fail is an error. Outside, pass is an error. On the edge, both are errors. With the
default number of simulations, the standard error is 0.49 points at 2.5 %. For two groups on the
edge, the share of passes is also summed exactly over the binomial distributions of the counts
(`exact_pass`; for equality of opportunity, with the expected number of rows with label 1).

gates: a gate of six terms over one to three protected columns of two values, with 2,000 rows each,
with and without family=holm. All terms are on the edge; or one is on the edge or outside, and the
other five are well inside.

unequal: disparate_impact>=0.8 for groups of 5,000 and 60 rows that are selected equally often, so
every fail is an error.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product, repeat

import numpy as np
import pandas as pd
from _coverage_edges import compare, estimate, possible
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.gate import Verdict, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, PERFORMANCE_METRICS, Audit, Counts, accuracy, audit

FAIRNESS = ["statistical_parity", "disparate_impact", "equality_of_opportunity_difference"]
#: What the figures depend on.
CODE = ("fairrun/gate", "fairrun/metrics")
PLACES = ["inside", "on the edge", "outside"]
#: The six terms of a whole gate.
DIFFERENCES = [
    "statistical_parity",
    "equality_of_opportunity_difference",
    "false_positive_rate_difference",
]
PERFORMANCE = ["accuracy", "precision"]
#: Rows of each value of a column in a whole gate.
ROWS_OF_GATES = 2000
#: How far the only term on the wrong side is outside: about three standard errors.
OUTSIDE = 0.036
#: No limit of these terms comes from replicates.
REPLICATES = 2
SETTINGS = ["all on the edge", "one on the edge", "one outside"]
#: The simulations of each part. Terms take about three minutes on one core.
SIMULATIONS = {"terms": 1000, "gates": 400, "unequal": 300}
#: With 60 rows, 1/30 are two expected selected rows.
SELECTED = [0.003, 0.01, 0.02, 1 / 30, 0.05, 0.1, 0.2, 0.5]


def shares(n_groups: int) -> NDArray[np.float64]:
    """Return the true shares of rows by group, label and prediction."""
    kind = np.arange(n_groups) % 2
    base, tpr, fpr = 0.3 - 0.1 * kind, 0.8 - 0.15 * kind, 0.12 - 0.07 * kind
    table = np.array([(1 - base) * (1 - fpr), (1 - base) * fpr, base * (1 - tpr), base * tpr])
    return table.T.reshape(n_groups, 2, 2) / n_groups


def terms(truth: NDArray[np.float64]) -> dict[str, list[str]]:
    """Return each term with three thresholds: true value inside, on the edge, and outside."""
    written = {}
    for name in FAIRNESS:
        metric = BIAS_METRICS[name]
        value = abs(float(metric.function(truth[:2])))
        if metric.kind == "ratio":
            value = min(value, 1 / value)
            written[name] = [f"{name}>={t!r}" for t in (0.9 * value, value, value / 0.9)]
        else:
            written[name] = [f"{name}<={t!r}" for t in (value + 0.05, value, value - 0.05)]
    of_all, lowest = float(accuracy(truth.sum(axis=0))), float(accuracy(truth).min())
    for name, where, value in (("accuracy", "", of_all), ("accuracy of each", " @ group", lowest)):
        written[name] = [f"accuracy>={t!r}{where}" for t in (value - 0.02, value, value + 0.02)]
    return written


def simulate(n_groups: int, n: int, simulations: int) -> dict[str, list[Counter[Verdict]]]:
    """Count the verdicts of each term at each threshold."""
    values = tuple(f"group {i}" for i in range(n_groups))
    columns = (ProtectedColumn("group", values, values[:1], values[1:]),)
    truth = shares(n_groups)
    gates = {name: [parse_gate(text) for text in texts] for name, texts in terms(truth).items()}
    verdicts = {name: [Counter[Verdict]() for _ in PLACES] for name in gates}
    rng = np.random.default_rng([n_groups, n])
    for _ in range(simulations):
        table = rng.multinomial(n * n_groups, truth.ravel()).reshape(truth.shape)
        counts = Counts(columns, np.concatenate([table, np.zeros((1, 2, 2), dtype=np.int64)]))
        audited = audit(counts, n_replicates=REPLICATES)
        for name, at in gates.items():
            for place, gate in enumerate(at):
                verdicts[name][place][
                    decide(gate, counts, audited, say_rows_needed=False).verdict
                ] += 1
    return verdicts


def exact_passes(truth: NDArray[np.float64], n: int) -> dict[str, float]:
    """Return how often terms on the edge pass for two groups of n rows each, in percent."""
    found = {}
    for name in FAIRNESS:
        metric = BIAS_METRICS[name]
        (rate,) = metric.rates[:1]
        sizes = np.round(rate.size(truth) * 2 * n).astype(int).tolist()
        counts, shares_of = zip(*map(possible, sizes, rate(truth)), strict=True)
        of_a, of_b = map(estimate, counts, sizes)
        kind = "disparate_impact" if metric.kind == "ratio" else "statistical_parity"
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = compare(kind, tuple(x[:, None] for x in of_a), of_b)
        value = abs(float(metric.function(truth)))
        least = min(value, 1 / value) if metric.kind == "ratio" else -value
        most = 1 / least if metric.kind == "ratio" else value
        passed = (low >= least - 1e-12) & (high <= most + 1e-12)
        found[name] = 100 * float(shares_of[0] @ passed @ shares_of[1])
    return found


def crossed(n_columns: int) -> NDArray[np.float64]:
    """Return the shares of rows by value of each column, label and prediction.

    The values of a column differ as two groups of `shares` do, divided by the number of columns, so
    that each column has the same true metrics.
    """
    kinds = shares(2) * 2
    cells = [kinds[list(values)].mean(axis=0) for values in product((0, 1), repeat=n_columns)]
    table: NDArray[np.float64] = np.array(cells).reshape(*(2,) * n_columns, 2, 2)
    return table / 2**n_columns


def gates(truth: NDArray[np.float64]) -> dict[str, str]:
    """Return the gates of six terms by setting."""
    n_columns = truth.ndim - 2
    of_first = truth.sum(axis=tuple(range(1, n_columns)))
    of_all = of_first.sum(axis=0)
    edges = {name: abs(float(BIAS_METRICS[name].function(of_first))) for name in DIFFERENCES}
    ratio = float(BIAS_METRICS["disparate_impact"].function(of_first))
    ratio = min(ratio, 1 / ratio)
    levels = {name: float(PERFORMANCE_METRICS[name](of_all)) for name in PERFORMANCE}

    def text(first: float, inside: float) -> str:
        """Write a gate; `inside` is the slack of all terms but the first."""
        found = [f"{name}<={value + inside!r}" for name, value in edges.items()]
        found[0] = f"{DIFFERENCES[0]}<={edges[DIFFERENCES[0]] - first!r}"
        found.append(f"disparate_impact>={ratio / (1 + 4 * inside)!r}")
        return "; ".join(found + [f"{name}>={at - inside!r}" for name, at in levels.items()])

    return dict(zip(SETTINGS, (text(0, 0), text(0, 0.2), text(OUTSIDE, 0.2)), strict=True))


def audit_columns(counts: Counts) -> Audit:
    """Audit each column alone: no term is about a crossing, and crossings take most of the time."""
    audits = [
        audit(counts.marginal(column.name), n_replicates=REPLICATES) for column in counts.columns
    ]
    joined = {name: pd.concat([each.tables[name] for each in audits]) for name in audits[0].tables}
    # Each audit has the rates of all rows, which a gate needs once.
    rates = audits[0].rates
    joined["rates"] = pd.concat([rates, *(a.rates[a.rates["protected"] != ""] for a in audits[1:])])
    return Audit(**joined)


def simulate_gates(n_columns: int, simulations: int) -> dict[tuple[str, str], Counter[Verdict]]:
    """Count the verdicts of each gate, by setting and family."""
    names = ("first", "second", "third")[:n_columns]
    columns = tuple(ProtectedColumn(name, ("a", "b"), ("a",), ("b",)) for name in names)
    truth = crossed(n_columns)
    texts = gates(truth)
    parsed = {
        (setting, family): parse_gate(f"{text}; family={family}")
        for setting, text in texts.items()
        for family in ("none", "holm")
    }
    verdicts = {key: Counter[Verdict]() for key in parsed}
    rng = np.random.default_rng([n_columns, ROWS_OF_GATES])
    for _ in range(simulations):
        table = rng.multinomial(2 * ROWS_OF_GATES, truth.ravel()).reshape(truth.shape)
        # No row has a missing value.
        counts = Counts(columns, np.pad(table, [(0, 1)] * n_columns + [(0, 0)] * 2))
        audited = audit_columns(counts)
        for key, gate in parsed.items():
            verdicts[key][decide(gate, counts, audited, say_rows_needed=False).verdict] += 1
    return verdicts


def simulate_unequal(rate: float, simulations: int) -> Counter[Verdict]:
    """Count the verdicts on equal selection rates in groups of very different size."""
    columns = (ProtectedColumn("group", ("a", "b"), ("a",), ("b",)),)
    gate = parse_gate("disparate_impact>=0.8")
    # As in a model that is right for three of four selected rows.
    cells = np.array([1 - 1.25 * rate, 0.25 * rate, 0.25 * rate, 0.75 * rate])
    verdicts = Counter[Verdict]()
    rng = np.random.default_rng([round(1000 * rate), 60])
    for _ in range(simulations):
        table = [rng.multinomial(n, cells).reshape(2, 2) for n in (5000, 60)]
        counts = Counts(columns, np.array([*table, np.zeros((2, 2), dtype=np.int64)]))
        verdicts[decide(gate, counts, audit(counts, n_replicates=REPLICATES)).verdict] += 1
    return verdicts


def percentages(counted: Counter[Verdict], simulations: int) -> dict[str, object]:
    """Return the percentage of each verdict."""
    return {verdict.value: 100 * counted[verdict] / simulations for verdict in Verdict}


def run_gates(simulations: int) -> list[dict[str, object]]:
    """Return and print the rows of the part `gates`."""
    rows: list[dict[str, object]] = []
    for n_columns in (1, 2, 3):
        for (setting, family), counted in simulate_gates(n_columns, simulations).items():
            of = {"columns": n_columns, "family": family, "setting": setting}
            rows.append(of | percentages(counted, simulations))
            print(rows[-1], flush=True)
    return rows


def run_unequal(simulations: int) -> list[dict[str, object]]:
    """Return and print the rows of the part `unequal`."""
    rows: list[dict[str, object]] = []
    for rate in SELECTED:
        rows.append({"rate": rate} | percentages(simulate_unequal(rate, simulations), simulations))
        print(rows[-1], flush=True)
    return rows


def run_terms(
    all_groups: list[int], all_rows: list[int], simulations: int, jobs: int
) -> list[dict[str, object]]:
    """Return and print the rows of the part `terms`."""
    cells_of = list(product(all_groups, all_rows))
    rows: list[dict[str, object]] = []
    print("| groups | rows a group | term | " + " | ".join(PLACES) + " |")
    print("|---" * (3 + len(PLACES)) + "|")
    with ProcessPoolExecutor(jobs) as pool:
        all_verdicts = pool.map(simulate, *zip(*cells_of, strict=True), repeat(simulations))
        for (n_groups, n), verdicts in zip(cells_of, all_verdicts, strict=True):
            exact = exact_passes(shares(2), n) if n_groups == 2 else {}
            for name, at in verdicts.items():
                found = [percentages(counted, simulations) for counted in at]
                for place, percent in zip(PLACES, found, strict=True):
                    of = {"groups": n_groups, "rows": n, "term": name, "true_value": place}
                    rows.append(of | percent)
                    if place == "on the edge" and name in exact:
                        rows[-1]["exact_pass"] = exact[name]
                order = (Verdict.PASS, Verdict.INSUFFICIENT_EVIDENCE, Verdict.FAIL)
                cells = [" / ".join(f"{each[v]:.1f}" for v in order) for each in found]
                print(f"| {n_groups} | {n:,} | {name} | " + " | ".join(cells) + " |", flush=True)
    return rows


def main() -> None:
    """Print the tables of docs/gate.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=list(SIMULATIONS), default=list(SIMULATIONS))
    parser.add_argument(
        "--simulations", type=int, help="by default 1000 for terms, 400 for gates, 300 for unequal"
    )
    parser.add_argument("--groups", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--jobs", type=int, default=1, help="processes of the part terms")
    add_save(parser)
    arguments = parser.parse_args()
    for part in arguments.part:
        n = arguments.simulations or SIMULATIONS[part]
        measurement = Measurement(CODE)
        if part == "terms":
            name, rows = (
                "gate_errors",
                run_terms(arguments.groups, arguments.rows, n, arguments.jobs),
            )
        elif part == "gates":
            name, rows = "gate_errors_whole", run_gates(n)
        else:
            name, rows = "gate_errors_unequal", run_unequal(n)
        if arguments.save:
            measurement.save(name, rows, simulations=n)


if __name__ == "__main__":
    main()
