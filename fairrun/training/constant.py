"""Fit an estimator, or a constant where all rows that count have one label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["constant_log_odds", "fit_on_both_labels", "only_label"]


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
