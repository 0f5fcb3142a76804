"""The constraints of group thresholds, and the checks of what a search is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fairrun.errors import RequestError

__all__ = ["CONSTRAINTS", "OBJECTIVES", "RateConstraint", "check_arguments"]


@dataclass(frozen=True)
class RateConstraint:
    """The rates that a constraint makes similar in all groups.

    Attributes
    ----------
    rates : tuple of str
        One or more of "selection", "true_positive" and "false_positive".
    ratio : bool
        Whether the rates of two groups are compared by their ratio or by their difference.
    """

    rates: tuple[str, ...]
    ratio: bool = False


#: Every constraint by name.
CONSTRAINTS: Mapping[str, RateConstraint] = MappingProxyType(
    {
        "statistical_parity": RateConstraint(("selection",)),
        "disparate_impact": RateConstraint(("selection",), ratio=True),
        "equality_of_opportunity_difference": RateConstraint(("true_positive",)),
        "equalized_odds": RateConstraint(("true_positive", "false_positive")),
    }
)

#: The metrics that the thresholds can maximise.
OBJECTIVES = ("accuracy", "balanced_accuracy")


def check_arguments(
    constraint: str, tolerance: float, objective: str, confidence: float, n_groups: int
) -> None:
    """Raise RequestError if a search cannot be asked for this."""
    if constraint not in CONSTRAINTS:
        raise RequestError(
            f"constraint={constraint} is not known; give one of {', '.join(CONSTRAINTS)}"
        )
    if objective not in OBJECTIVES:
        raise RequestError(
            f"objective={objective} is not known; give one of {', '.join(OBJECTIVES)}"
        )
    # Every comparison with NaN is false, so this order of the limits refuses NaN as well.
    if not 0 <= tolerance <= 1:
        raise RequestError(f"tolerance={tolerance} is not possible; give a number from 0 to 1")
    if not 0.5 <= confidence < 1:
        raise RequestError(
            f"confidence={confidence} is not possible; give a number from 0.5 (no margin) to "
            "below 1"
        )
    if n_groups < 2:
        raise RequestError("group thresholds need at least two groups, and there is only one")
