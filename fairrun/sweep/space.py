"""The space of a sweep: the parameters to try, their values, and when they apply."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fairrun.training import ESTIMATORS
from fairrun.training.mitigation import MITIGATORS

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

__all__ = [
    "GRID_POINTS",
    "Dimension",
    "Parameters",
    "Space",
    "Value",
    "applies",
    "shared_fit",
    "spaced",
]

Value = str | float
#: The values of a trial by name, without parameters that do not apply to it.
Parameters = dict[str, Value]

#: The number of values of a range in a grid, if the range does not give a number.
GRID_POINTS = 5


@dataclass(frozen=True)
class Dimension:
    """The values of one parameter: a list or a range.

    Attributes
    ----------
    name : str
        "mitigator", "estimator", "class_weight", "resample", a parameter of an estimator (such as
        "C"), or a parameter of a mitigator (such as "group_thresholds.tolerance").
    values : tuple of str or float
        The listed values; empty for a range.
    low, high : float
        The limits of the range, which are both included.
    log : bool
        Whether values of the range are spaced by equal ratios.
    integer : bool
        Whether values of the range are whole numbers.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False

    @property
    def distribution(self) -> BaseDistribution:
        """The values as a distribution of Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.values:
            return CategoricalDistribution(self.values)
        if self.integer:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    @property
    def in_ratios(self) -> bool:
        """Whether charts should have a logarithmic axis: the values span two decades or more."""
        numbers = [value for value in self.values if not isinstance(value, str)]
        return self.log or (
            bool(numbers) and min(numbers) > 0 and max(numbers) >= 100 * min(numbers)
        )

    def suggest(self, trial: Trial) -> Value:
        """Return a value that Optuna chooses."""
        if self.values:
            chosen: Value = trial.suggest_categorical(self.name, self.values)  # type: ignore[assignment]
            return chosen
        if self.integer:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    @property
    def grid(self) -> tuple[Value, ...]:
        """The values in a grid."""
        if self.values:
            return self.values
        return spaced(self.low, self.high, GRID_POINTS, log=self.log, integer=self.integer)

    def __str__(self) -> str:
        if self.values:
            return f"{self.name}={','.join(_text(value) for value in self.values)}"
        return f"{self.name}={self.low:.12g}..{self.high:.12g}{' log' if self.log else ''}"


@dataclass(frozen=True)
class Space:
    """The parameters of a sweep with their values; `parse_space` and `read_space` return one.

    Attributes
    ----------
    dimensions : tuple of Dimension
        The parameters. "mitigator" and "estimator" come first, because the other parameters apply
        only with some of them.
    """

    dimensions: tuple[Dimension, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.dimensions))

    def __getitem__(self, name: str) -> Dimension:
        return next(each for each in self.dimensions if each.name == name)

    @property
    def names(self) -> list[str]:
        """The names of all parameters."""
        return [each.name for each in self.dimensions]

    def suggest(self, trial: Trial) -> Parameters:
        """Return the values that Optuna chooses for all parameters that apply."""
        chosen: Parameters = {}
        for each in self.dimensions:
            if applies(each.name, chosen):
                chosen[each.name] = each.suggest(trial)
        return chosen

    @property
    def n_combinations(self) -> int:
        """The number of combinations that `grid` yields, which is counted without making them."""
        named = [each for each in self.dimensions if each.name in ("mitigator", "estimator")]
        others = [each for each in self.dimensions if each not in named]
        return sum(
            math.prod(len(each.grid) for each in others if applies(each.name, chosen))
            for chosen in Space(tuple(named)).grid()
        )

    def grid(self) -> Iterator[Parameters]:
        """Yield all combinations of values, without parameters that do not apply."""
        yield from self._grid(self.dimensions, {})

    def _grid(self, rest: tuple[Dimension, ...], chosen: Parameters) -> Iterator[Parameters]:
        if not rest:
            yield chosen
        elif applies(rest[0].name, chosen):
            for value in rest[0].grid:
                yield from self._grid(rest[1:], chosen | {rest[0].name: value})
        else:
            yield from self._grid(rest[1:], chosen)

    def distributions(self, parameters: Mapping[str, Any]) -> dict[str, BaseDistribution]:
        """Return Optuna's distributions of the parameters of a trial."""
        return {name: self[name].distribution for name in parameters}


def applies(name: str, chosen: Mapping[str, Value]) -> bool:
    """Return whether a parameter applies to the mitigator and estimator chosen so far.

    Examples
    --------
    >>> applies("group_thresholds.tolerance", {"mitigator": "reweighing+group_thresholds"})
    True
    >>> applies("C", {"mitigator": "none", "estimator": "hist_gradient_boosting"})
    False
    """
    if name == "mitigator":
        return True
    parts = str(chosen.get("mitigator", "none")).split("+")
    within = [MITIGATORS[part] for part in parts if MITIGATORS[part].stage == "in"]
    owner, dot, _ = name.partition(".")
    if dot:
        return owner in parts
    if name == "class_weight":
        return not within
    if name == "resample":
        return True
    if any(not mitigator.wraps_estimator for mitigator in within):
        return False
    estimator = ESTIMATORS[str(chosen.get("estimator", next(iter(ESTIMATORS))))]
    return name == "estimator" or name in {parameter.name for parameter in estimator.parameters}


def shared_fit(parameters: Mapping[str, Value]) -> tuple[object, ...]:
    """Return a key that is equal for trials that differ only in their post-processor.

    Such trials share a fit.

    Examples
    --------
    >>> a = shared_fit({"mitigator": "group_thresholds", "C": 1.0, "group_thresholds.tolerance": 0})
    >>> a == shared_fit({"mitigator": "none", "C": 1.0})
    True
    """
    parts = str(parameters.get("mitigator", "none")).split("+")
    post = {part for part in parts if MITIGATORS[part].stage in ("post", "none")}
    others = {
        name: value
        for name, value in parameters.items()
        if name != "mitigator" and name.partition(".")[0] not in post
    }
    return (*(part for part in parts if part not in post), *sorted(others.items()))


def spaced(
    low: float, high: float, n: int, *, log: bool = False, integer: bool = False
) -> tuple[Value, ...]:
    """Return up to n evenly spaced values of a range, with both ends.

    Examples
    --------
    >>> spaced(0.01, 100, 5, log=True)
    (0.01, 0.1, 1.0, 10.0, 100.0)
    >>> spaced(2, 4, 5, integer=True)
    (2, 3, 4)
    """
    values = np.geomspace(low, high, n) if log else np.linspace(low, high, n)
    if integer:
        return tuple(dict.fromkeys(round(value) for value in values.tolist()))
    # Rounded to six digits, so that a value that is logged as text and read again is the same.
    return tuple(dict.fromkeys(float(f"{value:.6g}") for value in values.tolist()))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"
