"""Read a space from text such as `mitigator=none,reweighing; C=0.01..100 log`, or from YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fairrun.documents import is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.sweep.group_readers import ReadsGroup, check_group_readers
from fairrun.sweep.space import Dimension, Space, Value, applies, spaced
from fairrun.text import did_you_mean
from fairrun.training import ESTIMATORS, Choice, Parameter
from fairrun.training.mitigation import MITIGATORS, resolve_mitigator

__all__ = ["DEFAULT_SPACE", "DEFAULT_SPACE_WITHOUT_GROUP", "parse_space", "read_space"]

#: The default space: mitigators that are fast to fit, with their main parameters. C has 9 values,
#: because models hardly differ between these, and trials with the same C share a fit.
DEFAULT_SPACE = (
    "mitigator=none,reweighing,correlation_remover,disparate_impact_remover,group_thresholds,"
    "reweighing+group_thresholds; C=0.01..100 log 9; correlation_remover.alpha=0..1; "
    "disparate_impact_remover.repair_level=0..1; group_thresholds.tolerance=0..0.2"
)

#: The default space of sweeps that try no method that reads the group in prediction: those of the
#: other methods that are fast to fit.
DEFAULT_SPACE_WITHOUT_GROUP = (
    "mitigator=none,reweighing,learning_fair_representation,grid_search,meta_fair_classifier; "
    "C=0.01..100 log 9; learning_fair_representation.Az=1..100 log; "
    "grid_search.constraint_weight=0..1; meta_fair_classifier.tau=0.5..1"
)

_WORDS = {
    "mitigator": tuple(MITIGATORS),
    "estimator": tuple(ESTIMATORS),
    "class_weight": ("none", "balanced"),
    "resample": ("none", "over", "under"),
}
#: The largest number of values of a range. More would only fill the memory.
_MOST_VALUES = 10_000
_RANGE = re.compile(
    r"(?P<low>[^\s,]+?)\s*\.\.\s*(?P<high>[^\s,]+)(\s+(?P<log>log))?(\s+(?P<n>\d+))?"
)


def read_space(space: str, reads_group: ReadsGroup = "any") -> Space:
    """Read a space from text or from a YAML file.

    Parameters
    ----------
    space : str
        "default", or text for `parse_space`, or the path of a YAML file (.yaml or .yml). The file
        is a mapping from names of parameters to a list of values, one value, or a range as text.
    reads_group : {"any", "no"}
        Whether mitigators may read a protected column in prediction. The default space depends on
        it.

    Returns
    -------
    Space

    Raises
    ------
    RequestError
        If the text or file is not a space, or it names a mitigator that is not allowed.
    """
    found = _read_space(space, reads_group)
    if reads_group == "no":
        check_group_readers(found)
    return found


def _read_space(space: str, reads_group: ReadsGroup) -> Space:
    if space == "default":
        return parse_space(DEFAULT_SPACE if reads_group == "any" else DEFAULT_SPACE_WITHOUT_GROUP)
    if not is_yaml(space):
        return parse_space(space)
    document = read_yaml(space, "space")
    if not isinstance(document, dict) or not document:
        raise RequestError(
            f"space={space} is not a mapping; give names with values, as C: 0.01..100 log"
        )
    return _space({str(name): _texts(said) for name, said in document.items()})


def parse_space(text: str) -> Space:
    """Parse a space from text.

    Parameters
    ----------
    text : str
        Parameters separated by semicolons. Each is a name, "=" and values separated by commas, or a
        range ``low..high``. The range may be followed by "log" for equal ratios, and by the number
        of values to try.

    Returns
    -------
    Space

    Raises
    ------
    RequestError
        If a parameter is unknown, a value is not allowed, or mitigators cannot be combined.

    Examples
    --------
    >>> print(parse_space("C=0.1..10 log 3; mitigator=none,correlation_remover"))
    mitigator=none,correlation_remover; C=0.1,1,10
    >>> parse_space("mitigator=disparate_impact_remover; repair_level=0..1")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: the space has an unknown parameter 'repair_level'; did you mean
    disparate_impact_remover.repair_level?
    """
    said: dict[str, str] = {}
    for part in (part.strip() for part in text.split(";")):
        name, equals, values = (piece.strip() for piece in part.partition("="))
        if not part:
            continue
        if not equals or not values:
            raise RequestError(
                f"{part!r} in the space is not a parameter; give name=values, as C=0.1,1,10"
            )
        if name in said:
            raise RequestError(f"the space has {name} twice; give it once, with all its values")
        said[name] = values
    return _space(said)


def _texts(said: object) -> str:
    return ",".join(map(_plain, said)) if isinstance(said, list) else _plain(said)


def _plain(value: object) -> str:
    return "none" if value is None else str(value)


def _space(said: Mapping[str, str]) -> Space:
    first = {name: said[name] for name in ("mitigator", "estimator") if name in said}
    dimensions = [_dimension(name, values) for name, values in (first | dict(said)).items()]
    space = Space(tuple(dimensions))
    if not dimensions:
        raise RequestError("the space is empty; give at least one parameter, as C=0.1,1,10")
    _check_mitigators(space)
    for each in dimensions:
        if not any(applies(each.name, chosen) for chosen in _heads(space)):
            raise RequestError(
                f"{each.name} applies to no mitigator and estimator of the space ({space}); "
                "leave it out, or add its mitigator or estimator"
            )
    return space


def _heads(space: Space) -> list[dict[str, Value]]:
    """Return all combinations of mitigator and estimator."""
    head = [each for each in space.dimensions if each.name in ("mitigator", "estimator")]
    return list(Space(tuple(head)).grid())


def _check_mitigators(space: Space) -> None:
    """Raise RequestError if a mitigator is unknown or mitigators cannot be combined."""
    if "mitigator" not in space.names:
        return
    for name in space["mitigator"].values:
        # Some combinations need a certain value of a parameter, which the space may contain.
        words = {
            each.name: value
            for each in space.dimensions
            for value in each.values[-1:]
            if each.name.partition(".")[0] in str(name).split("+")
        }
        resolve_mitigator(str(name), words)


def _dimension(name: str, text: str) -> Dimension:
    if name in _WORDS:
        return Dimension(name, tuple(_words(name, text)))
    owner, dot, own = name.partition(".")
    if dot and owner in MITIGATORS:
        known: list[Parameter | Choice] = [p for p in MITIGATORS[owner].parameters if p.name == own]
    else:
        known = [p for row in ESTIMATORS.values() for p in row.parameters if p.name == name]
    if not known:
        raise _unknown(name)
    if isinstance(known[0], Choice):
        return Dimension(name, tuple(_checked(known, value.strip()) for value in text.split(",")))
    integer = known[0].integer
    if found := _RANGE.fullmatch(text):
        low, high = (_checked(known, _number(name, found[end])) for end in ("low", "high"))
        log = found["log"] is not None
        assert not isinstance(low, str) and not isinstance(high, str)  # noqa: PT018, S101  Choices
        if not low < high or (log and low <= 0):
            raise RequestError(
                f"{name}={text} is not a range; give low..high with low < high (and 0 < low with "
                "log)"
            )
        if found["n"] is None:
            return Dimension(name, (), low, high, log, integer)
        # Nine digits are enough to say that there are too many; Python reads no thousands.
        if not 2 <= int(found["n"][:9]) <= _MOST_VALUES:
            raise RequestError(
                f"{name}={text} is not possible; give 2 to {_MOST_VALUES:,} values of a range"
            )
        return Dimension(name, spaced(low, high, int(found["n"]), log=log, integer=integer))
    return Dimension(name, tuple(_checked(known, _number(name, v)) for v in text.split(",")))


def _words(name: str, text: str) -> list[str]:
    values = [value.strip() for value in text.split(",")]
    if name == "mitigator":
        return values  # `resolve_mitigator` checks mitigators and their combinations
    for value in values:
        if value not in _WORDS[name]:
            raise RequestError(
                f"{name}={value} is not known; "
                + did_you_mean(value, _WORDS[name], f"give some of {', '.join(_WORDS[name])}")
            )
    return values


def _checked(known: list[Parameter | Choice], value: Any) -> Value:
    """Return a value if one of the parameters allows it; estimators may share a name."""
    for parameter in known[:-1]:
        try:
            return parameter.check(value)
        except RequestError:
            continue
    return known[-1].check(value)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise RequestError(
            f"{name}={text.strip()} is not a number; give numbers, as 0.1,1,10, or a range, as "
            "0.01..100 log"
        ) from None
    return int(number) if number.is_integer() else number


def _unknown(name: str) -> RequestError:
    names = {*_WORDS, *(p.name for row in ESTIMATORS.values() for p in row.parameters)}
    names |= {f"{m.name}.{p.name}" for m in MITIGATORS.values() for p in m.parameters}
    meant = [each for each in sorted(names) if each.rpartition(".")[2] == name]
    # If several mitigators have the parameter, the hint has all of them.
    hint = f"did you mean {' or '.join(meant)}?" if meant else ""
    hint = hint or did_you_mean(name, sorted(names), "docs/sweep.md lists the parameters")
    return RequestError(f"the space has an unknown parameter {name!r}; {hint}")
