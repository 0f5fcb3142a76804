"""The speed of a sweep: 100 random trials on UCI Adult with two workers and with one worker.

    python benchmarks/sweep.py --adult PATH [--trials 100] [--pairs 1] [--save]

The trials use none, reweighing, correlation remover and group thresholds with logistic regression.
In one case C has nine values, as in the default search space, and trials that differ only in their
thresholds share a fit. In the other case C is any number in its range, and no trials share a fit.
The timed part starts with the first trial and ends with the last one. It includes fits, metrics,
intervals and child runs in MLflow, but not the refits and charts at the end of a sweep. Before it,
as in a sweep, the workers start while the main process reads the data and opens a new SQLite store.
The table shows these seconds separately.

Each case runs in its own process, first with two workers and then with one, so a change of the
machine's speed affects both. Processor seconds of all processes show the cost of a trial without
the machine's other work. The rate per two processor seconds is the rate of two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _project import ROOT
from _results import Measurement, add_save

#: What the figures depend on.
CODE = ("fairrun/sweep", "fairrun/training", "fairrun/tracking", "fairrun/metrics")

SPACE = (
    "mitigator=none,reweighing,correlation_remover,group_thresholds; C={C}; "
    "correlation_remover.alpha=0..1; group_thresholds.tolerance=0..0.2"
)
RANGES = {"nine values": "0.01..100 log 9", "any value": "0.01..100 log"}


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", required=True)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    add_save(parser)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_one(given.adult, given.trials, **json.loads(given.one))))
        return
    measurement = Measurement(CODE, packages=["optuna"])
    rows: list[dict[str, Any]] = []
    print(f"load at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print(
        "| C | workers | s before the first trial | wall s | trials / s | processor s a trial "
        "| trials / 2 processor s | tracking ms a trial | tracking's share of the processor |"
    )
    print("|---" * 9 + "|")
    for pair in range(given.pairs):
        for name, values in RANGES.items():
            for workers in (2, 1):
                asked = json.dumps({"workers": workers, "C": values})
                done = subprocess.run(
                    [sys.executable, __file__, *sys.argv[1:], "--one", asked],
                    check=True,
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"},
                )
                found = json.loads(done.stdout.splitlines()[-1])
                _print_row(name, workers, given.trials, found)
                rows.append({"pair": pair + 1, "C": name, "workers": workers} | found)
    if given.save:
        measurement.save("sweep", rows, trials=given.trials)


def _print_row(name: str, workers: int, n: int, found: dict[str, float]) -> None:
    cost, wall = found["processor"] / n, found["wall"]
    print(
        f"| {name} | {workers} | {found['before']:.1f} | {wall:.1f} | {n / wall:.2f} | {cost:.3f} "
        f"| {2 / cost:.2f} | {1000 * found['tracking'] / n:.0f} "
        f"| {100 * found['tracking_processor'] / found['processor']:.0f} % |",
        flush=True,
    )


def _processor() -> float:
    """Return the processor seconds of this process and of its finished child processes."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _one(adult: str, n_trials: int, workers: int, C: str) -> dict[str, Any]:
    import mlflow

    from fairrun.data import DataRequest, prepare, resolve_spec
    from fairrun.runs.measure import protected_columns
    from fairrun.sweep.executor import make_executor
    from fairrun.sweep.objectives import parse_objectives
    from fairrun.sweep.space_text import parse_space
    from fairrun.sweep.study import Search
    from fairrun.sweep.trial import Problem
    from fairrun.tracking.trials import ChildRuns

    request = DataRequest(
        adult,
        target="class",
        positive=">50K",
        protected=["sex", "race"],
        privileged=["Male", "White"],
        drop=["education-num"],
    )
    entered = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, make_executor(workers, ahead=2) as executor:
        dataset = prepare(resolve_spec(request))
        columns = protected_columns(dataset.splits["train"], dataset.spec)
        objectives = parse_objectives("accuracy,statistical_parity", columns)
        problem = Problem.of(dataset, columns, objectives)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("sweep", artifact_location=(Path(folder) / "artifacts").as_uri())
        mlflow.set_experiment("sweep")
        with mlflow.start_run() as run:
            children = ChildRuns(mlflow.get_run(run.info.run_id), dataset.spec, 0)
            search = Search(parse_space(SPACE.format(C=C)), "random", n_trials, objectives)
            tracking = tracking_processor = 0.0
            started, used = time.perf_counter(), _processor()
            for result in executor.run(problem, search.ask, search.tell):
                before = time.perf_counter(), time.process_time()
                children.log(result, {})
                tracking += time.perf_counter() - before[0]
                tracking_processor += time.process_time() - before[1]
            ended = time.perf_counter()
    return {
        "before": started - entered,
        "wall": ended - started,
        "processor": _processor() - used,
        "tracking": tracking,
        "tracking_processor": tracking_processor,
    }


if __name__ == "__main__":
    main()
