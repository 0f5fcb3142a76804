"""Every benchmark starts as its first line says: from the project's folder, as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BENCHMARKS = sorted(
    path.name for path in (ROOT / "benchmarks").glob("*.py") if not path.name.startswith("_")
)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_command_in_the_docstring(name: str) -> None:
    source = (ROOT / "benchmarks" / name).read_text("utf-8")
    (command, *_) = re.findall(r"^ +((?:\S+ )?python \S+)", source, flags=re.MULTILINE)
    assert command == f"python benchmarks/{name}"
    done = subprocess.run(
        [sys.executable, f"benchmarks/{name}", "--help"],
        cwd=ROOT,
        env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
