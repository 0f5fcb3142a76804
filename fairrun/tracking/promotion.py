"""Carry out a promotion or a rollback, in an order that a crash cannot break.

The decision is written to the history first, and what it changes afterwards: the registered
version, its tags and description, and the aliases. The last entry says that all is done. A process
that ends in between leaves an open entry, and the next command for the same registered model
carries it out. Every step is the same when it is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairrun.tracking.history import Entry, History

__all__ = ["Carried", "Move", "carry_out", "settle", "version_before"]


@dataclass(frozen=True)
class Move:
    """A decision about the versions of a registered model.

    Attributes
    ----------
    kind : str
        `PROMOTION` or `ROLLBACK` of `fairrun.tracking.history`.
    name : str
        The name of the registered model.
    version : str or None
        The version; None if the model has to be registered first.
    model_id : str
        The id of the logged model.
    source : str
        The URI of the logged model, `models:/<model id>`.
    trained_by : str
        The run that trained the model; empty if unknown.
    verdict : str
        "pass", "fail", "insufficient_evidence", or "none" if no gate was decided.
    challenger, champion : bool
        Whether these aliases are set to the version.
    champion_before : str or None
        The version that was champion when this was decided, or None.
    reasons : tuple of str
        Why, a sentence each without a full stop, without values of single persons.
    evidence : mapping of str to JSON
        What the decision rests on: `gate`, `gate_mode`, `margin`, `evaluated_in` and `compared_in`
        (runs), `data_digest`, `model_digest`, `commit`.
    tags : mapping of str to str
        Further tags of the version, such as `VERSION_CARD`.
    description : str
        The description of the version in Markdown, at most 5,000 characters; empty to leave it.
    """

    kind: str
    name: str
    version: str | None
    model_id: str = ""
    source: str = ""
    trained_by: str = ""
    verdict: str = "none"
    challenger: bool = False
    champion: bool = False
    champion_before: str | None = None
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


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
    """
    raise NotImplementedError


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
        If another process has written to the history since it was read. Nothing was changed: call
        `settle`, and decide again.
    """
    raise NotImplementedError


def version_before(history: History) -> str | None:
    """Return the version that was champion before the current one; None if there was none.

    A version that was rolled back is not returned again: after promotions of 1, 2 and 3 and a
    rollback to 2, the version before is 1.
    """
    raise NotImplementedError
