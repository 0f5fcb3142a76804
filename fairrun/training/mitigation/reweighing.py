"""Fit reweighing: weights that make label and group independent in the training rows."""

from __future__ import annotations

import numpy as np

from fairrun.training.mitigation.fitted import Fitted, TrainingMatrix

__all__ = ["fit_reweighing"]


def fit_reweighing(train: TrainingMatrix) -> Fitted:
    """Compute the weights of the training rows in closed form.

    A row of group g with label y gets the weight P(g) · P(y) / P(g, y), so that the weighted label
    does not depend on the group. Rows in neither group form a third group. The weights act only on
    the estimator's fit and not on predictions. holisticai's Reweighing gives the same weights, in
    float32.

    If the rows have weights of their own, the probabilities are weighted, and each row gets the
    product of both weights.

    Parameters
    ----------
    train : TrainingMatrix
        The training rows.

    Returns
    -------
    Fitted
        It has `sample_weight` and no transform.

    References
    ----------
    F. Kamiran and T. Calders, "Data preprocessing techniques for classification without
    discrimination", Knowledge and Information Systems 33 (2012), section 4.3.
    """
    _, group = np.unique(train.groups, return_inverse=True)
    _, label = np.unique(train.label, return_inverse=True)
    counts = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(counts, (group, label), 1 if train.weight is None else train.weight)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    weight = expected[group, label] / counts[group, label]
    return Fitted(sample_weight=weight if train.weight is None else weight * train.weight)
