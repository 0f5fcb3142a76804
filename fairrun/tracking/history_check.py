"""Check the history of a registered model against what it describes.

The chain of digests shows a change inside the history. The files of the entries, the tags of the
versions and the aliases show a change at its end, which the chain alone cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlflow.entities.model_registry import ModelVersion

from fairrun.tracking.entries import DONE, Entry, History
from fairrun.tracking.history import check_copies
from fairrun.tracking.names import ALIAS_CHALLENGER, ALIAS_CHAMPION, PROMOTION_ENTRY
from fairrun.tracking.registered import aliases_of, has_version, versions_of
from fairrun.tracking.store import find_run

__all__ = ["Finding", "check_history"]

#: The runs that a decision rests on, by the key of its evidence.
_RUNS = ("evaluated_in", "compared_in")


@dataclass(frozen=True)
class Finding:
    """Something that the check of a history has found.

    Attributes
    ----------
    link : str
        What does not fit: "chain", "files", "version", "alias", "run" or "note".
    says : str
        What was found, as a sentence without a full stop.
    do : str
        What to do about it; empty for a note.
    """

    link: str
    says: str
    do: str = ""

    @property
    def is_broken(self) -> bool:
        """Return whether the history is broken here. A note is only worth knowing."""
        return self.link != "note"

    def __str__(self) -> str:
        return f"{self.link}: {self.says}{f'; {self.do}' if self.do else ''}"


def check_history(history: History) -> list[Finding]:
    """Check the chain, the files, the versions, the aliases and the runs of a history.

    Parameters
    ----------
    history : History
        The history from `read_history`.

    Returns
    -------
    list of Finding
        Broken links first.
    """
    versions = versions_of(history.name)
    found = [
        *_chain(history),
        *_registry_runs(history),
        *_versions(history, versions),
        *(_aliases(history) if versions is not None else ()),
        *_runs_of_decisions(history),
        *_notes(history),
    ]
    return sorted(found, key=lambda each: not each.is_broken)


def _chain(history: History) -> Iterator[Finding]:
    for says in history.problems:
        if "fork" in says:
            yield Finding("chain", *says.split("; ", 1))
        else:
            yield Finding(
                *("chain", says),
                "compare with the files in history/ of the registry run, and restore the database "
                "from a backup",
            )


def _registry_runs(history: History) -> Iterator[Finding]:
    for run_id in history.runs:
        if find_run(run_id) is None or _is_deleted(run_id):
            yield Finding("chain", f"the registry run {run_id} was deleted", _restore(run_id))
            continue
    for says in check_copies(history):
        yield Finding(
            "files", says, "the version of the entry has its digest in the tag promotion.entry"
        )


def _versions(history: History, versions: list[ModelVersion] | None) -> Iterator[Finding]:
    """Compare the tag of each version with the last decision about it."""
    if versions is None:
        yield Finding(
            "version",
            f"the registered model {history.name} was deleted or renamed",
            "rename it back, or promote a model under this name",
        )
        return
    last: dict[str, Entry] = {}
    for decision, done in _closed(history):
        if not done.facts.get("undone"):
            last[str(done.facts.get("version"))] = decision
    pending = {str(each.facts.get("version")) for each in history.open_entries}
    there = {str(each.version): each for each in versions}
    for version, decision in last.items():
        if version not in there and not has_version(history.name, version):
            yield Finding("note", f"version {version} of entry {decision.number} was deleted")
    for version, each in there.items():
        tag = each.tags.get(PROMOTION_ENTRY, "")
        wanted = f"{last[version].number} {last[version].digest}" if version in last else ""
        if tag == wanted or version in pending or (history.open_entries and not wanted):
            continue
        says = f"the tag {PROMOTION_ENTRY} of version {version} names "
        says += f"entry {tag[:20]}…" if tag else "no entry"
        says += (
            f", but the history has entry {wanted[:20]}…"
            if wanted
            else (", which is not in the history")
        )
        yield Finding(
            *("version", says),
            "if entries were removed, restore the database from a backup; otherwise somebody has "
            "changed the tag"
            if wanted
            else "if the registered model was renamed, its history is still under its old name: "
            "rename it back; if entries were removed, restore the database from a backup; "
            "otherwise somebody has changed the tag",
        )


def _aliases(history: History) -> Iterator[Finding]:
    """Compare the aliases with the last entry that says what they are."""
    done = [each for each in history.entries if each.kind == DONE]
    if not done or history.open_entries:
        return
    aliases = aliases_of(history.name)
    for alias in (ALIAS_CHAMPION, ALIAS_CHALLENGER):
        actual, logged = aliases.get(alias), done[-1].facts.get(alias)
        if actual == logged:
            continue
        if actual is None and logged and not has_version(history.name, logged):
            yield Finding(
                "alias",
                f"no version has the alias {alias}, because somebody deleted version {logged}, "
                f"which has it by entry {done[-1].number}",
                "promote a model or roll back to another version, which records it",
            )
        else:
            yield Finding(
                "alias",
                f"the alias {alias} is version {actual or 'none'}, but by entry "
                f"{done[-1].number} it is {logged or 'none'}: somebody moved it outside of fairrun",
                "move it back with: mlflow.MlflowClient().set_registered_model_alias"
                f"({history.name!r}, {alias!r}, {logged!r}), or the next promotion or rollback "
                "records it"
                if logged
                else "the next promotion or rollback records it",
            )


def _runs_of_decisions(history: History) -> Iterator[Finding]:
    known: dict[str, str] = {}
    for entry in history.entries:
        evidence = entry.facts.get("evidence") or {}
        runs = {"the run": entry.run_id, "the training run": entry.facts.get("trained_by")}
        runs |= {f"the run {name}": evidence.get(name) for name in _RUNS}
        for what, run_id in runs.items():
            # A first promotion was compared with no champion.
            if not isinstance(run_id, str) or run_id in ("", "none", *known):
                continue
            known[run_id] = what
            if find_run(run_id) is None:
                says = f"{what} of entry {entry.number} is gone: {run_id}"
                yield Finding("run", says, "restore the tracking store from a backup")
            elif _is_deleted(run_id):
                says = f"{what} of entry {entry.number} was deleted: {run_id}"
                yield Finding("run", says, _restore(run_id))


def _notes(history: History) -> Iterator[Finding]:
    for entry in history.open_entries:
        yield Finding(
            "note",
            f"entry {entry.number} is not carried out yet; if its run {entry.run_id} has ended, "
            "the next promotion or rollback does it",
        )
    champion: str | None = None
    for at, (_, done) in enumerate(_closed(history)):
        before = done.facts.get("champion_before")
        if before != champion and (at or before):
            yield Finding(
                "note",
                f"before entry {done.number}, the alias {ALIAS_CHAMPION} was moved from version "
                f"{champion or 'none'} to {before or 'none'} outside of fairrun",
            )
        champion = done.facts.get("champion")
    for entry in history.entries:
        if len(entry.previous) > 1:
            yield Finding("note", f"entry {entry.number} closed a fork of the history")


def _closed(history: History) -> Iterator[tuple[Entry, Entry]]:
    """Yield the decisions that were carried out, each with the entry that says so."""
    by_digest = {each.digest: each for each in history.entries}
    for done in history.entries:
        for digest in done.facts.get("closes", ()):
            if digest in by_digest:
                yield by_digest[digest], done


def _is_deleted(run_id: str) -> bool:
    run = find_run(run_id)
    return run is not None and run.info.lifecycle_stage == "deleted"


def _restore(run_id: str) -> str:
    return f"bring it back with: mlflow runs restore --run-id {run_id}"
