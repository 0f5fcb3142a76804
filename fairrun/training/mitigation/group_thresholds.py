"""Group thresholds: one threshold for each protected value."""

from __future__ import annotations

import numpy as np

from fairrun.inference import GroupThresholds
from fairrun.training.mitigation.fitted import ScoredRows
from fairrun.training.mitigation.threshold_search import search_thresholds

__all__ = ["fit_group_thresholds"]


def fit_group_thresholds(
    rows: ScoredRows,
    *,
    constraint: str = "statistical_parity",
    tolerance: float = 0.05,
    objective: str = "accuracy",
    confidence: float = 0.95,
) -> GroupThresholds:
    """Find the thresholds of the best labels among all that meet a constraint.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows.
    constraint, tolerance, objective, confidence
        See `search_thresholds`.

    Returns
    -------
    GroupThresholds
        One threshold for each value of group_a and group_b, last the pooled one.

    Raises
    ------
    RequestError
        If a protected value has no row that a rate could be taken over.

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.2: thresholds by group; there randomised between two, here deterministic.
    """
    found = search_thresholds(
        rows.log_odds,
        rows.label,
        rows.positions,
        len(rows.lookup.values),
        constraint=constraint,
        tolerance=tolerance,
        objective=objective,
        confidence=confidence,
    )
    return GroupThresholds(np.append(found.thresholds, found.pooled))
