"""Examples for the API documentation of one model: rows as people write them, and real answers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.connection import Connection
from fairrun.serving.errors import FAILED
from fairrun.serving.limits import CSV, Limits, wrong_type
from fairrun.serving.queue import queue_full
from fairrun.serving.reason_texts import ReasonTexts
from fairrun.serving.security import ONLY_THIS_MACHINE, WRONG_TOKEN

__all__ = [
    "Examples",
    "answer_examples",
    "as_written",
    "csv_text",
    "error_examples",
    "example_rows",
    "truth",
]

#: Examples by name, as OpenAPI has them.
Examples = dict[str, dict[str, Any]]

_TRUTH = {"True": True, "False": False}
#: The digits of a number in an example.
_DIGITS = 4


def truth(column: Mapping[str, Any]) -> bool:
    """Return whether the values of a column of text are true and false."""
    return column["type"] == "text" and {*(column["values"] or ["other"])} <= {*_TRUTH}


def as_written(number: float) -> float | int:
    """Return a number as people write it: whole numbers without a point, others with 4 digits.

    Examples
    --------
    >>> as_written(38.0), as_written(0.25), as_written(178566.25), as_written(0.7312345678)
    (38, 0.25, 178566, 0.7312)
    """
    if not float(number).is_integer():
        digits = _DIGITS - 1 - math.floor(math.log10(abs(number)))
        number = round(number, max(digits, 0))
    return int(number) if float(number).is_integer() else number


def example_rows(columns: list[dict[str, Any]]) -> list[list[Any]]:
    """Return two rows that the model answers: the examples of the columns, and the last values."""
    last = [column["values"][-1] if column["values"] else column["example"] for column in columns]
    return [
        [_value(column, value) for column, value in zip(columns, values, strict=True)]
        for values in ([column["example"] for column in columns], last)
    ]


def _value(column: Mapping[str, Any], value: Any) -> Any:
    if truth(column):
        return _TRUTH.get(value, value)
    if column["type"] == "text" or isinstance(value, str):
        return value
    # A number of digits less could be in another range of a protected column.
    is_whole = float(value).is_integer() or column["role"] == "feature"
    return as_written(value) if is_whole else value


def csv_text(columns: list[dict[str, Any]]) -> str:
    """Return the first example row as CSV with a header."""
    text = io.StringIO()
    row = [_without_exponent(value) for value in example_rows(columns)[0]]
    names = [column["name"] for column in columns]
    csv.writer(text, lineterminator="\n").writerows([names, row])
    return text.getvalue()


def _without_exponent(value: Any) -> Any:
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else value


def answer_examples(saved: SavedModel, texts: ReasonTexts | None = None) -> Examples:
    """Return the model's answers to the first example row, by what was asked for.

    A notice is about another row if the label of the first one is 1.
    """
    first = _first_row(saved)
    asked = {"labels and probabilities": (b"", first)}
    if saved.explains:
        asked["explain=true, top_k=3"] = (b"explain=true&top_k=3", first)
    if saved.changeable:
        asked["counterfactuals=true"] = (b"counterfactuals=true", first)
    if saved.explains:
        asked["reasons=true"] = (b"reasons=true", _refused_row(saved))
    found = {}
    for summary, (query, row) in asked.items():
        reply = answer(saved, row, query, texts=texts)
        if reply.status == 200:
            found[summary] = {"summary": summary, "value": _rounded(orjson.loads(reply.body))}
    return found


def _first_row(saved: SavedModel) -> bytes:
    row = example_rows(saved.description["columns"])[0]
    return _record(saved, row)


def _record(saved: SavedModel, row: list[Any]) -> bytes:
    return orjson.dumps(dict(zip(saved.names, row, strict=True)))


def _refused_row(saved: SavedModel) -> bytes:
    """Return an example row with label 0, or the first example row if none is found.

    Every category of the first row is replaced in turn.
    """
    columns = saved.description["columns"]
    first, last = example_rows(columns)
    others = [
        [*first[:place], _value(column, value), *first[place + 1 :]]
        for place, column in enumerate(columns)
        for value in column["values"] or ()
    ]
    bodies = [_record(saved, row) for row in (first, last, *others)]
    reply = answer(saved, b"[%b]" % b",".join(bodies))
    labels = orjson.loads(reply.body).get("predictions", [])
    return bodies[labels.index(0) if 0 in labels else 0]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return as_written(value)
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return {k: _rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


def error_examples(saved: SavedModel, limits: Limits, *, token: bool) -> dict[int, Examples]:
    """Return what the app answers to wrong requests, by status and code.

    The model answers the first ones itself, so that the examples name its own columns.
    """
    row = orjson.loads(_first_row(saved))
    incomplete = orjson.dumps([row, {name: row[name] for name in saved.names[1:]}])
    replies = [
        answer(saved, b"{"),
        answer(saved, b"\xff", kind=CSV),
        answer(saved, b"[1]"),
        answer(saved, incomplete),
        answer(saved, b"[]", b"explian=true"),
    ]
    refused = [
        WRONG_TOKEN if token else ONLY_THIS_MACHINE,
        limits.too_slow(),
        limits.too_large(),
        wrong_type(),
        Connection.head_too_large(),
        FAILED,
        queue_full(limits.queue_requests),
        limits.no_answer(),
    ]
    bodies = [(reply.status, reply.code, reply.body) for reply in replies if reply.code]
    bodies += [(each.status, each.code, each.body) for each in refused]
    examples: dict[int, Examples] = {}
    for status, code, body in bodies:
        value = {"summary": code, "value": orjson.loads(body)}
        examples.setdefault(status, {})[code] = value
    return examples
