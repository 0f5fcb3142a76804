"""What a column of text cannot be a feature for: its values identify rows, or they are dates.

Training refuses such a column, and `check` finds it. Both ask here, so they agree.
"""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["FEWEST_IDENTIFIERS", "are_dates", "identify_rows"]

#: Fewer values than this do not show that they are different because they identify rows.
FEWEST_IDENTIFIERS = 50
#: Different dates up to this number are taken for categories, such as the cohorts of a study.
_MOST_COHORTS = 12
#: The share of the different values that must look like dates.
_SHARE_OF_DATES = 0.95

_DAY = r"(0?[1-9]|[12]\d|3[01])"
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = r"([T ]\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*(Z|[AaPp][Mm]|[+-]\d{2}:?\d{2})?)?"
_DATE = re.compile(
    rf"\s*((18|19|20|21)\d{{2}}([-/.]){_DAY}\3{_DAY}|{_DAY}([-/.]){_DAY}\7(\d{{4}}|\d{{2}})"
    rf"|{_DAY}[-. ]*{_MONTH}[-, ]+\d{{2,4}}|{_MONTH} {_DAY},? \d{{4}}){_TIME}\s*",
    re.IGNORECASE,
)


def identify_rows(n_different: int, n_rows: int) -> bool:
    """Return whether the values of a column of text identify rows.

    They do if more than half of at least 50 values are different.

    Parameters
    ----------
    n_different : int
        The number of different values.
    n_rows : int
        The number of rows that are not null.

    Examples
    --------
    >>> identify_rows(90, 100), identify_rows(40, 100), identify_rows(8, 8)
    (True, False, False)
    """
    return n_rows >= FEWEST_IDENTIFIERS and 2 * n_different > n_rows


def are_dates(different: Collection[str]) -> bool:
    """Return whether the different values of a column of text are dates.

    They are if there are more than 12 of them, and 95 % look like dates.

    Examples
    --------
    >>> are_dates([f"2024-05-{day}" for day in range(10, 31)]), are_dates(["2023-01-01", "x"])
    (True, False)
    """
    if len(different) <= _MOST_COHORTS:
        return False
    dates = sum(_DATE.fullmatch(value) is not None for value in different)
    return dates >= _SHARE_OF_DATES * len(different)
