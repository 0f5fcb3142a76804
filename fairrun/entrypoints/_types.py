"""The types of options, and parameters that are lists."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from fairrun.errors import RequestError

__all__ = ["JsonObject", "NumberOrAuto", "given", "given_one", "listed"]

#: The most characters of a value that an error message repeats.
_LONGEST_SHOWN = 80
#: A comma and the entry after it.
_ENTRY = re.compile(r',\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*(?=,|$)|(?P<plain>(?!")[^,]*))')


class NumberOrAuto(click.ParamType[float | None]):
    """A number, or auto for a default that is decided elsewhere, which becomes None.

    The range is checked where the number is used.
    """

    name = "number"

    def __init__(self, kind: type[int] | type[float] = float) -> None:
        self._kind = kind

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Return the number, or None."""
        if value == "auto":
            return None
        try:
            return self._kind(value)
        except ValueError:
            what = "whole number" if self._kind is int else "number"
            self.fail(
                f"{value!r} is not a {what}; give a {what}, or auto for the default", param, ctx
            )


class JsonObject(click.ParamType[dict[str, Any]]):
    """A JSON object, of which messages show an example."""

    name = "json"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Return the object as a dict."""
        if isinstance(value, dict):
            return value
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):  # thousands of nested brackets
            parsed = None
        if not isinstance(parsed, dict):
            shown = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
            self.fail(
                f"{shown!r} is not a JSON object; give one such as {self._example}", param, ctx
            )
        return parsed


def given(text: str) -> str | None:
    """Return a parameter's text, or None if it is "auto", which means "not given".

    An empty default would not work, because MLflow logs it as two quotes.
    """
    return None if text == "auto" else text


def given_one(text: str) -> str | None:
    """Return a parameter that is one name or value; None if it is "auto".

    As in a list, it can have double quotes around it, and is then taken as it stands between them.

    Examples
    --------
    >>> given_one('"ok, paid"'), given_one("ok, paid"), given_one(' yes'), given_one("auto")
    ('ok, paid', 'ok, paid', ' yes', None)
    """
    entry = _ENTRY.fullmatch(f",{text}")
    if entry is None or entry["quoted"] is None:
        return given(text)
    return entry["quoted"].replace('""', '"')


def listed(text: str) -> list[str] | None:
    """Return the entries of a parameter, which are separated by commas; None if not given.

    Blanks around an entry are removed. An entry in double quotes is taken as it stands between
    them, so it may have commas and blanks; two quotes in it stand for one.

    Raises
    ------
    RequestError
        If a quote is not closed.

    Examples
    --------
    >>> listed('"a, b",c, d'), listed('" Male"'), listed("none"), listed("auto")
    (['a, b', 'c', 'd'], [' Male'], [], None)
    """
    if text in ("auto", "none"):
        return None if text == "auto" else []
    entries, rest = [], f",{text}"
    while rest:
        entry = _ENTRY.match(rest)
        if entry is None:
            raise RequestError(
                f"the list {text} has a double quote in the wrong place; put quotes around a whole "
                """entry, such as "a, b",c"""
            )
        quoted, plain = entry["quoted"], entry["plain"]
        entries.append(plain.strip() if quoted is None else quoted.replace('""', '"'))
        rest = rest[entry.end() :]
    return entries
