"""What MLflow calls to save a model: its own `pyfunc`, without what should not leave this machine.

MLflow writes paths of the machine that trains into MLmodel, the versions of its installers into the
files of the environment, and copies the files of the `uv` project in the working directory. No
argument of `log_model` changes that, so the files are written again before MLflow uploads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import yaml
from mlflow.models import Model

from fairrun.inference.pyfunc import ARTIFACT_NAME
from fairrun.models.requirements import hashed_requirements
from fairrun.models.seal import ARTIFACT, seal

__all__ = ["save_model"]

_HASHED = "requirements-hashed.txt"


def save_model(path: str, mlflow_model: Model, **arguments: Any) -> None:
    """Save a model as `mlflow.pyfunc.save_model` does, and write digests of its files.

    Parameters
    ----------
    path : str
        The folder of the model.
    mlflow_model : mlflow.models.Model
        The content of MLmodel.
    **arguments
        The other arguments of `mlflow.pyfunc.save_model`.
    """
    mlflow.pyfunc.save_model(path=path, mlflow_model=mlflow_model, **arguments)
    folder = Path(path)
    _remove_paths(folder, mlflow_model)
    _write_environment(folder, tuple(arguments["pip_requirements"]))
    seal(folder)


def _remove_paths(folder: Path, mlflow_model: Model) -> None:
    """Remove the paths of this machine, none of which MLflow reads again."""
    flavor = mlflow_model.flavors["python_function"]
    # MLflow looks for the file of this name in the folder of the model.
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    flavor["artifacts"][ARTIFACT_NAME]["uri"] = ARTIFACT.as_posix()
    location = mlflow_model.artifact_path
    if location is not None and location.startswith(("file:", "/")):
        # MLflow only prints this path; it finds the files by the id of the model.
        mlflow_model.artifact_path = "model"
    mlflow_model.save(folder / "MLmodel")
    mlflow_model.artifact_path = location


def _write_environment(folder: Path, requirements: tuple[str, ...]) -> None:
    """Leave the installers to the environment manager, and have packages checked by their hashes.

    `mlflow models serve` reads python_env.yaml. MLflow's own commands cannot read a
    requirements.txt with hashes, so the hashes are in another file.
    """
    for name in ("uv.lock", "pyproject.toml", ".python-version"):
        (folder / name).unlink(missing_ok=True)
    path = folder / "python_env.yaml"
    environment = yaml.safe_load(path.read_text("utf-8"))
    environment.pop("build_dependencies", None)
    if hashed := hashed_requirements(requirements):
        (folder / _HASHED).write_text(hashed, encoding="utf-8")
        environment["dependencies"] = [f"-r {_HASHED}"]
    path.write_text(yaml.safe_dump(environment, sort_keys=False), encoding="utf-8")
    path = folder / "conda.yaml"
    environment = yaml.safe_load(path.read_text("utf-8"))
    environment["dependencies"] = [
        "pip" if isinstance(each, str) and each.startswith("pip") else each
        for each in environment["dependencies"]
    ]
    path.write_text(yaml.safe_dump(environment, sort_keys=False), encoding="utf-8")
