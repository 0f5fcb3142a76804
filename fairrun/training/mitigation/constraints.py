"""The constraints that mitigators state, as the text of gates that judge their models."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fairrun.gate import SMALLEST_TOLERANCE

__all__ = ["UNSTATED_TOLERANCE", "ConstraintOf", "constraint_text", "states"]

#: The distance from parity at which a method is judged that names a metric but no tolerance. It is
#: the default tolerance of the methods that have one.
UNSTATED_TOLERANCE = 0.05

#: A function from the parameters of a mitigator to the text of a gate.
ConstraintOf = Callable[[Mapping[str, float | str]], str]

#: The metrics of constraints that a gate knows by other names.
_PARTS = {
    "equalized_odds": ("equality_of_opportunity_difference", "false_positive_rate_difference"),
}


def constraint_text(metric: str, tolerance: float, *, all_values: bool = False) -> str:
    """Return the text of the gate that a constraint amounts to.

    Parameters
    ----------
    metric : str
        A metric that a gate knows, or equalized_odds, which is two of them.
    tolerance : float
        The largest distance from parity. The disparate impact must be at least 1 − tolerance. A
        tolerance below `SMALLEST_TOLERANCE` counts as that.
    all_values : bool
        Whether the constraint is about every pair of protected values. Otherwise it is about
        group_a and group_b.

    Examples
    --------
    >>> constraint_text("statistical_parity", 0.05, all_values=True)
    'statistical_parity<=0.05'
    >>> constraint_text("disparate_impact", 0.2)
    'disparate_impact>=0.8 [privileged vs unprivileged]'
    """
    tolerance = max(tolerance, SMALLEST_TOLERANCE)
    about = "" if all_values else " [privileged vs unprivileged]"
    ratio = metric == "disparate_impact"
    limit = f">={1 - tolerance:.12g}" if ratio else f"<={tolerance:.12g}"
    return "; ".join(f"{part}{limit}{about}" for part in _PARTS.get(metric, (metric,)))


def states(metric: str, tolerance: str | None = None, *, all_values: bool = False) -> ConstraintOf:
    """Return the function from a method's parameters to its constraint.

    Parameters
    ----------
    metric : str
        The name of the parameter that holds the metric, or a metric.
    tolerance : str, optional
        The name of the parameter that holds the tolerance. A method without one is judged at
        `UNSTATED_TOLERANCE`.
    all_values : bool
        Whether the constraint is about every pair of protected values.

    Examples
    --------
    >>> states("constraint", all_values=True)({"constraint": "equalized_odds"})
    'equality_of_opportunity_difference<=0.05; false_positive_rate_difference<=0.05'
    """

    def constraint(parameters: Mapping[str, float | str]) -> str:
        limit = UNSTATED_TOLERANCE if tolerance is None else float(parameters[tolerance])
        name = str(parameters.get(metric, metric))
        return constraint_text(name, limit, all_values=all_values)

    return constraint
