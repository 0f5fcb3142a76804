"""The history of a registered model: an append-only chain of entries about its promotions.

MLflow keeps no history of aliases, has no lock, and overwrites tags and artifacts. It never changes
the value of a parameter, though: of two processes that log one name, a single one succeeds. So an
entry is a parameter of the registry run, named by its number. The process that loses reads the
history again, and decides again.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from fairrun.tracking.entries import DONE, PROMOTION, ROLLBACK, Entry, History, read_entry
from fairrun.tracking.names import (
    HISTORY_FILES,
    REGISTRY_DIGEST,
    REGISTRY_EXPERIMENT,
    REGISTRY_NAME,
)
from fairrun.tracking.store import open_store

__all__ = [
    "DONE",
    "PROMOTION",
    "ROLLBACK",
    "Entry",
    "History",
    "OvertakenError",
    "append_entry",
    "check_copies",
    "copy_entries",
    "read_history",
]

#: The parameter of an entry: `entry.000001`.
_NAME = re.compile(r"entry\.(\d{6})")
#: The longest value of a parameter is 6,000 characters. MLflow cuts longer ones without a word.
_LONGEST = 5_900
#: The most registry runs that are read. A registered model has one, unless two processes created it
#: at once.
_MOST_RUNS = 1_000


class OvertakenError(Exception):
    """Another process has written the entry with this number. Read the history again."""


def read_history(name: str) -> History:
    """Read the history of a registered model, which is empty before its first promotion.

    Parameters
    ----------
    name : str
        The name of the registered model.

    Returns
    -------
    History

    Raises
    ------
    StoreError
        If the tracking store cannot be used.
    """
    open_store()
    entries, unreadable, runs = [], [], _registry_runs(name)
    for run in runs:
        for key, value in sorted(run.data.params.items()):
            if not (found := _NAME.fullmatch(key)):
                continue
            entry = read_entry(value, run.info.run_id)
            if entry is None or entry.number != int(found[1]):
                unreadable.append(key)
            else:
                entries.append(entry)
    order = {run.info.run_id: place for place, run in enumerate(runs)}
    entries.sort(key=lambda each: (each.number, order[each.place]))
    return History(name, tuple(entries), tuple(order), tuple(unreadable))


def append_entry(
    history: History, kind: str, facts: Mapping[str, Any], *, run_id: str, who: str
) -> History:
    """Write the next entry of a history.

    Parameters
    ----------
    history : History
        The history as it was read when the caller decided.
    kind : str
        `PROMOTION`, `ROLLBACK` or `DONE`.
    facts : mapping
        What was decided or done, as JSON.
    run_id, who : str
        The run that writes, and its user.

    Returns
    -------
    History
        The history with the entry as its last.

    Raises
    ------
    OvertakenError
        If another process has written an entry with this number.
    """
    run = history.runs[0] if history.runs else _registry_run(history.name)
    number = max((each.number for each in history.entries), default=0) + 1
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    previous = tuple(each.digest for each in history.heads)
    entry = Entry(number, kind, facts, when, who, run_id, previous, "", run).sealed()
    if len(entry.text) > _LONGEST:
        raise ValueError(f"an entry of {len(entry.text)} characters; shorten its facts")
    try:
        mlflow.MlflowClient().log_param(run, f"entry.{number:06d}", entry.text)
    except MlflowException as error:
        if "Changing param values is not allowed" in error.message:
            raise OvertakenError(f"entry {number} is taken") from error
        raise
    runs = history.runs or (run,)
    return History(history.name, (*history.entries, entry), runs, history.unreadable)


def copy_entries(history: History) -> None:
    """Write a file for each entry that has none.

    An auditor can download the files of a registry run without reading its parameters. A file is
    written once and never again, so it shows what an entry was before somebody changed it.
    """
    client = mlflow.MlflowClient()
    for run in history.runs:
        there = _files(run)
        for entry in history.entries:
            path = _file(entry.number)
            if entry.place == run and path not in there:
                client.log_text(run, entry.text, path)


def check_copies(history: History) -> list[str]:
    """Return which files of entries differ from their entry, a sentence each.

    A file that is the beginning of its entry is written again, because a process was killed while
    it wrote the file.
    """
    client, differ = mlflow.MlflowClient(), []
    for run in history.runs:
        entries = {_file(e.number): e.text for e in history.entries if e.place == run}
        for path, text in _texts(run).items():
            if path not in entries:
                differ.append(f"the file {path} of the run {run} has an entry that is gone")
            elif entries[path] != text and entries[path].startswith(text):
                client.log_text(run, entries[path], path)
            elif entries[path] != text:
                differ.append(
                    f"the file {path} of the run {run} differs from its entry, because one of them "
                    "was changed"
                )
    return differ


def _file(number: int) -> str:
    return f"{HISTORY_FILES}/{number:06d}.json"


def _files(run_id: str) -> list[str]:
    found = mlflow.MlflowClient().list_artifacts(run_id, HISTORY_FILES)
    return sorted(each.path for each in found if not each.is_dir)


def _texts(run_id: str) -> dict[str, str]:
    """Return the files of entries of a registry run."""
    if not (paths := _files(run_id)):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        mlflow.MlflowClient().download_artifacts(run_id, HISTORY_FILES, folder)
        return {path: (Path(folder) / path).read_text("utf-8", "replace") for path in paths}


def _registry_runs(name: str) -> list[Run]:
    """Return the registry runs of a registered model, the oldest first."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(REGISTRY_EXPERIMENT)
    if experiment is None:
        return []
    # A name can have quotes, which a filter cannot escape, but its digest has none.
    runs: list[Run] = []
    page = None
    while page != "" and len(runs) < _MOST_RUNS:
        found = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{REGISTRY_DIGEST}` = '{_digest(name)}'",
            run_view_type=ViewType.ALL,
            page_token=page or None,
        )
        runs += [each for each in found if each.data.tags.get(REGISTRY_NAME) == name]
        page = found.token or ""
    return sorted(runs, key=lambda each: (each.info.start_time, each.info.run_id))


def _registry_run(name: str) -> str:
    """Create the registry run of a model, and return the id of the oldest one."""
    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(REGISTRY_EXPERIMENT) is None:
        try:
            client.create_experiment(REGISTRY_EXPERIMENT)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise  # and otherwise another process has just created it
    experiment = client.get_experiment_by_name(REGISTRY_EXPERIMENT)
    assert experiment is not None  # noqa: S101  it exists since the lines above
    tags = {REGISTRY_NAME: name, REGISTRY_DIGEST: _digest(name)}
    tags[MLFLOW_RUN_NAME] = f"registry · {name}"
    run = client.create_run(experiment.experiment_id, tags=tags)
    client.set_terminated(run.info.run_id, "FINISHED")
    # Another process may have done the same; both take the older run.
    return str(_registry_runs(name)[0].info.run_id)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
