"""Linear programming debiaser: equalized odds or opportunity over labels of the best cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import group_shares
from fairrun.inference import GROUP_A, GROUP_B, NEITHER, LabelMixing
from fairrun.training.mitigation.fitted import ScoredRows, check_both_labels
from fairrun.training.mitigation.thresholds import between_scores

__all__ = ["LP_CONSTRAINTS", "fit_lp_debiaser"]

#: Our names of the constraints, and holisticai's.
LP_CONSTRAINTS = {
    "equalized_odds": "EqualizedOdds",
    "equality_of_opportunity_difference": "EqualizedOpportunity",
}


def fit_lp_debiaser(rows: ScoredRows, *, constraint: str = "equalized_odds") -> LabelMixing:
    """Fit holisticai's LPDebiaserBinary, and read its rates out.

    Each group is cut where its true positive rate is farthest above its false positive rate; a
    linear programme then finds with which probability each label stays or turns. holisticai keeps
    the labels of every cut it tried (90 MB on Adult) and turns that share of each batch; here the
    cut is one number a group, holisticai is handed the labels, and each row draws for itself.

    Parameters
    ----------
    rows : ScoredRows
        Scores of models that were not fitted on these rows; those in neither group play no part.
    constraint : str
        A name of `LP_CONSTRAINTS`.

    Returns
    -------
    LabelMixing
        Rows in neither group take the cut of both groups together, and the mean of their rates,
        weighted by their shares.

    Raises
    ------
    RequestError
        If a group has rows of one label only.

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
    # It draws labels of the training rows that nobody asked for, from numpy's global generator.
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
    # Group codes of holisticai's: the order in which it numbers the pairs of masks.
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
    """Find the threshold with the largest true less false positive rate; the highest of equals.

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
