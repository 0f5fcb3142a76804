"""Fit an estimator, or a constant where all rows that count have one label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

__all__ = ["OrConstant", "constant_log_odds", "fit_on_both_labels", "only_label"]


def only_label(label: NDArray[np.int64], weight: NDArray[np.float64] | None) -> int | None:
    """Return the label of all rows with a weight above 0; None if they have both labels.

    If no row has such a weight, because a penalty cancels all errors, all rows count.

    Examples
    --------
    >>> only_label(np.array([1, 1, 0]), np.array([2.0, 1.0, 0.0]))
    1
    >>> only_label(np.array([1, 1, 0]), None) is None
    True
    """
    counts = np.ones(len(label), dtype=bool) if weight is None else weight > 0
    found = np.unique(label[counts] if counts.any() else label)
    return int(found[0]) if len(found) == 1 else None


def constant_log_odds(label: int, n_rows: int) -> float:
    """Return the log-odds of label 1 for n_rows rows that all have one label.

    This is the log-odds of (n_rows + ½) / (n_rows + 1), the mean of a Beta distribution with
    Jeffreys' prior, because a model that always gives the probability 1 has no finite score.

    Examples
    --------
    >>> round(constant_log_odds(1, 49), 3), round(constant_log_odds(0, 49), 3)
    (4.595, -4.595)
    """
    return float(np.log(2 * n_rows + 1) * (1 if label == 1 else -1))


def fit_on_both_labels(
    unfitted: BaseEstimator,
    matrix: NDArray[np.float64],
    label: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
) -> Any:
    """Fit a scikit-learn estimator on rows with both labels.

    Boosted trees hold out rows of each label to decide when to stop, which needs two of each. With
    one row of a label they do not stop early.
    """
    if "early_stopping" in unfitted.get_params() and np.bincount(label, minlength=2).min() < 2:
        unfitted.set_params(early_stopping=False)
    return unfitted.fit(matrix, label, sample_weight=weight)


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
