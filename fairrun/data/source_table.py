"""The rows of a source as they were read, before the type of any column is decided."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["SourceTable"]


@dataclass(frozen=True)
class SourceTable:
    """The rows of a source as they were read.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows. The names of the columns are distinct texts.
    written : bool
        Whether each cell is the text that stands in the file, with "" for an empty cell. This is so
        for CSV. A source with types of its own, such as Parquet, has False.
    notes : tuple of str
        What the reader decided, one plain sentence each, such as the delimiter that it found.
    """

    frame: pd.DataFrame
    written: bool = False
    notes: tuple[str, ...] = ()
