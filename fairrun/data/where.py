"""A filter of rows as text: conditions such as ``year=2025; region=North|South; age>=40``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import Item, parse_group, value_text
from fairrun.inference import yes_no_texts
from fairrun.text import NAMED_FROM, did_you_mean, listed_names, listed_values

__all__ = ["Condition", "parse_where", "rows_where"]

#: A column, quoted or not, a sign, and what the column is compared with.
_CONDITION = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^"=<>]+?))\s*(?P<sign>>=|<=|==|[=<>])(?P<group>.*)',
    re.DOTALL,
)
#: A part between semicolons. A semicolon in double quotes separates nothing.
_PART = re.compile(r'(?:[^;"]|"[^"]*")*')
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATES = re.compile(rf"{_DATE}(?:[T ].*)?")
_DATE_CONDITION = re.compile(rf"(?P<sign>>=|<=|>|<)\s*(?P<date>{_DATE})")
_DATE_BIN = re.compile(rf"(?P<low>{_DATE})\s*\.\.\s*(?P<high>{_DATE})")
_LENGTH_OF_DATE = 10
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    ">=": str.__ge__,
    "<=": str.__le__,
    ">": str.__gt__,
    "<": str.__lt__,
}
_EXAMPLE = "give conditions such as 'year=2025; region=North|South; age>=40'"


@dataclass(frozen=True)
class Condition:
    """One condition of a filter: a column has one of some values, or is in one of some ranges.

    Attributes
    ----------
    column : str
        The column.
    group : str
        The values and ranges as text.
    items : tuple of Item
        The same, as `fairrun.groups.parse_group` reads them.
    """

    column: str
    group: str
    items: tuple[Item, ...]


def parse_where(text: str) -> tuple[Condition, ...]:
    """Read the text of a filter.

    Parameters
    ----------
    text : str
        Conditions joined by ``;``, all of which a row must meet. A condition is a column, ``=``,
        and a group in the grammar of protected groups; or a column and ``>=40``, ``>40``, ``<=40``
        or ``<40``. A column whose name has one of these signs, or a value with ``;``, is put in
        double quotes.

    Returns
    -------
    tuple of Condition

    Raises
    ------
    RequestError
        If a condition cannot be read.

    Examples
    --------
    >>> for each in parse_where('year=2025; region = North | South; age>=40; "a;b"=18..25|40..60'):
    ...     print(each.column, each.items[0], len(each.items))
    year 2025 1
    region North 2
    age >=40 1
    a;b 18..25 2
    """
    return tuple(_parsed(part, text) for part in _parts(text))


def rows_where(frame: pd.DataFrame, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """Return which rows meet all conditions. A null meets none.

    Parameters
    ----------
    frame : pandas.DataFrame
        Typed rows: numbers, or text as objects. Dates are text in ISO 8601.
    conditions : sequence of Condition
        The conditions.

    Returns
    -------
    array of bool of shape (n_rows,)

    Raises
    ------
    RequestError
        If a column is not in the rows, no row has a value that is named, or a condition on numbers
        or dates is given for other text. The message has the nearest name.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [39, 40, None], "day": ["2025-03-01", "2024-12-31", None]})
    >>> rows_where(frame, parse_where("age<40")).tolist()
    [True, False, False]
    >>> rows_where(frame, parse_where("day=2024-01-01..2025-01-01; age=40")).tolist()
    [False, True, False]
    """
    columns = [str(name) for name in frame.columns]
    keep = np.ones(len(frame), dtype=bool)
    for condition in conditions:
        if condition.column not in columns:
            nearest = did_you_mean(condition.column, columns)
            raise RequestError(
                f"where names {condition.column}, which is not a column of the data"
                f"{f'; {nearest}' if nearest else ''}\nthe columns are {listed_names(columns)}"
            )
        keep &= _meets(frame[condition.column], condition)
    return keep


def _parts(text: str) -> list[str]:
    parts, at = [], 0
    while True:
        found = _PART.match(text, at)
        end = at if found is None else found.end()
        if end < len(text) and text[end] == '"':
            raise RequestError(
                f'where={text} has an opening " without a closing one; add it, or write a quote '
                'inside a value as ""'
            )
        parts.append(text[at:end])
        if end >= len(text):
            break
        at = end + 1
    if parts[1:] and not parts[-1].strip():
        parts.pop()  # a semicolon at the end
    return parts


def _parsed(part: str, text: str) -> Condition:
    found = _CONDITION.fullmatch(part)
    if found is None or not found["group"].strip():
        raise RequestError(f"{part.strip()!r} in where={text} is not a condition; {_EXAMPLE}")
    quoted, sign, group = found["quoted"], found["sign"], found["group"].strip()
    column = found["plain"].strip() if quoted is None else quoted.replace('""', '"')
    group = group if sign in ("=", "==") else f"{sign}{group}"
    try:
        return Condition(column, group, parse_group(group))
    except RequestError as error:
        raise RequestError(f"where={text}: {error}") from error


def _meets(column: pd.Series, condition: Condition) -> NDArray[np.bool_]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _numbers_meet(column, condition)
    codes, uniques = pd.factorize(column)
    values = uniques.tolist()
    texts = [value_text(value) for value in values]
    met = np.zeros(len(values) + 1, dtype=bool)  # A null has the code −1, which is the last place.
    if condition.group in texts:  # a value can hold a bar, or look like a condition
        met[:-1] = [text == condition.group for text in texts]
        return np.asarray(met[codes])
    words = yes_no_texts(values)
    for item in condition.items:
        found = _texts_of(item, texts)
        if found is None and item.text.lower() in words:
            found = [value == words[item.text.lower()] for value in values]
        if found is None:
            raise _unmet(item, column, condition)
        met[:-1] |= found
    return np.asarray(met[codes])


def _numbers_meet(column: pd.Series, condition: Condition) -> NDArray[np.bool_]:
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    met = np.zeros(len(numbers), dtype=bool)
    for item in condition.items:
        found = None if item.as_range is None else item.as_range.contains(numbers)
        if found is not None and item.range is None and not found.any():
            found = None
        if found is None:
            number = yes_no_texts(column.dropna().unique()).get(item.text.lower())
            if number is None:
                raise _unmet(item, column, condition)
            found = numbers == number
        met |= found
    return met


def _texts_of(item: Item, texts: Sequence[str]) -> list[bool] | None:
    """Return which texts an item means; None if no text equals it, and it is no range of dates."""
    said = item.given or item.text
    equal = [text in (said, item.text) for text in texts]
    if any(equal):
        return equal
    dates = [text[:_LENGTH_OF_DATE] for text in texts if _DATES.fullmatch(text)]
    if len(dates) < len(texts):
        return None
    if found := _DATE_CONDITION.fullmatch(said):
        compare = _COMPARE[found["sign"]]
        return [compare(date, found["date"]) for date in dates]
    if found := _DATE_BIN.fullmatch(said):
        return [found["low"] <= date < found["high"] for date in dates]
    if re.fullmatch(_DATE, said) and said in dates:  # the days of times
        return [date == said for date in dates]
    return None


def _unmet(item: Item, column: pd.Series, condition: Condition) -> RequestError:
    """Return the error for an item that means no value of a column."""
    name, said = condition.column, item.given or item.text
    texts = column.dropna().map(value_text)
    if texts.map(lambda text: _DATES.fullmatch(text) is not None).all() and len(texts):
        return RequestError(
            f"where: {said} is no day of the column {name!r}, which holds dates; give conditions "
            f"such as {name}>=2025-01-01 or {name}=2025-01-01..2026-01-01"
        )
    if item.range is not None:
        return RequestError(
            f"where: {said} is a condition on numbers, and the column {name!r} holds text; give "
            f"its values, joined with |, or types={name}:number if they are numbers"
        )
    if said[:1] in "<>":
        return RequestError(
            f"where: {said} is not a condition on {name!r}; give a number after the sign, and "
            "separate conditions by semicolons"
        )
    found = texts.value_counts()
    counts = {value: int(found[value]) for value in sorted(found.index)}
    often = [value for value, count in counts.items() if count >= NAMED_FROM]
    nearest = did_you_mean(item.text, often)
    return RequestError(
        f"where: no row has {item.text!r} in the column {name!r} "
        f"({listed_values(counts, most=10)}){f'; {nearest}' if nearest else ''}"
    )
