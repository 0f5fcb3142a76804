"""Fit the linear programming debiaser: group thresholds, then labels changed at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, NEITHER, LabelMixing
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores

__all__ = ["LP_CONSTRAINTS", "fit_lp_debiaser"]

#: holisticai's names of the constraints, by our names.
LP_CONSTRAINTS = {
    "equalized_odds": "EqualizedOdds",
    "equality_of_opportunity_difference": "EqualizedOpportunity",
}


def fit_lp_debiaser(rows: ScoredRows, *, constraint: str = "equalized_odds") -> LabelMixing:
    """Fit holisticai's LPDebiaserBinary and keep its probabilities.

    Each group gets the threshold at which its true positive rate is farthest above its false
    positive rate. A linear programme then chooses the probabilities that a label 1 stays 1 and that
    a label 0 becomes 1. holisticai stores the labels of every threshold it tried (90 MB on UCI
    Adult) and changes a share of the labels of each batch. Here our code finds the thresholds,
    holisticai fits the probabilities to the labels, and each row is randomised on its own, so its
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

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.1; W. J. Youden, "Index for rating diagnostic tests", Cancer 3 (1950).
    """
    from holisticai.bias.mitigation import LPDebiaserBinary

    check_both_labels("lp_debiaser", rows)
    groups = rows.groups
    known = groups != NEITHER
    cut_a, cut_b, pooled = (
        best_cut(rows.log_odds[mine], rows.label[mine])
        for mine in (groups == GROUP_A, groups == GROUP_B, known)
    )
    cuts = np.where(groups == GROUP_A, cut_a, cut_b)
    in_a = groups[known] == GROUP_A
    programme = LPDebiaserBinary(constraint=LP_CONSTRAINTS[constraint])
    # The fit also randomises the labels of the training rows, with numpy's global generator. We do
    # not need these labels, and restore the generator's state.
    state = np.random.get_state()  # noqa: NPY002
    try:
        programme.fit(
            rows.label[known],
            in_a,
            ~in_a,
            y_pred=(rows.log_odds > cuts)[known].astype(np.int64),
        )
    finally:
        np.random.set_state(state)  # noqa: NPY002
    rates = programme.algorithm.pya
    # holisticai numbers the pairs of group masks in an order of its own.
    order = programme._sensgroups.transform(
        np.array([[True, False], [False, True]]), convert_numeric=True
    )
    of_a, of_b = (np.clip(rates[int(code)], 0.0, 1.0) for code in order)
    share_a, share_b = group_shares(groups)
    return LabelMixing(
        rows.by_value(of_a, of_b, share_a * of_a + share_b * of_b),
        rows.by_value(np.array(cut_a), np.array(cut_b), np.array(pooled)),
    )


def best_cut(scores: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """Return the threshold with the largest true positive rate − false positive rate.

    This difference is Youden's index. Of several such thresholds, the highest is returned.

    Examples
    --------
    >>> best_cut(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    1.5
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    true_positive = np.cumsum(label[order])[ends] / label.sum()
    false_positive = np.cumsum(1 - label[order])[ends] / (1 - label).sum()
    best = int(np.argmax(true_positive - false_positive))
    lowest_selected = float(scores[order][ends[best]])
    return between_scores(scores, float(np.nextafter(lowest_selected, -np.inf)))
