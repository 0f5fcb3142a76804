"""Check the parameters of `FairClassifier` that no method checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from fairrun.errors import RequestError
from fairrun.groups import Protected

__all__ = ["check_parameters", "column_names"]

_WORDS: dict[str, tuple[Any, ...]] = {
    "class_weight": (None, "balanced"),
    "resample": ("none", "over", "under"),
    "missing": ("drop", "keep"),
    "unseen": ("ignore", "error"),
}
#: The lowest and highest whole number, for parameters that are whole numbers.
_WHOLE = {"min_frequency": (1, 2**31), "seed": (0, 2**32 - 1)}


def check_parameters(given: Mapping[str, Any]) -> None:
    """Check the types of all parameters, and the values that no mitigator or estimator checks.

    Parameters
    ----------
    given : mapping
        The parameters of a classifier by name.

    Raises
    ------
    RequestError
        If a parameter cannot be used. The message says what is allowed.
    """
    if not isinstance(given["protected"], Protected):
        raise RequestError(
            f"protected={given['protected']!r} is not a Protected; "
            "give one such as Protected('sex', 'Male')"
        )
    for name, allowed in _WORDS.items():
        value = given[name]
        if not (value is None or isinstance(value, str)) or value not in allowed:
            raise RequestError(f"{name}={value!r} is not known; give one of {allowed}")
    for name, (low, high) in _WHOLE.items():
        value = given[name]
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not is_whole or not low <= int(value) <= high:
            raise RequestError(
                f"{name}={value!r} is not possible; give a whole number from {low} to {high}"
            )
    for name in ("mitigator", "estimator"):
        if not isinstance(given[name], str):
            raise RequestError(f"{name}={given[name]!r} is not text; give the name of one")
    for name in ("mitigator_params", "estimator_params"):
        value = given[name]
        if not (value is None or isinstance(value, Mapping)):
            raise RequestError(
                f"{name}={value!r} is not a mapping; give parameters by name, such as "
                + ("{'C': 0.5}" if name == "estimator_params" else "{'tolerance': 0.05}")
            )
    for name in ("drop", "changeable"):
        column_names(name, given[name])
    na_values = given["na_values"]
    if isinstance(na_values, str) or not all(isinstance(text, str) for text in na_values):
        raise RequestError(
            f"na_values={na_values!r} is not a list of texts; give one such as ['?']"
        )
    if not isinstance(given["strip"], bool | np.bool_):
        raise RequestError(f"strip={given['strip']!r} is not possible; give True or False")
    if not (given["row_key"] is None or isinstance(given["row_key"], (str, Integral))):
        raise RequestError(f"row_key={given['row_key']!r} is not the name of a column; give text")


def column_names(parameter: str, names: Any) -> tuple[str, ...]:
    """Return the columns that a parameter names, as text.

    Parameters
    ----------
    parameter : str
        The name of the parameter, for the error message.
    names : iterable of str or of int
        The columns.

    Returns
    -------
    tuple of str

    Raises
    ------
    RequestError
        If `names` is text, which would be read as a list of letters, or no list of names.

    Examples
    --------
    >>> column_names("drop", "hours")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: drop='hours' is not a list of columns; give drop=['hours']
    """
    if isinstance(names, (str, Integral)):
        raise RequestError(
            f"{parameter}={names!r} is not a list of columns; give {parameter}=[{names!r}]"
        )
    listed = list(names) if isinstance(names, Iterable) else None
    if listed is None or not all(isinstance(name, (str, Integral)) for name in listed):
        raise RequestError(
            f"{parameter}={names!r} is not a list of columns; give their names in a list, "
            "or () for none"
        )
    return tuple(map(str, listed))
