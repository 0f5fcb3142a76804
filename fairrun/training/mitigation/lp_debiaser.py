"""Fit the linear programming debiaser: group thresholds, then labels changed at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GROUP_A, GROUP_B, NEITHER, LabelMixing
from fairrun.training.mitigation.derived_labels import (
    GroupErrors,
    equalise_both_rates,
    equalise_true_positive_rates,
)
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores

__all__ = ["LP_CONSTRAINTS", "fit_lp_debiaser"]

#: The function that equalises the rates, by the name of the constraint.
LP_CONSTRAINTS = {
    "equalized_odds": equalise_both_rates,
    "equality_of_opportunity_difference": equalise_true_positive_rates,
}


def fit_lp_debiaser(rows: ScoredRows, *, constraint: str = "equalized_odds") -> LabelMixing:
    """Find a threshold for each group, and the changes of labels that equalise the error rates.

    Each group gets the threshold at which its true positive rate is farthest above its false
    positive rate. Then two probabilities are chosen for each group: that a label 1 stays 1, and
    that a label 0 becomes 1. They meet the constraint exactly on the training rows, with the fewest
    errors. holisticai stores the labels of every threshold it tried (90 MB on UCI Adult) and
    changes a share of the labels of each batch. Here each row is randomised on its own, so its
    label does not depend on the batch.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores. Rows in neither group have no effect.
    constraint : str
        A name in `LP_CONSTRAINTS`: the metric to bring to parity.

    Returns
    -------
    LabelMixing
        For rows in neither group, the threshold is that of both groups together, and the
        probabilities are the mean of the groups' probabilities, weighted by the groups' shares of
        the rows.

    Raises
    ------
    RequestError
        If all labels of a group are equal.

    Notes
    -----
    holisticai's linear programme counts an error among rows with label 1 as much as one among rows
    with label 0, and both groups alike. fairrun minimises the number of wrong labels; see
    `equalized_odds`.

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.1; W. J. Youden, "Index for rating diagnostic tests", Cancer 3 (1950).
    """
    check_both_labels("lp_debiaser", rows)
    groups = rows.groups
    of_groups = [groups == GROUP_A, groups == GROUP_B]
    cuts, errors = [], []
    for mine in (*of_groups, groups != NEITHER):
        weight = None if rows.weight is None else rows.weight[mine]
        cuts.append(best_cut(rows.log_odds[mine], rows.label[mine], weight))
        above = rows.log_odds[mine] > cuts[-1]
        errors.append(GroupErrors.of(rows.label[mine], above, weight))
    of_a, of_b = LP_CONSTRAINTS[constraint](errors[:2])
    share_a, share_b = rows.shares
    cut_a, cut_b, pooled = map(np.array, cuts)
    return LabelMixing(
        rows.by_value(of_a, of_b, share_a * of_a + share_b * of_b),
        rows.by_value(cut_a, cut_b, pooled),
    )


def best_cut(
    scores: NDArray[np.float64],
    label: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
) -> float:
    """Return the threshold with the largest true positive rate − false positive rate.

    This difference is Youden's index. Of several such thresholds, the highest is returned.

    Examples
    --------
    >>> best_cut(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    1.5
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    weights = np.ones(len(label)) if weight is None else weight
    positive, negative = weights * (label == 1), weights * (label == 0)
    true_positive = np.cumsum(positive[order])[ends] / positive.sum()
    false_positive = np.cumsum(negative[order])[ends] / negative.sum()
    best = int(np.argmax(true_positive - false_positive))
    lowest_selected = float(scores[order][ends[best]])
    return between_scores(scores, float(np.nextafter(lowest_selected, -np.inf)))
