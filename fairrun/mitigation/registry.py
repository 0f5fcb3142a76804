"""The table of mitigators: command line, tests and documentation all read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pandas as pd

from fairrun.errors import RequestError
from fairrun.mitigation.correlation_remover import fit_correlation_remover
from fairrun.mitigation.disparate_impact_remover import fit_disparate_impact_remover
from fairrun.mitigation.fitted import Fitted, TrainingMatrix
from fairrun.mitigation.reweighing import fit_reweighing

__all__ = ["MITIGATORS", "Mitigator", "Parameter", "mitigator_table", "resolve_mitigator"]


@dataclass(frozen=True)
class Parameter:
    """A number that a mitigator takes.

    Attributes
    ----------
    name : str
        As holisticai names it.
    default, low, high : float
        The default, and the range, ends included.
    meaning : str
        One line.
    """

    name: str
    default: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Mitigator:
    """A row of the table.

    Attributes
    ----------
    name : str
        holisticai's class name in snake_case.
    stage : {"none", "pre"}
        Where it acts.
    group_at_fit, group_at_serving : bool
        Whether it reads the group when it is fitted, and to answer a row.
    summary : str
        One sentence.
    source : str
        The paper.
    parameters : tuple of Parameter
        What it takes.
    fit : callable
        `fit(train, **parameters)` gives a `Fitted`.
    """

    name: str
    stage: Literal["none", "pre"]
    group_at_fit: bool
    group_at_serving: bool
    summary: str
    source: str
    fit: Callable[..., Fitted]
    parameters: tuple[Parameter, ...] = ()


def _fit_nothing(train: TrainingMatrix) -> Fitted:  # noqa: ARG001
    return Fitted()


_TABLE = (
    Mitigator(
        name="none",
        stage="none",
        group_at_fit=False,
        group_at_serving=False,
        summary="The unmitigated model: what the others are compared with.",
        source="",
        fit=_fit_nothing,
    ),
    Mitigator(
        name="reweighing",
        stage="pre",
        group_at_fit=True,
        group_at_serving=False,
        summary="Weighs the training rows so that label and group are independent.",
        source="Kamiran and Calders 2012",
        fit=fit_reweighing,
    ),
    Mitigator(
        name="correlation_remover",
        stage="pre",
        group_at_fit=True,
        group_at_serving=True,
        summary="Takes the linear relation to the group out of every encoded column.",
        source="Weerts et al. 2023",
        fit=fit_correlation_remover,
        parameters=(
            Parameter("alpha", 1.0, 0.0, 1.0, "how much of the correlation is taken away"),
        ),
    ),
    Mitigator(
        name="disparate_impact_remover",
        stage="pre",
        group_at_fit=True,
        group_at_serving=True,
        summary="Moves each group's values towards a distribution common to the groups.",
        source="Feldman et al. 2015",
        fit=fit_disparate_impact_remover,
        parameters=(Parameter("repair_level", 1.0, 0.0, 1.0, "how far the values are moved"),),
    ),
)

#: Every mitigator by name, the unmitigated model first.
MITIGATORS: Mapping[str, Mitigator] = MappingProxyType({row.name: row for row in _TABLE})


def mitigator_table() -> pd.DataFrame:
    """Lay the registry out for reading: one row for each mitigator."""
    return pd.DataFrame(
        {
            "mitigator": f"`{mitigator.name}`",
            "stage": mitigator.stage,
            "parameters": ", ".join(
                f"`{p.name}` = {p.default:g} ({p.low:g} to {p.high:g})"
                for p in mitigator.parameters
            ),
            "reads the group at serving": "yes" if mitigator.group_at_serving else "no",
            "what it does": mitigator.summary,
        }
        for mitigator in MITIGATORS.values()
    )


def resolve_mitigator(
    name: str, parameters: Mapping[str, object] | None = None
) -> tuple[Mitigator, dict[str, float]]:
    """Look a mitigator up and complete its parameters.

    Parameters
    ----------
    name : str
        A name of the table.
    parameters : mapping, optional
        Values by parameter name; the others take their defaults.

    Returns
    -------
    mitigator : Mitigator
        The row of the table.
    resolved : dict of str to float
        Every parameter with its value.

    Raises
    ------
    RequestError
        If the name or a parameter is not known, or a value is out of its range.

    Examples
    --------
    >>> resolve_mitigator("correlation_remover")[1]
    {'alpha': 1.0}
    >>> resolve_mitigator("reweighing", {"alpha": 0.5})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: reweighing takes no parameter 'alpha'; it takes none
    """
    if name not in MITIGATORS:
        raise RequestError(f"mitigator={name} is not known; give one of {', '.join(MITIGATORS)}")
    mitigator = MITIGATORS[name]
    given = dict(parameters or {})
    known = {parameter.name: parameter for parameter in mitigator.parameters}
    for unknown in given.keys() - known.keys():
        raise RequestError(
            f"{name} takes no parameter {unknown!r}; it takes {', '.join(known) or 'none'}"
        )
    return mitigator, {
        parameter.name: _checked(parameter, given.get(parameter.name, parameter.default))
        for parameter in mitigator.parameters
    }


def _checked(parameter: Parameter, value: object) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Written so that NaN, which compares with nothing, is refused too.
    if not (is_number and parameter.low <= float(value) <= parameter.high):  # type: ignore[arg-type]
        raise RequestError(
            f"{parameter.name}={value!r} is not possible; give a number from "
            f"{parameter.low:g} to {parameter.high:g} ({parameter.meaning})"
        )
    return float(value)  # type: ignore[arg-type]
