"""How often a check is decided with the number of rows that it was said to need.

    python benchmarks/rows_needed.py [--simulations 1000] [--only NAME] [--save]

Each case is a check with insufficient evidence. `decide` says how many rows of each group would
decide it with a probability of 0.8, if the true value is the measured one and if it is halfway
between the limit and the best value. The benchmark then draws that many rows again and again from
these true values, counts them, and asks `decide` for the verdict. The share of samples that are
decided should be 0.8. With 1,000 samples, its standard error is 0.013.

The weights are 1 or 3, alike in all groups. Clusters are households of four people, of whom half
share their label and prediction.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.gate import Verdict, decide, parse_gate
from fairrun.gate.power import shares_at
from fairrun.gate.rows_needed import case_of
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Audit, ClusterTables, Counts, WeightedCounts, audit, values_of

#: What the figures depend on.
CODE = (
    "fairrun/gate/needed.py",
    "fairrun/gate/power.py",
    "fairrun/gate/rows_needed.py",
    "fairrun/gate/verdicts.py",
    "fairrun/metrics/audit.py",
    "fairrun/metrics/counted.py",
    "fairrun/metrics/linearised.py",
    "fairrun/metrics/clustered.py",
)
#: Samples of weighted or clustered rows take longer to audit.
FEWER = 2


@dataclass(frozen=True)
class Case:
    """A check: its gate, and the rows and rates of each group (base, true and false positives)."""

    name: str
    gate: str
    rows: tuple[int, ...]
    rates: tuple[tuple[float, float, float], ...]
    kind: str = "counts"


SAME = (0.4, 0.7, 0.1)
CASES = (
    Case("difference", "statistical_parity<=0.1", (900, 400), (SAME, (0.3, 0.7, 0.1))),
    Case("difference, failing", "statistical_parity<=0.1", (900, 400), (SAME, (0.22, 0.65, 0.1))),
    Case("ratio", "disparate_impact>=0.8", (900, 400), (SAME, (0.36, 0.7, 0.1))),
    Case("ratio, failing", "disparate_impact>=0.8", (900, 400), (SAME, (0.24, 0.65, 0.1))),
    Case("ratio of rare outcomes", "disparate_impact>=0.8", (900, 400), ((0.03, 0.6, 0.01),) * 2),
    Case(
        *("true positive rates", "equality_of_opportunity_difference<=0.1", (900, 400)),
        ((0.4, 0.7, 0.1), (0.3, 0.66, 0.1)),
    ),
    Case(
        *("average odds", "average_odds_difference<=0.1", (300, 200)),
        ((0.4, 0.7, 0.1), (0.3, 0.66, 0.1)),
    ),
    Case("accuracy of all", "accuracy>=0.8", (300, 200), ((0.4, 0.7, 0.1), (0.3, 0.75, 0.1))),
    Case("F1 of all", "f1>=0.72", (300, 200), ((0.4, 0.7, 0.1), (0.3, 0.75, 0.1))),
    Case("accuracy of each", "accuracy>=0.8 @ group", (200, 200), ((0.4, 0.7, 0.1),) * 2),
    Case(
        *("worst of four", "statistical_parity<=0.1", (900, 500, 400, 300)),
        ((0.4, 0.7, 0.1), (0.38, 0.7, 0.1), (0.36, 0.7, 0.1), (0.33, 0.7, 0.1)),
    ),
    Case(
        *("worst of four, failing", "disparate_impact>=0.8", (900, 500, 400, 300)),
        ((0.4, 0.7, 0.1), (0.38, 0.7, 0.1), (0.36, 0.7, 0.1), (0.24, 0.65, 0.1)),
    ),
    Case("weights", "statistical_parity<=0.1", (600, 400), (SAME, (0.33, 0.7, 0.1)), "weights"),
    Case("clusters", "statistical_parity<=0.1", (600, 400), (SAME, (0.34, 0.7, 0.1)), "clusters"),
    Case("family of three", "", (900, 400), (SAME, (0.22, 0.65, 0.1))),
)
FAMILY = "statistical_parity<=0.1; accuracy>=0.5; disparate_impact>=0.3; family=holm"


def shares_of(rates: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    """Return the share of each group's rows by label and prediction."""
    base, true, false = np.array(rates).T
    cells = [(1 - base) * (1 - false), (1 - base) * false, base * (1 - true), base * true]
    return np.stack(cells, axis=1).reshape(-1, 2, 2)


def counted(
    case: Case, tables: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Counts | WeightedCounts, Audit]:
    """Return the counts of rows with these tables, and their audit with few replicates."""
    values = tuple(f"group {i}" for i in range(len(tables)))
    column = ProtectedColumn("group", values, values[:1], values[1:])
    if case.kind == "counts":
        counts = Counts((column,), np.concatenate([tables, np.zeros((1, 2, 2), dtype=np.int64)]))
        return counts, audit(counts, n_replicates=20)
    cells = np.repeat(np.arange(tables.size), tables.ravel())
    group, label, prediction = cells // 4, cells // 2 % 2, cells % 2
    if case.kind == "weights":
        weight = rng.choice([1.0, 3.0], len(cells))
        weighted = WeightedCounts.from_arrays([column], [group], label, prediction, weight)
        return weighted, audit(weighted, n_replicates=20)
    # Four rows of a group are a household. In each, the second row repeats the first.
    order = np.lexsort([rng.random(len(cells)), group])
    label, prediction = label[order], prediction[order]
    places = np.arange(len(cells) // 4 * 4).reshape(-1, 4)
    label[places[:, 1]], prediction[places[:, 1]] = label[places[:, 0]], prediction[places[:, 0]]
    household = np.arange(len(cells)) // 4
    arrays = ([column], [group], label, prediction)
    counts = Counts.from_arrays(*arrays)
    return counts, audit(
        counts, n_replicates=400, clusters=ClusterTables.from_arrays(*arrays, household)
    )


def simulate(case: Case, simulations: int) -> list[dict[str, object]]:
    """Return the rows that are said to be needed, and how often they decide."""
    rng = np.random.default_rng(len(case.name) + sum(case.rows))
    gate, shares = parse_gate(case.gate or FAMILY), shares_of(case.rates)
    tables = np.rint(shares * np.array(case.rows)[:, None, None]).astype(np.int64)
    counts, audited = counted(case, tables, rng)
    undecided = [
        each
        for each in decide(gate, counts, audited).judgements
        if each.verdict is Verdict.INSUFFICIENT_EVIDENCE
    ]
    if not undecided:
        raise SystemExit(f"{case.name} is decided already")
    (first, *_), n = undecided, simulations if case.kind == "counts" else simulations // FEWER
    of_groups = values_of(counts.columns, "group")
    measured = counts.tables_of(of_groups).astype(float)  # weights and clusters change the rates
    measured /= measured.sum(axis=(1, 2), keepdims=True)
    found: list[dict[str, object]] = []
    if first.needed is None:
        raise SystemExit(f"{case.name}: nothing is said")
    for answer in first.needed.answers:
        truth, times = measured.copy(), answer.times
        if answer.assumed != "as measured":
            if not first.protected:
                continue  # the rates of the groups do not follow from the value of all rows
            about = case_of(first, first.needed.groups, counts, of_groups, audited, gate)
            truth[[int(name.split()[1]) for name in about.groups]] = shares_at(about, answer.value)
        decided = 0
        for _ in range(n):
            drawn = np.stack(
                [
                    rng.multinomial(max(round(times * rows), 1), share.ravel()).reshape(2, 2)
                    for rows, share in zip(case.rows, truth, strict=True)
                ]
            )
            result = decide(gate, *counted(case, drawn, rng), say_rows_needed=False)
            decided += next(
                each.verdict is answer.verdict
                for each in result.judgements
                if each.term == first.term
                and (len(undecided) == 1 or first.group_b or each.group_a == first.group_a)
            )
        found.append(
            {
                "case": case.name,
                "gate": str(first.term),
                "assumed": answer.assumed,
                "value": answer.value,
                "verdict": str(answer.verdict),
                "rows": [*answer.rows],
                "decided": decided / n,
                "samples": n,
            }
        )
    return found


def main() -> None:
    """Print the table of docs/rows_needed.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--only", default="", help="only cases with this in their name")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    rows: list[dict[str, object]] = []
    for case in CASES:
        if arguments.only in case.name:
            for row in simulate(case, arguments.simulations):
                rows.append(row)
                print("| " + " | ".join(map(str, row.values())) + " |", flush=True)
    if arguments.save:
        measurement.save("rows_needed", rows, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
