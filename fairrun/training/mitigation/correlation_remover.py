"""Fit the correlation remover: encoded columns without their linear relation to the group."""

from __future__ import annotations

import numpy as np

from fairrun.groups import group_shares
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
        The training rows.
    alpha : float
        The share of the correlation to remove, from 0 (the columns stay as they are) to 1.

    Returns
    -------
    Fitted
        Its transform is a `GroupShift`.

    References
    ----------
    H. Weerts et al., "Fairlearn: assessing and improving fairness of AI systems", Journal of
    Machine Learning Research 24 (2023), `CorrelationRemover`.
    """
    overall = train.matrix.mean(axis=0)
    shifts = np.array(
        [
            alpha * (train.matrix[train.groups == group].mean(axis=0) - overall)
            for group in (GROUP_A, GROUP_B)
        ]
    )
    return Fitted(transform=GroupShift(shifts, group_shares(train.groups)))
