"""False discoveries, missed intervals and power of the search for subgroups, and its time.

    python benchmarks/subgroups.py [--simulations 500] [--save]

The program draws rows with eight columns, of which sex and region are independent of the others.
Six columns depend on each other, so that the tests of their subgroups do, too. In some cases
nothing differs. In others, women of the south are selected less often. Each case counts

- the false discovery rate: the mean share of confirmed subgroups that are no different, where a
  run without confirmed subgroups counts as 0,
- the mean share of confirmed subgroups whose interval misses the true difference,
- how often exactly the planted subgroup is confirmed.

A subgroup without a condition on sex or region is no different. --time measures the search of
50,000 rows with 15 columns instead.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from _results import Measurement, add_save

from fairrun.metrics import SubgroupScan, scan_subgroups

Row = dict[str, object]
#: What the figures depend on.
CODE = ("fairrun/metrics",)
PLANTED = "sex = Female and region = south"
_SHARES = {"sex": {"Female": 0.5, "Male": 0.5}}
_SHARES["region"] = {"north": 0.5, "south": 0.3, "west": 0.2}


@dataclass(frozen=True)
class Case:
    """Rows to draw, and how they are searched.

    Attributes
    ----------
    name : str
        What is special about the rows.
    n : int
        The number of rows.
    depth : int
        The largest number of conditions.
    lower : float
        By how much the rate of the planted subgroup is lower; 0 plants none.
    rate : float
        The rate of everybody else.
    labels : bool
        Whether there are labels, so that four rates are compared.
    weights : str
        "", "gamma", or "selected" if selected rows weigh five times as much.
    cluster : int
        The rows of a cluster.
    """

    name: str
    n: int = 4000
    depth: int = 2
    lower: float = 0.0
    rate: float = 0.5
    labels: bool = False
    weights: str = ""
    cluster: int = 1


CASES = (
    Case("nothing differs"),
    Case("nothing differs", depth=3),
    Case("nothing differs", n=1000),
    Case("nothing differs, 5 % are selected", rate=0.05),
    Case("nothing differs, with labels", labels=True),
    Case("nothing differs, weights", weights="gamma"),
    Case("nothing differs, selected rows weigh 5 times", weights="selected"),
    Case("nothing differs, clusters of 5", cluster=5),
    Case("one subgroup", lower=0.05),
    Case("one subgroup", lower=0.1),
    Case("one subgroup", lower=0.1, depth=3),
    Case("one subgroup", lower=0.2),
    Case("one subgroup", lower=0.1, n=20_000),
    Case("one subgroup, with labels", lower=0.2, labels=True),
    Case("one subgroup, weights", lower=0.2, weights="gamma"),
    Case("one subgroup, clusters of 5", lower=0.2, cluster=5),
)


def draw(case: Case, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw the rows of a case: the columns, and the outcomes, weights and clusters."""
    n = case.n // case.cluster  # the rows of a cluster share everything but their own chance
    common = rng.normal(size=(n, 1))
    noise = 0.7 * common + 0.7 * rng.normal(size=(n, 4))
    shares = {name: (list(of), list(of.values())) for name, of in _SHARES.items()}
    frame = pd.DataFrame(
        {name: rng.choice(values, n, p=p) for name, (values, p) in shares.items()}
        | {f"x{i}": noise[:, i] for i in range(4)}
        | {"job": np.digitize(noise[:, 0] + rng.normal(size=n), [-1, -0.3, 0.3, 1]).astype(str)}
        | {"degree": noise[:, 1] + rng.normal(size=n) > 0}
    )
    of_cluster = rng.normal(0, 0.15, n) if case.cluster > 1 else np.zeros(n)
    planted = ((frame["sex"] == "Female") & (frame["region"] == "south")).to_numpy()
    chance = np.clip(np.where(planted, case.rate - case.lower, case.rate) + of_cluster, 0, 1)
    cluster = np.repeat(np.arange(n), case.cluster)
    frame, chance = frame.iloc[cluster].reset_index(drop=True), chance[cluster]
    selected = (rng.random(len(frame)) < chance).astype(int)
    more: dict[str, Any] = {"y_pred": selected, "y_true": None}
    if case.labels:
        # With equal shares of both labels, the error rates differ as the selection rate does.
        more["y_true"] = rng.integers(0, 2, len(frame))
    if case.cluster > 1:
        more["cluster"] = cluster
    if case.weights:
        weight = rng.gamma(3.2, size=len(frame))
        heavier = 5.0 if case.weights == "selected" else 1.0
        more["weight"] = weight * np.where(selected == 1, heavier, 1.0)
    return frame, more


def true_difference(case: Case, row: pd.Series, n_rows: int) -> float:
    """Return the true difference of the selection rate between a subgroup and all other rows."""
    share_of_planted = 1.0
    for name, of in _SHARES.items():
        value = dict(part.split(" = ") for part in row["group_a"].split(" and ") if " = " in part)
        needed = {"sex": "Female", "region": "south"}[name]
        if name in value:
            share_of_planted *= float(value[name] == needed)
        else:
            share_of_planted *= of[needed]
    everybody = case.rate - case.lower * _SHARES["sex"]["Female"] * _SHARES["region"]["south"]
    own = case.rate - case.lower * share_of_planted
    share = float(row["n_search"] + row["n"]) / n_rows
    return own - (everybody - share * own) / (1 - share)


def is_different(case: Case, scan: SubgroupScan) -> pd.Series:
    """Return whether each tested subgroup has a condition on a column that matters."""
    of_columns = scan.table["protected"].str.split(":")
    matters = of_columns.map(lambda names: bool({"sex", "region"} & {*names}))
    accuracies = scan.table["metric"] == "accuracy"
    # Labels are independent of everything, so the accuracy is 1/2 everywhere.
    return matters & ~accuracies & (case.lower > 0)


def simulate(case: Case, simulations: int) -> Row:
    """Return the figures of a case, in percent."""
    false, missed, found, n_any, n_tested = [], [], 0, 0, 0
    for seed in range(simulations):
        rng = np.random.default_rng([seed, case.n, round(1000 * case.lower), case.depth])
        frame, more = draw(case, rng)
        y_true, y_pred = more.pop("y_true"), more.pop("y_pred")
        scan = scan_subgroups(frame, y_true, y_pred, depth=case.depth, seed=seed, **more)
        confirmed = scan.table["confirmed"]
        n_tested += len(scan.table)
        n_any += bool(confirmed.any())
        false.append((confirmed & ~is_different(case, scan)).sum() / max(confirmed.sum(), 1))
        found += PLANTED in scan.table.loc[confirmed, "group_a"].tolist()
        # The true selection rate among selected rows of other weights is another one.
        if not case.labels and case.weights != "selected":
            rows = [row for _, row in scan.table[confirmed].iterrows()]
            true = [true_difference(case, row, len(frame)) for row in rows]
            out = [
                not row["ci_low"] <= t <= row["ci_high"] for row, t in zip(rows, true, strict=True)
            ]
            missed.append(np.sum(out) / max(len(out), 1))
    return {
        "case": case.name,
        "rows": case.n,
        "depth": case.depth,
        "lower": case.lower,
        "tested": n_tested / simulations,
        "any": 100 * n_any / simulations,
        "false": 100 * float(np.mean(false)),
        "missed": 100 * float(np.mean(missed)) if missed else None,
        "found": 100 * found / simulations if case.lower else None,
    }


def show(simulations: int) -> list[Row]:
    """Print and return the figures of all cases."""
    found = []
    for case in CASES:
        row = simulate(case, simulations if case.n <= 4000 else simulations // 4)
        found.append(row)
        print(", ".join(f"{k} {v:.1f}" if isinstance(v, float) else str(v) for k, v in row.items()))
    return found


def show_time() -> list[Row]:
    """Print and return the seconds of a search of 50,000 rows with 15 columns."""
    rng = np.random.default_rng(0)
    n = 50_000
    frame = pd.DataFrame(rng.normal(size=(n, 8))).add_prefix("x")
    for i in range(7):
        frame[f"c{i}"] = rng.integers(0, 3 + 2 * i, n).astype(str)
    y_true, y_pred = rng.integers(0, 2, (2, n))
    found: list[Row] = []
    for weighted in (False, True):
        weight = rng.gamma(3.2, size=n) if weighted else None
        for depth in (1, 2, 3):
            start = time.perf_counter()
            scan = scan_subgroups(frame, y_true, y_pred, depth=depth, weight=weight)
            took = time.perf_counter() - start
            each = {"depth": depth, "weighted": weighted, "compared": scan.n_compared}
            found.append(each | {"seconds": took})
            print(found[-1])
    return found


def main() -> None:
    """Print the tables of docs/subgroups.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--time", action="store_true")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    if arguments.time:
        name, found, more = "subgroups_time", show_time(), {}
    else:
        name, found = "subgroups", show(arguments.simulations)
        more = {"simulations": arguments.simulations}
    if arguments.save:
        measurement.save(name, found, **more)


if __name__ == "__main__":
    main()
