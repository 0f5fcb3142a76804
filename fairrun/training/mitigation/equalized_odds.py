"""Fit equalized odds: labels are changed at random at rates that equalise the errors."""

from __future__ import annotations

import numpy as np

from fairrun.errors import RequestError
from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, LabelMixing
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels

__all__ = ["fit_equalized_odds"]


def fit_equalized_odds(rows: ScoredRows) -> LabelMixing:
    """Fit holisticai's EqualizedOdds and keep its four probabilities.

    A linear programme chooses two probabilities for each group: that a label 1 stays 1, and that a
    label 0 becomes 1. They make true and false positive rates equal in both groups with the least
    loss. holisticai then changes these shares of the labels of each batch. Here each row is
    randomised on its own, so its label does not depend on the batch.

    Parameters
    ----------
    rows : ScoredRows
        The training rows with their out-of-fold scores.

    Returns
    -------
    LabelMixing
        For rows in neither group, the probabilities are the mean of the groups' probabilities,
        weighted by the groups' shares of the rows.

    Raises
    ------
    RequestError
        If all labels of a group are equal, or the linear programme has no solution (for example
        because all predictions of a group are equal).

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning", NeurIPS
    2016, section 4.1.
    """
    from holisticai.bias.mitigation import EqualizedOdds

    groups = rows.groups
    check_both_labels("equalized_odds", rows)
    # A seed would set numpy's global generator, and the fit uses no random numbers.
    programme = EqualizedOdds(seed=None).fit(
        rows.label, (rows.log_odds > 0.0).astype(np.int64), groups == GROUP_A, groups == GROUP_B
    )
    if programme.model_params.x is None:
        raise RequestError(
            "the linear programme of equalized_odds has no solution on these rows; "
            "give more rows, or another mitigator such as group_thresholds"
        )
    # The solver's result may lie outside [0, 1] by a rounding error.
    stay_a, turn_a, stay_b, turn_b = np.clip(programme.model_params.x, 0.0, 1.0)
    of_a, of_b = np.array([turn_a, stay_a]), np.array([turn_b, stay_b])
    share_a, share_b = group_shares(groups)
    neutral = share_a * of_a + share_b * of_b
    rates = rows.by_value(of_a, of_b, neutral)
    return LabelMixing(rates, np.zeros(len(rates)))
