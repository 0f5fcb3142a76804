"""Fit reject option classification: the group decides the label of scores near the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GROUP_A, GROUP_B, GroupThresholds, sigmoid
from fairrun.metrics import false_positive_rate, selection_rate, true_positive_rate
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores, log_odds_of

__all__ = ["REJECT_OPTION_METRICS", "fit_reject_option_classification"]

#: The metrics that can be brought to parity.
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
    """Fit the rule of holisticai's RejectOptionClassification on the same grid, from counts.

    Within a margin around the threshold, the unprivileged group gets label 1 and the privileged
    group gets label 0. This is a threshold lower by the margin for the unprivileged group, and one
    higher by the margin for the privileged group. holisticai labels all rows for each of 5,000
    pairs of threshold and margin. Counts of the rows of each group and label above each threshold
    give the same metrics.

    holisticai's class expects the unprivileged group as `group_a`. With the groups as holisticai's
    `load_dataset` names them, it favours the privileged group. Here `group_a` is the privileged
    group.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores. If they have weights, all rates are
        weighted.
    metric : str
        A name in `REJECT_OPTION_METRICS`: the metric to bring to parity.
    tolerance : float
        The largest allowed |metric|. Of the pairs of threshold and margin that meet it, the pair
        with the best balanced accuracy is chosen. If none meets it, the pair with the smallest
        |metric| is chosen.
    num_class_thresh : int
        The number of thresholds, evenly spaced from 0.01 to 0.99 in probability.
    num_ROC_margin : int
        The number of margins per threshold, evenly spaced from 0 to the distance between the
        threshold and the nearer of 0 and 1.

    Returns
    -------
    GroupThresholds
        Rows in neither group get the threshold without margin.

    Raises
    ------
    RequestError
        If all labels of a group are equal.

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

    def tables(of: NDArray[np.bool_], thresholds: NDArray[np.float64]) -> NDArray[Any]:
        weight = None if rows.weight is None else rows.weight[of]
        return _tables(probability[of], rows.label[of], thresholds, weight)

    of_a, of_b = (
        tables(groups == GROUP_A, centre + margin),
        tables(groups == GROUP_B, centre - margin),
    )
    # Rows in neither group have no margin, but count in the balanced accuracy.
    everybody = of_a + of_b + tables(groups < 0, centre)
    distance = np.abs(_rate(metric, of_a) - _rate(metric, of_b))
    allowed = distance <= tolerance
    informedness = true_positive_rate(everybody) - false_positive_rate(everybody)
    # Balanced accuracy is (1 + informedness) / 2, so both have the same maximum.
    quality = np.where(allowed, informedness, -np.inf)
    best = int(np.argmax(quality)) if allowed.any() else int(np.argmin(distance))
    thresholds = [
        between_scores(rows.log_odds, log_odds_of(float(at)))
        for at in (centre[best] + margin[best], centre[best] - margin[best], centre[best])
    ]
    return GroupThresholds(rows.by_value(*(np.array(threshold) for threshold in thresholds)))


def _tables(
    probability: NDArray[np.float64],
    label: NDArray[np.int64],
    thresholds: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
) -> NDArray[Any]:
    """Count rows by label and prediction at each threshold, of shape (n_thresholds, 2, 2).

    With weights, these are sums of weights.
    """
    by_label = []
    for value in (0, 1):
        own = label == value
        scores = np.sort(probability[own])
        at_most: NDArray[Any] = np.searchsorted(scores, thresholds, side="right")
        total: float = len(scores)
        if weight is not None:
            order = np.argsort(probability[own], kind="stable")
            sums = np.append(0.0, np.cumsum(weight[own][order]))
            at_most, total = sums[at_most], sums[-1]
        by_label.append(np.stack([at_most, total - at_most], axis=-1))
    return np.stack(by_label, axis=-2)


def _rate(metric: str, tables: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rate whose difference between the groups is the metric."""
    if metric == "statistical_parity":
        return selection_rate(tables)
    if metric == "equality_of_opportunity_difference":
        return true_positive_rate(tables)
    return (true_positive_rate(tables) + false_positive_rate(tables)) / 2
