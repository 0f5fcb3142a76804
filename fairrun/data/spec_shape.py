"""The shape of a dataset spec: its fields, and what each of them may be, as a table.

YAML reads `drop: job` as text, `positive: yes` as true, and `2020-01-01` as a date. A field is
checked before it is used, so that an error names the field and says what to write.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from fairrun.data.read_options import ReadOptions
from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["FIELDS", "checked_spec", "checked_types"]

#: Returns a valid value for the field of this name, or raises RequestError.
Shape = Callable[[Any, str], Any]


def _refuse(value: object, where: str, allowed: str) -> RequestError:
    return RequestError(f"{where} is {_described(value)}; {allowed}")


def _described(value: object) -> str:
    """Return what a value is, as YAML has read it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"{str(value).lower()}, as YAML also reads a bare yes or no"
    if isinstance(value, str | int | float):
        shown = repr(value)
        return f"{shown[:39]}…" if len(shown) > 40 else shown
    if isinstance(value, list | tuple):
        return "a list"
    return "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _refuse(value, where, "give text, in quotes if need be")


def _name(value: object, where: str) -> str:
    text = _text(value, where)
    if not text:
        raise RequestError(f"{where} is an empty text; give a name")
    return text


def _value(value: object, where: str) -> Any:
    """Check a value of a column. It stays as it is, because true, 1 and "yes" may be the same."""
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise _refuse(value, where, "give a value of the column, in quotes if need be")


def _group(value: object, where: str) -> Any:
    """Check the values of a group: one, or a list of them."""
    if isinstance(value, list | tuple) and value:
        return [_value(each, f"{where}, item {place}") for place, each in enumerate(value, 1)]
    return _value(value, where)


def _number(low: float, high: float, allowed: str) -> Shape:
    def shape(value: Any, where: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise _refuse(value, where, f"give {allowed}")

    return shape


def _whole(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _refuse(value, where, "give a whole number of 0 or more")


def _yes_or_no(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _refuse(value, where, "give true or false")


def _one_of(*choices: Any) -> Shape:
    def shape(value: Any, where: str) -> Any:
        if value in choices and not isinstance(value, bool):
            return value
        allowed = " or ".join(map(str, choices))
        nearest = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise _refuse(value, where, f"give {allowed}{f' ({nearest})' if nearest else ''}")

    return shape


def _or_none(shape: Shape) -> Shape:
    return lambda value, where: None if value is None else shape(value, where)


def _list_of(shape: Shape, example: str) -> Shape:
    """Return the shape of a list; an empty field is a list without an item."""

    def check(value: Any, where: str) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            raise _refuse(value, where, f"give a list, such as {example}")
        return [shape(each, f"{where}, item {place}") for place, each in enumerate(value, 1)]

    return check


def _mapping_of(shape: Shape, example: str) -> Shape:
    """Return the shape of a mapping whose keys are free."""

    def check(value: Any, where: str) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise _refuse(value, where, f"give a mapping, such as {example}")
        return {
            _name(key, f"a key of {where}"): shape(each, f"{where}, {key}")
            for key, each in value.items()
        }

    return check


def _record(table: Mapping[str, Shape], required: tuple[str, ...], example: str) -> Shape:
    """Return the shape of a mapping with known fields."""

    def check(value: Any, where: str) -> dict[str, Any]:
        if value is None and not required:
            return {}
        if not isinstance(value, Mapping):
            # The required fields alone are no example of a mapping.
            join = ", such as" if example.startswith("{") or not required else " with"
            raise _refuse(value, where, f"give a mapping{join} {example}")
        for key in value:
            if key not in table:
                nearest = did_you_mean(str(key), table, f"its fields are {', '.join(table)}")
                raise RequestError(f"{where} has an unknown field {str(key)!r}; {nearest}")
        lacking = [name for name in required if name not in value]
        if lacking:
            raise RequestError(f"{where} has no {' and no '.join(lacking)}; give {example}")
        prefix = "" if where == _SPEC else f"{where}, "
        return {name: table[name](each, f"{prefix}{name}") for name, each in value.items()}

    return check


_SPEC = "the dataset spec"
_NAMES = _list_of(_name, "[id, name]")
_PROTECTED = _record(
    {"column": _name, "privileged": _group, "unprivileged": _or_none(_group)},
    ("column", "privileged"),
    "{column: sex, privileged: Male}",
)
_KIND = _one_of("number", "category")
_SHARE = _number(0, 1, "a share from 0 to 1")
_TYPES = _mapping_of(_KIND, "{zip: category}")

#: The fields of a dataset spec, in the order of `DatasetSpec`.
FIELDS: dict[str, Shape] = {
    "name": _name,
    "source": _name,
    "target": _name,
    "positive": _value,
    "protected": _list_of(_PROTECTED, "[{column: sex, privileged: Male}]"),
    "drop": _NAMES,
    "changeable": _NAMES,
    "types": _TYPES,
    "missing": _one_of("drop", "keep"),
    "max_dropped": _SHARE,
    "na_values": _list_of(_text, '["?", n.a.]'),
    "weight": _or_none(_name),
    "cluster": _or_none(_name),
    "read": lambda value, _: {} if value is None else ReadOptions.from_dict(value).to_dict(),
    "reading": _one_of(1, 2),
    "splits": _record(
        {"validation": _SHARE, "test": _SHARE, "seed": _whole}, (), "{validation: 0.2, test: 0.2}"
    ),
    "sensitive": _yes_or_no,
    "licence": lambda value, where: "" if value is None else _text(value, where),
    "digests": _record(
        dict.fromkeys(("train", "validation", "test"), _name), (), "those that preprocess logs"
    ),
}

_REQUIRED = ("source", "target", "positive", "protected")


def checked_spec(saved: object) -> dict[str, Any]:
    """Return the fields of a dataset spec, each of a valid shape.

    Parameters
    ----------
    saved : object
        What a YAML or JSON file holds.

    Returns
    -------
    dict of str to object
        The fields that are given. An empty list or mapping in YAML has no item.

    Raises
    ------
    RequestError
        If a field is unknown, missing or of the wrong shape. The message names it and says what is
        allowed.

    Examples
    --------
    >>> about = {"source": "a.csv", "target": "paid", "positive": True, "protected": []}
    >>> checked_spec(about | {"drop": None})["drop"]
    []
    >>> checked_spec(about | {"splits": {"tset": 0.2}})
    Traceback (most recent call last):
    fairrun.errors.RequestError: splits has an unknown field 'tset'; did you mean test or seed?
    """
    fields_: dict[str, Any] = _record(FIELDS, _REQUIRED, ", ".join(_REQUIRED))(saved, _SPEC)
    return fields_


def checked_types(saved: Mapping[str, str]) -> dict[str, str]:
    """Return the types of columns, each of which is number or category.

    Raises
    ------
    RequestError
        If a type is not known.
    """
    types: dict[str, str] = _TYPES(saved, "types")
    return types
