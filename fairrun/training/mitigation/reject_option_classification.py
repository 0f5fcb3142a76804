"""Reject option classification: who is near the threshold is decided by the group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GROUP_A, GROUP_B, GroupThresholds, sigmoid
from fairrun.metrics import false_positive_rate, selection_rate, true_positive_rate
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores, log_odds_of

__all__ = ["REJECT_OPTION_METRICS", "fit_reject_option_classification"]

#: What is to be small between the groups.
REJECT_OPTION_METRICS = (
    "statistical_parity",
    "average_odds_difference",
    "equality_of_opportunity_difference",
)


def fit_reject_option_classification(
    rows: ScoredRows,
    *,
    metric: str = "statistical_parity",
    tolerance: float = 0.05,
    num_class_thresh: int = 100,
    num_ROC_margin: int = 50,
) -> GroupThresholds:
    """Fit holisticai's RejectOptionClassification: the same grid, counted instead of predicted.

    Within a margin of the threshold the unprivileged group gets label 1 and the privileged one 0.
    That is a lower threshold for the one and a higher one for the other, so the rule is two
    thresholds. holisticai tries 100 thresholds with 50 margins each, in a pool of processes, by
    labelling all rows 5,000 times; how many rows of each group and label lie above a threshold
    says the same. It expects the unprivileged group as `group_a`: handed the groups as its own
    `load_dataset` names them, it favours the privileged one.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows.
    metric : str
        A name of `REJECT_OPTION_METRICS`.
    tolerance : float
        Of the thresholds and margins with |metric| up to this, the one of the best balanced
        accuracy is taken; if there is none, that of the smallest |metric|.
    num_class_thresh, num_ROC_margin : int
        The grid: so many thresholds from 0.01 to 0.99, and margins from 0 to the nearer end.

    Returns
    -------
    GroupThresholds
        Pooled: the threshold without margin.

    Raises
    ------
    RequestError
        If a group has rows of one label only.

    References
    ----------
    F. Kamiran, A. Karim and X. Zhang, "Decision theory for discrimination-aware classification",
    ICDM 2012, section III-A.
    """
    check_both_labels("reject_option_classification", rows)
    centre = np.repeat(np.linspace(0.01, 0.99, num_class_thresh), num_ROC_margin)
    widest = np.minimum(centre, 1 - centre)
    margin = np.tile(np.linspace(0.0, 1.0, num_ROC_margin), num_class_thresh) * widest
    probability, groups = sigmoid(rows.log_odds), rows.groups
    of_a = _tables(probability[groups == GROUP_A], rows.label[groups == GROUP_A], centre + margin)
    of_b = _tables(probability[groups == GROUP_B], rows.label[groups == GROUP_B], centre - margin)
    # Rows in neither group take the threshold itself, and count in the accuracy.
    others = groups < 0
    everybody = of_a + of_b + _tables(probability[others], rows.label[others], centre)
    distance = np.abs(_rate(metric, of_a) - _rate(metric, of_b))
    allowed = distance <= tolerance
    informedness = true_positive_rate(everybody) - false_positive_rate(everybody)
    quality = np.where(allowed, informedness, -np.inf)  # balanced accuracy is (1 + it) / 2
    best = int(np.argmax(quality)) if allowed.any() else int(np.argmin(distance))
    thresholds = [
        between_scores(rows.log_odds, log_odds_of(float(at)))
        for at in (centre[best] + margin[best], centre[best] - margin[best], centre[best])
    ]
    return GroupThresholds(rows.by_value(*(np.array(threshold) for threshold in thresholds)))


def _tables(
    probability: NDArray[np.float64], label: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count label × prediction at each threshold, shape (n_thresholds, 2, 2)."""
    by_label = []
    for value in (0, 1):
        scores = np.sort(probability[label == value])
        at_most = np.searchsorted(scores, thresholds, side="right")
        by_label.append(np.stack([at_most, len(scores) - at_most], axis=-1))
    return np.stack(by_label, axis=-2)


def _rate(metric: str, tables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the rate whose difference between the groups is the metric."""
    if metric == "statistical_parity":
        return selection_rate(tables)
    if metric == "equality_of_opportunity_difference":
        return true_positive_rate(tables)
    return (true_positive_rate(tables) + false_positive_rate(tables)) / 2
