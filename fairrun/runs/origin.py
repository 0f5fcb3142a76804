"""The origin of a measurement, with the command that repeats it."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import mlflow
from mlflow.utils.mlflow_tags import MLFLOW_USER

from fairrun.metrics import MIN_CELL, NO_PUBLICATION, Publication
from fairrun.pages import Origin
from fairrun.runs.analysis import Analyses
from fairrun.tracking.hints import commit_of, words_of_run

__all__ = ["origin_of", "settings_of"]


def origin_of(
    run_id: str, entry: str, parameters: Mapping[str, object | None], **about: Any
) -> Origin:
    """Return the origin of a measurement.

    Parameters
    ----------
    run_id : str
        The run of the measurement.
    entry : str
        The entry point that made it, such as "evaluate".
    parameters : mapping of str to object
        The parameters of the entry point. Those that are None were not given.
    **about
        The other fields of `Origin`, such as `model` and `rows`.

    Returns
    -------
    Origin
    """
    run = mlflow.MlflowClient().get_run(run_id)
    started = datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC)
    return Origin(
        run_id=run_id,
        command=shlex.join(_command(run_id, entry, parameters)),
        commit=commit_of(run_id),
        versions=_versions(),
        date=f"{started.day} {started:%B %Y}",
        user=run.data.tags.get(MLFLOW_USER, ""),
        **about,
    )


def settings_of(
    min_cell: int,
    justification: str | None,
    purpose: str | None,
    publication: Publication,
    asked: Analyses,
) -> dict[str, object | None]:
    """Return the parameters of a measurement that do not say what is measured; None by default."""
    return {
        "min_cell": None if min_cell == MIN_CELL else min_cell,
        "justification": justification,
        "purpose": purpose,
        "local_law_144": None if publication == NO_PUBLICATION else publication,
        **asked.parameters,
    }


def _command(run_id: str, entry: str, parameters: Mapping[str, object | None]) -> list[str]:
    """Return the words of the command that repeats a measurement."""
    words = words_of_run(run_id)
    place = words.index("run") + 1
    # A folder exists only on this machine, so the command is for the folder of the project (`.`).
    # The command for a Git URL works everywhere.
    if words[place].startswith("/"):
        words[place] = "."
    words += ["-e", entry]
    for name, value in parameters.items():
        if value is not None:
            words += ["-P", f"{name}={value}"]
    return words


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the numbers."""
    packages = ("mlflow", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}
