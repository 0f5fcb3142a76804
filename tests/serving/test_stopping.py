"""How the server stops: a process of its own, with an app that answers after half a second."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

from fairrun.serving.stopping import Server
from tests.conftest import ROOT
from tests.serving.running import port_of

SERVE = """
import asyncio, os, sys
import uvicorn
from fairrun.serving.connection import Connection
from fairrun.serving.stopping import Server

async def app(scope, receive, send):
    print("asked", flush=True)
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})

config = uvicorn.Config(app, port=0, http=Connection, lifespan="off")
server = Server(config, parent=os.getppid() if sys.argv[1] == "watch" else None)
server.stop_at_signals()
server.run()
"""
START = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@pytest.mark.parametrize("why", ["SIGHUP", "SIGHUP under nohup", "the parent is gone"])
def test_a_stop_answers_the_request_under_way(why: str, tmp_path: Path) -> None:
    watched = why == "the parent is gone"
    log = tmp_path / "log"
    command = [sys.executable, "-c", SERVE, "watch" if watched else ""]
    if watched:
        # `mlflow run` does the same: it starts the command, and hands no signal on.
        command = [sys.executable, "-c", START, *command]
    if why == "SIGHUP under nohup":
        command = ["nohup", *command]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        address = ("127.0.0.1", port_of(process, log))
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while "asked" not in log.read_text("utf-8"):
                assert process.poll() is None
            process.send_signal(getattr(signal, why.partition(" ")[0], signal.SIGKILL))
            assert client.recv(2**16).startswith(b"HTTP/1.1 204 ")
            if why == "SIGHUP under nohup":
                assert process.poll() is None
                process.send_signal(signal.SIGTERM)
            client.settimeout(20)
            assert client.recv(2**16) == b""
        assert process.wait(20) == (-signal.SIGKILL if watched else 0)
    finally:
        process.kill()
    assert "Traceback" not in log.read_text("utf-8")
    assert ("has ended, so the server stops" in log.read_text("utf-8")) == watched


def test_a_parent_that_ends_at_the_same_signal_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # `kill -TERM -- -<group>` ends `mlflow run` as well, and its run stayed RUNNING for ever.
    server = Server(uvicorn.Config("unused"), parent=os.getppid())
    server.handle_exit(signal.SIGTERM, None)
    assert not server.is_orphan
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert server.is_orphan


def test_systemd_accepts_the_unit_of_the_docs(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    page = (ROOT / "docs" / "serving.md").read_text("utf-8")
    unit = page.partition("```ini\n")[2].partition("```")[0]
    python = "/opt/fairrun/.venv/bin/python"
    assert f"ExecStart={python} -m fairrun serve --model " in unit
    # Here, too, the command has to be a file that exists.
    (tmp_path / "fairrun.service").write_text(unit.replace(python, sys.executable), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "fairrun.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    # Other lines are about units of this machine.
    assert [line for line in done.stderr.splitlines() if "fairrun" in line] == []
    assert done.returncode == 0
