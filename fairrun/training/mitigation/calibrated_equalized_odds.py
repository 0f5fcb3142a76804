"""Calibrated equalized odds: some scores of the better-served group become its base rate."""

from __future__ import annotations

import numpy as np

from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, LabelMixing, sigmoid
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels

__all__ = ["COSTS", "fit_calibrated_equalized_odds"]

#: Which generalised error rate is to be equal: of the false negatives, the false positives, or half
#: of each.
COSTS = ("fnr", "fpr", "weighted")


def fit_calibrated_equalized_odds(
    rows: ScoredRows, *, cost_constraint: str = "fnr", alpha: float = 0.5
) -> LabelMixing:
    """Fit holisticai's CalibratedEqualizedOdds, and read its two mixing rates out.

    The group with the lower generalised cost is made worse until both are equal: with the mixing
    rate, a score is replaced by the group's base rate. A label follows the score, so the rule is a
    chance of label 1 by group and unmitigated label. holisticai draws the rows of a batch anew each
    time; here each row draws for itself.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows.
    cost_constraint : {"fnr", "fpr", "weighted"}
        Which generalised rate is to be equal.
    alpha : float
        The weight of the false negatives where it is weighted.

    Returns
    -------
    LabelMixing
        Rows in neither group take the mean of the groups' rates, weighted by their shares.

    Raises
    ------
    RequestError
        If a group has rows of one label only.

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
    # A group that is worse than its base rate says nothing: no rate in [0, 1] makes costs equal.
    mix_a, mix_b = (float(np.clip(rate, 0, 1)) for rate in (fitted.a_mix_rate, fitted.b_mix_rate))
    of_a = _rates(mix_a, float(fitted.base_rate_a))
    of_b = _rates(mix_b, float(fitted.base_rate_b))
    share_a, share_b = group_shares(groups)
    rates = rows.by_value(of_a, of_b, share_a * of_a + share_b * of_b)
    return LabelMixing(rates, np.zeros(len(rates)))


def _rates(mix: float, base_rate: float) -> np.ndarray:
    """P(label = 1) where the unmitigated label is 0, and where it is 1."""
    trivial = float(base_rate >= 0.5)
    return np.array([mix * trivial, 1 - mix + mix * trivial])
