"""Whatever fails, nothing is left half-done: a few faults here, all of them in the benchmark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import Result

from tests.conftest import ROOT
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]


def try_faults(*options: object) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/faults.py", *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_some_faults_of_a_command(empty_store: Path) -> None:
    try_faults("--only", "preprocess", "--every", 25, "--again", 8, "--database", empty_store)


@pytest.mark.slow
def test_all_faults_of_all_commands(empty_store: Path) -> None:
    try_faults("--again", 20, "--database", empty_store)


def test_a_command_that_is_stopped_and_one_that_is_killed(
    run: Invoke, table: Path, tmp_path: Path
) -> None:
    """The first ends its run itself, with the exit code of a shell; `reap` ends that of the other.

    The signals come while the data are read: when a run is there, and its spec is not.
    """
    experiment = mlflow.get_experiment_by_name("commands").experiment_id

    def running() -> list[str]:
        found = mlflow.search_runs([experiment], output_format="list")
        return [each.data.tags["process.id"] for each in found]

    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "fairrun", "train", "--data", str(table), *ABOUT],
            cwd=ROOT,
            env={
                **os.environ,
                "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
                "MLFLOW_EXPERIMENT_ID": experiment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    stopped, killed = commands
    left = {str(each.pid): each for each in commands}
    until = time.monotonic() + 120
    while left and time.monotonic() < until:
        for number in set(running()) & set(left):
            process = left.pop(number)
            process.send_signal(signal.SIGTERM if process is stopped else signal.SIGKILL)
        time.sleep(0.02)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 128 + signal.SIGTERM, said
    assert said.splitlines()[-1] == "error: stopped by SIGTERM"
    assert "Traceback" not in said
    assert killed.wait(60) == -signal.SIGKILL
    killed.communicate()

    def statuses() -> dict[str, str]:
        found = mlflow.search_runs([experiment], output_format="list")
        return {each.data.tags["process.id"]: each.info.status for each in found}

    assert statuses() == {str(stopped.pid): "KILLED", str(killed.pid): "RUNNING"}
    assert run("reap").exit_code == 0
    assert set(statuses().values()) == {"KILLED"}
