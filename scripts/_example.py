"""Makes a tracking store with one run of each kind, finds such runs, and serves their pages."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import mlflow  # noqa: E402
import requests  # noqa: E402
from mlflow.entities import Run  # noqa: E402

from fairrun.tracking import names  # noqa: E402

__all__ = ["Runs", "find_runs", "make_store", "save_pages", "serving"]

#: The commands of a store, in order. MODEL stands for the model of the run of `reweighing`.
COMMANDS = (
    "main --mitigators none,reweighing,group_thresholds",
    "evaluate --model MODEL --protected sex,race --gate"
    " 'statistical_parity<=0.1 @ sex; accuracy>=0.8; disparate_impact>=0.8'",
    "sweep --trials 8 --space 'mitigator=none,reweighing,group_thresholds;C=0.1,1'"
    " --constraint 'statistical_parity<=0.05' --register income",
    "check",
)
#: Success, a gate that failed, too little evidence for a gate.
_EXPECTED = (0, 4, 5)
_START = 180.0


@dataclass(frozen=True)
class Runs:
    """The runs whose pages are looked at.

    Attributes
    ----------
    main, evaluate, sweep, check : Run
        The newest run of each kind.
    evaluated : list of Run
        The evaluations of `main`.
    model : str
        The id of the model of `evaluate`.
    version : tuple of (str, str)
        The name and the number of the newest registered version.
    """

    main: Run
    evaluate: Run
    sweep: Run
    check: Run
    evaluated: list[Run]
    model: str
    version: tuple[str, str]


def make_store(folder: Path) -> str:
    """Run each command in a new store in `folder`, and return the address of the store."""
    store = f"sqlite:///{folder / 'mlflow.db'}"
    environment = os.environ | {"MLFLOW_TRACKING_URI": store, "PYTHONPATH": str(ROOT)}
    for line in COMMANDS:
        if "MODEL" in line:
            mlflow.set_tracking_uri(store)
            trained = (run.info for run in _runs() if names.MODEL_BYTES in run.data.metrics)
            reweighed = next(run for run in trained if "reweighing" in str(run.run_name))
            line = line.replace("MODEL", f"runs:/{reweighed.run_id}/{names.MODEL_NAME}")
        print(f"python -m fairrun {line}", flush=True)
        command = [sys.executable, "-m", "fairrun", *shlex.split(line)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in _EXPECTED:
            raise SystemExit(f"{done.stderr[-2000:]}\nthe last command failed")
    return store


def find_runs(store: str) -> Runs:
    """Find the newest run of each kind in a store."""
    mlflow.set_tracking_uri(store)
    runs = _runs()

    def newest(what: str, runs: list[Run], *has: str) -> Run:
        for run in runs:
            if set(has) <= {*run.data.tags, *run.data.metrics}:
                return run
        raise SystemExit(f"{store} has no run of {what}; run it, or leave out --store")

    main = newest("main", runs, names.COMPARED)
    sweep = newest("sweep", runs, names.SWEEP_CHOSEN_TRIAL)
    check = newest("check", runs, names.N_FINDINGS)
    alone = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    evaluate = newest("evaluate with a gate", alone, names.GATE_VERDICT, names.MEASURED_MODEL)
    evaluated = [
        run
        for run in runs
        if run.data.tags.get("mlflow.parentRunId") == main.info.run_id
        and names.MEASURED_MODEL in run.data.tags
    ]
    versions = [
        (version.name, str(version.version))
        for each in mlflow.MlflowClient().search_registered_models()
        for version in each.latest_versions
    ]
    if not versions:
        raise SystemExit(f"{store} has no registered model; run sweep with register=NAME")
    model = evaluate.data.tags[names.MEASURED_MODEL]
    return Runs(main, evaluate, sweep, check, evaluated, model, versions[0])


def _runs() -> list[Run]:
    """Return the finished runs of the store, the newest first."""
    ids = [each.experiment_id for each in mlflow.search_experiments()]
    return list(
        mlflow.MlflowClient().search_runs(
            ids, "attributes.status = 'FINISHED'", max_results=1000, order_by=["start_time DESC"]
        )
    )


def save_pages(runs: Runs, folder: Path) -> dict[str, Path]:
    """Save the HTML pages of the runs to a folder, and return their paths."""
    pages = {"report": (runs.evaluate, names.REPORT), "sweep": (runs.sweep, names.SWEEP_PAGE)}
    pages["check"] = (runs.check, names.CHECK_PAGE)
    return {
        name: Path(
            mlflow.artifacts.download_artifacts(
                run_id=run.info.run_id, artifact_path=artifact, dst_path=str(folder)
            )
        ).resolve()
        for name, (run, artifact) in pages.items()
    }


@contextlib.contextmanager
def serving(store: str, runs: Runs, log: Path) -> Iterator[tuple[str, str]]:
    """Serve MLflow's pages and the app, and yield their two addresses."""
    environment = os.environ | {"MLFLOW_TRACKING_URI": store, "PYTHONPATH": str(ROOT)}
    # MLflow would start several processes for jobs, which no page here shows.
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    environment.pop("FAIRRUN_TOKEN", None)  # the app's page would ask for it in a dialog
    ports = _free_ports(2)
    model = f"models:/{runs.model}"
    python = [sys.executable, "-m"]
    ui = [*python, "mlflow", "ui", "--backend-store-uri", store, "--workers", "1"]
    ui += ["--port", str(ports[0])]
    app = [*python, "fairrun", "serve", "--model", model, "--port", str(ports[1])]
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(log.open("w"))
        for command in (ui, app):
            stack.enter_context(_started(command, environment, out))
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        for address, path in zip(addresses, ("/health", "/ready"), strict=True):
            _wait(address + path, log)
        yield addresses[0], addresses[1]


@contextlib.contextmanager
def _started(command: list[str], environment: dict[str, str], out: IO[str]) -> Iterator[None]:
    """Run a server in a session of its own, so that its workers end with it."""
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=Path(out.name).parent,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_ports(number: int) -> list[int]:
    """Return ports of the loopback address that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(address: str, log: Path) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + _START
    while time.monotonic() < end:
        with contextlib.suppress(requests.RequestException):
            if requests.get(address, timeout=5).ok:
                return
        time.sleep(0.3)
    raise SystemExit(f"{log.read_text()[-2000:]}\n{address} did not answer in {_START:.0f} s")
