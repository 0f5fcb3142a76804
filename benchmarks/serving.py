"""Requests per second and latencies of fairrun's server, the tutorial's server and MLflow's server.

    python benchmarks/serving.py [--rounds 3] [--seconds 5] [--answers 1000000] [--save]
    python benchmarks/serving.py --only stock --singles --rounds 15 --seconds 2 [--save]
    python benchmarks/serving.py --mixed 600 [--save]

All servers run at the same time on one machine and get requests in turn, round after round, so a
change of the machine's speed affects all of them. The table shows the medians of the rounds. Every
server has one process, and fairrun's server has two more for large requests. The clients are
closed-loop on the loopback interface and run in their own process (`_load.py`). A server that sends
the same bytes to every request measures the clients alone.

    tutorial's app    FastAPI, an async handler, a DataFrame of one-hot columns for each request, a
                      holisticai Pipeline (reweighing, logistic regression) in a cloudpickled pyfunc
    stock, constant   `mlflow models serve` with a model that returns zeros and has our signature
    stock, ours       `mlflow models serve` with our model: raw columns, full mitigation
    our app           `python -m fairrun serve` with the same model

--only selects the servers that have the word in their name. --singles sends requests of single rows
only, because many short rounds can separate two servers of similar speed.

With --answers, 64 clients request this number of rows of mixed groups from our app, as single rows
and in batches of up to 40. Every answer is compared with the answer to one client. The memory is
read before and in between.

With --mixed, 32 clients send single rows, batches, rows to explain, large bodies, bad bodies and
requests that they abandon to our app, for this number of seconds, while its worker processes are
killed at random (`_mixed.py`). Every answer is compared with the answer of the model in Python.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from _project import ROOT
from _results import Measurement, add_save

#: What the figures depend on.
CODE = ("fairrun/serving", "fairrun/inference")

PEERS = str(ROOT / "benchmarks" / "_serving_peers.py")
LOAD = str(ROOT / "benchmarks" / "_load.py")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes
    ----------
    name : str
        The name in the table.
    url : str
        The address for rows.
    bodies : Path
        The file with requests of single rows, one per line.
    large : Path
        The file with a request of 100,000 rows.
    process : Popen
        The server's process, which can have child processes.
    """

    name: str
    url: str
    bodies: Path
    large: Path
    process: subprocess.Popen[bytes]

    def load(self, *options: object, large: bool = False) -> dict[str, float]:
        """Send requests from another process, and return the measurements."""
        return _finish(self.start_load(*options, large=large))

    def start_load(self, *options: object, large: bool = False) -> subprocess.Popen[str]:
        """Start a process that sends requests."""
        bodies = self.large if large else self.bodies
        command = [sys.executable, LOAD, self.url, str(bodies), *map(str, options)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def used(self) -> tuple[float, float]:
        """Return the memory (MB) and processor seconds of the server and its child processes."""
        listed = subprocess.run(
            ["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[1:]
        rows = [tuple(map(int, line.split())) for line in listed]
        mine = {self.process.pid}
        for _ in range(4):
            mine |= {pid for pid, parent, _ in rows if parent in mine}
        seconds = 0.0
        for pid in mine:
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return sum(rss for pid, _, rss in rows if pid in mine) / 1024, seconds


def _finish(load: subprocess.Popen[str]) -> dict[str, float]:
    said, _ = load.communicate()
    if load.returncode:
        sys.exit("the client failed")
    result: dict[str, float] = json.loads(said)
    return result


def train(folder: Path, mitigator: str) -> None:
    """Train the model to serve, and save it in the folder `ours`."""
    import mlflow

    from fairrun.data import DataRequest
    from fairrun.runs.train import run_train
    from fairrun.training import TrainingRequest

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    place = (folder / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("b", artifact_location=place))
    trained = run_train(DataRequest("census"), TrainingRequest(mitigator=mitigator))
    mlflow.artifacts.download_artifacts(trained.model_uri, dst_path=str(folder / "ours"))


@contextmanager
def running(
    name: str, command: list[str], port: int, path: str, bodies: Path, large: Path, folder: Path
) -> Iterator[Server]:
    """Run a server until the `with` block ends."""
    environment = os.environ | {
        # MLflow starts its server by the name `uvicorn`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (folder / f"{port}.log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                sys.exit((folder / f"{port}.log").read_text("utf-8"))
            time.sleep(0.1)
        yield Server(name, f"http://127.0.0.1:{port}{path}", bodies, large, process)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def servers(folder: Path, stack: ExitStack, only: str) -> list[Server]:
    """Start all servers, or those that have a word in their name."""
    python, mlflow = sys.executable, str(Path(sys.executable).parent / "mlflow")

    def stock(model: str) -> list[str]:
        return [
            mlflow,
            "models",
            "serve",
            "--env-manager",
            "local",
            "-m",
            str(folder / model),
            "-p",
        ]

    peer = [python, PEERS]
    ours = [python, "-m", "fairrun", "serve", "--model", str(folder / "ours"), "--port"]
    table: list[tuple[str, list[str], str, str]] = [
        ("trivial", [*peer, "trivial", str(folder)], "/predict", "raw"),
        ("tutorial's app", [*peer, "tutorial", str(folder)], "/predict", "encoded"),
        ("stock, constant", stock("constant"), "/invocations", "mlflow.raw"),
        ("stock, ours", stock("ours"), "/invocations", "mlflow.raw"),
        ("our app", ours, "/predict", "raw"),
    ]
    started = []
    for name, command, path, bodies in table:
        if only not in name:
            continue
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        requests = folder / f"{bodies}.jsonl", folder / f"{bodies}.100k.jsonl"
        server = running(name, [*command, str(port)], port, path, *requests, folder)
        started.append(stack.enter_context(server))
    return started


def measure(server: Server, seconds: float, *, singles: bool) -> dict[str, float]:
    """Measure one server with all kinds of requests, or with single rows only."""
    found: dict[str, float] = {}
    for clients in (1, 8):
        _, before = server.used()
        loaded = server.load("--clients", clients, "--seconds", seconds)
        processor = server.used()[1] - before
        found[f"cpu {clients}"] = 1000 * processor / loaded["requests"]
        found[f"rate {clients}"] = loaded["rate"]
        found[f"p50 {clients}"] = 1000 * loaded["p50"]
        found[f"p99 {clients}"] = 1000 * loaded["p99"]
    if server.name != "trivial" and not singles:
        found["100k s"] = server.load("--requests", 3, large=True)["p50"]
        # One client sends large requests one after the other, while another sends single rows.
        large = server.start_load("--requests", 5, large=True)
        time.sleep(0.3)
        during = server.load("--clients", 1, "--seconds", 3 * found["100k s"])
        found["during p99"] = 1000 * during["p99"]
        _finish(large)
    return found


def compare_answers(server: Server, n_answers: int, folder: Path) -> list[dict[str, Any]]:
    """Send this number of rows from 64 clients, and compare with the answers to one client."""
    found: list[dict[str, Any]] = []
    server = replace(server, bodies=folder / "mixed.jsonl")
    n_bodies = len(server.bodies.read_bytes().splitlines())
    server.load("--requests", n_bodies, "--answers", folder / "one")
    expected = (folder / "one").read_bytes().splitlines()
    rows = [len(json.loads(answer)["predictions"]) for answer in expected]
    before = server.used()[0]
    print(f"memory before: {before:.0f} MB")
    answers = requests = wrong = 0
    while answers < n_answers:
        # Each part starts again with the first body.
        options = ["--clients", 64, "--requests", 10 * n_bodies, "--answers", folder / "many"]
        rate = server.load(*options)["rate"]
        for number, answer in enumerate((folder / "many").read_bytes().splitlines()):
            wrong += rows[number % n_bodies] * (answer != expected[number % n_bodies])
            answers += rows[number % n_bodies]
            requests += 1
        found.append(
            {
                "answers": answers,
                "requests": requests,
                "unlike": wrong,
                "rate": rate,
                "memory_before_mb": before,
                "memory_mb": server.used()[0],
            }
        )
        print(
            f"{answers:,} answers in {requests:,} requests of 64 clients, {wrong} unlike those of "
            f"one; {rate:.0f} requests a second; memory {server.used()[0]:.0f} MB",
            flush=True,
        )
    return found


def mix(server: Server, seconds: float, folder: Path) -> tuple[list[dict[str, Any]], Any]:
    """Send everything at once, and return a row for each kind of request and facts of the whole."""
    import _mixed

    pid = server.process.pid
    before = server.used()[0]
    found = _mixed.run(server.url, folder / "ours", seconds, pid)
    rows = []
    for kind, latencies in found.seconds.items():
        ordered = sorted(latencies)
        rows.append(
            {
                "kind": kind,
                "answers": len(ordered),
                "wrong": found.wrong[kind],
                "lost": found.lost[kind],
                "busy": found.busy[kind],
                "late": found.timeout[kind],
                "resent": found.resent[kind],
                "p50_ms": 1000 * ordered[len(ordered) // 2] if ordered else None,
                "p99_ms": 1000 * ordered[int(len(ordered) * 0.99)] if ordered else None,
            }
        )
    late = sorted(found.late)
    facts = {
        "seconds": seconds,
        "killed": found.killed,
        "timers_late_p99_ms": 1000 * late[int(len(late) * 0.99)],
        "load_at_the_end": round(os.getloadavg()[0], 1),
        "memory_before_mb": before,
        "memory_mb": server.used()[0],
        "metrics": _metrics(server.url),
    }
    return rows, facts


def _metrics(url: str) -> dict[str, float]:
    address = url.removesuffix("/predict")
    text = urlopen(f"{address}/metrics").read().decode()  # noqa: S310 - the server is ours
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    names = ("fairrun_dropped_requests_total", "fairrun_worker_restarts_total", "fairrun_queue")
    return {name: float(value) for name, value in lines if name.startswith(names)}


def main() -> None:
    """Run the benchmark that the command line describes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--mitigator", default="correlation_remover+equalized_odds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--answers", type=int, default=0)
    parser.add_argument("--mixed", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--only", default="")
    parser.add_argument("--singles", action="store_true")
    add_save(parser)
    told = parser.parse_args()
    measurement = Measurement(CODE, packages=["fastapi", "uvicorn", "uvloop", "orjson"])
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        train(folder, told.mitigator)
        if told.mixed:
            (folder / "raw.jsonl").write_text("[]", encoding="utf-8")
            (server,) = servers(folder, stack, "our app")
            print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}", flush=True)
            mixed, facts = mix(server, told.mixed, folder)
            for row in mixed:
                print(row)
            print(facts)
            if told.save:
                measurement.save("serving_mixed", mixed, **facts)
            return
        subprocess.run(
            [sys.executable, PEERS, "prepare", str(folder)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        )
        all_servers = servers(folder, stack, told.only)
        for server in all_servers:
            server.load("--clients", 8, "--requests", 50)
        print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}", flush=True)
        found: dict[str, list[dict[str, float]]] = {server.name: [] for server in all_servers}
        for _ in range(told.rounds):
            for server in all_servers:
                found[server.name].append(measure(server, told.seconds, singles=told.singles))
        if told.rounds:
            _print(found)
            if told.save:
                rows = [
                    {"server": server, "round": number} | measured
                    for server, rounds in found.items()
                    for number, measured in enumerate(rounds, start=1)
                ]
                measurement.save("serving_stock" if told.only else "serving", rows)
        if told.answers:
            answers = compare_answers(all_servers[-1], told.answers, folder)
            if told.save:
                measurement.save("serving_answers", answers)


def _print(found: dict[str, list[dict[str, Any]]]) -> None:
    columns = [f"{name} {clients}" for clients in (1, 8) for name in ("rate", "p50", "p99", "cpu")]
    columns += ["100k s", "during p99"]
    print("| server | " + " | ".join(columns) + " |")
    print("| :--- |" + " ---: |" * len(columns))
    for name, rounds in found.items():
        cells = []
        for column in columns:
            values = [each[column] for each in rounds if column in each]
            cells.append(f"{statistics.median(values):.4g}" if values else "")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
