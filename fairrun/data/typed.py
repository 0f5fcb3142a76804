"""The type of each column: numbers or categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = ["TypedTable"]


@dataclass(frozen=True)
class TypedTable:
    """All rows and all columns of a source, with the type of each column decided.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows. Numbers are float64 with NaN for a null; text has the dtype object with None for a
        null. The target, the protected and the dropped columns are in it, too.
    kinds : mapping of str to {"number", "category"}
        The type of each column.
    nulls : mapping of str to int
        The number of nulls of each column that has any.
    notes : tuple of str
        What was decided, one plain sentence each.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, str]
    nulls: Mapping[str, int]
    notes: tuple[str, ...] = ()
