"""The origin of an evaluation, with the command that repeats it."""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import mlflow
from mlflow.utils.mlflow_tags import MLFLOW_USER

from fairrun.data import DatasetSpec, ReadOptions
from fairrun.gate import Gate
from fairrun.metrics import MIN_CELL
from fairrun.models.open import OpenedModel
from fairrun.pages import Origin
from fairrun.tracking.hints import commit_of, words_of_run

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
    read: ReadOptions | None = None,
    min_cell: int = MIN_CELL,
    justification: str | None = None,
    purpose: str | None = None,
) -> Origin:
    """Return the origin of an evaluation.

    Parameters
    ----------
    run_id : str
        The run of the evaluation.
    model : OpenedModel
        The model.
    spec : DatasetSpec
        The data set.
    digest : str
        The digest of the evaluated rows.
    rows : str
        "test" for the test split, or "evaluation" for other rows.
    data, protected, gate, read, min_cell, justification, purpose
        The parameters of `run_evaluate`.

    Returns
    -------
    Origin
    """
    run = mlflow.MlflowClient().get_run(run_id)
    started = datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC)
    return Origin(
        model=model.uri,
        mitigator=model.mitigator,
        dataset=spec.name,
        digest=digest,
        rows=rows,
        target=spec.target,
        positive=spec.positive,
        weight=spec.weight or "",
        cluster=spec.cluster or "",
        run_id=run_id,
        command=shlex.join(
            [
                *_command(run_id, model.uri, data, protected, gate, read),
                *([] if min_cell == MIN_CELL else ["-P", f"min_cell={min_cell}"]),
                *([] if justification is None else ["-P", f"justification={justification}"]),
                *([] if purpose is None else ["-P", f"purpose={purpose}"]),
            ]
        ),
        commit=commit_of(run_id),
        versions=_versions(),
        date=f"{started.day} {started:%B %Y}",
        user=run.data.tags.get(MLFLOW_USER, ""),
        purpose=purpose or "",
    )


def _command(
    run_id: str,
    model: str,
    data: str | None,
    protected: Sequence[str],
    gate: Gate | None,
    read: ReadOptions | None,
) -> list[str]:
    """Return the words of the command that repeats an evaluation."""
    words = words_of_run(run_id)
    place = words.index("run") + 1
    # A folder exists only on this machine, so the command is for the folder of the project (`.`).
    # The command for a Git URL works everywhere.
    if words[place].startswith("/"):
        words[place] = "."
    words += ["-e", "evaluate", "-P", f"model={model}", "-P", f"protected={','.join(protected)}"]
    if data is not None:
        words += ["-P", f"data={data}"]
    if read is not None:
        words += ["-P", f"read={json.dumps(read.to_dict())}"]
    if gate is not None:
        words += ["-P", f"gate={gate}"]
    return words


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the numbers."""
    packages = ("mlflow", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}
