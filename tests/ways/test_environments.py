"""Environments built from the lock: by MLflow's managers, and with each Python it is for."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.ways.conftest import Caller, files

#: Environments of 1 GB, each of them minutes.
pytestmark = pytest.mark.slow

PYTHON = yaml.safe_load((ROOT / "python_env.yaml").read_text("utf-8"))["python"]
TRAIN = ("-e", "train", "-P", "mitigator=correlation_remover")


@pytest.fixture
def environments(tmp_path: Path) -> Iterator[Path]:
    """A folder for environments, which are too large to be kept."""
    yield tmp_path / "environments"
    shutil.rmtree(tmp_path / "environments", ignore_errors=True)


def interpreters(environment: dict[str, str], version: str) -> list[Path]:
    """Find Pythons of a version, such as 3.12 or 3.12.1, that pyenv has."""
    return sorted(Path(environment["PYENV_ROOT"]).glob(f"versions/{version}*/bin/python"))


def need(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on PATH")


@pytest.mark.parametrize(
    ("manager", "options"), [("virtualenv", ()), ("uv", ("--env-manager", "uv"))]
)
def test_mlflow_builds_the_environment(
    manager: str, options: tuple[str, ...], caller: Caller, project: Path, environments: Path
) -> None:
    if manager == "uv":
        need("uv")
    else:
        need("pyenv")
        if not interpreters(caller.environment, PYTHON):
            pytest.skip(f"pyenv has no Python {PYTHON}, and would compile one")
    before = files(project)
    output = caller.at(project).succeed(
        *("mlflow", "run", ".", *TRAIN, *options), MLFLOW_ENV_ROOT=str(environments)
    )
    (train,) = caller.runs()
    assert train.info.status == "FINISHED"
    assert train.data.tags["mlflow.project.env"] == manager
    (built,) = environments.iterdir()
    assert f"source {built}/bin/activate && python -m fairrun train" in output
    assert caller.succeed(built / "bin" / "python", "-V").split() == ["Python", PYTHON]
    assert files(project) == before


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_each_python_measures_the_same(
    version: str, caller: Caller, project: Path, environments: Path
) -> None:
    need("uv")
    found = interpreters(caller.environment, f"{version}.")
    if not found:
        pytest.skip(f"pyenv has no Python {version}")
    caller.succeed("uv", "venv", "-q", "--python", found[-1], environments)
    caller.succeed(
        *("uv", "pip", "install", "-q", "--python", environments / "bin" / "python"),
        *("--require-hashes", "-r", project / "requirements.txt"),
    )
    run = ("mlflow", "run", project, "--env-manager", "local", *TRAIN)
    caller.succeed(*run)
    path = f"{environments / 'bin'}{os.pathsep}{caller.environment['PATH']}"
    caller.succeed(*run, PATH=path)

    assert re.match(rf"Python {version}\.", caller.succeed("python", "-V", PATH=path))
    here, there = (
        {
            name: value
            for name, value in run.data.metrics.items()
            if not name.endswith(("_seconds", "_bytes"))
        }
        for run in caller.runs()
    )
    assert "disparate_impact" in here
    assert there == pytest.approx(here, rel=0, abs=1e-9)
