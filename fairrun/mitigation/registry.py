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
from fairrun.mitigation.learning_fair_representation import fit_learning_fair_representation
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
    integer : bool
        Whether it is a whole number.
    """

    name: str
    default: float
    low: float
    high: float
    meaning: str
    integer: bool = False


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
        `fit(train, **parameters)` gives a `Fitted`; one that draws takes `seed` as well.
    draws : bool
        Whether its fit draws random numbers.
    """

    name: str
    stage: Literal["none", "pre"]
    group_at_fit: bool
    group_at_serving: bool
    summary: str
    source: str
    fit: Callable[..., Fitted]
    parameters: tuple[Parameter, ...] = ()
    draws: bool = False


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
    Mitigator(
        name="learning_fair_representation",
        stage="pre",
        group_at_fit=True,
        group_at_serving=False,
        summary="Replaces each row by a mixture of prototypes that both groups share alike.",
        source="Zemel et al. 2013",
        fit=fit_learning_fair_representation,
        parameters=(
            Parameter("k", 10, 2, 100, "the number of prototypes", integer=True),
            Parameter("Ax", 0.1, 0.0, 100.0, "the weight of reconstruction"),
            Parameter("Ay", 1.0, 0.0, 100.0, "the weight of prediction"),
            Parameter("Az", 50.0, 0.0, 1000.0, "the weight of parity"),
            Parameter("maxiter", 100, 1, 10000, "iterations at each smoothing", integer=True),
        ),
        draws=True,
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
    # Written so that NaN, which compares with nothing, is refused too.
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not parameter.low <= value <= parameter.high
        or (parameter.integer and value != int(value))
    ):
        kind = "whole number" if parameter.integer else "number"
        raise RequestError(
            f"{parameter.name}={value!r} is not possible; give a {kind} from "
            f"{parameter.low:g} to {parameter.high:g} ({parameter.meaning})"
        )
    return int(value) if parameter.integer else float(value)
