"""The commands of the GitHub Action and of the page about gates, run as they are printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts
from tests.conftest import ROOT

ACTION: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github/actions/gate/action.yml").read_text("utf-8")
)
PAGE = (ROOT / "docs/gates_elsewhere.md").read_text("utf-8")
ROWS = np.arange(2000)
PASSING, FAILING, UNDECIDED = (
    "accuracy>=0.3",
    "statistical_parity<=0.01",
    "statistical_parity<=0.14",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with counts.json, and `python` of this environment."""
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    label, prediction = ROWS % 5 > 1, ROWS % 7 > 2 - ROWS % 2
    counts = Counts.from_arrays([sex], [ROWS % 2], label.astype(int), prediction.astype(int))
    (tmp_path / "counts.json").write_text(json.dumps(counts.to_dict()), "utf-8")
    (tmp_path / "fairrun/bin").mkdir(parents=True)
    python = tmp_path / "fairrun/bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
    python.chmod(0o755)
    return tmp_path


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a plain machine would, with the checkout as the installed package."""
    environment = {
        "HOME": str(folder),
        "PATH": f"{folder}/fairrun/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_step_of_the_action_ends_as_the_gate_does(folder: Path) -> None:
    steps = {step.get("name"): step for step in ACTION["runs"]["steps"]}
    decide = steps["Decide the gate"]
    assert {*decide["env"]} == {"COUNTS", "GATE", "PYTHONPATH"}
    # What comes from a user reaches the shell as a variable, and never as a part of the script.
    assert "${{" not in decide["run"] + steps["Install the pinned packages"]["run"]
    for gate, code in ((PASSING, 0), (FAILING, 4), (UNDECIDED, 5)):
        summary = folder / "summary.md"
        summary.unlink(missing_ok=True)
        found = shell(
            decide["run"],
            folder,
            COUNTS="counts.json",
            GATE=gate,
            RUNNER_TEMP=str(folder),
            GITHUB_STEP_SUMMARY=str(summary),
        )
        assert found.returncode == code, found.stdout + found.stderr
        assert f"| {gate}" in found.stdout
        assert summary.read_text("utf-8") == found.stdout


def test_the_action_names_files_that_are_there() -> None:
    _, install, decide = ACTION["runs"]["steps"]
    for path in (install["env"]["PROJECT"], decide["env"]["PYTHONPATH"]):
        assert (ROOT / ".github/actions/gate" / path.partition("}}/")[2]).resolve() == ROOT
    for name in re.findall(r"\$PROJECT/([\w.-]+)", install["run"]):
        assert (ROOT / name).is_file()


def test_the_line_before_a_commit_stops_it(folder: Path) -> None:
    entry = re.search(r"entry: (.*)", PAGE)
    hook = re.search(r"^(python -m fairrun gate .* \|\| exit 1)$", PAGE, flags=re.MULTILINE)
    assert entry is not None
    assert hook is not None
    for gate, code in ((PASSING, 0), (FAILING, 4)):
        (folder / "gate.yaml").write_text(f"- {gate}\n", "utf-8")
        assert shell(entry[1], folder).returncode == code
        assert shell(hook[1], folder).returncode == bool(code)
