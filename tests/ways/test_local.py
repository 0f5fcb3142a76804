"""`mlflow run --env-manager local`: with the packages that are there."""

from __future__ import annotations

from pathlib import Path

from tests.ways.conftest import Caller, files, given


def test_as_the_readme_types_it(
    project: Path, environment: dict[str, str], about: dict[str, str]
) -> None:
    """In the project's folder, which is where MLflow keeps a store that nobody names."""
    here = Caller(project, f"sqlite:///{project}/mlflow.db", "0", environment)
    before = files(project)
    here.succeed(
        *("mlflow", "run", ".", "--env-manager", "local", "-e", "train"),
        *given(mitigator="reweighing", **about),
    )
    (train,) = here.runs()
    assert train.info.status == "FINISHED"
    assert train.data.tags["mlflow.runName"] == "reweighing · train"
    # What typing it here leaves here is what Git ignores.
    left = {name.split("/")[0] for name in files(project) - before}
    assert left == {"mlflow.db", "mlruns"}
    assert {"mlflow.db", "mlruns/"} <= set((project / ".gitignore").read_text("utf-8").split())
