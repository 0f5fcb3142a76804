"""The history of a registered model: an append-only chain of entries about its promotions.

MLflow keeps no history of aliases, has no lock, and overwrites tags and artifacts. It never changes
the value of a parameter, though: of two processes that log one name, a single one succeeds. So an
entry is a parameter of the registry run, named by its number. The process that loses reads the
history again, and decides again. Each entry has the digest of the entry before it, so an entry
that was changed or removed in the database is found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import mlflow
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from fairrun.text import listed_names, n_of
from fairrun.tracking.names import HISTORY_FILES, REGISTRY_EXPERIMENT, REGISTRY_NAME
from fairrun.tracking.store import open_store

__all__ = [
    "DONE",
    "PROMOTION",
    "ROLLBACK",
    "Entry",
    "History",
    "OvertakenError",
    "append_entry",
    "as_stored",
    "check_copies",
    "copy_entries",
    "read_history",
]

#: The kinds of entries. Entries of the first two are written before anything is changed, and
#: `DONE` after the last change.
PROMOTION, ROLLBACK, DONE = "promotion", "rollback", "done"

#: The parameter of an entry: `entry.000001`.
_NAME = re.compile(r"entry\.(\d{6})")
#: The longest value of a parameter is 6,000 characters. MLflow cuts longer ones without a word.
_LONGEST = 5_900
#: The most registry runs that are read. A registered model has one, unless two processes created it
#: at once.
_MOST_RUNS = 1_000


class OvertakenError(Exception):
    """Another process has written the entry with this number. Read the history again."""


@dataclass(frozen=True)
class Entry:
    """One entry of a history.

    Attributes
    ----------
    number : int
        The place in the history, from 1.
    kind : str
        `PROMOTION`, `ROLLBACK` or `DONE`.
    facts : dict
        What was decided, or what was done, as JSON. For `DONE`, "closes" is the number of the entry
        that was carried out.
    when : str
        The time in UTC, in ISO 8601.
    who : str
        The user of the run.
    run_id : str
        The run that wrote the entry.
    previous : tuple of str
        The digests of the entries that no other entry follows. There are two if the history had a
        fork, which this entry closes.
    digest : str
        The SHA-256 of the rest of the entry.
    place : str
        The registry run that has the entry.
    """

    number: int
    kind: str
    facts: Mapping[str, Any]
    when: str
    who: str
    run_id: str
    previous: tuple[str, ...]
    digest: str
    place: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """Return the entry as JSON, as it is stored."""
        return as_stored({**self._content, "digest": self.digest})

    @property
    def is_sound(self) -> bool:
        """Return whether the digest is that of the content."""
        return _digest(self._content) == self.digest

    @property
    def _content(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "kind": self.kind,
            "facts": dict(self.facts),
            "when": self.when,
            "who": self.who,
            "run_id": self.run_id,
            "previous": list(self.previous),
        }


@dataclass(frozen=True)
class History:
    """The history of a registered model, in the order of its entries.

    Attributes
    ----------
    name : str
        The name of the registered model.
    entries : tuple of Entry
        All entries. Of entries with the same number, those of the older registry run come first.
    runs : tuple of str
        The registry runs, the oldest first. New entries are written to the first.
    unreadable : tuple of str
        The names of parameters that hold no entry.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    runs: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[Entry, ...]:
        """Return the entries that no other entry follows: one, or several after a fork."""
        followed = {digest for each in self.entries for digest in each.previous}
        return tuple(each for each in self.entries if each.digest not in followed)

    @property
    def open_entries(self) -> tuple[Entry, ...]:
        """Return the promotions and rollbacks that were begun and not yet carried out."""
        closed = {digest for each in self.entries for digest in each.facts.get("closes", ())}
        return tuple(e for e in self.entries if e.kind != DONE and e.digest not in closed)

    def done_of(self, entry: Entry) -> Entry | None:
        """Return the entry that says that another one was carried out; None if there is none."""
        found = (e for e in self.entries if entry.digest in e.facts.get("closes", ()))
        return next(found, None)

    @property
    def moves(self) -> list[tuple[Entry, Entry]]:
        """Return the entries that moved the champion, each with the entry that it closed."""
        by_digest = {each.digest: each for each in self.entries}
        return [
            (by_digest[digest], each)
            for each in self.entries
            if each.kind == DONE and each.facts.get("champion") != each.facts.get("champion_before")
            for digest in each.facts.get("closes", ())[-1:]
            if digest in by_digest
        ]

    @property
    def champion(self) -> str | None:
        """Return the version that is champion by the history; None if there never was one."""
        done = [each for each in self.entries if each.kind == DONE]
        return done[-1].facts.get("champion") if done else None

    @property
    def problems(self) -> list[str]:
        """Return what is wrong with the chain, a sentence each; empty if it is unbroken."""
        return [*self._problems()]

    def _problems(self) -> Iterator[str]:
        for name in self.unreadable:
            yield f"the parameter {name} holds no entry: it was changed after it was written"
        known = {each.digest: each for each in self.entries}
        numbers = [each.number for each in self.entries]
        for each in self.entries:
            if not each.is_sound:
                yield f"entry {each.number} was changed after it was written: its digest differs"
            lost = [digest for digest in each.previous if digest not in known]
            if lost:
                yield (
                    f"entry {each.number} follows an entry that is not there (digest "
                    f"{lost[0][:12]}…): it was changed or removed"
                )
            if not each.previous and each.number > 1:
                yield f"entry {each.number} follows no entry: earlier ones were removed"
        missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        if missing:
            yield f"{n_of(len(missing), 'entry', 'entries')} missing: {_listed(missing)}"
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if len(self.heads) > 1:
            at = _listed(twice or [each.number for each in self.heads])
            yield (
                f"the history has a fork at entry {at}, because two processes created it at once; "
                "the next promotion closes it"
            )


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
            entry = _read(value, run.info.run_id)
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
    entry = Entry(number, kind, facts, when, who, run_id, previous, "", run)
    entry = Entry(*(number, kind, facts, when, who, run_id, previous, _digest(entry._content), run))
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
    it wrote it.
    """
    client, differ = mlflow.MlflowClient(), []
    for run in history.runs:
        entries = {_file(e.number): e.text for e in history.entries if e.place == run}
        for path in sorted(_files(run)):
            text = mlflow.artifacts.load_text(f"runs:/{run}/{path}")
            if path not in entries:
                differ.append(f"the file {path} of the run {run} has an entry that is gone")
            elif entries[path] != text and entries[path].startswith(text):
                client.log_text(run, entries[path], path)
            elif entries[path] != text:
                differ.append(
                    f"the file {path} of the run {run} differs from its entry: one of them was "
                    "changed"
                )
    return differ


def _file(number: int) -> str:
    return f"{HISTORY_FILES}/{number:06d}.json"


def _files(run_id: str) -> set[str]:
    return {each.path for each in mlflow.MlflowClient().list_artifacts(run_id, HISTORY_FILES)}


def _registry_runs(name: str) -> list[Run]:
    """Return the registry runs of a registered model, the oldest first."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(REGISTRY_EXPERIMENT)
    if experiment is None:
        return []
    # A name can have quotes, which a filter cannot escape, so the tags are compared here.
    runs: list[Run] = []
    page = None
    while page != "" and len(runs) < _MOST_RUNS:
        found = client.search_runs(
            [experiment.experiment_id], run_view_type=ViewType.ALL, page_token=page or None
        )
        runs += [each for each in found if each.data.tags.get(REGISTRY_NAME) == name]
        page = found.token or ""
    return sorted(runs, key=lambda each: (each.info.start_time, each.info.run_id))


def _registry_run(name: str) -> str:
    """Create the registry run of a model, and return the id of the oldest one."""
    client = mlflow.MlflowClient()
    with suppress(MlflowException):  # it exists, or another process has just created it
        client.create_experiment(REGISTRY_EXPERIMENT)
    experiment = client.get_experiment_by_name(REGISTRY_EXPERIMENT)
    if experiment is None:
        raise RuntimeError("the experiment of the registry runs was deleted")
    tags = {REGISTRY_NAME: name, MLFLOW_RUN_NAME: f"registry · {name}"}
    run = client.create_run(experiment.experiment_id, tags=tags)
    client.set_terminated(run.info.run_id, "FINISHED")
    # Another process may have done the same; both take the older run.
    return _registry_runs(name)[0].info.run_id


def _read(text: str, place: str) -> Entry | None:
    try:
        found = json.loads(text)
        return Entry(
            int(found["number"]),
            str(found["kind"]),
            dict(found["facts"]),
            str(found["when"]),
            str(found["who"]),
            str(found["run_id"]),
            tuple(map(str, found["previous"])),
            str(found["digest"]),
            place,
        )
    except (ValueError, TypeError, KeyError):
        return None


def as_stored(content: Any) -> str:
    """Return JSON as it is stored: one text for one content, whatever the order of its keys."""
    return json.dumps(
        content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(as_stored(content).encode()).hexdigest()


def _listed(numbers: Sequence[int]) -> str:
    return listed_names([str(number) for number in numbers], most=5)
