"""How well a classifier does over all rows: metrics of labels and of scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from fairrun.metrics.checks import check_same_length
from fairrun.metrics.rates import (
    FloatArray,
    Tables,
    accuracy,
    f1,
    positive_predictive_value,
    true_negative_rate,
    true_positive_rate,
)
from fairrun.metrics.scores import check_scores
from fairrun.metrics.two_groups import TwoGroupCounts

__all__ = ["PERFORMANCE_METRICS", "abroca", "performance_metrics", "score_metrics"]


def balanced_accuracy(tables: Tables) -> FloatArray:
    """Mean of the true positive and the true negative rate."""
    return (true_positive_rate(tables) + true_negative_rate(tables)) / 2


#: The performance metrics of labels, by scikit-learn's names.
PERFORMANCE_METRICS: dict[str, Callable[[Tables], FloatArray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": positive_predictive_value,
    "recall": true_positive_rate,
    "f1": f1,
}


def performance_metrics(counts: TwoGroupCounts) -> dict[str, float]:
    """Compute the performance metrics of labels over all rows, those in neither group included.

    Parameters
    ----------
    counts : TwoGroupCounts
        The counts of the rows.

    Returns
    -------
    dict of str to float
        The metrics of `PERFORMANCE_METRICS`; NaN where undefined, such as the precision if nobody
        was selected.

    Examples
    --------
    >>> counts = TwoGroupCounts(("Male", "Female", "(neither)"), "sex",
    ...                 [[[3, 1], [1, 3]], [[4, 0], [2, 2]], [[0, 0], [0, 0]]])
    >>> performance_metrics(counts)["accuracy"]
    0.75
    """
    total = counts.total
    return {name: float(metric(total)) for name, metric in PERFORMANCE_METRICS.items()}


def score_metrics(y_true: ArrayLike, probability: ArrayLike) -> dict[str, float]:
    """Compute the metrics of scores over all rows.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    probability : array of shape (n_rows,)
        The predicted probability of label 1.

    Returns
    -------
    dict of str to float
        `roc_auc` and `average_precision`, NaN unless both labels occur, and `log_loss` in nats per
        row, NaN without rows.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1 or a probability not within [0, 1].

    Examples
    --------
    >>> score_metrics([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])["roc_auc"]
    0.75
    """
    y_true, probability = check_scores(y_true, probability)
    return {
        "roc_auc": _roc_auc(y_true, probability),
        "average_precision": (
            float(average_precision_score(y_true, probability))
            if np.unique(y_true).size == 2
            else np.nan
        ),
        "log_loss": float(log_loss(y_true, probability, labels=[0, 1])) if y_true.size else np.nan,
    }


def abroca(codes: ArrayLike, y_true: ArrayLike, probability: ArrayLike) -> float:
    """Compute the difference of the groups' areas under the ROC curve, a - b.

    holisticai's name and direction. Gardner et al. (2019) define ABROCA as the absolute area
    between the two curves; this is the signed area, so curves that cross may cancel.

    Parameters
    ----------
    codes : array of int of shape (n_rows,)
        The group of each row: 0 is group_a, 1 is group_b, any other neither.
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    probability : array of shape (n_rows,)
        The predicted probability of label 1.

    Returns
    -------
    float
        In [-1, 1]; NaN unless both labels occur in both groups.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1 or a probability not within [0, 1].

    References
    ----------
    Gardner, Brooks and Baker (2019), "Evaluating the fairness of predictive student models through
    slicing analysis", LAK.

    Examples
    --------
    >>> abroca([0, 0, 1, 1], [0, 1, 0, 1], [0.2, 0.9, 0.7, 0.6])
    1.0
    """
    y_true, probability = check_scores(y_true, probability)
    codes = np.asarray(codes)
    check_same_length(codes=codes, y_true=y_true)
    a, b = codes == 0, codes == 1
    return _roc_auc(y_true[a], probability[a]) - _roc_auc(y_true[b], probability[b])


def _roc_auc(y_true: NDArray[np.uint8], probability: FloatArray) -> float:
    if np.unique(y_true).size < 2:
        return np.nan
    return float(roc_auc_score(y_true, probability))
