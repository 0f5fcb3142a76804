"""The app behind a real server."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from fairrun.serving.connection import Connection
from tests.conftest import ROOT


@contextmanager
def in_a_thread(app: ASGIApp, http: type[Connection] = Connection) -> Iterator[str]:
    """Serve an app from this process; yields its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        # uvloop forks to start a process; jax, which other tests have imported here, warns of it.
        config = uvicorn.Config(
            app, loop="asyncio", http=http, ws="none", log_level="warning", access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until a process, started with port 0, writes its port to its log.

    A port that is chosen before the process starts can be taken meanwhile.
    """
    for _ in range(3600):
        if said := re.search(r"running on http://[\w.]+:(\d+)", log.read_text("utf-8")):
            return int(said[1])
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8"))


@contextmanager
def in_a_process(
    model: Path | str, log: Path, *, tracking_uri: str, poll: int = 10, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the entry point; yields its process and its port."""
    command = ["-m", "fairrun", "serve", "--model", str(model), "--port", "0"]
    command += ["--poll", str(poll)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRRUN_")}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=kept | {"MLFLOW_TRACKING_URI": tracking_uri} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, port_of(process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
