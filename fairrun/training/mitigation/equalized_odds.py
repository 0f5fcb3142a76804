"""Equalized odds: the unmitigated label, turned at random at rates that equalise the errors."""

from __future__ import annotations

import numpy as np

from fairrun.errors import RequestError
from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, LabelMixing
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels

__all__ = ["fit_equalized_odds"]


def fit_equalized_odds(rows: ScoredRows) -> LabelMixing:
    """Fit holisticai's EqualizedOdds, and read its four rates out.

    A linear programme finds, for each group, with which probability a label 1 stays and a label 0
    becomes 1, so that true and false positive rates are equal in both groups at the least loss.
    holisticai then turns that share of each batch; here each row draws for itself.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows.

    Returns
    -------
    LabelMixing
        Rows in neither group take the mean of the groups' rates, weighted by their shares.

    Raises
    ------
    RequestError
        If the programme has no solution: a group has labels or predictions of one kind only.

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.1.
    """
    from holisticai.bias.mitigation import EqualizedOdds

    groups = rows.groups
    check_both_labels("equalized_odds", rows)
    # No seed: it would set numpy's global generator, and fitting draws nothing.
    programme = EqualizedOdds(seed=None).fit(
        rows.label, (rows.log_odds > 0.0).astype(np.int64), groups == GROUP_A, groups == GROUP_B
    )
    if programme.model_params.x is None:
        raise RequestError(
            "the linear programme of equalized_odds has no solution on these rows; "
            "give more rows, or another mitigator such as group_thresholds"
        )
    # The solver may leave the interval in the last bits.
    stay_a, turn_a, stay_b, turn_b = np.clip(programme.model_params.x, 0.0, 1.0)
    of_a, of_b = np.array([turn_a, stay_a]), np.array([turn_b, stay_b])
    share_a, share_b = group_shares(groups)
    neutral = share_a * of_a + share_b * of_b
    rates = rows.by_value(of_a, of_b, neutral)
    return LabelMixing(rates, np.zeros(len(rates)))
