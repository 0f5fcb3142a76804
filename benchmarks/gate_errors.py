"""Simulated error rates of a gate.

    python benchmarks/gate_errors.py [--simulations 1000] [--groups 2 5] [--rows 500 5000] [--save]

The program draws tables from known rates, with the same expected number of rows in every group. The
groups alternate between two sets of rates, so with five groups six pairs have the largest
difference. Each term of the gate is judged with three thresholds, which put the true value inside
the allowed range, exactly on its edge, and outside. The table shows how often the verdict is pass,
insufficient evidence and fail. Inside the range, fail is an error. Outside, pass is an error. On
the edge, both are errors.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.gate import Verdict, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, Counts, accuracy, audit

FAIRNESS = ["statistical_parity", "disparate_impact", "equality_of_opportunity_difference"]
#: What the figures depend on.
CODE = ("fairrun/gate", "fairrun/metrics")
PLACES = ["inside", "on the edge", "outside"]


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
    for simulation in range(simulations):
        table = rng.multinomial(n * n_groups, truth.ravel()).reshape(truth.shape)
        counts = Counts(columns, np.concatenate([table, np.zeros((1, 2, 2), dtype=np.int64)]))
        audited = audit(counts, seed=2 * simulation)
        for name, at in gates.items():
            for place, gate in enumerate(at):
                verdicts[name][place][decide(gate, counts, audited).verdict] += 1
    return verdicts


def main() -> None:
    """Print the table of docs/gate.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--groups", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 5000])
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    rows: list[dict[str, object]] = []
    print("| groups | rows a group | term | " + " | ".join(PLACES) + " |")
    print("|---" * (3 + len(PLACES)) + "|")
    for n_groups in arguments.groups:
        for n in arguments.rows:
            found = simulate(n_groups, n, arguments.simulations)
            for name, at in found.items():
                for place, counted in zip(PLACES, at, strict=True):
                    percent = {v.value: 100 * counted[v] / arguments.simulations for v in Verdict}
                    of = {"groups": n_groups, "rows": n, "term": name, "true_value": place}
                    rows.append(of | percent)
                cells = [
                    " / ".join(
                        f"{100 * counted[verdict] / arguments.simulations:.1f}"
                        for verdict in (Verdict.PASS, Verdict.INSUFFICIENT_EVIDENCE, Verdict.FAIL)
                    )
                    for counted in at
                ]
                print(f"| {n_groups} | {n:,} | {name} | " + " | ".join(cells) + " |", flush=True)
    if arguments.save:
        measurement.save("gate_errors", rows, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
