"""The text of a group: values, conditions on a number, and bins, joined by ``|``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

from fairrun.errors import RequestError
from fairrun.inference import Range, number_of, read_range, value_text

__all__ = ["GroupText", "Item", "check_apart", "format_group", "group_from_document", "parse_group"]

#: A group as it is given: the text of the grammar, or the texts of its items.
GroupText = str | tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One item of a group.

    Attributes
    ----------
    text : str
        The value, or the text of the range in its plain form.
    range : Range or None
        The range of numbers that the text says. None for a value.
    given : str
        The text as it was given. A column of text can hold the value ``< 25``.
    """

    text: str
    range: Range | None = None
    given: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text if self.range is not None else _quoted_if_needed(self.text)

    @property
    def as_range(self) -> Range | None:
        """The item as a range: for a value that is a number, the range of that number alone."""
        if self.range is not None:
            return self.range
        return None if number_of(self.text) is None else read_range(f"={self.text}")


def parse_group(text: GroupText) -> tuple[Item, ...]:
    """Read the text of a group.

    Parameters
    ----------
    text : str or tuple of str
        Items joined by ``|``, or the items. An item is a value, a condition (``>=40``, ``>40``,
        ``<=40``, ``<40``, ``=40``) or edges (``25..40`` for 25 <= x < 40; ``18..25..40`` for two
        bins). Double quotes make an item a value; a double quote inside them is doubled.

    Returns
    -------
    tuple of Item

    Raises
    ------
    RequestError
        If the group is empty, an item cannot be read, an item is given twice, or two ranges
        overlap.

    Examples
    --------
    >>> [str(item) for item in parse_group("White|Asian")]
    ['White', 'Asian']
    >>> [str(item) for item in parse_group("18..25..40 | >= 65")]
    ['18..25', '25..40', '>=65']
    >>> [str(item) for item in parse_group('">=40"')], parse_group('">=40"')[0].range
    (['">=40"'], None)
    """
    parts = _split(text) if isinstance(text, str) else [_unquoted(part) for part in text]
    if not parts:
        raise RequestError("a group has no items; give one or more values, or a condition")
    items = tuple(item for part, quoted in parts for item in _items(part, quoted, text))
    for one, other in combinations(items, 2):
        if one == other:
            raise RequestError(f"the group {_shown(text)} names {one} twice; name it once")
    check_apart(items)
    return items


def check_apart(items: Sequence[Item]) -> None:
    """Raise RequestError if two items have a number in common, and one of them is a range."""
    for one, other in combinations(items, 2):
        if one.range is None and other.range is None:
            continue
        first, second = one.as_range, other.as_range
        if first is not None and second is not None and first.overlaps(second):
            raise RequestError(
                f"the ranges {one} and {other} overlap; give ranges that have no number in common, "
                "such as 18..25 and 25..40 (25 is in the second)"
            )


def format_group(items: Sequence[Item]) -> str:
    """Return the text of a group that `parse_group` reads as these items.

    Examples
    --------
    >>> format_group(parse_group("White |Asian"))
    'White|Asian'
    >>> format_group([Item("a|b"), Item(">=40")])
    '"a|b"|">=40"'
    """
    return "|".join(map(str, items))


def group_from_document(value: Any) -> GroupText:
    """Return a group as it stands in a YAML document: a text, a number, a bool, or a list of them.

    Parameters
    ----------
    value : object
        The value of `privileged` or `unprivileged`.

    Raises
    ------
    RequestError
        If the value is a mapping, or a list of anything but values.

    Examples
    --------
    >>> group_from_document(1.0), group_from_document(True), group_from_document(["White", 2])
    ('1', 'True', ('White', '2'))
    """
    many = list(value) if isinstance(value, list | tuple) else [value]
    if any(each is None or isinstance(each, dict | list | tuple | set | bytes) for each in many):
        raise RequestError(
            "a group is not a value or a list of values; give one such as White, [White, Asian] "
            'or ">=40"'
        )
    texts = tuple(map(value_text, many))
    return texts if isinstance(value, list | tuple) else texts[0]


def _split(text: str) -> list[tuple[str, bool]]:
    """Return the parts between bars, without blanks and quotes, and whether each was quoted."""
    parts: list[tuple[str, bool]] = []
    rest = text
    while True:
        start = rest.lstrip()
        if start.startswith('"'):
            inside, rest = _quoted(start, text)
            parts.append((inside, True))
            bar = rest.lstrip()
            if bar and not bar.startswith("|"):
                raise RequestError(
                    f"the group {_shown(text)} has text after a closing quote; join items with |"
                )
            found, rest = bar[:1], bar[1:]
        else:
            part, found, rest = rest.partition("|")
            parts.append((part.strip(), False))
        if not found:
            return parts


def _unquoted(part: str) -> tuple[str, bool]:
    """Return one item of a list, and whether it was quoted."""
    if not part.startswith('"'):
        return part, False
    inside, rest = _quoted(part, part)
    return (part, True) if rest else (inside, True)


def _quoted(start: str, text: str) -> tuple[str, str]:
    """Return what stands in the quotes at the start, and what comes after them."""
    inside, at = "", 1
    while True:
        end = start.find('"', at)
        if end < 0:
            raise RequestError(
                f'the group {_shown(text)} has an opening " without a closing one; add it, or '
                'write a quote inside a value as ""'
            )
        inside += start[at:end]
        if start[end + 1 : end + 2] != '"':
            return inside, start[end + 1 :]
        inside, at = inside + '"', end + 2


def _items(part: str, quoted: bool, text: GroupText) -> list[Item]:
    if quoted:
        return [Item(part)]
    if not part:
        raise RequestError(
            f'the group {_shown(text)} has an empty item; leave it out, or write "" for the empty '
            "text"
        )
    edges = [number_of(edge.strip()) for edge in part.split("..")]
    if len(edges) > 1 and None not in edges:
        read = [read_range(f"{value_text(a)}..{value_text(b)}") for a, b in pairwise(edges)]
    else:
        read = [read_range(part)]
        if read == [None]:
            return [Item(part)]
    bins = [each for each in read if each is not None]
    if len(bins) < len(read):
        raise RequestError(
            f"the edges {part!r} do not rise; give edges from low to high, such as 18..25..40; for "
            f'a value with this text, write "{part}" in quotes'
        )
    return [Item(str(each), each, part) for each in bins]


def _quoted_if_needed(text: str) -> str:
    try:
        plain = text != "rest" and parse_group(text) == (Item(text),)
    except RequestError:
        plain = False
    return text if plain else '"' + text.replace('"', '""') + '"'


def _shown(text: GroupText) -> str:
    return repr(text) if isinstance(text, str) else repr("|".join(text))
