"""Fit group thresholds: one threshold for each protected value."""

from __future__ import annotations

import numpy as np

from fairrun.inference import GroupThresholds, Threshold
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
) -> GroupThresholds | Threshold:
    """Find one threshold for each group that meets a constraint, or one for all if it suffices.

    A rule with one threshold for all groups does not use the protected column in prediction. A
    group has a threshold of its own only as far as its rows show that it needs one; see
    `search_thresholds`.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores.
    constraint, tolerance, objective, confidence
        See `search_thresholds`.

    Returns
    -------
    GroupThresholds or Threshold
        One threshold for each value of group_a and group_b, and then the threshold of rows in
        neither group. A `Threshold` if it is the same for all rows.

    Raises
    ------
    RequestError
        If balanced accuracy is the objective and all rows have the same label.

    Notes
    -----
    Of all fits, at most 1 − `confidence` are shown to meet the constraint on the training rows and
    do not meet it for new rows; the log says if it is not shown. The scores of these rows are
    out-of-fold, and the final model has other ones, which the margin does not know. Boosted trees
    and constraints on rates of few rows are therefore wrong more often. The verdict of a run is
    about the final model on rows that did not fit it, so it does not have this error.
    docs/mitigators.md has simulations of both.

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
        names=rows.lookup.values,
    )
    if found.one:
        return Threshold(found.pooled)
    return GroupThresholds(np.append(found.thresholds, found.pooled))
