"""Decisions and true labels as 0 and 1: which of the two values in a column is favourable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.groups import Item, format_group, label_of, spellings, value_text
from fairrun.inference import number_of, yes_no_texts
from fairrun.text import NAMED_FROM, did_you_mean, listed_names, listed_values

__all__ = ["Outcome", "read_outcome"]

#: Words for a favourable and for an unfavourable decision. "not hired" is the opposite of "hired".
_FAVOURABLE = frozenset(
    {
        *("accept", "accepted", "admit", "admitted", "approve", "approved", "favorable"),
        *("favourable", "grant", "granted", "hire", "hired", "invited", "offer", "offered"),
        *("pass", "passed", "promoted", "select", "selected"),
    }
)
_UNFAVOURABLE = frozenset(
    {
        *("decline", "declined", "denied", "deny", "fail", "failed", "refuse", "refused"),
        *("reject", "rejected", "unfavorable", "unfavourable", "unselected"),
    }
)


@dataclass(frozen=True)
class Outcome:
    """A column of two values as 0 and 1.

    Attributes
    ----------
    label : ndarray of int64, shape (n_rows,)
        1 where the column has the favourable value.
    favourable : str
        The favourable value, as text.
    is_guess : bool
        Whether nobody named it, so that it was chosen by the rule of `read_outcome`.
    """

    label: NDArray[np.int64]
    favourable: str
    is_guess: bool


def read_outcome(
    column: pd.Series,
    role: str,
    parameter: str,
    given: str | None = None,
    like: str | None = None,
) -> Outcome:
    """Return a column of decisions or labels as 0 and 1.

    Parameters
    ----------
    column : pandas.Series
        Typed values without nulls.
    role : str
        The parameter that named the column, for messages: `prediction` or `target`.
    parameter : str
        The parameter that names the favourable value, for messages.
    given : str, optional
        The favourable value.
    like : str, optional
        The favourable value of another column, which is taken if this column has it, too. Without
        it, the values must be a known pair, such as 0 and 1, yes and no, or approved and rejected.

    Returns
    -------
    Outcome
        A column with one value is possible if this value, or for yes and no its opposite, was named
        as the favourable one.

    Raises
    ------
    RequestError
        If the column has more than two values, or nothing says which one is favourable.

    Examples
    --------
    >>> read_outcome(pd.Series(["rejected", "approved"]), "prediction", "favourable")
    Outcome(label=array([0, 1]), favourable='approved', is_guess=True)
    """
    codes, uniques = pd.factorize(column)
    texts = [value_text(value) for value in uniques.tolist()]
    numbers = np.bincount(codes, minlength=len(texts)).tolist()
    counts: dict[str, int] = {}
    for text, number in zip(texts, numbers, strict=True):
        counts[text] = counts.get(text, 0) + number
    name, values = str(column.name), sorted(counts)
    counts = {value: counts[value] for value in values}
    if len(values) > 2 or spellings(values):
        raise _not_two(column, role, counts)
    favourable = _meant(values, like, role) if given is None else _named(values, given)
    if favourable is None:
        if given is None:
            raise _unnamed(name, role, parameter, counts)
        raise _not_a_value(name, parameter, given, counts)
    is_favourable = np.array([text == favourable for text in texts], dtype=np.int64)
    return Outcome(is_favourable[codes], favourable, is_guess=given is None)


def _named(values: Sequence[str], given: str) -> str | None:
    """Return the favourable value that was given, as the column writes it."""
    found = label_of(values, given)
    number = number_of(given)
    if found is None and number is not None and value_text(number) in values:
        return value_text(number)  # 1.0 where the column has 1
    if found is not None or len(values) != 1:
        return found
    # Of a column that says "no" in all rows, the other value is known without a row that has it.
    for pair in (("1", "0"), ("1.0", "0.0"), ("True", "False"), ("yes", "no"), ("Yes", "No")):
        if values[0] in pair:
            return label_of(pair, given)
    return None


def _meant(values: Sequence[str], like: str | None, role: str) -> str | None:
    """Return the favourable value that nobody named; None if it cannot be known."""
    same = None if like is None else label_of(values, like)
    pair = _known_pair(values)
    # Decisions that predict the label have its values. A label can be of something else: a decision
    # of 0 can be favourable where a label of 1 is, so that neither can be taken.
    if role == "target" and same is not None and pair is not None and same != pair:
        return None
    return pair if same is None else same


def _known_pair(values: Sequence[str]) -> str | None:
    yes: str | None = yes_no_texts(values).get("1")
    if yes is not None or len(values) != 2:
        return yes
    for value, other in (values, values[::-1]):
        word, opposite = (" ".join(text.casefold().split()) for text in (value, other))
        opposites = {f"{no}{between}{word}" for no in ("not", "non") for between in (" ", "-", "_")}
        if word in _FAVOURABLE and (opposite in _UNFAVOURABLE or opposite in opposites):
            return value
    return None


def _not_two(column: pd.Series, role: str, counts: Mapping[str, int]) -> RequestError:
    name = str(column.name)
    often = [value for value, count in counts.items() if count >= NAMED_FROM]
    said = f"{role}={name} has {len(counts):,} values ({listed_values(counts, most=5)})"
    if spellings(counts):
        alike = spellings(often)[:1]
        named = listed_names(sorted(alike[0])) if alike else "some of them"
        return RequestError(f"{said}; {named} differ only in spelling, so write them alike")
    if pd.api.types.is_numeric_dtype(column.dtype):
        meant = (
            f"; if it is a score, give score={name} and threshold" if role == "prediction" else ""
        )
        return RequestError(f"{said}; give a column with two values{meant}")
    most = sorted(often, key=lambda value: -counts[value])[:2]
    two = format_group([Item(value) for value in sorted(most)]) if len(most) > 1 else "A|B"
    return RequestError(
        f"{said}; give a column with two values, keep only the rows that have one of two, such as "
        f"where='{name}={two}', or name values that mean a null in na_values"
    )


def _not_a_value(name: str, parameter: str, given: str, counts: Mapping[str, int]) -> RequestError:
    often = [value for value, count in counts.items() if count >= NAMED_FROM]
    nearest = did_you_mean(given, often, f"give the favourable value as {parameter}")
    has = listed_values(counts)
    if len(counts) == 1:
        has = f"it is {has} in all rows"
        nearest = nearest if "?" in nearest else "give rows with both values"
    return RequestError(f"{parameter}={given!r} is not a value of {name!r} ({has}); {nearest}")


def _unnamed(name: str, role: str, parameter: str, counts: Mapping[str, int]) -> RequestError:
    often = [value for value, count in counts.items() if count >= NAMED_FROM]
    ways = " or ".join(f"{parameter}={value!r}" for value in often) or f"{parameter}=VALUE"
    named = "only the value " if len(counts) == 1 else "the values "
    return RequestError(
        f"nothing says which value of {role}={name} is favourable; it has "
        f"{named if often else ''}{listed_values(counts)}: give {ways}"
    )
