"""Where an evaluation comes from, and what to type to make it again."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import version

from fairrun.data import DatasetSpec
from fairrun.gate import Gate
from fairrun.models.open import OpenedModel
from fairrun.pages import Origin
from fairrun.tracking.runs import commit_of, project_of

__all__ = ["origin_of"]


def origin_of(
    run_id: str,
    model: OpenedModel,
    spec: DatasetSpec,
    digest: str,
    rows: str,
    data: str | None,
    protected: Sequence[str],
    gate: Gate | None,
) -> Origin:
    """Say where an evaluation comes from.

    Parameters
    ----------
    run_id : str
        Its run.
    model : OpenedModel
        The model.
    spec : DatasetSpec
        The data.
    digest : str
        The digest of the rows that were measured.
    rows : str
        Which rows these are: `test`, or `evaluation` for rows that were given.
    data, protected, gate
        As `run_evaluate` was given them.
    """
    return Origin(
        model=model.uri,
        mitigator=model.mitigator,
        dataset=spec.name,
        digest=digest,
        rows=rows,
        target=spec.target,
        positive=spec.positive,
        run_id=run_id,
        command=_command(run_id, model.uri, data, protected, gate),
        commit=commit_of(run_id),
        versions=_versions(),
    )


def _command(
    run_id: str, model: str, data: str | None, protected: Sequence[str], gate: Gate | None
) -> str:
    """Write what to type to make an evaluation again, in the folder of the project or anywhere."""
    project = project_of(run_id)
    # A folder is where it was on this machine; a Git URL is the same for everybody.
    is_remote = not project.startswith("file:") and ("://" in project or "@" in project)
    words = ["mlflow", "run", project if is_remote else "."]
    words += ["-e", "evaluate", "-P", f"model={model}", "-P", f"protected={','.join(protected)}"]
    if data is not None:
        words += ["-P", f"data={data}"]
    if gate is not None:
        words += ["-P", f"gate={gate}"]
    return shlex.join(words)


def _versions() -> dict[str, str]:
    """Find the versions of what the numbers are computed with."""
    packages = ("mlflow", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}
