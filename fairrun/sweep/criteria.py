"""The metrics by which a sweep looks for a less discriminatory alternative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairrun.groups import ProtectedColumn
from fairrun.metrics import PERFORMANCE_METRICS
from fairrun.sweep.objectives import Constraint, Objective, parse_objectives

__all__ = ["MARGIN", "Criteria", "criteria_of"]

#: A model is as accurate as another one if its accuracy is shown to be at most this much lower. The
#: distance from parity in a further metric may be larger by at most this much.
MARGIN = 0.01


@dataclass(frozen=True)
class Criteria:
    """The metrics by which a candidate and the baseline are compared.

    Attributes
    ----------
    performance : Objective
        The performance, a metric of labels: accuracy, unless an objective of the sweep is another.
    distances : tuple of Objective
        The bias metrics whose distance from parity is compared. The first one decides whether a
        candidate is fairer. In the others it must not be further from parity.
    """

    performance: Objective
    distances: tuple[Objective, ...]

    @property
    def as_good(self) -> str:
        """What is said of a candidate whose performance is within the margin."""
        if self.performance.key == "accuracy":
            return f"at least as accurate (within {MARGIN:g})"
        return f"at least as good in {self.performance.key.replace('_', ' ')} (within {MARGIN:g})"


def criteria_of(
    objectives: Iterable[Objective],
    constraint: Constraint | None,
    protected: Sequence[ProtectedColumn],
) -> Criteria:
    """Return the metrics to compare: those of the objectives, and then those of the constraint.

    Parameters
    ----------
    objectives : iterable of Objective
        The axes of the frontier.
    constraint : Constraint or None
        The constraint of the sweep.
    protected : sequence of ProtectedColumn
        The protected columns.

    Returns
    -------
    Criteria
        The first objective that is a performance of labels, or else accuracy; and the bias metrics,
        or else the statistical parity of the first protected column.
    """
    given = list(objectives)
    performance = [each for each in given if each.metric.name in PERFORMANCE_METRICS]
    distances = {each.key: each for each in given if _is_distance(each)}
    if constraint is not None:
        terms = zip(constraint.gate.terms, constraint.abouts, constraint.keys, strict=True)
        of_terms = (Objective(term.metric, about, key) for term, about, key in terms)
        distances |= {each.key: each for each in of_terms if _is_distance(each)}
    found = tuple(distances.values()) or parse_objectives("statistical_parity", protected)
    return Criteria((performance or [*parse_objectives("accuracy", protected)])[0], found)


def _is_distance(objective: Objective) -> bool:
    return objective.metric.kind in ("difference", "ratio")
