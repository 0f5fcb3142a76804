"""Whether post-processors keep the tolerance that they state, and never do harm.

    python benchmarks/thresholds_hold.py [--simulations 60] [--jobs 2] [--save]
    python benchmarks/thresholds_hold.py --fits 20 --adult PATH [--save]
    python benchmarks/thresholds_hold.py --refits 200 [--save]

Without --fits, the program draws scores and labels from known populations: 10 to 5,000 rows a group
and 2 to 10 groups, with equal and with different rates. The search of group thresholds runs on them
with each constraint, and the true rates at its thresholds are integrals of the population. The
table shows the mean true gap without mitigation and with it, how often the constraint truly holds,
how often the search says that it is shown to hold, and how often it then truly does.

With --fits, it fits whole models on random rows of the census data, and of Adult with --adult. The
rates on all other rows count as the truth.

With --refits, it fits boosted trees and logistic regressions on 2,000 new rows each time from a
population that is known (`_threshold_refits.py`). It counts how often the search and the verdict on
1,000 validation rows say that the constraint holds, and how often this is wrong.
"""

from __future__ import annotations

import argparse
import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from _results import Measurement, add_save
from _threshold_cases import TOLERANCE, Case, cases, gap
from _threshold_fits import CELLS, fit_cell
from _threshold_refits import refit

from fairrun.training.mitigation.threshold_constraints import CONSTRAINTS
from fairrun.training.mitigation.threshold_search import search_thresholds

CODE = (
    "benchmarks/_threshold_cases.py",
    "benchmarks/_threshold_fits.py",
    "fairrun/training/mitigation",
)
_SEARCH = ("base", "constraints", "margins", "moves", "rule", "search", "steps", "windows")
#: What the figures of refits depend on.
CODE_OF_REFITS = (
    "benchmarks/_threshold_refits.py",
    "fairrun/gate/probability.py",
    "fairrun/training/estimators.py",
    "fairrun/training/recipe.py",
    *(f"fairrun/training/mitigation/threshold_{name}.py" for name in _SEARCH),
)


def simulate(case: Case, constraint: str, n_simulations: int, seed: int) -> dict[str, Any]:
    """Search thresholds on many draws from a case, and return a row of the table."""
    asked, tolerance = CONSTRAINTS[constraint], TOLERANCE[constraint]
    n_groups, truth = len(case.sizes), case.population
    gaps = np.empty(n_simulations)
    shown, apart = np.zeros((2, n_simulations), dtype=bool)
    for number in range(n_simulations):
        rows = truth.draw(case.sizes, np.random.default_rng([seed, number]))
        found = search_thresholds(
            *rows,
            n_groups,
            constraint=constraint,
            tolerance=tolerance,
            objective="accuracy",
            confidence=0.95,
        )
        gaps[number] = gap(truth.rates(found.thresholds, asked.rates), asked.ratio)
        shown[number], apart[number] = found.shown, not found.one
    none = gap(truth.rates(np.zeros(n_groups), asked.rates), asked.ratio)
    error = gaps.std(ddof=1) / math.sqrt(n_simulations)
    holds = gaps <= tolerance + 1e-9
    return {
        "constraint": constraint,
        "case": case.name,
        "groups": n_groups,
        "rows": ", ".join(map(str, dict.fromkeys(case.sizes))),
        "gap_none": none,
        "gap": gaps.mean(),
        "error": error,
        "worse": bool(gaps.mean() > none + 2 * error + 1e-9),
        "holds": holds.mean(),
        "n_shown": int(shown.sum()),
        "shown": shown.mean(),
        "holds_if_shown": holds[shown].mean() if shown.any() else None,
        "reads_group": apart.mean(),
    }


def simulated(n_simulations: int, jobs: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each case and constraint."""
    work = [
        (case, constraint, n_simulations, seed)
        for seed, case in enumerate(cases())
        for constraint in CONSTRAINTS
    ]
    with ProcessPoolExecutor(jobs, initializer=be_quiet) as pool:
        yield from pool.map(simulate, *zip(*work, strict=True))


def be_quiet() -> None:
    """Leave out the lines of each search."""
    logging.getLogger("fairrun").setLevel(logging.ERROR)


def fitted(n_fits: int, adult: str | None, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of whole fits; a cell ends early if its time is over."""
    for cell in CELLS:
        if cell.data == "adult" and adult is None:
            continue
        yield from fit_cell(cell, n_fits, adult, time.monotonic() + seconds)


def show(row: Mapping[str, Any]) -> None:
    """Print a row on a line."""
    cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row.values()]
    print("  ".join(cells), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the simulations or the fits, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=60, help="draws of each case")
    parser.add_argument("--jobs", type=int, default=2, help="processes of the simulation")
    parser.add_argument("--fits", type=int, default=0, help="whole fits of each cell instead")
    parser.add_argument("--refits", type=int, default=0, help="fits in a known population instead")
    parser.add_argument("--adult", metavar="PATH", help="UCI Adult as a Parquet file")
    parser.add_argument("--seconds", type=float, default=600, help="the time for a cell of fits")
    add_save(parser)
    given = parser.parse_args(arguments)
    be_quiet()
    if given.refits:
        name, code = "thresholds_hold_refits", CODE_OF_REFITS
        made = refit(given.refits)
    elif given.fits:
        name, code = "thresholds_hold_fits", CODE
        made = fitted(given.fits, given.adult, given.seconds)
    else:
        name, code = "thresholds_hold", CODE
        made = simulated(given.simulations, given.jobs)
    measurement = Measurement(code)
    rows = []
    for row in made:
        show(row)
        rows.append(row)
    if given.save:
        measurement.save(name, rows)


if __name__ == "__main__":
    main()
