"""Parameters of mitigators and estimators: what is allowed, said once and checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairrun.errors import RequestError

__all__ = ["Choice", "Parameter", "resolve_parameters"]


@dataclass(frozen=True)
class Parameter:
    """A number that a method takes.

    Attributes
    ----------
    name : str
        As holisticai or scikit-learn names it.
    default, low, high : float
        The default, and the range, ends included.
    meaning : str
        One line.
    integer : bool
        Whether it is a whole number.
    """

    name: str
    default: float
    low: float
    high: float
    meaning: str
    integer: bool = False

    @property
    def allowed(self) -> str:
        """The range in words."""
        kind = "whole number" if self.integer else "number"
        return f"a {kind} from {self.low:g} to {self.high:g}"

    def check(self, value: object) -> float:
        """Give the value as it is used, or raise RequestError."""
        # Written so that NaN, which compares with nothing, is refused too.
        if (
            not isinstance(value, (int, float))
            or isinstance(value, bool)
            or not self.low <= value <= self.high
            or (self.integer and value != int(value))
        ):
            raise _not_possible(self, value)
        return int(value) if self.integer else float(value)


@dataclass(frozen=True)
class Choice:
    """A word that a method takes.

    Attributes
    ----------
    name : str
        The parameter.
    values : tuple of str
        What it may be; the first is the default.
    meaning : str
        One line.
    """

    name: str
    values: tuple[str, ...]
    meaning: str

    @property
    def default(self) -> str:
        """The first value."""
        return self.values[0]

    @property
    def allowed(self) -> str:
        """The values in words."""
        return "one of " + ", ".join(self.values)

    def check(self, value: object) -> str:
        """Give the value, or raise RequestError."""
        if value not in self.values:
            raise _not_possible(self, value)
        return str(value)


def resolve_parameters(
    owner: str, known: Sequence[Parameter | Choice], given: Mapping[str, object]
) -> dict[str, float | str]:
    """Complete and check what was given to a method.

    Parameters
    ----------
    owner : str
        The method, for the error.
    known : sequence of Parameter or Choice
        What it takes.
    given : mapping
        Values by parameter name; the others take their defaults.

    Returns
    -------
    dict of str to float or str
        Every parameter with its value.

    Raises
    ------
    RequestError
        If a parameter is not known, or a value not allowed.

    Examples
    --------
    >>> alpha = Parameter("alpha", 1.0, 0.0, 1.0, "how much of the correlation is taken away")
    >>> resolve_parameters("correlation_remover", [alpha], {})
    {'alpha': 1.0}
    >>> resolve_parameters("correlation_remover", [alpha], {"alpha": 3})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: alpha=3 is not possible; give a number from 0 to 1 \
(how much of the correlation is taken away)
    """
    names = [parameter.name for parameter in known]
    for name in given:
        if name not in names:
            raise RequestError(
                f"{owner} takes no parameter {name!r}; it takes {', '.join(names) or 'none'}"
            )
    return {
        parameter.name: parameter.check(given.get(parameter.name, parameter.default))
        for parameter in known
    }


def _not_possible(parameter: Parameter | Choice, value: object) -> RequestError:
    return RequestError(
        f"{parameter.name}={value!r} is not possible; give {parameter.allowed} "
        f"({parameter.meaning})"
    )
