r"""Accuracy against statistical parity on UCI Adult: fairrun's group thresholds and other methods.

    python benchmarks/frontier.py --adult PATH [--seeds 5] [--jobs 2] [--out FOLDER] [--quick]
        [--save]

fairrun's method is `group_thresholds` of `FairClassifier`. The other methods are fairlearn's
ThresholdOptimizer, ExponentiatedGradient and GridSearch, aif360's Reweighing, and error-parity.
Each runs with and without the group as a column. All methods get the same rows, the same encoded
columns and the same parameters of the estimator. Methods that use scores get the same out-of-fold
scores.

Each seed gives another split into train, validation and test. For each method and each limit on the
distance from parity, the setting is chosen on validation and measured once on test. The tables and
the figure show means over the seeds.

The output folder holds results.json (every choice), tables.md and frontier.png. Finished tasks are
also kept there, so the same command continues after an interruption.

error-parity requires numpy below 2 through an old version of cvxpy, but works with newer versions.
To install it into an environment that has the other packages:

    printf 'numpy>=2\ncvxpy>=1.6\n' > overrides.txt
    uv pip install --override overrides.txt error-parity
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

# This must be set before numpy is imported, because workers that each use all cores are slow.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import _project  # noqa: F401
import pandas as pd
from _frontier_choice import choose
from _frontier_methods import FAMILIES
from _frontier_problem import ESTIMATORS, PRIVILEGED, load_problem
from _frontier_report import detail_rows, plot_frontiers, summary_rows, tables
from _results import Measurement, add_save

#: What the figures depend on.
CODE = ("benchmarks/_frontier_choice.py", "benchmarks/_frontier_methods.py", "fairrun/training")

Task = tuple[str, str, str, int]


def run(adult: str, task: Task) -> tuple[list[dict[str, Any]], float]:
    """Run the methods of one family on one split, and return the records and the CPU seconds."""
    family, protected, estimator, seed = task
    # The other packages warn about future changes and about missing optional packages.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    started = time.process_time()
    problem = load_problem(adult, protected, estimator, seed)
    records = choose(problem, list(FAMILIES[family](problem)))
    return records, time.process_time() - started


def run_all(adult: str, tasks: list[Task], jobs: int, folder: Path) -> pd.DataFrame:
    """Run all tasks that are not in the folder yet, `jobs` at a time, and print the progress."""
    started = time.perf_counter()
    kept = {task: folder / f"{'-'.join(map(str, task))}.json" for task in tasks}
    todo = [task for task in tasks if not kept[task].exists()]
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(run, adult, task): task for task in todo}
        for number, done in enumerate(as_completed(running), start=len(tasks) - len(todo) + 1):
            task = running[done]
            records, seconds = done.result()
            kept[task].write_text(json.dumps(records), encoding="utf-8")
            minutes = (time.perf_counter() - started) / 60
            print(
                f"{number} of {len(tasks)} after {minutes:.1f} min: "
                f"{' '.join(map(str, task))} ({seconds:.0f} s of CPU)",
                flush=True,
            )
    return pd.DataFrame([r for task in tasks for r in json.loads(kept[task].read_text("utf-8"))])


def main() -> None:
    """Run the benchmark and write its results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--adult", required=True, help="UCI Adult as Parquet")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("frontier-results"))
    parser.add_argument(
        "--quick", action="store_true", help="sex and logistic regression only, one seed"
    )
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE, packages=["fairlearn", "aif360", "error-parity"])
    problems = [(p, e, s) for s in range(arguments.seeds) for e in ESTIMATORS for p in PRIVILEGED]
    if arguments.quick:
        problems = [("sex", "logistic_regression", 0)]
    tasks = [(family, *problem) for family in FAMILIES for problem in problems]
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = run_all(arguments.adult, tasks, arguments.jobs, arguments.out)

    records = results.to_dict(orient="records")
    (arguments.out / "results.json").write_text(
        json.dumps(records, indent=1) + "\n", encoding="utf-8"
    )
    (arguments.out / "tables.md").write_text(tables(results), encoding="utf-8")
    plot_frontiers(results).savefig(arguments.out / "frontier.png")
    print(tables(results))
    if arguments.save:
        measurement.save("frontier", summary_rows(results))
        measurement.save("frontier_methods", detail_rows(results))


if __name__ == "__main__":
    main()
