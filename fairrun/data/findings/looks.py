"""What one column looks like by its own values: a row number, an identifier, a date, a number."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import numpy as np

from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Finding, Kind, in_words
from fairrun.data.text_columns import FEWEST_IDENTIFIERS, are_dates, identify_rows
from fairrun.text import NAMED_FROM

__all__ = ["LIKELY_NULLS", "is_row_number", "look_at", "null_words"]

#: The share of cells that must look alike: 95 %.
_MOST = 0.95

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
#: How numbers are written, the pattern, and the options of `read` that read them.
_WAYS_TO_WRITE: tuple[tuple[str, re.Pattern[str], dict[str, str]], ...] = (
    ("a percent sign", re.compile(r"[-+]?\d+([.,]\d+)?\s*%"), {}),
    (
        "a currency sign",
        re.compile(
            r"[-+]?[$€£¥]\s*\d[\d., ]*|[-+]?\d[\d., ]*\s*([$€£¥]|usd|eur|gbp)", re.IGNORECASE
        ),
        {},
    ),
    (
        "marks between thousands",
        re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"),
        {"thousands": ","},
    ),
    (
        "marks between thousands",
        re.compile(r"[-+]?\d{1,3}(\.\d{3})+,\d+"),
        {"thousands": ".", "decimal": ","},
    ),
    ("a decimal comma", re.compile(r"[-+]?\d+,\d+"), {"decimal": ","}),
)
#: Texts that often mean a null.
LIKELY_NULLS = frozenset(
    (
        *("?", "-", "--", ".", "na", "n/a", "n.a.", "n.a", "#n/a", "nan", "null", "none", "nil"),
        *("missing", "unknown", "unspecified"),
    )
)
_KEY_NAME = re.compile(
    r"(^|_)(id|uuid|guid|key|ssn|iban)$|^id_|(^|_)(no|nr)$|number$", re.IGNORECASE
)
#: The end of a name such as customerId or personID, whose words are joined by capitals.
_KEY_ENDING = re.compile(r"[a-z](Id|ID|Uuid|UUID|Key)$")


def look_at(
    column: CodedColumn, *, as_category: bool = False, has_points: bool = False
) -> Finding | None:
    """Return what a feature looks like, if it should not be used as it is.

    Parameters
    ----------
    column : CodedColumn
        The feature.
    as_category : bool
        Whether its type was declared to be a category. Then plain numbers are codes.
    has_points : bool
        Whether other columns have numbers with a decimal point. Then a decimal comma cannot be an
        option of the whole file.

    Returns
    -------
    Finding or None
        At most one finding, of the kinds empty, constant, number as text, date, unusable, row
        number and identifier.
    """
    looks: tuple[Callable[[CodedColumn], Finding | None], ...] = (
        _constant,
        lambda column: _number_as_text(column, has_points=has_points),
        *(() if as_category else (_few_numbers_spoilt,)),
        _date,
        _unusable,
        _row_number,
        _identifier,
    )
    return next((found for look in looks if (found := look(column)) is not None), None)


def _constant(column: CodedColumn) -> Finding | None:
    if not column.n_distinct:
        sentence = f"{column.name} has no value"
        return _dropped("empty", column.name, sentence, warns=False)
    if column.n_distinct > 1:
        return None
    where = " where it is not null" if column.n_null else " in all rows"
    sentence = f"{column.name} has the same value{where}"
    return _dropped("constant", column.name, sentence, warns=False)


def _number_as_text(column: CodedColumn, *, has_points: bool) -> Finding | None:
    """Find numbers that are written in another way than the reader expects."""
    cells = _typical(column)
    if len({text for text, _ in cells}) < 2:
        return None
    for how, pattern, read in _WAYS_TO_WRITE:
        written = sum(count for text, count in cells if pattern.fullmatch(text))
        plain = sum(count for text, count in cells if _plain(text))
        total = sum(count for _, count in cells)
        if written + plain >= _MOST * total and written > 0.01 * total:
            name = column.name
            sentence = f"{name} is text, but its values are numbers written with {how}"
            can_be_read = bool(read) and not ("decimal" in read and has_points)
            way_out = f"give read='{json.dumps(read)}'" if can_be_read else "save plain numbers"
            change = {"read": read} if can_be_read else {"drop": [name]}
            return Finding("number as text", (name,), sentence, way_out, change=change)
    return None


def _few_numbers_spoilt(column: CodedColumn) -> Finding | None:
    """Find a column of numbers that a few cells with text made a column of text."""
    if _share(_typical(column), _plain) < 0.9:
        return None
    # The numbers are said, so all cells are counted.
    cells = _typical(column, most=column.n_distinct)
    # Codes with leading zeros are no numbers, and a few distinct whole numbers may be codes.
    if any(re.fullmatch(r"0\d+", text) for text, _ in cells):
        return None
    numbers = sum(count for text, count in cells if _plain(text))
    total = sum(count for _, count in cells)
    if not total or numbers / total < _MOST or (numbers == total and column.n_distinct <= 20):
        return None
    name = column.name
    others = [(text, count) for text, count in cells if not _plain(text)]
    if not others:
        sentence = f"{name} is text, but all of its values are numbers"
        way_out = f"give types={name}:number if it is a quantity and no code"
        return Finding("number as text", (name,), sentence, way_out, warns=False)
    sentence = f"{name}: {numbers:,} of {total:,} values are numbers, {_said(others)}"
    words = [text for text, count in others if _may_be_named(text, count)]
    nulls = f"na_values={','.join(words)}" if len(words) == len(others) else "na_values=…"
    return Finding(
        "number as text",
        (name,),
        sentence,
        f"correct the file, or give {nulls} (a null) or types={name}:category",
        change={"na_values": words} if len(words) == len(others) else {"drop": [name]},
    )


def _said(others: list[tuple[str, int]]) -> str:
    """Return in words which cells are no numbers, without a value of one person."""
    total = sum(count for _, count in others)
    are = "is" if total == 1 else "are"
    if len(others) == 1 and _may_be_named(*others[0]):
        return f"{total:,} {are} {others[0][0]!r}"
    return f"{total:,} {are} other text"


def _may_be_named(text: str, count: int) -> bool:
    return count >= NAMED_FROM or text.strip().casefold() in LIKELY_NULLS


def _date(column: CodedColumn) -> Finding | None:
    if column.is_number:
        is_date = column.is_whole and column.n_distinct > 1 and _are_dates_as_numbers(column)
    else:
        is_date = are_dates([text for text, _ in _typical(column)])
    if not is_date:
        return None
    sentence = f"{column.name} looks like a date"
    way_out = f"add its year or month as a column if it matters, and give drop={column.name}"
    return Finding("date", (column.name,), sentence, way_out, change={"drop": [column.name]})


def _are_dates_as_numbers(column: CodedColumn) -> bool:
    """Return whether all numbers are dates such as 20240131."""
    values = column.values.astype(np.float64)
    year, month, day = values // 10_000, values // 100 % 100, values % 100
    return bool(
        np.all((year >= 1800) & (year < 2200))
        and np.all((month >= 1) & (month <= 12))
        and np.all((day >= 1) & (day <= 31))
    )


def _unusable(column: CodedColumn) -> Finding | None:
    if column.kind != "other":
        return None
    return _dropped("unusable", column.name, f"{column.name} has neither numbers nor text")


def is_row_number(column: CodedColumn) -> bool:
    """Return whether a column counts the rows.

    Its whole numbers are distinct, and either rise or fall through the file, or fill so small a
    range that distinct numbers would not come about by chance.
    """
    n = column.n_known
    if n < FEWEST_IDENTIFIERS or not column.is_whole or column.n_distinct < 0.99 * n:
        return False
    values = column.values.astype(np.float64)
    reach = float(values.max() - values.min()) + 1
    # The expected number of pairs of equal values, if they were drawn from the range by chance.
    expected = n * n / (2 * reach)
    if expected > 9 + 4 * (n - column.n_distinct):
        return True
    steps = np.diff(values)
    rises = float(np.mean(steps > 0))
    return column.n_distinct == n and max(rises, 1 - rises) >= 0.99


def _row_number(column: CodedColumn) -> Finding | None:
    if not is_row_number(column):
        return None
    sentence = f"{column.name} looks like a row number: its whole numbers are distinct"
    return _dropped("row number", column.name, sentence)


def _identifier(column: CodedColumn) -> Finding | None:
    n, distinct = column.n_known, column.n_distinct
    if n < FEWEST_IDENTIFIERS:
        return None
    if column.is_number:
        named = _KEY_NAME.search(column.name) or _KEY_ENDING.search(column.name)
        if not (named and column.is_whole and distinct >= 0.99 * n):
            return None
    elif not identify_rows(distinct, n):
        return None
    sentence = f"{column.name} looks like an identifier: {distinct:,} distinct values in {n:,} rows"
    return _dropped("identifier", column.name, sentence)


def null_words(columns: list[CodedColumn]) -> Iterator[Finding]:
    """Find text that often means a null, such as "?".

    Parameters
    ----------
    columns : list of CodedColumn
        The features.

    Yields
    ------
    Finding
        One for each text.
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        for text, count in column.texts(most=200):
            if text.strip().casefold() in LIKELY_NULLS and count >= NAMED_FROM:
                found.setdefault(text, []).append(column.name)
    for text, names in found.items():
        yield Finding(
            "null as text",
            tuple(names),
            f"{text!r} is a category of {in_words(names, 3)}",
            f"give na_values={text} if it means a null",
            warns=False,
        )


def _dropped(kind: Kind, name: str, sentence: str, *, warns: bool = True) -> Finding:
    way_out = f"drop={name}"
    return Finding(kind, (name,), sentence, way_out, warns=warns, change={"drop": [name]})


def _typical(column: CodedColumn, most: int = 2000) -> list[tuple[str, int]]:
    """Return the most frequent texts of a column, stripped, with their numbers of rows."""
    return [(text.strip(), count) for text, count in column.texts(most)]


def _share(cells: list[tuple[str, int]], looks: Callable[[str], bool]) -> float:
    total = sum(count for _, count in cells)
    return sum(count for text, count in cells if looks(text)) / total if total else 0.0


def _plain(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
