"""The parts of a technical file: facts with their sources, statements of people, and gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
import pandas as pd

from fairrun.pages.statements import STATEMENTS, Statements

__all__ = [
    "GAP",
    "Fact",
    "Item",
    "Part",
    "RunSources",
    "Source",
    "ask",
    "known",
    "measured",
    "model_source",
    "plain",
    "table",
    "table_of",
    "whole",
]

#: How the text of a gap begins.
GAP = "to be filled in by a person"
#: Numbers have this many digits, so that the file is the same on all machines.
_DIGITS = 6

Kind = Literal["artifact", "document", "law", "metric", "model", "parameter", "run", "tag"]


@dataclass(frozen=True)
class Source:
    """Where a fact comes from.

    Attributes
    ----------
    kind : str
        What has the fact: an artifact, metric, parameter or tag of a run, the run itself, the
        model, a document of fairrun, or a law.
    name : str
        Its name, such as `audit/rates.csv`; empty for the run itself.
    run : str
        The id of the run; empty if the source is not part of a run.
    """

    kind: Kind
    name: str
    run: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the source as JSON."""
        return {"kind": self.kind, "name": self.name, "run": self.run}


@dataclass(frozen=True)
class RunSources:
    """The sources of one run.

    Attributes
    ----------
    run : str
        The id of the run.
    """

    run: str

    def artifact(self, name: str) -> Source:
        """Return an artifact of the run."""
        return Source("artifact", name, self.run)

    def metric(self, name: str) -> Source:
        """Return a metric of the run."""
        return Source("metric", name, self.run)

    def parameter(self, name: str) -> Source:
        """Return a parameter of the run."""
        return Source("parameter", name, self.run)

    def tag(self, name: str) -> Source:
        """Return a tag of the run."""
        return Source("tag", name, self.run)

    @property
    def itself(self) -> Source:
        """Return the run, for what MLflow says about it, such as its start."""
        return Source("run", "", self.run)


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes
    ----------
    name : str
        What the fact is about.
    value : object
        The value as JSON: text, a number, true or false, a list of texts, or the result of `table`.
    source : Source
        Where it comes from.
    """

    name: str
    value: Any
    source: Source

    def to_dict(self) -> dict[str, Any]:
        """Return the fact as JSON."""
        return {"name": self.name, "value": self.value, "source": self.source.to_dict()}


@dataclass(frozen=True)
class Item:
    """A question of the file with what is known about it.

    Attributes
    ----------
    key : str
        The name of the item, which never changes.
    title : str
        The heading.
    facts : sequence of Fact
        The facts.
    asks : str
        The key of `STATEMENTS` whose answer belongs here; empty for none.
    answer : str
        The answer; empty if nobody gave it.
    file : str
        The name of the file with the answer.
    question : str
        What a person has to fill in, if neither a fact nor an answer is there.
    blanks : sequence of str
        Fields that people fill in by hand. They are always empty.
    """

    key: str
    title: str
    facts: Sequence[Fact] = ()
    asks: str = ""
    answer: str = ""
    file: str = ""
    question: str = ""
    blanks: Sequence[str] = ()

    @property
    def missing(self) -> str:
        """Return the gap as a text; empty if there is none."""
        if self.blanks:
            return f"{GAP}: {', '.join(self.blanks)}"
        if self.asks:
            return "" if self.answer else f"{GAP}: {STATEMENTS[self.asks]}"
        return "" if self.facts else f"{GAP}: {self.question}"

    def to_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        said = {"key": self.asks, "text": self.answer, "file": self.file}
        return {
            "key": self.key,
            "title": self.title,
            "facts": [fact.to_dict() for fact in self.facts],
            "asks": self.asks,
            "statement": said if self.answer else None,
            "missing": self.missing,
            "blanks": [*self.blanks],
        }


@dataclass(frozen=True)
class Part:
    """A point of Annex IV, or a further part of the file.

    Attributes
    ----------
    key : str
        The name of the part, which never changes.
    title : str
        The heading.
    items : sequence of Item
        Its items.
    number : int or None
        The number of the point; None for a further part.
    notes : sequence of str
        Sentences that belong before its items.
    """

    key: str
    title: str
    items: Sequence[Item]
    number: int | None = None
    notes: Sequence[str] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON."""
        return {
            "number": self.number,
            "key": self.key,
            "title": self.title,
            "notes": [*self.notes],
            "items": [item.to_dict() for item in self.items],
        }


def ask(
    statements: Statements, asks: str, key: str, title: str, facts: Iterable[Fact] = ()
) -> Item:
    """Return an item that a person has to say something about, with the answer if there is one."""
    return Item(key, title, tuple(facts), asks, statements.get(asks), _last(statements.path))


def known(*facts: Fact) -> tuple[Fact, ...]:
    """Return the facts that have a value."""
    return tuple(fact for fact in facts if fact.value not in ("", None, []))


def model_source(uri: str) -> Source:
    """Return a saved model as a source, without the folders of somebody's machine.

    Examples
    --------
    >>> model_source("runs:/0123/model").name, model_source("/home/ann/model").name
    ('runs:/0123/model', 'model')
    """
    return Source("model", uri if uri.startswith(("runs:/", "models:/")) else _last(uri))


def plain(value: Any) -> Any:
    """Return a value as JSON: None if it is missing, and a number with few digits.

    Examples
    --------
    >>> import numpy as np
    >>> plain(np.int64(5)), plain(2 / 3), plain(float("nan")), plain(float("inf")), plain("a")
    (5, 0.666667, None, 'infinite', 'a')
    """
    if isinstance(value, str | bool | np.bool_):
        return value if isinstance(value, str) else bool(value)
    if value is None or pd.isna(value):
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if np.isinf(value):
            return "infinite" if value > 0 else "minus infinite"
        return float(f"{value:.{_DIGITS}g}")
    return str(value)


def whole(number: float | None) -> int | None:
    """Return a number of rows or bytes as JSON; None if it is unknown.

    Examples
    --------
    >>> whole(1800.0), whole(float("nan")), whole(None)
    (1800, None, None)
    """
    return None if number is None or pd.isna(number) else int(number)


def measured(numbers: Iterable[Any], reason: str = "") -> dict[str, Any]:
    """Return a value and the limits of its interval as JSON, with the reason why one is missing.

    Examples
    --------
    >>> measured([0.5, 0.25, 0.75])
    {'value': 0.5, 'low': 0.25, 'high': 0.75, 'reason': ''}
    """
    value, low, high = map(plain, numbers)
    return {"value": value, "low": low, "high": high, "reason": reason}


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]], note: str = "") -> dict[str, Any]:
    """Return a table as JSON.

    Parameters
    ----------
    columns : iterable of str
        The names of the columns.
    rows : iterable of iterables
        The cells of each row: texts, numbers, or results of `measured`.
    note : str
        A sentence about the table.

    Examples
    --------
    >>> table(["group", "rows"], [["Male", 5], ["Female", float("nan")]])
    {'columns': ['group', 'rows'], 'rows': [['Male', 5], ['Female', None]], 'note': ''}
    """
    cells = [[cell if isinstance(cell, dict) else plain(cell) for cell in row] for row in rows]
    return {"columns": [*columns], "rows": cells, "note": note.strip()}


def table_of(frame: pd.DataFrame, note: str = "") -> dict[str, Any]:
    """Return a DataFrame as a table of JSON."""
    return table(map(str, frame), frame.astype(object).to_numpy().tolist(), note)


def _last(path: str) -> str:
    """Return the last part of a path, without the folders of somebody's machine."""
    return PurePath(path.replace("\\", "/")).name
