"""Leave out what a fitted rule does not need: random numbers, the group, or both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import Decision, GroupThresholds, LabelMixing, Threshold
from fairrun.training.mitigation.thresholds import between_scores

__all__ = ["simplest_rule"]


def simplest_rule(rule: Decision, scores: NDArray[np.float64]) -> Decision:
    """Return the simplest rule that gives the same labels to the rows of the fit.

    A method that can draw labels, or treat groups differently, need not do so on given rows. The
    signature, the tags and the pages of a model follow from its rule, so the rule should not ask
    for a column or a random number that changes no label.

    Parameters
    ----------
    rule : Decision
        The fitted rule.
    scores : array of float64 of shape (n_rows,)
        The scores that the rule was fitted on; at least one.

    Returns
    -------
    Decision
        A `LabelMixing` of which each probability is 0 or 1 becomes a `GroupThresholds`, unless it
        turns labels around. A group of which everybody, or nobody, is selected then has a threshold
        1 below, or above, all scores. A `GroupThresholds` with equal thresholds becomes a
        `Threshold`. Every other rule is returned as it is.

    Examples
    --------
    >>> everybody = LabelMixing(np.ones((3, 2)), np.zeros(3))
    >>> simplest_rule(everybody, np.array([-2.0, 3.0]))
    Threshold(value=-3.0)
    """
    if isinstance(rule, LabelMixing):
        below, above = rule.rates.T
        if not np.isin(rule.rates, (0.0, 1.0)).all() or np.any(below > above):
            return rule
        lowest, highest = (between_scores(scores, end) for end in (-np.inf, np.inf))
        constant = np.where(above == 1.0, lowest, highest)
        rule = GroupThresholds(np.where(below == above, constant, rule.thresholds))
    if isinstance(rule, GroupThresholds) and np.all(rule.values == rule.values[0]):
        return Threshold(float(rule.values[0]))
    return rule
