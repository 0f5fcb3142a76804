"""What `GET /version` says: the origin of the model, and how the app follows an alias."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fairrun.models.provenance import Provenance

__all__ = [
    "MODEL_HEADER",
    "MODEL_HEADER_SCHEMA",
    "VERSION_SCHEMA",
    "Problem",
    "Refusal",
    "State",
    "Swap",
    "name_of",
    "say_now",
    "version_of",
]

#: The header of an answer with the name of the model that gave it.
MODEL_HEADER = "x-fairrun-model"
MODEL_HEADER_SCHEMA: dict[str, Any] = {
    "description": "The model that answered: its registered name and version, such as income/3, or "
    "else MLflow's id of it.",
    "schema": {"type": "string"},
}


def name_of(provenance: Provenance) -> str:
    """Return the name of a model in the header of its answers: the version, or else MLflow's id.

    Examples
    --------
    >>> name_of(Provenance("models:/income@champion", name="income", version="3", model_id="m-1"))
    'income/3'
    >>> name_of(Provenance("runs:/0123/model", model_id="m-1"))
    'm-1'
    """
    if provenance.name and provenance.version:
        return f"{quote(provenance.name)}/{provenance.version}"
    return quote(provenance.model_id or provenance.run_id or "unknown")


def say_now() -> str:
    """Return the present time in UTC, as `/version` has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Refusal:
    """A version to which the alias points, but which cannot be served."""

    version: str
    reason: str
    when: str


@dataclass(frozen=True)
class Problem:
    """Why the app does not know to which version the alias points, and since when."""

    reason: str
    since: str


@dataclass(frozen=True)
class Swap:
    """The last change of the model, with the input columns that came and went."""

    from_version: str | None
    when: str
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]


@dataclass
class State:
    """How the app follows an alias.

    Attributes
    ----------
    following : bool
        Whether the app follows an alias.
    alias : str or None
        The alias.
    last_look : str or None
        When the registry last said to which version the alias points.
    refused : Refusal or None
        The version that the alias points to, if it cannot be served.
    problem : Problem or None
        Why the registry does not say to which version the alias points.
    last_swap : Swap or None
        The last change of the model.
    """

    following: bool = False
    alias: str | None = None
    last_look: str | None = None
    refused: Refusal | None = None
    problem: Problem | None = None
    last_swap: Swap | None = None


def version_of(provenance: Provenance, state: State) -> dict[str, Any]:
    """Return the content of `/version`."""
    return provenance.to_dict() | asdict(state)


def _record(**properties: Any) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": properties, "required": [*properties]}


_TEXT = {"type": "string"}
_NAMES = {"type": "array", "items": _TEXT}
#: The schema of the content of `/version`.
VERSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "following": {"type": "boolean", "description": "Whether the app follows an alias."},
        "refused": _record(version=_TEXT, reason=_TEXT, when=_TEXT)
        | {"description": "The version of the alias, if it cannot be served."},
        "problem": _record(reason=_TEXT, since=_TEXT)
        | {"description": "Why the version of the alias is not known."},
        "last_swap": _record(
            from_version={"type": ["string", "null"]},
            when=_TEXT,
            added_columns=_NAMES,
            removed_columns=_NAMES,
        )
        | {"description": "The last change of the model."},
    },
    "additionalProperties": {"type": ["string", "null"]},
}
