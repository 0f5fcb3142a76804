"""Latency of single rows while a new champion takes over, beside the latency before it.

    python benchmarks/serving_swap.py [--rounds 20] [--save]

The app follows an alias that moves between two registered versions, one of which reads the
protected column. One client sends single rows over loopback, with a pause of a millisecond. Each
round is a pair: some seconds of quiet, and then the time from the move of the alias until half a
second after the first answer of the new version. Each answer is compared with the one that the
version named in its header gives in Python. The memory is that of the server and its worker
processes.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import orjson
from _project import ROOT
from _results import Measurement, add_save

#: What the figures depend on.
CODE = ("fairrun/serving", "fairrun/inference", "fairrun/models")

NAME = "income"
MITIGATORS = ("correlation_remover+equalized_odds", "none")
QUIET_SECONDS, AFTER_SECONDS, PAUSE = 3.0, 0.5, 0.001


def register(folder: Path) -> dict[str, Path]:
    """Train and register two versions; return the folder of each."""
    import mlflow

    from fairrun.data import DataRequest
    from fairrun.runs.train import run_train
    from fairrun.training import TrainingRequest

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    place = (folder / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("b", artifact_location=place))
    versions = {}
    for mitigator in MITIGATORS:
        trained = run_train(DataRequest("census"), TrainingRequest(mitigator=mitigator))
        version = mlflow.register_model(trained.model_uri, NAME).version
        versions[str(version)] = Path(mlflow.artifacts.download_artifacts(trained.model_uri))
    return versions


class Client:
    """A connection that sends one row again and again, and checks the answers.

    Parameters
    ----------
    port : int
        The port of the app.
    versions : dict of str to Path
        The folder of each version.
    """

    def __init__(self, port: int, versions: dict[str, Path]) -> None:
        from fairrun.models.saved import load_saved
        from fairrun.serving.answering import answer
        from fairrun.serving.examples import example_rows

        loaded = {version: load_saved(folder) for version, folder in versions.items()}
        first = loaded["1"]
        row = example_rows(first.description["columns"])[0]
        body = orjson.dumps(dict(zip(first.names, row, strict=True)))
        self._right = {
            f"{NAME}/{version}": answer(saved, body).body for version, saved in loaded.items()
        }
        head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.wrong = 0

    def ask(self) -> tuple[float, str]:
        """Send a row; return the milliseconds until its answer, and the name in the header."""
        time.sleep(PAUSE)
        started = time.perf_counter()
        self._socket.sendall(self._message)
        got = b""
        while not got.endswith(b"]}"):
            got += self._socket.recv(2**16)
        passed = 1000 * (time.perf_counter() - started)
        head, _, body = got.partition(b"\r\n\r\n")
        name = head.partition(b"x-fairrun-model: ")[2].partition(b"\r\n")[0].decode()
        self.answers += 1
        self.wrong += not (head.startswith(b"HTTP/1.1 200 ") and body == self._right[name])
        return passed, name

    def ask_for(self, seconds: float) -> list[float]:
        """Send rows for some seconds; return the milliseconds of each."""
        until = time.perf_counter() + seconds
        found = []
        while time.perf_counter() < until:
            found.append(self.ask()[0])
        return found


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the app until the `with` block ends; yields its process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = ["-m", "fairrun", "serve", "--model", f"models:/{NAME}@champion", "--poll", "1"]
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT)}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            env=os.environ | store,
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(1200):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                sys.exit((folder / "server.log").read_text("utf-8"))
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def memory_mb(pid: int) -> float:
    """Return the memory of a process and its children."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    rows = [tuple(map(int, line.split())) for line in listed]
    return sum(rss for own, parent, rss in rows if pid in (own, parent)) / 1024


def figures(name: str, passed: list[float]) -> dict[str, float]:
    """Return median, p99 and the largest of some latencies in milliseconds."""
    ordered = sorted(passed)
    return {
        f"{name}_p50_ms": ordered[len(ordered) // 2],
        f"{name}_p99_ms": ordered[int(len(ordered) * 0.99)],
        f"{name}_longest_ms": ordered[-1],
    }


def main() -> None:
    """Run the benchmark that the command line describes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    add_save(parser)
    told = parser.parse_args()
    measurement = Measurement(CODE, packages=["fastapi", "uvicorn", "uvloop", "orjson"])
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions = register(folder)
        import mlflow

        registry = mlflow.MlflowClient()
        registry.set_registered_model_alias(NAME, "champion", "1")
        with serving(folder) as (process, port):
            client = Client(port, versions)
            print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}", flush=True)
            before = memory_mb(process.pid)
            for number in range(told.rounds):
                quiet = client.ask_for(QUIET_SECONDS)
                version = "21"[number % 2]
                registry.set_registered_model_alias(NAME, "champion", version)
                started, swap, answered_by = time.perf_counter(), [], ""
                while answered_by != f"{NAME}/{version}":
                    passed, answered_by = client.ask()
                    swap.append(passed)
                seconds = time.perf_counter() - started
                swap += client.ask_for(AFTER_SECONDS)
                row = figures("quiet", quiet) | figures("swap", swap) | {"seconds": seconds}
                rows.append(row)
                print(*(f"{key} {value:.2f}" for key, value in row.items()), flush=True)
            client.ask_for(QUIET_SECONDS)  # until the old worker processes have ended
            facts = {
                "answers": client.answers,
                "wrong": client.wrong,
                "memory_before_mb": before,
                "memory_mb": memory_mb(process.pid),
                "swaps": _swaps(port),
            }
    medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    print("medians:", *(f"{key} {value:.2f}" for key, value in medians.items()))
    print(facts)
    if told.save:
        measurement.save("serving_swap", rows, **facts)


def _swaps(port: int) -> float:
    text = urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return float(text.partition("\nfairrun_model_swaps_total ")[2].partition("\n")[0])


if __name__ == "__main__":
    main()
