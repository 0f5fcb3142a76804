"""Parameters of mitigators and estimators: their defaults, allowed values and meanings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["Choice", "Parameter", "resolve_parameters"]


@dataclass(frozen=True)
class Parameter:
    """A parameter whose value is a number.

    Attributes
    ----------
    name : str
        The name in holisticai or scikit-learn.
    default, low, high : float
        The default and the limits of the range; both limits are allowed.
    meaning : str
        What the parameter does, in a few words.
    integer : bool
        Whether the value must be a whole number.
    """

    name: str
    default: float
    low: float
    high: float
    meaning: str
    integer: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, as text."""
        kind = "whole number" if self.integer else "number"
        return f"a {kind} from {self.low:g} to {self.high:g}"

    def check(self, value: object) -> float:
        """Return the value as int or float, or raise RequestError if it is not allowed."""
        # Every comparison with NaN is false, so this order of the limits refuses NaN as well.
        if (
            not isinstance(value, (int, float, np.integer, np.floating))
            or isinstance(value, bool)
            or not self.low <= value <= self.high
            or (self.integer and value != int(value))
        ):
            raise _not_possible(self, value)
        return int(value) if self.integer else float(value)


@dataclass(frozen=True)
class Choice:
    """A parameter whose value is one of several words.

    Attributes
    ----------
    name : str
        The name of the parameter.
    values : tuple of str
        The allowed values. The first one is the default.
    meaning : str
        What the parameter does, in a few words.
    """

    name: str
    values: tuple[str, ...]
    meaning: str

    @property
    def default(self) -> str:
        """The default value, which is the first of `values`."""
        return self.values[0]

    @property
    def allowed(self) -> str:
        """The allowed values, as text."""
        return "one of " + ", ".join(self.values)

    def check(self, value: object) -> str:
        """Return the value, or raise RequestError if it is not allowed."""
        if not isinstance(value, str) or value not in self.values:
            raise _not_possible(self, value)
        return str(value)


def resolve_parameters(
    owner: str, known: Sequence[Parameter | Choice], given: Mapping[str, object]
) -> dict[str, float | str]:
    """Check the parameters that were given to a method and fill in the defaults.

    Parameters
    ----------
    owner : str
        The name of the method, for error messages.
    known : sequence of Parameter or Choice
        The parameters of the method.
    given : mapping
        Values by parameter name. Parameters that are not given take their defaults.

    Returns
    -------
    dict of str to float or str
        The values of all parameters by name.

    Raises
    ------
    RequestError
        If a parameter is unknown or a value is not allowed.

    Examples
    --------
    >>> alpha = Parameter("alpha", 1.0, 0.0, 1.0, "share of the correlation to remove")
    >>> resolve_parameters("correlation_remover", [alpha], {})
    {'alpha': 1.0}
    >>> resolve_parameters("correlation_remover", [alpha], {"alpha": 3})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: alpha=3 is not possible; give a number from 0 to 1 \
(share of the correlation to remove)
    """
    names = [parameter.name for parameter in known]
    for name in given:
        if name not in names:
            raise RequestError(
                f"{owner} takes no parameter {name!r}; "
                + did_you_mean(str(name), names, f"it takes {', '.join(names) or 'none'}")
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
