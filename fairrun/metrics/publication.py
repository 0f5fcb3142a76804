"""What must be published about a bias audit under New York City's Local Law 144.

The rules (Rules of the City of New York, title 6, 5-301 to 5-303, as reported) ask for more than
rates: when the audit was made, from which data, and since when the tool is in use. Only people know
this. What nobody said stays visible as "not given".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import pandas as pd

from fairrun.documents import is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.groups import MISSING
from fairrun.metrics.evaluation import Evaluation
from fairrun.text import did_you_mean, n_of

__all__ = ["NO_PUBLICATION", "Publication", "read_publication", "with_publication"]

#: The name of the table in `Evaluation.impact_audits`.
_TABLE = "local_law_144_publication"
_NOT_GIVEN = "not given"
_EXAMPLE = '{"date": "2026-11-02", "data": "historical", "source": "applications of 2025"}'
#: The longest text of one item.
_LONGEST = 600
#: The items that the user gives: the name of the field, what it is, and the section of the rules.
_ITEMS = (
    ("date", "date of the bias audit", "5-303"),
    ("auditor", "independent auditor", "5-301"),
    ("tool", "name of the tool", "5-303"),
    ("distribution_date", "distribution date of the tool", "5-303"),
    ("data", "kind of data", "5-302"),
    ("source", "source of the data", "5-303"),
    ("explanation", "explanation of the data", "5-302 and 5-303"),
)
_KINDS = {
    "historical": "historical data of the tool's use",
    "test": "test data, because historical data did not suffice",
}


@dataclass(frozen=True)
class Publication:
    """What a publication says besides the rates; an empty text if nobody said it.

    Attributes
    ----------
    date, distribution_date : str
        The dates of the bias audit and of the tool's distribution, such as "2026-11-02".
    auditor, tool : str
        The independent auditor, and the name of the tool.
    data : {"", "historical", "test"}
        The kind of data.
    source, explanation : str
        Where the data come from, and what must be said about them. Test data need an explanation.
    justification : str
        The auditor's reason to leave categories under 2 % out of the impact ratios.
    """

    date: str = ""
    auditor: str = ""
    tool: str = ""
    distribution_date: str = ""
    data: str = ""
    source: str = ""
    explanation: str = ""
    justification: str = ""

    def __str__(self) -> str:
        """Return what was said as the parameter `local_law_144` takes it, or "none"."""
        said = {key: value for key in _KEYS if (value := getattr(self, key))}
        return json.dumps(said, ensure_ascii=False) if said else "none"


#: Nothing was said.
NO_PUBLICATION = Publication()
_KEYS = tuple(each.name for each in fields(Publication) if each.name != "justification")


def read_publication(given: str, today: date | None = None) -> Publication:
    """Read what a publication says, from JSON or from a YAML file.

    Parameters
    ----------
    given : str
        A JSON object, or the path of a file that ends in .yaml or .yml. The keys are the attributes
        of `Publication` without justification. All can be left out.
    today : datetime.date, optional
        The day after which no audit can have been made; by default the present one.

    Returns
    -------
    Publication

    Raises
    ------
    RequestError
        If the text is neither, a key is not known, a date is not one, the audit is in the future,
        the kind of data is not known, or test data have no explanation.

    Examples
    --------
    >>> found = read_publication('{"date": "2026-01-02", "data": "historical"}', date(2026, 2, 1))
    >>> found.date, found.data, found.source
    ('2026-01-02', 'historical', '')
    """
    document = read_yaml(given, "local_law_144") if is_yaml(given) else _parsed(given)
    if not isinstance(document, dict):
        raise RequestError(
            "local_law_144 is neither a JSON object nor the path of a YAML file with keys; give "
            f"one such as {_EXAMPLE}"
        )
    for key in document:
        if key == "justification":
            raise RequestError("local_law_144 has a justification; give it as justification=…")
        if key not in _KEYS:
            meant = did_you_mean(str(key), _KEYS, f"give {', '.join(_KEYS)}")
            raise RequestError(f"local_law_144 has an unknown key {str(key)!r:.40}; {meant}")
    said = {key: _text(key, value) for key, value in document.items() if value is not None}
    for key in ("date", "distribution_date"):
        if key in said:
            _check_date(key, said[key])
    if said.get("date", "") > (today or date.today()).isoformat():
        raise RequestError(
            f"the date of the bias audit, {said['date']}, is in the future; give the day on which "
            "it was made"
        )
    if said.get("data", "test") not in _KINDS:
        raise RequestError("data of local_law_144 is not a kind; give historical or test")
    if said.get("data") == "test" and "explanation" not in said:
        raise RequestError(
            "local_law_144 has test data without an explanation; give explanation: why no "
            "historical data were used, and how the test data were made"
        )
    return Publication(**said)


def _parsed(given: str) -> Any:
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return None


def _text(key: str, value: Any) -> str:
    """Return a value as text; YAML reads a date as one."""
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise RequestError(
            f"{key} of local_law_144 is not a text of 1 to {_LONGEST:,} characters; leave it out "
            "if it is not known"
        )
    return " ".join(text.split())


def _check_date(key: str, text: str) -> None:
    try:
        is_date = bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and date.fromisoformat(text))
    except ValueError:
        is_date = False
    if not is_date:
        raise RequestError(
            f"{key} of local_law_144 is not a date; write year-month-day, such as 2026-11-02"
        )


def with_publication(evaluation: Evaluation, said: Publication = NO_PUBLICATION) -> Evaluation:
    """Return an evaluation with the table of what a publication says besides the rates.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation as it is shown.
    said : Publication
        What people said.

    Returns
    -------
    Evaluation
        A copy whose `impact_audits` have "local_law_144_publication": one row for each item, with
        the columns item, value ("not given" if nobody said it), given (whether the value is known)
        and source (the section of the rules). Without a table of Local Law 144, nothing changes.

    Raises
    ------
    RequestError
        If something was said, but there is no table of Local Law 144, because the rows have
        weights.
    """
    law = evaluation.impact_audits.get("local_law_144")
    if law is None:
        if replace(said, justification="") != NO_PUBLICATION:
            raise RequestError(
                "local_law_144 cannot be published for rows with weights, because the rule counts "
                "people; leave weight or local_law_144 out"
            )
        return evaluation
    values = {name: getattr(said, name) for name, _, _ in _ITEMS}
    values["data"] = _KINDS.get(said.data, "")
    rows = [(what, values[name], section) for name, what, section in _ITEMS]
    rows.append(
        (
            "number of applicants (rows that were measured)",
            n_of(evaluation.counts.n_rows, "row"),
            "5-303",
        )
    )
    unknown = law[(law["category"] == MISSING) & (law["basis"] == "selection")]
    for protected, n in zip(unknown["protected"], unknown["n"], strict=True):
        instead = evaluation.hidden.rows(protected, MISSING)
        words = f"{instead} rows" if instead.startswith("fewer") else instead
        rows.append(
            (f"in an unknown category of {protected}", words or n_of(int(n), "row"), "5-303")
        )
    rows.append(
        (
            "reason to leave categories under 2 % out of the impact ratios",
            said.justification or "none is left out",
            "5-301",
        )
    )
    table = pd.DataFrame(
        [
            {
                "item": item,
                "value": value or _NOT_GIVEN,
                "given": bool(value),
                "source": f"6 RCNY {section}",
            }
            for item, value, section in rows
        ]
    )
    return replace(evaluation, impact_audits=evaluation.impact_audits | {_TABLE: table})
