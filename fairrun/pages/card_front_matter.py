"""The front matter of a model card: YAML that the Hugging Face Hub and other tools read."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from fairrun.pages.facts import ModelFacts
from fairrun.text import with_interval

__all__ = ["front_matter", "metadata"]

_TASK = "tabular-classification"
#: The metrics of the model index. The first ones are metrics of the Hub, too.
_ON_THE_HUB = ("accuracy", "precision", "recall", "f1", "roc_auc", "brier_score")
_OF_GROUPS = ("disparate_impact", "statistical_parity", "equality_of_opportunity_difference")
#: Identifiers of licences on the Hub, those of software and data that are used most. Any other
#: licence is written by its own name.
_LICENCES = (
    *("apache-2.0", "mit", "isc", "unlicense", "bsd-2-clause", "bsd-3-clause", "openrail"),
    *("gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "epl-2.0", "eupl-1.2"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0"),
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def front_matter(facts: ModelFacts) -> str:
    """Return the front matter with the lines of three dashes around it."""
    text = yaml.safe_dump(metadata(facts), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{text}---\n"


def metadata(facts: ModelFacts) -> dict[str, Any]:
    """Return the content of the front matter.

    It has only keys of the Hub's specification of model cards. What nobody said is left out.
    """
    found: dict[str, Any] = {}
    languages = [each.strip() for each in facts.statements.get("languages").split(",")]
    if all(_LANGUAGE.fullmatch(each) for each in languages):
        found["language"] = languages
    found |= _licence(facts.statements.get("licence"))
    found |= {"library_name": "fairrun", "pipeline_tag": _TASK}
    found["tags"] = [_TASK, "fairness", "mlflow"]
    numbers = _numbers(facts)
    if numbers:
        found["metrics"] = [each["type"] for each in numbers if each["type"] in _ON_THE_HUB]
        found["model-index"] = [
            {
                "name": _one_line(facts.statements.get("name")) or facts.origin.title,
                "results": [
                    {
                        "task": {
                            "type": _TASK,
                            "name": f"predict {_one_line(facts.origin.target)}",
                        },
                        "dataset": {
                            "type": _one_line(facts.origin.dataset),
                            "name": _one_line(facts.origin.dataset),
                            "split": facts.origin.rows,
                            "revision": facts.origin.digest,
                        },
                        "metrics": numbers,
                    }
                ],
            }
        ]
    return found


def _licence(text: str) -> dict[str, str]:
    """Return the licence by its identifier on the Hub, or as another one with its own name."""
    name = _one_line(text)
    if not name:
        return {}
    if name.lower() in _LICENCES:
        return {"license": name.lower()}
    identifier = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
    return {"license": "other", "license_name": identifier or "unnamed"}


def _numbers(facts: ModelFacts) -> list[dict[str, Any]]:
    """Return the headline metrics that are defined and shown, each with its interval as a name."""
    evaluation = facts.evaluation
    column = evaluation.protected
    a, b = column.group_names
    numbers = []
    for name in (*_ON_THE_HUB, *_OF_GROUPS):
        value, low, high = (
            evaluation.metrics.get(f"{name}{end}", math.nan) for end in ("", "_ci_low", "_ci_high")
        )
        if not math.isfinite(value):
            continue
        words = name.replace("_", " ")
        about = _one_line(f"{column.name}: {a} against {b}")
        of = f" of {about}" if name in _OF_GROUPS else ""
        interval = with_interval(value, low, high).partition(" (")[2].rstrip(")")
        within = f" (95 % interval {interval})" if interval else ""
        numbers.append(
            {"type": name, "value": round(float(value), 6), "name": f"{words}{of}{within}"}
        )
    return numbers


def _one_line(text: str) -> str:
    """Return a text without line breaks, some of which YAML would read as others."""
    return " ".join(text.split())
