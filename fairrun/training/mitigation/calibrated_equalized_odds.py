"""Fit calibrated equalized odds: random scores of one group are replaced by its base rate."""

from __future__ import annotations

import numpy as np

from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, LabelMixing, sigmoid
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels

__all__ = ["COSTS", "fit_calibrated_equalized_odds"]

#: The generalised error rate to make equal: false negatives, false positives, or a weighted sum.
COSTS = ("fnr", "fpr", "weighted")


def fit_calibrated_equalized_odds(
    rows: ScoredRows, *, cost_constraint: str = "fnr", alpha: float = 0.5
) -> LabelMixing:
    """Fit holisticai's CalibratedEqualizedOdds and keep its two mixing rates.

    The method raises the generalised error rate of the group with the lower one until both are
    equal. For this it replaces a random share of the group's scores, the mixing rate, by the
    group's base rate. The label follows from the score, so the rule is a probability of label 1 for
    each group and unmitigated label. holisticai chooses the rows of a batch anew in each call. Here
    each row is randomised on its own, so its label does not depend on the batch.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores.
    cost_constraint : {"fnr", "fpr", "weighted"}
        The generalised error rate to make equal: false negatives, false positives, or a weighted
        sum of both.
    alpha : float
        The weight of the false negatives in the weighted sum, from 0 to 1.

    Returns
    -------
    LabelMixing
        For rows in neither group, the probabilities are the mean of the groups' probabilities,
        weighted by the groups' shares of the rows.

    Raises
    ------
    RequestError
        If all labels of a group are equal.

    References
    ----------
    G. Pleiss, M. Raghavan, F. Wu, J. Kleinberg and K. Q. Weinberger, "On fairness and calibration",
    NeurIPS 2017, algorithm 1.
    """
    from holisticai.bias.mitigation import CalibratedEqualizedOdds

    check_both_labels("calibrated_equalized_odds", rows)
    probability, groups = sigmoid(rows.log_odds), rows.groups
    fitted = CalibratedEqualizedOdds(cost_constraint=cost_constraint, alpha=alpha).fit(
        rows.label,
        np.column_stack([1 - probability, probability]),
        groups == GROUP_A,
        groups == GROUP_B,
    )
    # If a group's scores are worse than its base rate, no mixing rate in [0, 1] makes the error
    # rates equal, and holisticai's formula gives a number outside this range.
    mix_a, mix_b = (float(np.clip(rate, 0, 1)) for rate in (fitted.a_mix_rate, fitted.b_mix_rate))
    of_a = _rates(mix_a, float(fitted.base_rate_a))
    of_b = _rates(mix_b, float(fitted.base_rate_b))
    share_a, share_b = group_shares(groups)
    rates = rows.by_value(of_a, of_b, share_a * of_a + share_b * of_b)
    return LabelMixing(rates, np.zeros(len(rates)))


def _rates(mix: float, base_rate: float) -> np.ndarray:
    """Return P(label = 1) if the unmitigated label is 0, and if it is 1."""
    trivial = float(base_rate >= 0.5)
    return np.array([mix * trivial, 1 - mix + mix * trivial])
