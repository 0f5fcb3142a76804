"""The commands without a checkout: from the wheel, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ways.conftest import words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel, and sees the packages of this one but not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # setuptools leaves its work where it builds
    shutil.copytree(ROOT / "fairrun", source / "fairrun")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source]
    built = subprocess.run(list(map(str, build)), capture_output=True, text=True, check=False)
    if "No matching distribution" in built.stderr:
        pytest.skip("no package index can be reached from here, to build the wheel with")
    assert built.returncode == 0, built.stderr
    venv.create(folder / "env", with_pip=False)
    there = folder / "env" / "bin" / "python"
    site = folder / "env" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (site / "packages.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (wheel,) = folder.glob("fairrun-*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel]
    subprocess.run(list(map(str, install)), check=True)
    return there


def test_train_and_evaluate_from_anywhere(
    python: Path, tmp_path: Path, about: dict[str, str]
) -> None:
    environment = {"HOME": str(tmp_path), "PATH": f"{python.parent}{os.pathsep}{os.defpath}"}

    def typed(*command: str) -> str:
        done = subprocess.run(
            [str(python), "-m", "fairrun", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [python, "-c", "import fairrun; print(fairrun.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(ROOT) not in where.stdout
    assert "evaluate" in typed("--help")
    (uri,) = {
        word.partition("=")[2]
        for word in typed("train", *words(mitigator="reweighing", **about)).split()
        if word.startswith("model=runs:/")
    }
    assert "disparate_impact" in typed("evaluate", "--model", uri)


def test_mlflow_finds_the_evaluator(python: Path, tmp_path: Path) -> None:
    asked = "import mlflow.models; print('fairrun' in mlflow.models.list_evaluators())"
    done = subprocess.run(
        [python, "-W", "error:Failure attempting", "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True"]
