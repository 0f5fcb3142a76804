"""The technical file of a model: facts under the headings of Annex IV of the EU AI Act, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fairrun.pages.facts import ModelFacts
from fairrun.pages.glossary import WORDS
from fairrun.pages.technical_file_development import development
from fairrun.pages.technical_file_duties import further_parts
from fairrun.pages.technical_file_items import Part
from fairrun.pages.technical_file_points import control, description, later_points

__all__ = ["CLAIM", "TECHNICAL_FILE_FORMAT", "technical_file"]

#: The version of the form of the JSON document. docs/annex_iv.md describes it.
TECHNICAL_FILE_FORMAT = 1
CLAIM = "This file collects facts. It does not claim conformity."
_NOT_VERIFIED = (
    "The headings are those of Annex IV of the EU AI Act, shortened. The order of points 4 to 9 "
    "could not be checked against the Regulation itself.",
    "As reported by secondary sources, the duties for systems of Annex III begin on 2 December "
    "2027, after the amendment of 2026.",
    "The retention periods come from secondary sources, too.",
    "Sources differ on whether Art. 4a of the amendment is final.",
    "fairrun does not know whether the Act applies to the system. It checks no statement of a "
    "person.",
)


def technical_file(facts: ModelFacts) -> dict[str, Any]:
    """Return the technical file of a model as JSON.

    It has numbers only as the evaluation shows them, and no row of the data.

    Parameters
    ----------
    facts : ModelFacts
        What the runs know about the model, and what people said.

    Returns
    -------
    dict
        A JSON document with the keys `format`, `title`, `claim`, `not_verified`, `runs`, `tally`,
        `points` (the nine points) and `further` (parts beside them). `docs/annex_iv.md` describes
        it. The order of all parts is always the same.
    """
    first = [description(facts), development(facts), control(facts)]
    points = [*first, *later_points(facts, _words(first))]
    further = further_parts(facts)
    name = facts.statements.get("name") or f"{facts.origin.title} on {facts.origin.dataset}"
    return {
        "format": TECHNICAL_FILE_FORMAT,
        "title": f"Technical file: {name}",
        "claim": CLAIM,
        "not_verified": [*_NOT_VERIFIED],
        "runs": {"evaluation": facts.origin.run_id, "training": facts.training_run},
        "date": facts.origin.date,
        "tally": _tally(points, further),
        "points": [part.to_dict() for part in points],
        "further": [part.to_dict() for part in further],
    }


def _tally(points: Sequence[Part], further: Sequence[Part]) -> dict[str, int]:
    """Return how many points have facts, and how many statements and gaps the file has."""
    items = [item for part in (*points, *further) for item in part.items]
    return {
        "points": len(points),
        "points_with_facts": sum(any(item.facts for item in part.items) for part in points),
        "facts": sum(len(item.facts) for item in items),
        "statements": sum(bool(item.answer) for item in items),
        "gaps": sum(bool(item.missing) for item in items),
    }


def _words(parts: Iterable[Part]) -> set[str]:
    """Return the words of the tables of some parts that the glossary defines."""
    facts = [fact for part in parts for item in part.items for fact in item.facts]
    tables = [fact.value for fact in facts if isinstance(fact.value, dict)]
    used = {name.replace(" ", "_") for each in tables for name in each["columns"]}
    used |= {row[0] for each in tables if each["columns"][:1] == ["metric"] for row in each["rows"]}
    return used & {*WORDS}
