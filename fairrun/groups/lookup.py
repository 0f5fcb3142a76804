"""From the groups as they are given to the rule from the values of the data to groups."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.groups.grammar import GroupText, Item, format_group
from fairrun.groups.protected import Protected
from fairrun.groups.reading import distinct_values
from fairrun.inference import (
    GROUP_A,
    GROUP_B,
    REST,
    GroupLookup,
    Range,
    number_of,
    read_range,
    rest_of,
    value_text,
    yes_no_texts,
)
from fairrun.text import NAMED_FROM, did_you_mean, listed_values

__all__ = ["group_lookup", "name_groups"]

#: An error message lists the values of a protected column if there are no more than these.
_FEW = 10


def group_lookup(frame: pd.DataFrame, protected: Protected) -> GroupLookup:
    """Return the rule from values of a protected column to groups.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    protected : Protected
        The column and its groups.

    Returns
    -------
    GroupLookup
        Values that do not occur in `frame` are in neither group, unless a group names them or a
        range contains them.

    Raises
    ------
    RequestError
        If the column is missing or cannot be read, a group has no row, or a condition is given for
        a column of text.

    Warns
    -----
    UserWarning
        If a group of several values names one that no row has.

    Examples
    --------
    >>> frame = pd.DataFrame({"race": ["White", "Black", "Other", None], "age": [20, 39, 40, 70]})
    >>> lookup = group_lookup(frame, Protected("race", "White"))
    >>> lookup.group_b
    ('Black', 'Other')
    >>> lookup.groups(frame)
    array([ 0,  1,  1, -1], dtype=int8)
    >>> group_lookup(frame, Protected("age", ">=40")).group_b
    ('<40',)
    """
    lookup, unseen = _resolve(frame, protected)
    if unseen:
        warnings.warn(
            f"no training row has {_quoted(unseen)} in the protected column {protected.column!r}",
            stacklevel=2,
        )
    return lookup


def name_groups(frame: pd.DataFrame, protected: Protected) -> Protected:
    """Write the groups with the values of the data, and fill in group_b if it is one value.

    Parameters
    ----------
    frame : pandas.DataFrame
        All rows of the data, before they are split.
    protected : Protected
        The column and its groups.

    Returns
    -------
    Protected
        The same groups. ``yes`` becomes "True" if that is the text of the data, and `unprivileged`
        is filled in if it was None and there is only one other value or range.

    Raises
    ------
    RequestError
        As `group_lookup` does, and if a group names a value that no row has.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["Male", "Female"], "race": ["White", "Black"]})
    >>> name_groups(frame, Protected("sex", "Male")).group_names
    ('Male', 'Female')
    """
    lookup, unseen = _resolve(frame, protected)
    if unseen:
        raise _unknown(unseen[0], frame, protected.column)
    a, b = (
        format_group([_item(value, lookup.ranges) for value in group])
        for group in (lookup.group_a, lookup.group_b)
    )
    is_one = len(lookup.group_b) == 1 and not str(lookup.group_b[0]).startswith(REST)
    named = replace(protected, privileged=a)
    return replace(named, unprivileged=b) if protected.unprivileged or is_one else named


def _resolve(frame: pd.DataFrame, protected: Protected) -> tuple[GroupLookup, list[str]]:
    """Return the rule, and the values that a group of several values names but no row has."""
    name = protected.column
    values = distinct_values(frame, name)
    if any(item.range for items in protected.items for item in items) and _are_numbers(values):
        return _of_ranges(values, protected), []
    by_text = {value_text(value): value for value in values}
    words = yes_no_texts(values)
    unseen: list[str] = []

    def group(text: GroupText, items: Sequence[Item]) -> tuple[Any, ...]:
        if text in by_text:  # a value can hold a bar, or look like a condition
            return (by_text[str(text)],)
        found = {item: _value(item, by_text, words) for item in items}
        missing = [item for item, value in found.items() if value is None]
        if len(missing) == len(found):
            raise _unknown(missing[0].given or missing[0].text, frame, name)
        unseen.extend(item.text for item in missing)
        return tuple(
            dict.fromkeys(
                _typed(item, values) if value is None else value for item, value in found.items()
            )
        )

    items_a, items_b = protected.items
    group_a: tuple[Any, ...] = group(protected.privileged, items_a)
    group_b: tuple[Any, ...] = tuple(value for value in values if value not in group_a)
    if protected.unprivileged is not None:
        group_b = group(protected.unprivileged, items_b)
    if not group_b:
        has = "only one value" if len(values) == 1 else "no value beyond the privileged group"
        raise _no_group_b(name, has)
    if set(group_a) & set(group_b):
        raise RequestError(
            f"privileged and unprivileged of {name!r} mean the same value; give two groups without "
            "a common value"
        )
    return GroupLookup(name, group_a, group_b, yes_no=bool(words)), unseen


def _of_ranges(values: Sequence[Any], protected: Protected) -> GroupLookup:
    name = protected.column
    groups: list[list[Range]] = []
    for items in protected.items:
        ranges = [item.as_range for item in items]
        known = [each for each in ranges if each is not None]
        if len(known) < len(ranges):
            wrong = items[ranges.index(None)]
            raise RequestError(
                f"{wrong} is not a number, and the protected column {name!r} holds numbers; give "
                "numbers, conditions such as >=40, or edges such as 18..25..40"
            )
        groups.append(known)
    group_a, group_b = (tuple(map(str, known)) for known in groups)
    if protected.unprivileged is None:
        rest = rest_of(groups[0])
        if rest is None:
            raise _no_group_b(name, "no number beyond the privileged group")
        group_b = (rest,)
    lookup = GroupLookup(name, group_a, group_b, ranges=True)
    found = lookup.groups(pd.DataFrame({name: np.asarray(values, dtype=np.float64)}))
    sides = {"privileged": (GROUP_A, group_a), "unprivileged": (GROUP_B, group_b)}
    for which, (group, side) in sides.items():
        if not np.any(found == group):
            raise RequestError(
                f"no row has a value of {name!r} in the {which} group, {' or '.join(side)}; give a "
                "range that has rows"
            )
    return lookup


def _no_group_b(name: str, has: str) -> RequestError:
    return RequestError(
        f"the protected column {name!r} has {has}, so that there is no "
        "group_b; give rows with another value, or another protected column"
    )


def _value(item: Item, by_text: dict[str, Any], words: Mapping[str, Any]) -> Any:
    """Return the value of the data that an item means, or None."""
    for text in (item.given, item.text):
        if text in by_text:
            return by_text[text]
    number = None if item.range else number_of(item.text)
    if number is not None and value_text(number) in by_text:
        value = by_text[value_text(number)]
        if isinstance(value, float):
            return value
    return None if item.range else words.get(item.text.lower())


def _typed(item: Item, values: Sequence[Any]) -> Any:
    """Return a value that no row has, of the type of the column."""
    number = number_of(item.text)
    return number if number is not None and _are_numbers(values) else item.text


def _are_numbers(values: Sequence[Any]) -> bool:
    return isinstance(values[0], float)


def _item(value: Any, is_range: bool) -> Item:
    return Item(value, read_range(value)) if is_range else Item(value_text(value))


def _unknown(text: str, frame: pd.DataFrame, column: str) -> RequestError:
    """Return the error for a value that no row has; it names the nearest frequent values first."""
    found = frame[column].dropna().map(value_text).value_counts()
    counts = {value: int(found[value]) for value in sorted(found.index)}
    texts = [value for value, count in counts.items() if count >= NAMED_FROM]
    if read_range(text) is not None:
        return RequestError(
            f"{text!r} is a condition on numbers, and the protected column {column!r} holds text; "
            f"give its values, joined with |{_few(counts)}"
        )
    nearest = did_you_mean(text, texts)
    meant = f"; {nearest}" if nearest else ""
    return RequestError(
        f"{text!r} is not a value of the protected column {column!r}{meant}{_few(counts)}"
    )


def _few(counts: Mapping[str, int]) -> str:
    if len(counts) > _FEW:
        return f" (it has {len(counts)} values)"
    return f" ({listed_values(counts)})"


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(map(repr, texts))
