"""Models that are logged, loaded and served where only HOME and PATH are set: nothing compiled."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ways.conftest import free_port, running, words

#: Runs in a process of its own: Python reads its variables once, when it starts. `evaluate` comes
#: last, because it may change what the process writes.
_LOAD_AND_EVALUATE = """
import sys, mlflow
mlflow.pyfunc.load_model(sys.argv[1])
from fairrun.__main__ import main
main(["evaluate", "--model", sys.argv[2]])
"""
_PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder to type commands in, and the environment there: nothing but HOME and PATH."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "home").mkdir()
    path = f"{_PYTHON.parent}{os.pathsep}{os.defpath}"
    return folder, {"HOME": str(folder / "home"), "PATH": path}


def typed(bare: tuple[Path, dict[str, str]], *command: object) -> str:
    """Run a command to its end with a tracking store in the folder; it must succeed."""
    folder, environment = bare
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment
        | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def content(folder: Path) -> dict[str, bytes | None]:
    """All that lies under a folder, by its place in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def compiled(folder: Path) -> list[str]:
    return [name for name in content(folder) if "__pycache__" in name or name.endswith(".pyc")]


@pytest.fixture(scope="module")
def trained(bare: tuple[Path, dict[str, str]], about: dict[str, str]) -> tuple[str, Path]:
    """A model that `train` logged in the bare environment: its URI, and its folder."""
    options = words(mitigator="equalized_odds", **about)
    output = typed(bare, _PYTHON, "-m", "fairrun", "train", *options)
    uri = re.findall(r"runs:/\w+/model", output)[-1]
    (folder,) = (path.parent for path in (bare[0] / "mlruns").rglob("MLmodel"))
    return uri, folder


def test_train_leaves_nothing_compiled(trained: tuple[str, Path]) -> None:
    assert len(content(trained[1])) > 40
    assert compiled(trained[1]) == []


def test_reading_a_model_leaves_it_as_it_was(
    bare: tuple[Path, dict[str, str]], trained: tuple[str, Path]
) -> None:
    uri, folder = trained
    before = content(folder)
    typed(bare, _PYTHON, "-c", _LOAD_AND_EVALUATE, folder, uri)
    assert content(folder) == before
    port = free_port()
    serve = [_PYTHON, "-m", "fairrun", "serve", "--model", folder, "--port", port]
    with running(serve, port, bare[0], bare[1] | {"PYTHONPATH": str(ROOT)}):
        pass
    assert content(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entry_point", "options"),
    [
        ("main", {"mitigators": "none,reweighing"}),
        ("sweep", {"trials": 3, "register": "chosen"}),
    ],
)
def test_no_command_logs_a_compiled_file(
    entry_point: str,
    options: dict[str, object],
    bare: tuple[Path, dict[str, str]],
    about: dict[str, str],
) -> None:
    before = len([*(bare[0] / "mlruns").rglob("MLmodel")])
    typed(bare, _PYTHON, "-m", "fairrun", entry_point, *words(**about, **options))
    assert len([*(bare[0] / "mlruns").rglob("MLmodel")]) > before
    assert compiled(bare[0] / "mlruns") == []
