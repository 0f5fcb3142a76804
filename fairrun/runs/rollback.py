"""The `rollback` run, which gives the alias `champion` back to an earlier version."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from mlflow.utils.mlflow_tags import MLFLOW_USER

from fairrun.errors import RequestError
from fairrun.models.open import fetch_model
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.entries import DONE, PROMOTION, ROLLBACK, Entry, History
from fairrun.tracking.faults import naming_faults
from fairrun.tracking.hints import next_command
from fairrun.tracking.history import OvertakenError, read_history
from fairrun.tracking.names import ALIAS_CHAMPION, parameter
from fairrun.tracking.promotion import (
    Move,
    carry_out,
    has_ended,
    mark_finished,
    settle,
    version_before,
)
from fairrun.tracking.registered import (
    aliases_of,
    check_name,
    has_version,
    unknown_name,
    versions_of,
)
from fairrun.tracking.runs import log_parameters, tracked_run

__all__ = ["RolledBack", "run_rollback"]

_logger = logging.getLogger(__name__)

#: The longest reason in characters, which an entry of the history can hold as a whole.
_LONGEST_REASON = 500
#: How often a rollback is decided again because another process was faster.
_ATTEMPTS = 5


@dataclass(frozen=True)
class RolledBack:
    """The result of a `rollback` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    name : str
        The name of the registered model.
    version : str
        The version that is champion now.
    version_before : str or None
        The version that was champion before the rollback.
    reason : str
        Why.
    entry : Entry
        The entry in the history.
    by_earlier : bool
        Whether an earlier run of the same command has decided this, and was stopped.
    """

    run_id: str
    name: str
    version: str
    version_before: str | None
    reason: str
    entry: Entry
    by_earlier: bool = False


def run_rollback(name: str, reason: str, version: str | None = None) -> RolledBack:
    """Give the alias `champion` to the version before, or to an earlier one, and record why.

    If the same command was stopped before, this finishes what it has begun, and does not roll back
    twice.

    Parameters
    ----------
    name : str
        The name of the registered model.
    reason : str
        Why, in one line. The history keeps it for ever.
    version : str or None
        A version that was champion before; by default the one before the current champion.

    Returns
    -------
    RolledBack

    Raises
    ------
    RequestError
        If there is no such model, no reason, or no version to roll back to.
    StoreError
        If the tracking store cannot be used.
    """
    check_name(name)
    reason = _one_line(reason)
    if version is not None and not (version.isascii() and version.isdecimal()):
        raise RequestError(f"version={version} is not the number of a version; give one such as 3")
    with naming_faults():
        begun = read_history(name).open_entries
        if not begun:  # refuse before a run is opened
            _target(read_history(name), name, reason, version)
    with tracked_run(f"{name} · rollback") as run:
        run_id, who = run.info.run_id, run.data.tags.get(MLFLOW_USER, "unknown")
        said = {"name": name, "reason": reason, "version": version}
        log_parameters({parameter("rollback", key): value for key, value in said.items()})
        done = _roll_back(name, reason, version, begun, run_id=run_id, who=who)
        _describe(done)
        return done


def _roll_back(
    name: str,
    reason: str,
    version: str | None,
    begun: tuple[Entry, ...],
    *,
    run_id: str,
    who: str,
) -> RolledBack:
    for _ in range(_ATTEMPTS):
        history = settle(name, run_id=run_id, who=who)
        if earlier := _decided_before(history, reason, version, begun):
            _logger.info(
                "entry %d of the history is this rollback, which the run %s had begun; it is not "
                "done twice",
                *(earlier.number, earlier.run_id),
            )
            mark_finished(earlier.run_id, by=run_id)
            return _result(history, earlier, reason, run_id, by_earlier=True)
        target, champion = _target(history, name, reason, version)
        move = Move(
            *(ROLLBACK, name, target),
            champion=True,
            champion_before=champion,
            reasons=(reason,),
        )
        try:
            carried = carry_out(history, move, run_id=run_id, who=who)
        except OvertakenError:
            _logger.info("another process was faster; the rollback is decided again")
            continue
        return _result(carried.history, carried.entry, reason, run_id)
    raise RequestError(
        f"other processes have changed the history of {name} {_ATTEMPTS} times meanwhile; repeat "
        "the command when they have ended"
    )


def _one_line(reason: str) -> str:
    reason = reason.strip()
    if not reason or reason.casefold() == "none":
        raise RequestError(
            "a rollback needs a reason, which the history keeps; give one line, such as "
            "reason='too many refusals since Monday'"
        )
    found = f"{len(reason):,} characters" if len(reason) > _LONGEST_REASON else ""
    if not reason.isprintable():
        found = "several lines" if len(reason.splitlines()) > 1 else "an invisible character"
    if found:
        raise RequestError(
            f"the reason has {found}; give one line of at most {_LONGEST_REASON} characters"
        )
    return reason


def _target(
    history: History, name: str, reason: str, version: str | None
) -> tuple[str, str | None]:
    """Return the version to roll back to, and the version that has the alias now."""
    champion = aliases_of(name).get(ALIAS_CHAMPION)
    if not history.entries and versions_of(name) is None:
        raise RequestError(unknown_name(name))
    if _decided_before(history, reason, version, ()):
        return str(champion), champion  # an earlier run of this command has done it
    were = _champions(history)
    moved_by_hand = champion != history.champion and history.champion is not None
    # Without its version, the champion of the history cannot be champion again.
    is_there = moved_by_hand and has_version(name, str(history.champion))
    target = version or (history.champion if is_there else version_before(history))
    if target is None or not were:
        is_first = champion is not None and champion in were
        now = f"version {champion} is the first champion" if is_first else "it has no champion"
        raise RequestError(
            f"name={name!r} has nothing to roll back to: by its history, {now}; promote another "
            "model instead"
        )
    if target == champion:
        raise RequestError(f"version {target} of {name!r} is the champion already; give another")
    if target not in were:
        raise RequestError(
            f"version={target} was never champion of {name!r}; give one of {', '.join(were)}, or "
            "promote it"
        )
    _check_model(history, target)
    _check_files(name, target, were)
    return target, champion


def _champions(history: History) -> list[str]:
    """Return all versions that were champion, each once, the lowest first."""
    facts = [done.facts for _, done in history.moves]
    found = {str(e[key]) for e in facts for key in ("champion_before", "champion") if e.get(key)}
    return sorted(found, key=int)


def _check_model(history: History, version: str) -> None:
    """Refuse a version that is another model than the one that was champion.

    MLflow counts versions from 1 again if a registered model was deleted and made anew.
    """
    sources = [
        decision.facts.get("source")
        for decision, done in history.moves
        if decision.kind == PROMOTION and done.facts.get("champion") == version
    ]
    now = {str(each.version): each.source for each in versions_of(history.name) or ()}
    if sources and now.get(version, sources[-1]) != sources[-1]:
        raise RequestError(
            f"version={version} of {history.name!r} is another model than the one that was "
            "champion, because the registered model was deleted and made anew; promote the model "
            "instead, or give another version"
        )


def _check_files(name: str, version: str, were: Sequence[str]) -> None:
    """Refuse a version that could not be served, and name the others that were champion."""
    try:
        fetch_model(f"models:/{name}/{version}")
    except RequestError as error:
        champion = aliases_of(name).get(ALIAS_CHAMPION)
        others = [e for e in were if e not in (version, champion) and has_version(name, e)]
        instead = f"give version={' or '.join(others)}" if others else "promote another model"
        raise RequestError(
            f"version {version} cannot be champion again: {error}; {instead}"
        ) from error


def _decided_before(
    history: History, reason: str, version: str | None, begun: tuple[Entry, ...]
) -> Entry | None:
    """Return the entry of this rollback if a run of the same command has written it and stopped.

    That is one that was open when this command started, or the last decision of a run that has not
    finished.
    """
    decisions = [each for each in history.entries if each.kind != DONE]
    if not decisions:
        return None
    last = decisions[-1]
    same = last.kind == ROLLBACK and last.facts.get("reasons") == [reason]
    same = same and version in (None, last.facts.get("version"))
    if not same or (done := history.done_of(last)) is None or done.facts.get("undone"):
        return None
    return last if last in begun or not has_ended(last.run_id) else None


def _result(
    history: History, entry: Entry, reason: str, run_id: str, *, by_earlier: bool = False
) -> RolledBack:
    done = history.done_of(entry)
    assert done is not None  # noqa: S101  it was carried out
    before = done.facts.get("champion_before")
    version = str(done.facts.get("version"))
    return RolledBack(run_id, history.name, version, before, reason, entry, by_earlier)


def _describe(done: RolledBack) -> None:
    rows = {
        "registered model": as_code(done.name),
        "champion": f"version {done.version_before or 'none'} → **version {done.version}**",
        "reason": escaped(done.reason),
        "entry of the history": f"{done.entry.number} ({as_code(done.entry.digest[:12])})",
    }
    table = ["| | |", "| --- | --- |", *(f"| {key} | {said} |" for key, said in rows.items())]
    earlier = (
        f"The run {as_code(done.entry.run_id)} had begun this rollback; this run has finished it."
    )
    describe_run(
        f"Rolled back {as_code(done.name)} to version {done.version}.",
        "\n".join(table),
        earlier if done.by_earlier else "",
        commands=commands_after_rollback(done),
    )


def commands_after_rollback(done: RolledBack) -> list[str]:
    """Return the commands to type next: look at the history."""
    return [next_command(done.run_id, "history", {"name": done.name})]
