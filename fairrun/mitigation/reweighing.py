"""Reweighing: weights that make label and group independent in the training rows."""

from __future__ import annotations

import numpy as np

from fairrun.inference import GROUP_A, GROUP_B
from fairrun.mitigation.fitted import Fitted, TrainingMatrix

__all__ = ["fit_reweighing"]


def fit_reweighing(train: TrainingMatrix) -> Fitted:
    """Fit holisticai's Reweighing.

    A row of group g with label y weighs P(g) · P(y) / P(g, y), so that the weighted label no longer
    depends on the group; rows in neither group form a third. Nothing is left for serving: the
    weights act on the estimator's fit alone.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows.

    Returns
    -------
    Fitted
        With `sample_weight`.

    References
    ----------
    F. Kamiran and T. Calders, "Data preprocessing techniques for classification without
    discrimination", Knowledge and Information Systems 33 (2012), section 4.3.
    """
    from holisticai.bias.mitigation import Reweighing

    mitigator = Reweighing()
    mitigator.fit(train.label, train.groups == GROUP_A, train.groups == GROUP_B)
    return Fitted(sample_weight=np.asarray(mitigator.sample_weight, dtype=np.float64))
