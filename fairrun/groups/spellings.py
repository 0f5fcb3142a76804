"""Values of a protected column that differ only in spelling, such as "Male" and " male."."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from fairrun.groups.grammar import Item, format_group
from fairrun.text import NAMED_FROM

__all__ = ["spelling_notes", "spellings"]


def spellings(values: Iterable[str]) -> list[set[str]]:
    """Return the sets of values that differ only in case, blanks, punctuation or Unicode form.

    Parameters
    ----------
    values : iterable of str
        The distinct values of a column.

    Examples
    --------
    >>> [sorted(each) for each in spellings(["Male", "male", " Male", "MALE.", "Female"])]
    [[' Male', 'MALE.', 'Male', 'male']]
    >>> spellings(["<25", ">=25", "-1", "1"])
    []
    """
    alike: dict[str, set[str]] = {}
    for value in values:
        alike.setdefault(_letters(value), set()).add(value)
    return [found for key, found in alike.items() if len(found) > 1 and any(map(str.isalpha, key))]


def spelling_notes(
    column: str,
    values: Iterable[object],
    together: Collection[set[str]] = (),
    counts: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """Return a sentence for each set of values that differ only in spelling.

    Parameters
    ----------
    column : str
        The protected column.
    values : iterable
        The distinct values of the column. Numbers have one spelling.
    together : collection of set of str
        Values that are named in one group, of which there is nothing to say.
    counts : mapping of str to int, optional
        The number of rows of each value. Values that have fewer than `NAMED_FROM` rows together are
        not named.

    Examples
    --------
    >>> print(*spelling_notes("sex", ["Male", "male", "Female"]))
    the protected column 'sex' has the values 'Male' and 'male', which differ only in spelling and
    are separate groups; correct the data, or name both in one group: Male|male
    """
    texts = [value for value in values if isinstance(value, str)]
    return tuple(
        _note(column, found, counts)
        for found in spellings(texts)
        if not any(found <= group for group in together)
    )


def _note(column: str, found: set[str], counts: Mapping[str, int] | None) -> str:
    every = "both" if len(found) == 2 else "all"
    if counts is not None and sum(counts.get(value, 0) for value in found) < NAMED_FROM:
        return (
            f"the protected column {column!r} has {len(found)} values with fewer than {NAMED_FROM} "
            "rows that differ only in spelling and are separate groups; correct the data, or name "
            f"{every} in one group"
        )
    return (
        f"the protected column {column!r} has the values {_listed(sorted(found))}, which differ "
        f"only in spelling and are separate groups; correct the data, or name {every} in one "
        f"group: {format_group([Item(value) for value in sorted(found)])}"
    )


#: A hyphen between letters is punctuation. Elsewhere, as in "A-", it can be a sign.
_HYPHEN = re.compile(r"(?<=[^\W\d_])\s*-\s*(?=[^\W\d_])")


def _letters(text: str) -> str:
    """Return the text in one case and Unicode form, without blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = _HYPHEN.sub("", folded)
    return "".join(c for c in kept if c == "-" or unicodedata.category(c)[0] not in "PZC")


def _listed(values: list[str]) -> str:
    return f"{', '.join(map(repr, values[:-1]))} and {values[-1]!r}"
