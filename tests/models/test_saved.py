"""Opening a saved model: from threads at once, and from a folder whose code is broken."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fairrun.errors import RequestError
from fairrun.models.load import load_model
from tests.conftest import ROOT
from tests.contract.conftest import Case

#: Eight threads that load a model at the same moment, in a process that has loaded none.
_AT_ONCE = """
import sys, threading
sys.path.insert(0, {root!r})
sys.setswitchinterval(1e-6)
sys.dont_write_bytecode = False
import mlflow
from fairrun import load_model
barrier, said = threading.Barrier(8), []

def load(number):
    barrier.wait()
    try:
        load_model({folder!r}) if number % 2 else mlflow.pyfunc.load_model({folder!r})
    except Exception as error:
        said.append(repr(error))

threads = [threading.Thread(target=load, args=[number]) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(said, sys.dont_write_bytecode)
"""


def test_threads_load_a_model_at_once(case: Case) -> None:
    code = _AT_ONCE.format(root=str(ROOT), folder=str(case.folder))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.split("\n")[-2] == "[] False"
    assert list(case.folder.rglob("__pycache__")) == []


def test_broken_code_is_refused_twice_alike(case: Case, tmp_path: Path) -> None:
    """In a model of an earlier format, whose manifest has no digests of the code."""
    folder = Path(shutil.copytree(case.folder, tmp_path / "model"))
    manifest = folder / "artifacts" / "inference" / "manifest.json"
    earlier = json.loads(manifest.read_text("utf-8")) | {"format_version": 3}
    manifest.write_text(json.dumps(earlier), encoding="utf-8")
    draws = folder / "code" / "inference" / "draws.py"
    draws.write_text("raise ZeroDivisionError", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RequestError, match=r"own code cannot be run \(ZeroDivisionError\)"):
            load_model(folder)
    draws.unlink()
    with pytest.raises(RequestError, match="own code cannot be run"):
        load_model(folder)
