"""Carry out a promotion or a rollback, in an order that a crash cannot break.

The decision is written to the history first, and what it changes afterwards: the registered
version, its tags and description, and the aliases. The last entry says that all is done. A process
that ends in between leaves an open entry, and the next command for the same registered model
carries it out. Every step is the same when it is repeated.

The history is the truth, and aliases follow from it. A decision is written only if none is open, so
decisions follow each other, and the entry that closes one is true when it is written. A slow
process may still write what a faster one has carried out in its place. It finds the later entries
in the history, and carries these out again.
"""

from __future__ import annotations

import logging
import math
import shlex
import time
from contextlib import suppress
from dataclasses import dataclass

import mlflow

from fairrun.errors import RequestError, StoreError
from fairrun.text import shortened
from fairrun.tracking.faults import naming_faults
from fairrun.tracking.history import (
    DONE,
    ROLLBACK,
    Entry,
    History,
    OvertakenError,
    append_entry,
    read_history,
)
from fairrun.tracking.history_table import publish
from fairrun.tracking.moves import Move, facts_of, move_of, outcome_of
from fairrun.tracking.names import (
    ALIAS_CHALLENGER,
    ALIAS_CHAMPION,
    FINISHED_BY,
    GATE_VERDICT,
    PROCESS_ID,
    PROMOTION,
    PROMOTION_ENTRY,
    PROMOTION_REASONS,
    PROMOTION_RUN,
)
from fairrun.tracking.owners import is_gone
from fairrun.tracking.registered import (
    GoneError,
    aliases_of,
    check_name,
    registered_version,
    set_alias,
    write_version,
)
from fairrun.tracking.store import find_run

__all__ = ["Carried", "Move", "carry_out", "has_ended", "mark_finished", "settle", "version_before"]

_logger = logging.getLogger(__name__)

#: The time in seconds in which another process, which may be alive, can carry out its decision
#: itself, and the time between two looks at the history.
_PATIENCE, _PAUSE = 10.0, 0.25
#: The longest tag with reasons, in characters, which older databases take, too.
_LONGEST_REASONS = 4_900


@dataclass(frozen=True)
class Carried:
    """What is true after a decision was carried out.

    Attributes
    ----------
    history : History
        The history with the entry that says that all is done.
    entry : Entry
        The entry of the decision.
    version : str
        The version that was decided about.
    champion, challenger : str or None
        The versions that have these aliases.
    """

    history: History
    entry: Entry
    version: str
    champion: str | None
    challenger: str | None


def settle(name: str, *, run_id: str, who: str) -> History:
    """Carry out what an earlier process has left open, and return the history.

    A process that may still be alive gets some seconds to do it itself.

    Parameters
    ----------
    name : str
        The name of the registered model.
    run_id, who : str
        The run that settles, and its user.

    Returns
    -------
    History
        The history without an open entry.

    Raises
    ------
    RequestError
        If a registered model cannot have the name.
    StoreError
        If the tracking store cannot be used.
    """
    check_name(name)
    with naming_faults():
        history = read_history(name)
        while history.open_entries:
            entry = history.open_entries[0]
            _refuse_changed(entry, name)
            if _is_left(entry, name, run_id):
                _logger.info(
                    "entry %d of the history of %s (%s) was left open by the run %s; it is "
                    "carried out now",
                    *(entry.number, name, entry.kind, entry.run_id),
                )
                _, undone = _finish(entry, name, run_id=run_id, who=who)
                if undone:
                    _logger.warning("warning: entry %d changed nothing: %s", entry.number, undone)
            history = read_history(name)
        if history.runs:
            publish(history)
    return history


def carry_out(history: History, move: Move, *, run_id: str, who: str) -> Carried:
    """Write a decision to the history and carry it out.

    Parameters
    ----------
    history : History
        The history from `settle`, on which the decision rests.
    move : Move
        The decision.
    run_id, who : str
        The run that decided, and its user.

    Raises
    ------
    OvertakenError
        If another process has written to the history since it was read, or has moved the champion.
        Nothing was changed: call `settle`, and decide again.
    RequestError
        If the model or its version was deleted meanwhile. No alias was moved.
    StoreError
        If the tracking store cannot be used. The next `settle` carries out the rest.
    """
    check_name(move.name)
    if history.open_entries:
        raise OvertakenError(f"entry {history.open_entries[0].number} is not carried out yet")
    with naming_faults():
        if move.champion and aliases_of(move.name).get(ALIAS_CHAMPION) != move.champion_before:
            raise OvertakenError("the alias champion was moved")
        facts = facts_of(move, run_id)
        history = append_entry(history, move.kind, facts, run_id=run_id, who=shortened(who))
        carried, undone = _finish(history.entries[-1], move.name, run_id=run_id, who=who)
    if undone:
        raise RequestError(f"{undone}, so nothing was changed; give another model or version")
    return carried


def version_before(history: History) -> str | None:
    """Return the version that was champion before the current one; None if there was none.

    A version that was rolled back is not returned again: after promotions of 1, 2 and 3 and a
    rollback to 2, the version before is 1.
    """
    champions: list[str] = []
    for decision, done in history.moves:
        before, version = done.facts.get("champion_before"), done.facts.get("champion")
        if version is None:
            continue  # no decision takes the alias away
        if before is not None and champions[-1:] != [before]:
            champions.append(before)  # it was moved outside of fairrun
        if decision.kind == ROLLBACK and version in champions:
            while champions[-1] != version:
                champions.pop()
        else:
            champions.append(version)
    return champions[-2] if len(champions) > 1 else None


def has_ended(run_id: str) -> bool:
    """Return whether a run has finished its work, or a repeated command has done so.

    A run whose process is gone is ended as KILLED. It has not finished, and neither has a FAILED
    one.
    """
    if _may_work(run_id):
        return False
    run = find_run(run_id)
    return run is None or run.info.status == "FINISHED" or FINISHED_BY in run.data.tags


def mark_finished(run_id: str, *, by: str) -> None:
    """Note that a later run has finished what a run had begun."""
    run = find_run(run_id)
    if run is not None and run.info.lifecycle_stage == "active" and run_id != by:
        mlflow.MlflowClient().set_tag(run_id, FINISHED_BY, by)


def _refuse_changed(entry: Entry, name: str) -> None:
    """Refuse to carry out a decision that somebody has changed in the database."""
    if not entry.is_sound:
        command = f"mlflow run . -e history -P {shlex.quote(f'name={name}')}"
        raise StoreError(
            f"entry {entry.number} of the history of {name} was changed after it was written, so "
            f"it is not carried out; to see what else was changed, type: {command}"
        )


def _is_left(entry: Entry, name: str, run_id: str) -> bool:
    """Return whether nobody carries out an open entry; wait some seconds for who may do it."""
    until = time.monotonic() + _PATIENCE
    while entry.run_id != run_id and _may_work(entry.run_id):
        if time.monotonic() > until:
            return True
        time.sleep(_PAUSE)
        if read_history(name).done_of(entry) is not None:
            return False
    return True


def _may_work(run_id: str) -> bool:
    """Return whether the process of a run may still be at work; end the run if it is not."""
    run = find_run(run_id)
    if run is None or run.info.status != "RUNNING" or run.info.lifecycle_stage != "active":
        return False
    if is_gone(run.data.tags):
        mlflow.MlflowClient().set_terminated(run_id, "KILLED")
        _logger.info(
            "process %s of the run %s is gone; the run is KILLED",
            *(run.data.tags[PROCESS_ID], run_id),
        )
        return False
    return True


def _finish(entry: Entry, name: str, *, run_id: str, who: str) -> tuple[Carried, str]:
    """Carry out an entry, and close it; return why nothing could be done, or an empty text."""
    version, undone = "", ""
    try:
        move, version = _write(entry, name)
        _point(name, version if move.champion else None, version if move.challenger else None)
    except GoneError as error:
        undone = str(error)
    history, done = _close(entry, name, version, undone, run_id=run_id, who=who)
    history = _repeat(history, entry)
    publish(history)
    aliases = aliases_of(name)
    carried = Carried(
        *(history, entry, str(done.facts.get("version"))),
        *(aliases.get(ALIAS_CHAMPION), aliases.get(ALIAS_CHALLENGER)),
    )
    return carried, str(done.facts.get("undone", ""))


def _write(entry: Entry, name: str) -> tuple[Move, str]:
    """Register the version of a decision and describe it; return the decision and the version."""
    move = move_of(entry, name)
    version = move.version or registered_version(name, move.model_id, move.source, move.trained_by)
    write_version(name, version, _tags(entry, move), move.description)
    before = move.champion_before
    if move.kind == ROLLBACK and before is not None and before != version:
        with suppress(GoneError):  # somebody has deleted the version that was rolled back
            write_version(name, before, {PROMOTION: "rolled back from"}, "")
    return move, version


def _point(name: str, champion: str | None, challenger: str | None) -> None:
    """Set the aliases that a decision sets, that of the champion last."""
    if challenger:
        set_alias(name, ALIAS_CHALLENGER, challenger)
    if champion:
        set_alias(name, ALIAS_CHAMPION, champion)


def _tags(entry: Entry, move: Move) -> dict[str, str]:
    reasons = "; ".join(move.reasons)
    if len(reasons) > _LONGEST_REASONS:
        reasons = f"{reasons[:_LONGEST_REASONS]} …"
    verdict = {} if move.verdict == "none" else {GATE_VERDICT: move.verdict}
    return {
        **move.tags,
        **verdict,
        PROMOTION: outcome_of(move.kind, vars(move)),
        PROMOTION_ENTRY: f"{entry.number} {entry.digest}",
        PROMOTION_RUN: entry.run_id,
        PROMOTION_REASONS: reasons or "none",
    }


def _close(
    entry: Entry, name: str, version: str, undone: str, *, run_id: str, who: str
) -> tuple[History, Entry]:
    """Write the entry that closes another one, unless another process has written it."""
    while True:
        history = read_history(name)
        if done := history.done_of(entry):
            return history, done
        aliases = aliases_of(name)
        champion = aliases.get(ALIAS_CHAMPION)
        moved = entry.facts.get("champion") and not undone
        facts = {
            "closes": [entry.digest],
            "version": version or entry.facts.get("version"),
            "champion": version if moved else champion,
            "champion_before": entry.facts.get("champion_before") if moved else champion,
            "challenger": aliases.get(ALIAS_CHALLENGER),
        }
        facts |= {"undone": undone} if undone else {}
        try:
            history = append_entry(history, DONE, facts, run_id=run_id, who=shortened(who))
        except OvertakenError:
            continue
        return history, history.entries[-1]


def _repeat(history: History, entry: Entry) -> History:
    """Carry out an entry and the decisions beside and after it again, the last one to win.

    They exist if another process has carried out the entry in our place, or if the history had a
    fork. Our writes and theirs may then have come in any order.

    Returns
    -------
    History
        A history whose decisions all came before our last writes.
    """
    repeated: list[str] = []
    while len(order := _order(history, entry)) > 1 and [e.digest for e in order] != repeated:
        champion = challenger = None
        for each in order:
            with suppress(GoneError):  # who closes this entry says so
                move, version = _write(each, history.name)
                champion = version if move.champion else champion
                challenger = version if move.challenger else challenger
        _point(history.name, champion, challenger)
        repeated = [each.digest for each in order]
        history = read_history(history.name)
    return history


def _order(history: History, entry: Entry) -> list[Entry]:
    """Return the decisions from an entry on, in the order in which they were closed."""
    closed = {
        digest: each.number for each in history.entries for digest in each.facts.get("closes", ())
    }
    later = [e for e in history.entries if e.kind != DONE and e.number >= entry.number]
    return sorted(later, key=lambda each: closed.get(each.digest, math.inf))
