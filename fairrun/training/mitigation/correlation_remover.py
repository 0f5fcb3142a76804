"""Fit the correlation remover: encoded columns without their linear relation to the group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import GROUP_A, GROUP_B, GroupShift
from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix

__all__ = ["fit_correlation_remover"]


def fit_correlation_remover(train: TrainingMatrix, alpha: float = 1.0) -> Fitted:
    """Fit the correlation remover in closed form, in float64.

    holisticai regresses each column on the centred group indicators by least squares, and subtracts
    `alpha` times the fitted part. The indicators are saturated, so the fitted part of a row is the
    mean of its group minus the mean of all rows. The rule is therefore one shift for each group and
    column: x′ = x − alpha · (mean of the group − mean of all rows).

    Parameters
    ----------
    train : TrainingMatrix
        The training rows. If they have weights, all means are weighted.
    alpha : float
        The share of the correlation to remove, from 0 (the columns stay as they are) to 1.

    Returns
    -------
    Fitted
        Its transform is a `GroupShift`.

    Notes
    -----
    Equal means are not equal selection rates, so the removal can overshoot. On rows where the
    values of group_a are skewed and those of group_b lie close together, the statistical parity of
    a logistic regression went from +0.38 to −0.35 (`test_the_removal_can_overshoot` in
    tests/training/mitigation/test_oracles.py); fairlearn's `CorrelationRemover` gives the same.
    Look at the sign of the metric, and give a smaller `alpha` if it has changed.

    References
    ----------
    H. Weerts et al., "Fairlearn: assessing and improving fairness of AI systems", Journal of
    Machine Learning Research 24 (2023), `CorrelationRemover`.
    """
    overall = _means(train)
    shifts = np.array(
        [alpha * (_means(train.take(train.groups == g)) - overall) for g in (GROUP_A, GROUP_B)]
    )
    return Fitted(transform=GroupShift(shifts, train.shares))


def _means(train: TrainingMatrix) -> NDArray[np.float64]:
    """Return the (weighted) means of the encoded columns."""
    if train.weight is None:
        return np.asarray(train.matrix.mean(axis=0))
    return np.asarray(np.average(train.matrix, axis=0, weights=train.weight))
