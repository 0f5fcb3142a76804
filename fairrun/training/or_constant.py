"""A scikit-learn classifier that may be a constant, for reductions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from fairrun.training.constant import fit_on_both_labels, only_label

__all__ = ["OrConstant"]


class OrConstant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that predicts a constant if all rows that count have one label.

    A reduction changes labels and weights until a constraint holds, and may leave one label.
    scikit-learn's estimators refuse such rows. As in fairlearn, the best model is then a constant.

    Parameters
    ----------
    estimator : scikit-learn estimator
        The estimator that is fitted on rows with both labels.

    Attributes
    ----------
    constant_ : int or None
        The label of all rows; None if there were both.
    n_rows_ : int
        The number of rows that `fit` got.
    fitted_ : scikit-learn estimator or None
        The fitted estimator; None if there was one label.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = OrConstant(LogisticRegression()).fit(np.zeros((3, 1)), np.ones(3, int))
    >>> model.predict(np.zeros((2, 1)))
    array([1, 1])
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> OrConstant:
        """Fit the estimator, or note the only label."""
        label = np.asarray(y, dtype=np.int64)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.constant_ = only_label(label, weight)
        self.n_rows_ = len(label)
        self.fitted_ = None
        if self.constant_ is None:
            self.fitted_ = fit_on_both_labels(clone(self.estimator), np.asarray(X), label, weight)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the labels of encoded rows."""
        if self.fitted_ is None:
            return np.full(len(np.asarray(X)), self.constant_, dtype=np.int64)
        return np.asarray(self.fitted_.predict(X))
