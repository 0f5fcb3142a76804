"""Values of a protected column that differ only in spelling, such as "Male" and " male."."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from fairrun.groups.grammar import Item, format_group

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
    column: str, values: Iterable[object], together: Collection[set[str]] = ()
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

    Examples
    --------
    >>> print(*spelling_notes("sex", ["Male", "male", "Female"]))
    the protected column 'sex' has the values 'Male' and 'male', which differ only in spelling and
    are separate groups; correct the data, or name both in one group: Male|male
    """
    # Imported here because the grammar imports nothing of this module, and few callers need it.
    texts = [value for value in values if isinstance(value, str)]
    return tuple(
        f"the protected column {column!r} has the values {_listed(sorted(found))}, which differ "
        "only in spelling and are separate groups; correct the data, or name "
        f"{'both' if len(found) == 2 else 'all'} in one group: "
        + format_group([Item(value) for value in sorted(found)])
        for found in spellings(texts)
        if not any(found <= group for group in together)
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
