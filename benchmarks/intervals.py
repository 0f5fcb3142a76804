"""The time for counts, metrics and intervals, compared with numpy, a row bootstrap and fairlearn.

    python benchmarks/intervals.py [--rows 1000000] [--repeats 7] [--bootstrap 2000] [--save]

Everything runs in one process. The compared sides take turns, repeat after repeat, so a change of
the machine's speed affects both. The times are medians, except that fairlearn runs once. The rows
have two protected columns with two and five values, a label and a prediction. The first table shows
the times of:

- `Counts.from_arrays`, compared with `numpy.bincount` over the same arrays: once including the
  computation of each row's cell without checks, and once with the cells given;
- all label metrics of all one- and two-way groups, with and without 2,000 replicates;
- eight rates of the crossing by fairlearn's MetricFrame, without intervals.

The second table compares the limits from 2,000 multinomial tables with the limits of a row
bootstrap, which draws rows with replacement and counts them again. Differences are in standard
errors. The difference between two row bootstraps with different seeds is shown for comparison.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, Counts, audit, group_a_and_b

#: What the figures depend on.
CODE = ("fairrun/metrics",)

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACES = ("White", "Black", "Asian", "Indigenous", "Other")
RACE = ProtectedColumn("race", RACES, RACES[:1], RACES[1:])
COLUMNS = (SEX, RACE)


class Rows(NamedTuple):
    """Rows as arrays: the codes of two protected columns, labels and predictions."""

    sex: NDArray[np.int8]
    race: NDArray[np.int8]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]


def draw_rows(n: int, seed: int = 0) -> Rows:
    """Draw rows with the shares of the census; some rows have no protected value."""
    rng = np.random.default_rng(seed)
    sex = rng.choice([0, 1, -1], size=n, p=[0.66, 0.33, 0.01]).astype(np.int8)
    race = rng.choice([0, 1, 2, 3, 4, -1], size=n, p=[0.85, 0.09, 0.03, 0.01, 0.01, 0.01])
    y_true = rng.random(n) < np.where(sex == 0, 0.30, 0.11)
    y_pred = rng.random(n) < np.where(y_true, 0.60, np.where(sex == 0, 0.10, 0.03))
    return Rows(sex, race.astype(np.int8), y_true.astype(np.int64), y_pred.astype(np.int64))


def times(sides: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median milliseconds of each side; the sides take turns."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats + 1):
        for name, run in sides.items():
            started = time.perf_counter()
            run()
            if repeat:  # The first repeat is a warm-up and is not counted.
                taken[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in taken.items()}


def show_times(rows: Rows, repeats: int) -> dict[str, float]:
    """Print and return the times of all sides in milliseconds."""
    import pandas as pd
    from fairlearn import metrics as fairlearn
    from sklearn.metrics import accuracy_score, precision_score

    sex, race, y_true, y_pred = (column.astype(np.int64) for column in rows)
    cell = (((sex + 1) * 6 + race + 1) * 2 + y_true) * 2 + y_pred
    counts = Counts.from_arrays(COLUMNS, rows[:2], rows.y_true, rows.y_pred)
    rates = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "false_negative_rate": fairlearn.false_negative_rate,
        "true_negative_rate": fairlearn.true_negative_rate,
        "accuracy": accuracy_score,
        "precision": lambda y, p: precision_score(y, p, zero_division=0.0),
        "count": fairlearn.count,
    }
    groups = pd.DataFrame({"sex": rows.sex, "race": rows.race})
    fast = times(
        {
            "bincount, cells given": lambda: np.bincount(cell, minlength=72),
            "bincount, cells made": lambda: np.bincount(
                (((rows.sex + 1) * 6 + rows.race + 1) * 2 + rows.y_true) * 2 + rows.y_pred,
                minlength=72,
            ),
            "Counts.from_arrays": lambda: Counts.from_arrays(COLUMNS, rows[:2], *rows[2:]),
        },
        3 * repeats,
    )
    audited = times({"audit, 2,000 replicates": lambda: audit(counts)}, repeats)
    started = time.perf_counter()
    frame = fairlearn.MetricFrame(
        metrics=rates, y_true=rows.y_true, y_pred=rows.y_pred, sensitive_features=groups
    )
    print(f"{len(frame.by_group)} groups in fairlearn's frame")
    peer = {"fairlearn MetricFrame, once": 1000 * (time.perf_counter() - started)}
    print(f"{len(rows.y_true):,} rows")
    for name, milliseconds in (fast | audited | peer).items():
        print(f"  {name:28} {milliseconds:10.1f} ms")
    for name in ("bincount, cells given", "bincount, cells made"):
        print(f"  from_arrays / {name}: {fast['Counts.from_arrays'] / fast[name]:.1f}")
    return fast | audited | peer


def bootstrap(rows: Rows, replicates: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return the 95 % limits of the metrics of sex by a bootstrap of the rows."""
    rng = np.random.default_rng(seed)
    grouping = group_a_and_b(COLUMNS, "sex")
    n = len(rows.y_true)
    tables = []
    for _ in range(replicates):
        places = rng.integers(0, n, size=n)
        drawn = Rows(*(column[places] for column in rows))
        counted = Counts.from_arrays(COLUMNS, drawn[:2], drawn.y_true, drawn.y_pred)
        tables.append(counted.grouped(grouping))
    stack = np.array(tables)
    return {
        name: np.quantile(metric.function(stack), [0.025, 0.975])
        for name, metric in BIAS_METRICS.items()
        if metric.signed
    }


def show_agreement(rows: Rows, replicates: int) -> list[dict[str, object]]:
    """Print and return the limits of both methods and their differences."""
    found: list[dict[str, object]] = []
    counts = Counts.from_arrays(COLUMNS, rows[:2], rows.y_true, rows.y_pred)
    ours = audit(counts, n_replicates=replicates).compared.query("protected == 'sex'")
    ours = ours.set_index("metric")
    started = time.perf_counter()
    one = bootstrap(rows, replicates, seed=1)
    seconds = time.perf_counter() - started
    other = bootstrap(rows, replicates, seed=2)
    print(f"\n{len(rows.y_true):,} rows, {replicates:,} replicates ({seconds:.1f} s by rows)")
    print(f"  {'':36}{'tables':>20}{'rows':>20}{'apart':>8}{'rows, rows':>12}")
    for name, limits in one.items():
        ci = ours.loc[name, ["ci_low", "ci_high"]].to_numpy(dtype=float)
        error = np.ptp(limits) / 3.92
        apart, noise = (np.abs(x - limits).max() / error for x in (ci, other[name]))
        shown = [f"{low:.4f} … {high:.4f}" for low, high in (ci, limits)]
        print(f"  {name:36}{shown[0]:>20}{shown[1]:>20}{apart:8.2f}{noise:12.2f}")
        found.append(
            {
                "metric": name,
                "tables_low": ci[0],
                "tables_high": ci[1],
                "rows_low": limits[0],
                "rows_high": limits[1],
                "apart": apart,
                "apart_of_two_row_bootstraps": noise,
            }
        )
    return found


def main() -> None:
    """Print the tables of docs/metrics.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--bootstrap", type=int, default=2000, help="replicates of the rows")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE, packages=["fairlearn"])
    taken = show_times(draw_rows(arguments.rows), arguments.repeats)
    found = show_agreement(draw_rows(10_000), arguments.bootstrap)
    if arguments.save:
        rows = [{"what": name, "milliseconds": value} for name, value in taken.items()]
        measurement.save("intervals", rows, n_rows=arguments.rows)
        measurement.save("intervals_agreement", found, replicates=arguments.bootstrap)


if __name__ == "__main__":
    main()
