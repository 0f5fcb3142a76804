"""A decision about the versions of a registered model, and how an entry of the history holds it.

An entry is bounded, because MLflow cuts long values, but another process must be able to carry out
the whole decision. So a decision that does not fit is first written to a file of the run that
decided, and the entry has the digest of this file.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import mlflow

from fairrun.tracking.entries import ROLLBACK, Entry, as_stored
from fairrun.tracking.faults import is_not_there
from fairrun.tracking.names import MOVE_FILES

__all__ = ["Move", "facts_of", "move_of", "outcome_of"]

_logger = logging.getLogger(__name__)

#: The longest facts in an entry, in characters. The rest of an entry needs up to 1,000.
_LONGEST = 4_800
#: In the facts of a long decision: the file and its digest.
_WHOLE = "whole"
#: The longest text in such facts, and how many reasons, tags and pieces of evidence they hold.
_SHORT, _MOST = 120, 10


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
        The version that had the alias when this was decided, or None. It need not be the champion
        of the history, because people can move the alias outside of fairrun.
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


def outcome_of(kind: str, facts: Mapping[str, Any]) -> str:
    """Return in words what was decided about a version, from the kind and the facts of an entry."""
    if kind == ROLLBACK:
        return "rolled back to"
    if facts.get("champion"):
        return "promoted"
    refused = {"fail": "refused", "insufficient_evidence": "insufficient evidence"}
    otherwise = "challenger" if facts.get("challenger") else "registered"
    return refused.get(str(facts.get("verdict")), otherwise)


def facts_of(move: Move, run_id: str) -> dict[str, Any]:
    """Return the facts of the entry of a decision.

    Parameters
    ----------
    move : Move
        The decision.
    run_id : str
        The run that decided, which gets a file if the decision is too long for an entry.

    Returns
    -------
    dict
        JSON, from which `move_of` makes the decision again.
    """
    text = as_stored({name: value for name, value in asdict(move).items() if name != "kind"})
    # Read again at once, so that the facts are what a later process finds.
    facts: dict[str, Any] = json.loads(text)
    if len(text) <= _LONGEST:
        return facts
    digest = hashlib.sha256(text.encode()).hexdigest()
    file = f"{MOVE_FILES}/{digest[:16]}.json"
    mlflow.MlflowClient().log_text(run_id, text, file)
    return _shortened(facts) | {_WHOLE: {"file": file, "digest": digest}}


def move_of(entry: Entry, name: str) -> Move:
    """Return the decision of an entry.

    Parameters
    ----------
    entry : Entry
        An entry whose facts are those of `facts_of`.
    name : str
        The name of the registered model.

    Returns
    -------
    Move
        If the file of a long decision is gone or was changed, this has what the entry itself holds:
        the version and the aliases, and not the description.
    """
    facts = dict(entry.facts)
    if whole := facts.pop(_WHOLE, None):
        facts = _read_whole(entry, whole) or facts
    known = {each.name for each in fields(Move)}
    facts = {key: value for key, value in facts.items() if key in known}
    facts["reasons"] = tuple(facts.get("reasons", ()))
    return Move(**({"version": None} | facts | {"kind": entry.kind, "name": name}))


def _read_whole(entry: Entry, whole: Mapping[str, str]) -> dict[str, Any] | None:
    try:
        text = mlflow.artifacts.load_text(f"runs:/{entry.run_id}/{whole['file']}")
    except Exception as error:
        if not is_not_there(error):
            raise
        because = "is gone"
    else:
        if hashlib.sha256(text.encode()).hexdigest() == whole["digest"]:
            facts: dict[str, Any] = json.loads(text)
            return facts
        because = "was changed"
    _logger.warning(
        "warning: entry %d is carried out without the description and with shortened reasons, "
        "because the file %s of the run %s %s",
        *(entry.number, whole["file"], entry.run_id, because),
    )
    return None


def _shortened(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts that fit into an entry: few reasons, tags and evidence, and no long text."""
    short = facts | {"description": "", "reasons": [_cut(e) for e in facts["reasons"][:_MOST]]}
    for name in ("evidence", "tags"):
        parts = [*facts[name].items()][:_MOST]
        short[name] = {_cut(key): _cut(value) for key, value in parts}
    return short


def _cut(value: Any) -> Any:
    text = value if isinstance(value, str) else as_stored(value)
    return value if len(text) <= _SHORT else f"{text[: _SHORT - 2]} …"
