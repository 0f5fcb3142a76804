"""A section of a report about a further analysis: text, tables and plots."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from fairrun.pages.cells import Cell, Table
from fairrun.pages.glossary import WORDS

__all__ = ["Section", "section_tables", "with_minus"]


@dataclass(frozen=True)
class Section:
    """What a report shows about one further analysis.

    Attributes
    ----------
    title : str
        The heading.
    anchor : str
        The name of the section in links, one word in lower case.
    paragraphs : tuple of str
        Plain text: what was computed, what was found, and what was assumed.
    tables : tuple of (str, DataFrame)
        Captions and tables as they are shown: every cell is text that is ready to read.
    plots : tuple of (str, str)
        Names of plots and their captions.
    findings : tuple of str
        What was found, one sentence each, for documents that have no room for the section.
    """

    title: str
    anchor: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[tuple[str, pd.DataFrame], ...] = ()
    plots: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()


def section_tables(section: Section) -> list[Table]:
    """Return the tables of a section in the form that the templates take."""
    return [
        Table(
            caption,
            tuple(str(name) for name in frame),
            tuple(tuple(map(_cell, frame, row)) for row in frame.to_numpy().tolist()),
        )
        for caption, frame in section.tables
    ]


def with_minus(text: str) -> str:
    """Return a text whose negative numbers have a minus sign, as in the other tables.

    Examples
    --------
    >>> with_minus("-0.032 (-0.064 to +0.164) since 2025-01-01")
    '−0.032 (−0.064 to +0.164) since 2025-01-01'
    """
    return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)


def _cell(column: object, value: object) -> Cell:
    """Return a cell. The name of a metric is linked to its definition."""
    text = str(value)
    key = text.replace(" ", "_")
    return Cell(with_minus(text), word=key if column == "metric" and key in WORDS else "")
