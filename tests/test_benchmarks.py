"""Every benchmark starts as its first line says: from the project's folder, as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.each import check_each

BENCHMARKS = sorted(
    path.name for path in (ROOT / "benchmarks").glob("*.py") if not path.name.startswith("_")
)

#: Starts each benchmark in a copy of a process that has imported libraries and nothing of the
#: project, because importing them for each takes longest.
_START = """
import json, os, runpy, sys, tempfile
import numpy, pandas, scipy.stats, sklearn.linear_model

answers = {}
for name in sys.argv[1:]:
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.argv = [f"benchmarks/{name}", "--help"]
            sys.path[0] = os.path.abspath("benchmarks")
            runpy.run_path(sys.argv[0], run_name="__main__")
            sys.exit()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        answers[name] = code, said.read()
print(json.dumps(answers))
"""


def test_the_command_in_the_docstring() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _START, *BENCHMARKS],
        cwd=ROOT,
        env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)

    def check(name: str) -> None:
        source = (ROOT / "benchmarks" / name).read_text("utf-8")
        (command, *_) = re.findall(r"^ +((?:\S+ )?python \S+)", source, flags=re.MULTILINE)
        assert command == f"python benchmarks/{name}"
        code, said = answers[name]
        assert code == 0, said
        assert "usage:" in said

    check_each(BENCHMARKS, check)
