"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time: a slow machine is not a failure. A commit is judged by the same examples
# on every machine; `--hypothesis-profile=search` looks for new ones.
settings.register_profile("fairrun", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("fairrun")

# As the entry points have it: boosting's threads shall not keep the cores busy while they wait.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Usage statistics need a network; nothing here may wait for one.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def adult_file() -> Path:
    """UCI Adult as Parquet; `FAIRRUN_ADULT` names it, or it lies in ../shared/data."""
    path = Path(os.environ.get("FAIRRUN_ADULT", ROOT.parent / "shared" / "data" / "adult.parquet"))
    if not path.is_file():
        pytest.skip(f"the Adult file is not at {path}; set FAIRRUN_ADULT to run this test")
    return path


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables: making them takes seconds, copying them none."""
    import mlflow  # takes a second, and few files need it

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, where tests run in several processes, those that share what takes long.

    The contract's models are fitted once for all of its files; elsewhere a file is a group.
    """
    for item in items:
        path = item.path.relative_to(ROOT)
        group = path.parent if path.parent.name == "contract" else path
        item.add_marker(pytest.mark.xdist_group(str(group)))
