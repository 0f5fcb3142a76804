"""The commands that a run prints and describes: they work when pasted, in any folder.

A pasted command needs the tracking store and the project that this process uses. A shell may have
neither, because `mlflow run` passes them on, and their defaults depend on the current folder.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_COMMIT,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_PROJECT_ENV,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
)

import fairrun
from fairrun.data import KNOWN_DATASETS
from fairrun.tracking.faults import without_password

__all__ = [
    "commit_of",
    "mlflow_command",
    "mlflow_run",
    "mlflow_serve",
    "mlflow_ui",
    "next_command",
    "project_of",
    "where_to_look",
    "words_of_run",
]

#: The folder of the project, if this is a checkout and not an installed wheel.
_CHECKOUT = Path(fairrun.__file__).parents[1]
#: The parameters whose value can be a file or a folder.
_PLACES = ("data", "model")
#: A path in the URI of SQLite that is relative, and is not a database in memory.
_RELATIVE = re.compile(r"(sqlite(?:\+\w+)?:///)([^/:?].*)")
#: Not 5000, on which `mlflow ui` and most tracking servers are, nor 8000, which is `serve`'s.
_PORT = 5001


def commit_of(run_id: str) -> str:
    """Return the Git commit of a run; empty if MLflow found none."""
    return str(mlflow.MlflowClient().get_run(run_id).data.tags.get(MLFLOW_GIT_COMMIT, ""))


def project_of(run_id: str) -> str:
    """Return the project of a run as an argument for `mlflow run`: a folder or a Git URL.

    For a run that `mlflow run` did not start, this is ``.``. A user and a token in a URL are left
    out, because runs and reports have the command.
    """
    tags = _tags(run_id)
    if tags.get(MLFLOW_SOURCE_TYPE) != "PROJECT":
        return "."
    project = without_file_scheme(tags[MLFLOW_SOURCE_NAME])
    return re.sub(r"^(https?://)[^/@]*@", r"\1", project)


def _tags(run_id: str) -> Mapping[str, str]:
    """Return the tags of the run that `mlflow run` started: this run, or one that it is part of."""
    client = mlflow.MlflowClient()
    tags: Mapping[str, str] = client.get_run(run_id).data.tags
    with suppress(MlflowException):  # somebody has deleted the outer run
        outer = tags
        while outer.get(MLFLOW_SOURCE_TYPE) != "PROJECT" and MLFLOW_PARENT_RUN_ID in outer:
            outer = client.get_run(outer[MLFLOW_PARENT_RUN_ID]).data.tags
        tags = outer
    return tags


def without_file_scheme(project: str) -> str:
    """Return a project that is a `file:` URI as a folder, and any other project as it is.

    For such a URI, MLflow's tag has the caller's folder in front, which leads nowhere.

    Examples
    --------
    >>> without_file_scheme("/home/ann/file:/srv/fairrun"), without_file_scheme("file:///srv/fairrun")
    ('/srv/fairrun', '/srv/fairrun')
    >>> without_file_scheme("https://example.org/fairrun.git")
    'https://example.org/fairrun.git'
    """
    found = re.search(r"(?:^|/)file:/+(.*)", project)
    return project if found is None else f"/{found[1]}"


def next_command(run_id: str, entry_point: str, parameters: Mapping[str, str]) -> str:
    """Return a command that runs another entry point, as this one was run.

    Parameters
    ----------
    run_id : str
        A run of this process, which says how it was started.
    entry_point : str
        The name of the entry point, such as "evaluate".
    parameters : mapping of str to str
        The values of its parameters, which are quoted for the shell, apart from the current folder
        ``$PWD/`` at the start. A file or folder gets its full path.
    """
    parameters = {name: _in_every_folder(name, value) for name, value in parameters.items()}
    is_installed = project_of(run_id) == "." and not (_CHECKOUT / "MLproject").is_file()
    if is_installed:
        start = f"{_store()}{shlex.join([sys.executable, '-m', 'fairrun', entry_point])}"
        return " ".join([start, *(_option(*each) for each in parameters.items())])
    given = [f"-P {name}={_quoted(value)}" for name, value in parameters.items()]
    return " ".join([mlflow_run(run_id), "-e", entry_point, *given])


def _in_every_folder(name: str, value: str) -> str:
    """Return a value with the full path of the file or folder that it names, if it names one."""
    is_place = name in _PLACES and value not in KNOWN_DATASETS
    # `Path.exists` fails for a URL that is too long for the name of a file.
    return str(Path(value).resolve()) if is_place and os.path.exists(value) else value  # noqa: PTH110


def _option(name: str, value: str) -> str:
    return f"--{name.replace('_', '-')}={_quoted(value)}"


def _quoted(value: str) -> str:
    """Return a value for the shell, with the current folder before a relative path."""
    here = "$PWD/"
    return f'"$PWD"/{_quoted(value.removeprefix(here))}' if value.startswith(here) else quote(value)


def mlflow_run(run_id: str) -> str:
    """Return the beginning of a next command: `mlflow run` with the project of a run.

    The command uses the environment that this run has. Without `--env-manager`, MLflow would build
    one, which takes minutes.
    """
    return f"{_path(run_id)}{_store()}{shlex.join(words_of_run(run_id))}"


def words_of_run(run_id: str) -> list[str]:
    """Return the words of `mlflow_run` without the assignments, which are of this machine."""
    project, manager = project_of(run_id), _manager(run_id)
    if project == "." and (_CHECKOUT / "MLproject").is_file():
        project = str(_CHECKOUT)
    words = ["mlflow", "run", project]
    commit = _tags(run_id).get(MLFLOW_GIT_COMMIT)
    if commit and not project.startswith(("/", ".")):  # without it, MLflow takes the newest commit
        words += ["-v", commit]
    is_default = manager not in ("local", "uv")
    return [*words, *([] if is_default else ["--env-manager", manager])]


def mlflow_serve(run_id: str, model: str) -> str:
    """Return the command that serves a model with MLflow's own server."""
    words = ["-m", model, "--port", str(_PORT), "--env-manager", _manager(run_id)]
    return f"{_path(run_id)}{_store()}mlflow models serve {shlex.join(words)}"


def mlflow_command(run_id: str, *words: str) -> str:
    """Return another command of MLflow, such as `mlflow artifacts download`."""
    return f"{_path(run_id)}{_store()}{shlex.join(['mlflow', *words])}"


def where_to_look(run_id: str) -> list[str]:
    """Return how to look at a run: a link on its server, or a command and the link that it serves.

    `mlflow ui` does not read MLFLOW_TRACKING_URI. Without the URI, it shows `mlflow.db` of the
    folder where it is started.
    """
    uri = mlflow.get_tracking_uri()
    run = mlflow.MlflowClient().get_run(run_id)
    page = f"#/experiments/{run.info.experiment_id}/runs/{run_id}"
    if uri.startswith(("http://", "https://")):
        return [f"{_without_user(uri).rstrip('/')}/{page}"]
    if uri.startswith("databricks"):
        return [f"run {run_id} on the tracking server"]
    return [mlflow_ui(run_id), f"and open http://127.0.0.1:5000/{page}"]


def mlflow_ui(run_id: str) -> str:
    """Return the command that shows the runs of a tracking store without a server."""
    # A password is not printed. Who has one in a URI has it in this variable.
    uri = quote(_uri()) if _uri() else '"$MLFLOW_TRACKING_URI"'
    return f"{_path(run_id)}mlflow ui --backend-store-uri {uri}"


def _uri() -> str:
    """Return the URI of the tracking store as it is in every folder; empty if it has a password."""
    uri = mlflow.get_tracking_uri()
    if without_password(uri) != uri:
        return ""
    if relative := _RELATIVE.fullmatch(uri):
        return f"{relative[1]}{Path.cwd() / relative[2]}"
    return uri


def _store() -> str:
    """Return the assignment before a command that makes it use the tracking store."""
    return f"MLFLOW_TRACKING_URI={quote(_uri())} " if _uri() else ""


def _without_user(uri: str) -> str:
    return re.sub("//[^/]*@", "//", uri)


def _manager(run_id: str) -> str:
    """Return the environment manager of a run."""
    # MLflow gives this tag to runs for which it built an environment, and to no other.
    return _tags(run_id).get(MLFLOW_PROJECT_ENV) or "local"


def _path(run_id: str) -> str:
    """Return the assignment that puts this Python on the path, if its environment is not active.

    `--env-manager local` takes `mlflow` and `python` from the path of the shell.
    """
    active = os.environ.get("VIRTUAL_ENV", "")  # another environment can be active, too
    is_active = Path(active).resolve() == Path(sys.prefix).resolve()
    if is_active or sys.prefix == sys.base_prefix or _manager(run_id) != "local":
        return ""
    return f'PATH={quote(str(Path(sys.prefix) / "bin"))}:"$PATH" '
