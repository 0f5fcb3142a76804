"""Protected and target values as text, and the one meaning of True, 1, "1" and yes.

A file says `yes`, a request says `true`, and YAML reads `yes` as true. For the roles of two values
(the target, a protected column) these mean the same. A feature is never read this way.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["YES_NO", "has_text", "number_of", "value_text", "yes_no_texts"]

#: The pairs of texts that mean yes and no. Upper and lower case do not matter. `True`, 1 and 1.0
#: have the texts "True", "1" and "1".
YES_NO = (("true", "false"), ("1", "0"), ("1.0", "0.0"), ("yes", "no"), ("y", "n"), ("t", "f"))

_MEANING = {text: place == 0 for pair in YES_NO for place, text in enumerate(pair)}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-]?[0-9]{1,3})?", flags=re.ASCII)
_MOST_DIGITS = 400
_WITH_TEXT = (str, int, float, Decimal, datetime.date, datetime.time, np.generic)
_WITHOUT_TEXT = (np.bytes_, np.void, np.complexfloating)


def value_text(value: object) -> str:
    """Return a value of a protected or target column as text, as it is written in parameters.

    Examples
    --------
    >>> value_text(1.0), value_text("Male"), value_text(0.5), value_text(np.float32(2))
    ('1', 'Male', '0.5', '2')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def has_text(value: object) -> bool:
    """Return whether a value has a text: bytes, lists and the like do not."""
    return isinstance(value, _WITH_TEXT) and not isinstance(value, _WITHOUT_TEXT)


def number_of(text: str) -> float | None:
    """Return the number that a text is, or None if the text is not a number in plain form.

    A number with a leading zero, a plus sign or blanks is a code or an accident, so it is None.

    Examples
    --------
    >>> number_of("2"), number_of("-2.50"), number_of("02"), number_of(" 2"), number_of("two")
    (2.0, -2.5, None, None, None)
    """
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return None
    number = float(text) + 0.0  # −0 becomes 0
    return None if np.isinf(number) else number


def yes_no_texts(values: Iterable[Any]) -> Mapping[str, Any]:
    """Return which value each text of `YES_NO`, in lower case, means.

    Parameters
    ----------
    values : iterable
        The distinct values of a column, without nulls.

    Returns
    -------
    mapping of str to value
        Empty unless the column has two values, and these are one of the pairs.

    Examples
    --------
    >>> yes_no_texts(["No", "Yes"])["1"], yes_no_texts([1.0, 0.0])["false"]
    ('Yes', 0.0)
    >>> len(yes_no_texts(["yes", "no", "unknown"])), len(yes_no_texts(["01", "00"]))
    (0, 0)
    """
    distinct = list(values)
    two = {value_text(value).lower(): value for value in distinct[:3]}
    pairs = [pair for pair in YES_NO if set(pair) == set(two)]
    if not pairs or len(distinct) != 2:
        return MappingProxyType({})
    yes, no = (two[text] for text in pairs[0])
    return MappingProxyType({text: yes if means else no for text, means in _MEANING.items()})
