"""The cells and tables of a page, before they become HTML."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from fairrun.metrics import is_hidden_reason
from fairrun.text import with_percent, with_sign

__all__ = [
    "VALUE",
    "Cell",
    "Table",
    "amount",
    "count",
    "metric_cell",
    "number",
    "number_unless_hidden",
    "percent",
    "range_of_percent",
]

#: The heading of a column of numbers with their intervals.
VALUE = "value and 95 % interval"
#: The glossary entries of headings that are not named like their entry.
_WORDS = {VALUE: "interval", "rows": "row", "AUC": "roc_auc", "check and groups": "check"}


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        The text, or the number as text.
    interval : str
        The interval, which is shown below the number, or more words below a text; empty if there is
        none.
    is_number : bool
        Whether the cell is aligned as a number.
    word : str
        The entry of the glossary that explains the text; empty if there is none.
    verdict : str
        The verdict that the cell states, which gets a sign and a colour; empty if it states none.
    """

    text: str
    interval: str = ""
    is_number: bool = False
    word: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes
    ----------
    caption : str
        The caption.
    columns : tuple of str
        The headings of the columns. The first cell of a row is the heading of the row.
    rows : tuple of tuple of Cell
        The rows, each with one cell for each column.
    note : str
        A note below the table; empty if there is none.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def heads(self) -> list[tuple[str, bool, str]]:
        """Each heading of a column, whether the column holds numbers, and its glossary entry."""
        first = self.rows[0] if self.rows else ()
        are_numbers = [cell.is_number for cell in first] or [False] * len(self.columns)
        words = [_WORDS.get(head, head.replace(" ", "_")) for head in self.columns]
        return list(zip(self.columns, are_numbers, words, strict=True))


def metric_cell(name: str, more: str = "") -> Cell:
    """Return a cell with the name of a metric, which links to its definition."""
    return Cell(name.replace("_", " "), more, word=name)


def number(
    value: float,
    low: float = float("nan"),
    high: float = float("nan"),
    *,
    signed: bool = False,
    only_upper: bool = False,
    decimals: int = 3,
) -> Cell:
    """Return a cell with a number and its interval, with signs if it is a difference."""
    if pd.isna(value):
        return Cell("undefined")

    def form(number: float) -> str:
        return with_sign(number, decimals) if signed else f"{number:z.{decimals}f}"

    middle, *limits = (form(each).replace("-", "−") for each in (value, low, high))
    interval = "" if pd.isna(low) else " to ".join(limits)
    if interval and only_upper:
        interval = f"at most {limits[1]}"
    return Cell(middle, interval, is_number=True)


def number_unless_hidden(reason: str, *limits: float) -> Cell:
    """Return a cell with a number; an empty one if the reason for its absence stands elsewhere."""
    if pd.isna(limits[0]) and is_hidden_reason(reason):
        return Cell("")
    return number(*limits)


def amount(n: float, instead: str = "") -> Cell:
    """Return a cell with a number of rows or a sum of weights; `instead` is said in its place."""
    if instead or pd.isna(n):
        return Cell(instead, is_number=True)
    return Cell(f"{n:,.2f}" if n % 1 and n < 1000 else f"{n:,.0f}", is_number=True)


def count(n: int, instead: str = "") -> Cell:
    """Return a cell with a number of rows; `instead` is said if it is not shown."""
    if instead or pd.isna(n):
        return Cell(instead, is_number=True)
    return Cell(f"{int(n):,}", is_number=True)


def percent(share: float) -> Cell:
    """Return a cell with a share."""
    return Cell("undefined" if pd.isna(share) else with_percent(share), is_number=True)


def range_of_percent(low: float, high: float) -> Cell:
    """Return a cell with the interval of a share."""
    return Cell("no interval" if pd.isna(high) else f"{low:.1%} to {high:.1%}", is_number=True)
