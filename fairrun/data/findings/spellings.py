"""Values that differ only in case, blanks or punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["spellings"]


def spellings(values: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the sets of values that are probably the same value in different spellings.

    Signs that carry a meaning, such as < and +, are compared. A full stop is not compared at the
    end of a value alone, because "1.5" is not "15".

    Parameters
    ----------
    values : iterable of str
        Distinct values.

    Returns
    -------
    list of tuple of str
        Each tuple has two or more of the values, in their order.

    Examples
    --------
    >>> spellings(["Male", "Female", "male", " Male"])
    [('Male', 'male', ' Male')]
    >>> spellings(["<=50K", ">50K", ">50K."])
    [('>50K', '>50K.')]
    >>> spellings(["African-American", "african american", "A-", "A"])
    [('African-American', 'african american')]
    """
    found: dict[str, list[str]] = {}
    for value in values:
        found.setdefault(_plain(value), []).append(value)
    return [tuple(same) for key, same in found.items() if key and len(same) > 1]


def _plain(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    text = re.sub(r"[.,;:!]+$", "", text)
    text = re.sub(r"(?<=[^\W\d_])[-_/'\u2019.]+(?=[^\W\d_])", " ", text)
    return re.sub(r"\s+", " ", text).strip()
