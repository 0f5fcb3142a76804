"""Fails every write, every call of MLflow and every process of every command, one after the other.

    python benchmarks/faults.py [--only train] [--every 1] [--again 1] [--save]

This is how SQLite is tested: the first point of a command fails, then the second, and so on until
the command passes. A point fails with an exception (a full disk, a database or a server that
fails), by SIGTERM, or because the process is killed. After each fault

- a command that failed has said so in one line, with exit code 2 or 3 and no traceback;
- no run is RUNNING and no model PENDING; after a kill, `reap` has ended them;
- a run that is FINISHED has all metrics, parameters, tags and files, and every model that can be
  loaded is whole; all others are refused in one line;
- the same command succeeds (after each fault, or every `--again`-th).

The last column of the table counts what did not hold. A line says so at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONDONTWRITEBYTECODE": "1"}

import _project  # noqa: F401  isort: skip
from _fault_loop import Case, Found, try_command, wait_for
from _fault_points import KINDS
from _results import Measurement, add_save

_CODE = (
    *("benchmarks/_fault_loop.py", "benchmarks/_fault_points.py", "benchmarks/_fault_state.py"),
    *("fairrun/tracking", "fairrun/runs", "fairrun/entrypoints", "fairrun/models"),
)
_KINDS = tuple(dict.fromkeys(kind for kinds in KINDS.values() for kind in kinds))
#: What commands import inside of functions.
_IMPORTED = (
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
    *("optuna", "sklearn.linear_model"),
)
#: Rows of the sample data that are used.
_ROWS = 400


def cases(data: Path) -> list[Case]:
    """Return the commands, with a small table as data."""
    about = ("--data", str(data), "--target", "class", "--positive", ">50K")
    about += ("--protected", "sex", "--privileged", "Male", "--drop", "race,education-num")
    train = ("train", *about, "--mitigator", "group_thresholds")
    model = ("--model", "runs:/RUN/model")
    gate = ("--gate", "accuracy>=0.01")
    decided = ("--favourable", ">50K", "--gate", "selection_rate>=0.01")
    sweep = ("sweep", *about, "--trials", "2", "--space", "mitigator=none; C=0.1..10")
    return [
        Case("check", ("check", *about)),
        Case("preprocess", ("preprocess", *about)),
        Case("train", train),
        Case("evaluate", ("evaluate", *model, *gate), (train,)),
        Case("postprocess", ("postprocess", *model, *about[:10]), ((*train, "--missing", "keep"),)),
        Case("audit", ("audit", *about[:2], *about[6:10], "--prediction", "class", *decided)),
        Case("main", ("main", *about, "--mitigators", "none,reweighing")),
        Case("sweep", (*sweep, "--workers", "1")),
        Case("sweep, 2 workers", (*sweep, "--workers", "2"), forks=False),
        Case("serve", ("serve", *model, "--port", "0"), (train,)),
        Case("reap", ("reap",), (train,)),
    ]


def main() -> int:
    """Try the commands, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", help="a command; may be given several times")
    parser.add_argument("--every", type=int, default=1, help="every which point fails")
    parser.add_argument("--again", type=int, default=1, help="after every which fault to repeat")
    parser.add_argument("--kind", action="append", choices=_KINDS, help="a kind of fault")
    parser.add_argument("--parts", type=int, default=1, help="parts of the points of a command")
    parser.add_argument("--at-once", type=int, default=2, help="the parts tried at a time")
    parser.add_argument("--database", type=Path, help="an empty store, which takes 6 s to make")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(_CODE) if arguments.save else None
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
    # Not a TemporaryDirectory: each of the many processes would delete it at its end.
    place = Path(tempfile.mkdtemp(dir=memory))
    try:
        data, database = _prepare(place, arguments.database)
        chosen = [case for case in cases(data) if not arguments.only or case.name in arguments.only]
        results = _try(chosen, place, database, arguments)
    finally:
        shutil.rmtree(place)
    rows = [_row(case, found) for case, found in zip(chosen, results, strict=True)]
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if measurement is not None:
        measurement.save("faults", rows, again=arguments.again)
    return int(any(found.defects for found in results))


def _prepare(place: Path, made: Path | None) -> tuple[Path, Path]:
    """Write the data and an empty store, in a process that ends, so that no thread stays."""
    data, database = place / "people.csv", made or place / "empty.db"
    pid = os.fork()
    if pid == 0:
        try:
            import mlflow

            from fairrun.data import DataRequest, load_source, resolve_spec

            source = load_source(resolve_spec(DataRequest(data="census")).source)
            source.frame.head(_ROWS).to_csv(data, index=False)
            if made is None:
                mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if wait_for(pid):
        raise RuntimeError("the data could not be written")
    return data, database


def _try(
    chosen: list[Case], place: Path, database: Path, arguments: argparse.Namespace
) -> list[Found]:
    """Try commands, some at a time, each in a process of its own."""
    _import_all()
    n_parts = arguments.parts
    waiting = [
        (number, part)
        for number, case in enumerate(chosen)
        for part in range(n_parts)
        if case.forks or part == 0
    ]
    results = [Found() for _ in chosen]
    running: dict[int, tuple[int, int]] = {}
    while waiting or running:
        while waiting and len(running) < arguments.at_once:
            number, part = waiting.pop(0)
            pid = os.fork()
            if pid == 0:
                _try_one(chosen[number], part, place / f"{number}-{part}", database, arguments)
            running[pid] = number, part
        pid, _ = os.wait()
        number, part = running.pop(pid)
        saved = place / f"{number}-{part}.json"
        if not saved.exists():
            results[number].defects.append(f"part {part} could not be tried")
            continue
        found = json.loads(saved.read_text("utf-8"))
        counters = {name: Counter(found.pop(name)) for name in ("points", "outcomes")}
        results[number].add(Found(**counters, **found))
        print(
            f"{chosen[number].name}, part {part}: {len(found['defects'])} defects", file=sys.stderr
        )
    return results


def _try_one(
    case: Case, part: int, folder: Path, database: Path, arguments: argparse.Namespace
) -> None:
    """Try a part of a command, write what was found to a file, and end this process."""
    try:
        folder.mkdir()
        found = try_command(
            case,
            folder,
            database,
            every=arguments.every,
            part=(part, arguments.parts),
            again=arguments.again,
            kinds=arguments.kind or _KINDS,
        )
        folder.with_suffix(".json").write_text(json.dumps(vars(found)), encoding="utf-8")
        shutil.rmtree(folder)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _import_all() -> None:
    """Import what commands import, so that their copies need not."""
    import fairrun.entrypoints

    commands = pkgutil.iter_modules(fairrun.entrypoints.__path__, "fairrun.entrypoints.")
    for module in (*(each.name for each in commands), *_IMPORTED):
        importlib.import_module(module)
    gc.freeze()


def _row(case: Case, found: Found) -> dict[str, str | int]:
    """Return the row of a command in the table."""
    outcomes = found.outcomes
    return {
        "command": case.name,
        "writes": found.points.get("write", 0),
        "calls": found.points.get("call", 0),
        "processes": found.points.get("process", 0),
        "faults": sum(outcomes.values()),
        "exit_2_or_3": outcomes.get("exit code 2", 0) + outcomes.get("exit code 3", 0),
        "stopped": outcomes.get("stopped", 0),
        "killed": outcomes.get("killed", 0),
        "went_on": outcomes.get("went on", 0),
        "again": found.again,
        "defects": len(found.defects),
    }


if __name__ == "__main__":
    sys.exit(main())
