"""What a logged model is: text and arrays, no path of the machine, and few pinned packages."""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlflow
import pytest
import yaml
from packaging.requirements import Requirement

from fairrun.data import Dataset
from fairrun.groups import ProtectedColumn
from fairrun.models.log import log_model
from fairrun.models.requirements import hashed_requirements, pinned_requirements
from tests.conftest import ROOT
from tests.contract.conftest import Case


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def as_logged(case: Case, people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder that nobody has loaded yet, from a package with compiled files in it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.chdir(tmp_path)
    for name in ("uv.lock", "pyproject.toml"):  # as of a user's own project
        (tmp_path / name).write_text("[project]\nname = 'own'", encoding="utf-8")
    with mlflow.start_run():
        column = ProtectedColumn.from_frame(people.splits["train"].frame, people.spec.protected[0])
        logged = log_model(case.model, people.spec, [column], case.classifier.mitigator)
    return Path(mlflow.artifacts.download_artifacts(logged.uri, dst_path=str(tmp_path / "copy")))


def test_text_and_arrays_without_a_path_of_this_machine(as_logged: Path) -> None:
    by_mlflow = {"MLmodel", "registered_model_meta"}
    kinds = {path.suffix for path in files(as_logged) if path.name not in by_mlflow}
    assert kinds == {".py", ".json", ".npz", ".yaml", ".txt"}
    assert not list(as_logged.rglob("__pycache__"))
    assert not (as_logged / "uv.lock").exists()
    assert not (as_logged / "pyproject.toml").exists()
    for path in files(as_logged):
        content = path.read_bytes()
        for place in (Path.cwd(), ROOT, Path.home(), Path(tempfile.gettempdir())):
            assert str(place).encode() not in content, (path, place)


def test_packages_are_few_pinned_and_hashed_and_installers_are_not_named(as_logged: Path) -> None:
    requirements = (as_logged / "requirements.txt").read_text("utf-8").splitlines()
    names = ["mlflow-skinny", "numpy", "pandas"]
    assert requirements == [f"{name}=={version(name)}" for name in names]
    python = yaml.safe_load((as_logged / "python_env.yaml").read_text("utf-8"))
    assert python.keys() == {"python", "dependencies"}
    assert python["dependencies"] == ["-r requirements-hashed.txt"]
    conda = yaml.safe_load((as_logged / "conda.yaml").read_text("utf-8"))
    assert conda["dependencies"][1:] == ["pip", {"pip": requirements}]
    hashed = (as_logged / "requirements-hashed.txt").read_text("utf-8").splitlines()
    assert all(" --hash=sha256:" in line for line in hashed)
    named = {Requirement(line.partition(" --hash")[0]).name for line in hashed}
    assert {*names, "fastapi", "uvicorn"} <= named
    assert not {"mlflow", "scikit-learn", "holisticai", "jax", "scipy", "flask"} & named


def test_another_lock_gives_no_hashes(tmp_path: Path) -> None:
    """As after an upgrade of numpy by hand, or where no lock is installed."""
    lock = tmp_path / "requirements.txt"
    assert hashed_requirements(pinned_requirements(), lock) == ""
    lock.write_text("numpy==1.0 \\\n    --hash=sha256:00\n", encoding="utf-8")
    hashed_requirements.cache_clear()
    assert hashed_requirements(pinned_requirements(), lock) == ""
