"""Texts that stand for numbers, truth values and nulls, and the type of a column of such texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.read_options import ReadOptions
from fairrun.inference import NULL_WORDS, name_rows

__all__ = ["Cells", "Decision", "decide", "decide_text", "rows_from_1"]

#: A column in which at least this share of the values are numbers, but not all, is an error.
_NEARLY_ALL = 0.95
#: A column in which at least this share of the values are numbers is text with a note.
_MANY = 0.5

#: How many different wrong cells a message shows, and how many characters of each.
_SHOWN, _LENGTH = 3, 20

#: A decimal mark, a mark between thousands, and how they are given.
_MARKS = (
    (".", None, '{"decimal": "."}'),
    (".", ",", '{"thousands": ","}'),
    (",", None, '{"decimal": ","}'),
    (",", ".", '{"decimal": ",", "thousands": "."}'),
)

_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_TRUTH = {"true": 1.0, "false": 0.0}
_WHAT = {False: "numbers", True: "True or False"}


@dataclass(frozen=True)
class Cells:
    """The cells of one column, as texts.

    Attributes
    ----------
    values : ndarray of object
        The distinct texts.
    codes : ndarray of int, shape (n_rows,)
        The position in `values` of each row's cell; −1 for a null.
    nulls : mapping of str to int
        The texts that were taken as nulls, with their counts.
    """

    values: NDArray[np.object_]
    codes: NDArray[np.intp]
    nulls: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str | None] | pd.Series, null_texts: Iterable[str]) -> Cells:
        """Return the cells of a column, of which some texts mean a null."""
        codes, values = pd.factorize(np.asarray(texts, dtype=object))
        return cls(np.asarray(values, dtype=object), codes)._without(set(null_texts))

    def _without(self, texts: set[str]) -> Cells:
        """Return the cells with some texts as nulls."""
        found = np.array([value in texts for value in self.values], dtype=bool)
        if not found.any():
            return self
        counts = self.counts
        nulls = {str(self.values[i]): int(counts[i]) for i in np.flatnonzero(found)}
        places = np.append(np.where(found, -1, np.cumsum(~found) - 1), -1)
        return Cells(self.values[~found], places[self.codes], self.nulls | nulls)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of rows with each of `values`."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def texts(self) -> pd.Series:
        """Return the text of each row, with None for a null."""
        texts: Any = np.array([*self.values, None], dtype=object)[self.codes]
        return pd.Series(texts, dtype=object)


@dataclass(frozen=True)
class Decision:
    """What a column of texts is.

    Attributes
    ----------
    kind : {"number", "category"}
        The type.
    column : pandas.Series
        Numbers as float64 with NaN for a null, or text with None for a null.
    nulls : dict of str to int
        The texts that were taken as nulls, with their counts.
    note : str
        Why a column that looks like numbers is text; empty if there is nothing to say.
    fault : str
        What is wrong with a column that is nearly all numbers; empty if nothing is.
    wrong : tuple of str
        The wrong cells that `fault` shows.
    readings : tuple of str
        The values of the parameter `read` with which all cells would be numbers.
    """

    kind: str
    column: pd.Series
    nulls: dict[str, int]
    note: str = ""
    fault: str = ""
    wrong: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()


def decide(cells: Cells, given: str | None, read: ReadOptions) -> Decision:
    """Decide whether a column of texts is numbers or text, and convert it.

    Parameters
    ----------
    cells : Cells
        The cells.
    given : {"number", "category"} or None
        The type that the user gave.
    read : ReadOptions
        The decimal mark and the mark between thousands.

    Returns
    -------
    Decision
        If it has a fault, its column is text.

    Examples
    --------
    >>> decide(Cells.of(["31", "1e3", "NA"], [""]), None, ReadOptions()).column.tolist()
    [31.0, 1000.0, nan]
    >>> decide(Cells.of(["01", "2", "NA"], [""]), None, ReadOptions()).column.tolist()
    ['01', '2', 'NA']
    """
    text = Decision("category", cells.texts(), cells.nulls)
    if given == "category":
        return text
    values = [str(value).strip() for value in cells.values]
    counts = cells.counts
    number = _matches(_pattern(read.decimal, read.thousands), values)
    truth = np.array([len(v) < 6 and v.lower() in _TRUTH for v in values], dtype=bool)
    null = np.array([value in NULL_WORDS for value in values], dtype=bool)
    is_truth = bool(truth.any()) and not number.any()
    parsed = truth if is_truth else number
    wrong = ~(parsed | null)
    n_wrong = int(counts[wrong].sum())
    n_values = int(counts[parsed].sum()) + n_wrong
    of_values = f"{n_values - n_wrong:,} of {n_values:,} values are {_WHAT[is_truth]}"
    # Plain numbers fit other marks, too, so they are looked for only where something is wrong.
    readings = _other_marks(values, null, read) if n_wrong and not is_truth else ()
    if given is None and len(values):
        zeros = number & _matches(_LEADING_ZERO, values, start=True)
        share = 1 - n_wrong / max(n_values, 1)
        if zeros.any() and share >= _MANY:
            n_zeros = _count(int(counts[zeros].sum()), "value")
            return replace(text, note=f"text, because of leading zeros ({n_zeros})")
        if share < _NEARLY_ALL or not parsed.any():
            if readings:
                reading = f"read as text; with read='{readings[0]}' all its values are numbers"
                return replace(text, note=reading)
            return replace(text, note=f"text, because {of_values}" if share >= _MANY else "")
    if n_wrong:
        infinite = np.array([_INFINITE.fullmatch(value) is not None for value in values])
        shown = np.flatnonzero(wrong)[np.argsort(-counts[wrong], kind="stable")].tolist()
        cells_shown = [(values[place], int(counts[place])) for place in shown]
        where = _where_infinite(cells, wrong & infinite)
        return replace(
            text,
            fault=f"{of_values}, {_listed(cells_shown)}{where}",
            wrong=tuple(values[p] for p in shown[:_SHOWN] if len(values[p]) <= _LENGTH),
            readings=readings,
        )
    numbers = np.full(len(values) + 1, np.nan)
    if is_truth:
        numbers[:-1][truth] = [_TRUTH[values[place].lower()] for place in np.flatnonzero(truth)]
    else:
        plain = np.array(values, dtype=object)[number]
        if (read.decimal, read.thousands) != (".", None):
            plain = np.array([_plain(text, read) for text in plain], dtype=object)
        numbers[:-1][number] = plain.astype(np.float64)
    infinite = np.isinf(numbers[:-1])
    if infinite.any():
        fault = f"too large a number{_where_infinite(cells, infinite)}"
        too_large = tuple(values[place] for place in np.flatnonzero(infinite)[:_SHOWN])
        return replace(text, fault=fault, wrong=too_large)
    words = {str(cells.values[place]): int(counts[place]) for place in np.flatnonzero(null)}
    column = pd.Series(numbers[cells.codes], dtype=np.float64)
    return Decision("number", column, cells.nulls | words)


def decide_text(texts: Sequence[str | None]) -> Decision:
    """Decide whether a column of texts is numbers or text, as for a file that is read as usual.

    Examples
    --------
    >>> decide_text(["31"] * 99 + ["n.a.", None]).fault
    "99 of 100 values are numbers, 1 is 'n.a.'"
    """
    return decide(Cells.of(texts, ()), None, ReadOptions())


def _listed(cells: list[tuple[str, int]]) -> str:
    """Return the commonest wrong cells with their counts."""
    said = [
        f"{count:,} {'is' if count == 1 else 'are'} {_short(text)!r}"
        for text, count in cells[:_SHOWN]
    ]
    rest = sum(count for _, count in cells[_SHOWN:])
    return ", ".join(said) + (f", {_count(rest, 'other cell')}" if rest else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _pattern(decimal: str, thousands: str | None) -> re.Pattern[str]:
    """Return the pattern of a number."""
    mark, integer = re.escape(decimal), "[0-9]+"
    if thousands:
        integer = rf"(?:[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"[+-]?(?:{integer}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _plain(text: str, read: ReadOptions) -> str:
    """Return a number as Python writes it."""
    if read.thousands:
        text = text.replace(read.thousands, "")
    return text if read.decimal == "." else text.replace(read.decimal, ".")


def _matches(
    pattern: re.Pattern[str], values: list[str], *, start: bool = False
) -> NDArray[np.bool_]:
    match = pattern.match if start else pattern.fullmatch
    return np.array([match(value) is not None for value in values], dtype=bool)


def _other_marks(values: list[str], null: NDArray[np.bool_], read: ReadOptions) -> tuple[str, ...]:
    """Return the values of `read` with which all cells would be numbers."""
    cells = [value for value, is_null in zip(values, null, strict=True) if not is_null]
    found = [
        said
        for decimal, thousands, said in _MARKS
        if (decimal, thousands) != (read.decimal, read.thousands)
        and cells
        and all(map(_pattern(decimal, thousands).fullmatch, cells))
    ]
    # The last one gives both marks, which nobody needs if one of the others does.
    return tuple(found[:1] if len(found) == 1 else [f for f in found if f != _MARKS[-1][2]])


def _where_infinite(cells: Cells, values: NDArray[np.bool_]) -> str:
    """Return the rows of infinite values, as a clause; empty if there is none."""
    if not values.any():
        return ""
    return f" (infinite in {rows_from_1(np.append(values, False)[cells.codes])})"


def rows_from_1(wanted: NDArray[np.bool_]) -> str:
    """Return the numbers of some rows of the data, where the first row is row 1.

    Examples
    --------
    >>> rows_from_1(np.array([False, True, True]))
    'rows 2, 3 of the data'
    """
    return f"{name_rows(np.flatnonzero(wanted) + 1)} of the data"


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"
