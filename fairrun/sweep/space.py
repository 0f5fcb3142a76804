"""The space of a sweep: which parameters are tried, over which values, and when they apply."""

from __future__ import annotations

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
#: The values of one trial by name; what does not apply to it is left out.
Parameters = dict[str, Value]

#: Of a range that says nothing of its values, a grid takes so many.
GRID_POINTS = 5


@dataclass(frozen=True)
class Dimension:
    """The values of one parameter: some that are listed, or a range.

    Attributes
    ----------
    name : str
        `mitigator`, `estimator`, `class_weight`, `resample`, a parameter of an estimator (`C`), or
        of a mitigator (`group_thresholds.tolerance`).
    values : tuple of str or float
        The listed values; empty for a range.
    low, high : float
        The ends of the range, included.
    log : bool
        Whether the range is walked in equal ratios.
    integer : bool
        Whether it holds whole numbers.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False

    @property
    def distribution(self) -> BaseDistribution:
        """The same as Optuna has it."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.values:
            return CategoricalDistribution(self.values)
        if self.integer:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    @property
    def in_ratios(self) -> bool:
        """Whether its values are better laid out in equal ratios: over two decades or more."""
        numbers = [value for value in self.values if not isinstance(value, str)]
        return self.log or (
            bool(numbers) and min(numbers) > 0 and max(numbers) >= 100 * min(numbers)
        )

    def suggest(self, trial: Trial) -> Value:
        """Let Optuna choose a value."""
        if self.values:
            chosen: Value = trial.suggest_categorical(self.name, self.values)  # type: ignore[assignment]
            return chosen
        if self.integer:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    @property
    def grid(self) -> tuple[Value, ...]:
        """The values a grid takes."""
        if self.values:
            return self.values
        return spaced(self.low, self.high, GRID_POINTS, log=self.log, integer=self.integer)

    def __str__(self) -> str:
        if self.values:
            return f"{self.name}={','.join(_text(value) for value in self.values)}"
        return f"{self.name}={self.low:.12g}..{self.high:.12g}{' log' if self.log else ''}"


@dataclass(frozen=True)
class Space:
    """All that a sweep may try; `parse_space` and `read_space` make one.

    Attributes
    ----------
    dimensions : tuple of Dimension
        `mitigator` and `estimator` first: what applies to a trial depends on them.
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
        """Let Optuna choose the values that apply, one after the other."""
        chosen: Parameters = {}
        for each in self.dimensions:
            if applies(each.name, chosen):
                chosen[each.name] = each.suggest(trial)
        return chosen

    def grid(self) -> Iterator[Parameters]:
        """Go through every combination of the values that apply; a range by its grid."""
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
        """Give Optuna's distributions of a trial's parameters."""
        return {name: self[name].distribution for name in parameters}


def applies(name: str, chosen: Mapping[str, Value]) -> bool:
    """Whether a parameter means something beside the mitigator and the estimator chosen so far.

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
    """Give what trials have in common that differ in their post-processor alone.

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
    """Lay values out evenly over a range, both ends among them.

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
    # To as many digits as a person would write, so that a value read back is the same.
    return tuple(dict.fromkeys(float(f"{value:.6g}") for value in values.tolist()))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"
