"""Fit group thresholds: one threshold for each protected value."""

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
    """Find the thresholds with the best labels among all thresholds that meet a constraint.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores.
    constraint, tolerance, objective, confidence
        See `search_thresholds`.

    Returns
    -------
    GroupThresholds
        One threshold for each value of group_a and group_b, and then the threshold of rows in
        neither group.

    Raises
    ------
    RequestError
        If a protected value has too few rows to compute its rates.

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.2. The paper randomises between two thresholds of a group; here each group has
    one threshold.
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
        weight=rows.weight,
    )
    return GroupThresholds(np.append(found.thresholds, found.pooled))
