"""Find the type of each feature, and refuse features that a model cannot use as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from fairrun.data import are_dates, decide_text, identify_rows
from fairrun.errors import RequestError
from fairrun.inference import name_rows

__all__ = ["check_text", "typed_features"]

#: The number of refused features whose reason an error message gives; it names all of them.
_MOST_EXPLAINED = 5

_OF_DATES = ("holds dates", "give parts of the date, such as the year, as columns of numbers")
_OF_DURATIONS = ("holds durations", "give them as numbers, such as days")
_OF_BYTES = ("holds bytes", "decode them to text")
_OF_COMMAS = (
    "holds numbers with a decimal comma",
    """give numbers, which read='{"decimal": ","}' makes of a file""",
)
_OF_COLLECTIONS = ("holds lists or other collections", "give each part as a column of its own")

_WITH_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+")

#: What a feature is refused for, and what to do other than leaving it out.
_Problem = tuple[str, str]


def typed_features(features: pd.DataFrame, *, min_frequency: int = 5) -> pd.DataFrame:
    """Return the features as columns of numbers and of text.

    Booleans with nulls and Decimals, which pandas stores as objects, become float64. Text of any
    dtype becomes the dtype object with None for a null. Other columns of numbers stay as they are.

    Unless `min_frequency` is 1, text is also refused if it identifies rows or is a date; see
    `fairrun.data.identify_rows` and `fairrun.data.are_dates`.

    Parameters
    ----------
    features : pandas.DataFrame
        The feature columns of the training rows.
    min_frequency : int
        The fewest rows of a named category; see `fit_encoder`.

    Returns
    -------
    pandas.DataFrame
        A new table with the same rows and columns.

    Raises
    ------
    RequestError
        If features cannot be used. The message names all of them.

    Examples
    --------
    >>> typed_features(pd.DataFrame({"member": [True, None, False]}))["member"].tolist()
    [1.0, nan, 0.0]
    >>> typed_features(pd.DataFrame({"hired": pd.to_datetime(["2020-05-01"])}))
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: the feature 'hired' holds dates; leave it out with drop=hired, or \
give parts of the date, such as the year, as columns of numbers
    """
    typed: dict[Any, pd.Series] = {}
    problems: dict[str, _Problem] = {}
    for name, column in features.items():
        found = _typed(column)
        if isinstance(found, pd.Series) and found.dtype == object and min_frequency > 1:
            found = _of_text(found) or found
        if isinstance(found, pd.Series):
            typed[name] = found
        else:
            problems[str(name)] = found
    if problems:
        raise _refusal(problems)
    return pd.DataFrame(typed, index=features.index)


def check_text(features: pd.DataFrame) -> None:
    """Refuse columns of text that were numbers before a wrong cell made them text.

    A column that is categorical was chosen to be text. So was one in which all values are numbers.

    Parameters
    ----------
    features : pandas.DataFrame
        The feature columns of the training rows.

    Raises
    ------
    RequestError
        If nearly all values of a text column are numbers. The message shows up to three others.

    Examples
    --------
    >>> check_text(pd.DataFrame({"age": ["31"] * 99 + ["n.a."]}))
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: age: 99 of 100 values are numbers, 1 is 'n.a.'; correct these \
cells, or give na_values=['n.a.'] for nulls or the dtype category for text
    """
    faults = []
    for name, column in features.items():
        if pd.api.types.is_numeric_dtype(column.dtype) or column.dtype == "category":
            continue
        objects = [None if pd.isna(value) is True else value for value in column.tolist()]
        if not all(value is None or isinstance(value, str) for value in objects):
            continue
        decision = decide_text(objects)
        # A column without a wrong cell was chosen to be text: its numbers may be codes.
        if decision.fault:
            nulls = f"na_values={[*decision.wrong]} for nulls or " if decision.wrong else ""
            faults.append(
                f"{name}: {decision.fault}; correct these cells, or give {nulls}"
                "the dtype category for text"
            )
    if faults:
        raise RequestError("\n".join(faults[:_MOST_EXPLAINED]))


def _typed(column: pd.Series) -> pd.Series | _Problem:
    null = column.isna()
    if null.all():
        return "has no value in any row", ""
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        return _OF_DATES
    if pd.api.types.is_complex_dtype(dtype):
        return "holds complex numbers", "give real numbers"
    if pd.api.types.is_numeric_dtype(dtype):
        return column
    objects = column.to_numpy(dtype=object)
    kinds = set(map(type, objects[~null.to_numpy()].tolist()))
    if all(issubclass(kind, str) for kind in kinds):
        objects = objects.copy()
        objects[null.to_numpy()] = None
        return pd.Series(objects, index=column.index, dtype="object")
    if isinstance(dtype, pd.CategoricalDtype) and all(map(_is_number, kinds)):
        return (
            "holds numbers under the dtype category",
            "give it as numbers, or as text with .astype(str)",
        )
    if all(map(_is_number, kinds)):
        values = [np.nan if n else _as_float(v) for v, n in zip(objects, null, strict=True)]
        return pd.Series(values, index=column.index, dtype=np.float64)
    return _problem_of(kinds, objects, null.to_numpy())


def _problem_of(kinds: set[type], objects: Any, null: Any) -> _Problem:
    of_kinds: list[tuple[_Problem, Callable[[type], bool]]] = [
        (_OF_DATES, lambda kind: issubclass(kind, (date, time, np.datetime64, pd.Period))),
        (_OF_DURATIONS, lambda kind: issubclass(kind, (timedelta, np.timedelta64))),
        (_OF_BYTES, lambda kind: issubclass(kind, (bytes, bytearray, memoryview))),
        (
            _OF_COLLECTIONS,
            lambda kind: issubclass(kind, (list, tuple, dict, set, frozenset, np.ndarray)),
        ),
    ]
    for problem, is_kind in of_kinds:
        if all(map(is_kind, kinds)):
            return problem
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    if any(issubclass(kind, str) for kind in kinds):
        wrong = [
            row for row, value in enumerate(objects) if not null[row] and not isinstance(value, str)
        ]
        what = f"holds text, but not in {name_rows(wrong)} (types {names})"
        return what, "give either text or numbers in all rows"
    return f"holds values of type {names}", "give numbers or text"


def _is_number(kind: type) -> bool:
    return issubclass(kind, (int, float, Decimal, np.integer, np.floating, np.bool_))


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an int that is too large for float64 is refused as infinite
        return float("inf")


def _of_text(column: pd.Series) -> _Problem | None:
    """Return what text is refused for if each category needs several rows; None if it is not."""
    present = column.dropna()
    values = present.unique()
    if are_dates(values):
        return _OF_DATES
    if identify_rows(len(values), len(present)):
        if all(map(_WITH_COMMA.fullmatch, values)):
            return _OF_COMMAS
        return (
            f"has {len(values):,} different values in {len(present):,} rows, so it identifies rows",
            "give a column of coarser categories",
        )
    return None


def _refusal(problems: dict[str, _Problem]) -> RequestError:
    # A column that only has to be read differently is not one to drop, beside others that are.
    useless = [name for name, problem in problems.items() if problem != _OF_COMMAS]
    dropped = ",".join(useless or problems)
    them = "the others" if 0 < len(useless) < len(problems) else "them"
    if len(problems) == 1:
        ((name, (what, offer)),) = problems.items()
        way_out = f"leave it out with drop={dropped}" + (f", or {offer}" if offer else "")
        return RequestError(f"the feature {name!r} {what}; {way_out}")
    said = "; ".join(
        f"{name!r} {what}" + (f" ({offer})" if offer else "")
        for name, (what, offer) in [*problems.items()][:_MOST_EXPLAINED]
    ) + ("; …" if len(problems) > _MOST_EXPLAINED else "")
    return RequestError(
        f"{len(problems)} features cannot be used: {said}; leave {them} out with drop={dropped}"
    )
