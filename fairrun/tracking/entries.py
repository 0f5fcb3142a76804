"""The entries of a history of promotions, and what is wrong with their chain.

Each entry has the digest of the entry before it, so an entry that was changed or removed is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fairrun.text import listed_names, n_of

__all__ = ["DONE", "PROMOTION", "ROLLBACK", "Entry", "History", "as_stored", "read_entry"]

#: The kinds of entries. Entries of the first two are written before anything is changed, and
#: `DONE` after the last change.
PROMOTION, ROLLBACK, DONE = "promotion", "rollback", "done"
#: The facts that are texts.
_TEXTS = ("model_id", "source", "trained_by", "verdict", "description", "undone")


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
        What was decided, or what was done, as JSON. For `DONE`, "closes" has the digest of the
        entry that was carried out, and "champion" the version that has this alias since.
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

    def sealed(self) -> Entry:
        """Return the entry with the digest of its content."""
        return replace(self, digest=_digest(self._content))

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
        known = {each.digest for each in self.entries}
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
        # An entry that was changed has another digest, so it looks like the end of a fork.
        if len(self.heads) > 1 and known >= {d for each in self.entries for d in each.previous}:
            at = _listed(sorted({each.number for each in self.heads}))
            yield (
                f"the history has a fork at entry {at}, because two processes created it at once; "
                "the next promotion closes it"
            )


def read_entry(text: str, place: str) -> Entry | None:
    """Return the entry that a registry run has as text; None if the text is none."""
    try:
        found = json.loads(text)
        entry = Entry(
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
        entry.text.encode()  # refuse what no entry was stored from, such as NaN
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    known = entry.kind in (PROMOTION, ROLLBACK, DONE)
    return entry if known and _has_kinds_of_facts(entry.facts) else None


def _has_kinds_of_facts(facts: Mapping[str, Any]) -> bool:
    """Return whether facts are of the kinds that entries hold; people can change a database."""
    lists = [facts.get(name, []) for name in ("closes", "reasons")]
    tables = [facts.get(name, {}) for name in ("evidence", "tags", "whole")]
    versions = [facts.get(name) for name in ("version", "champion_before")]
    # In a decision, these two say whether the alias is set; in `DONE`, they are versions.
    versions += [e for e in map(facts.get, ("champion", "challenger")) if not isinstance(e, bool)]
    texts = [facts.get(name, "") for name in _TEXTS]
    texts += [each for texts_of in lists if isinstance(texts_of, list) for each in texts_of]
    return (
        all(isinstance(each, list) for each in lists)
        and all(isinstance(each, dict) for each in tables)
        and all(isinstance(each, str) for each in texts)
        and all(e is None or (isinstance(e, str) and e.isdecimal()) for e in versions)
    )


def as_stored(content: Any) -> str:
    """Return JSON as it is stored: one text for one content, whatever the order of its keys."""
    return json.dumps(
        content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(as_stored(content).encode()).hexdigest()


def _listed(numbers: Sequence[int]) -> str:
    return listed_names([str(number) for number in numbers], most=5)
