"""How well a classifier does: rates of 2 x 2 tables of counts, and metrics of its scores.

The rates take tables of any shape (..., 2, 2), indexed by label and prediction, and work along the
last two axes: one table, one a group, or thousands of replicates. A rate without rows to be
taken over is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from fairrun.errors import RequestError
from fairrun.metrics.counts import Counts, as_binary, check_same_length

__all__ = ["PERFORMANCE_METRICS", "abroca", "performance_metrics", "score_metrics"]

FloatArray = NDArray[np.float64]
Tables = NDArray[np.int64]


def divide(numerator: ArrayLike, denominator: ArrayLike) -> FloatArray:
    """Divide elementwise; what is divided by 0 is NaN, without a warning."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    quotient = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def selection_rate(tables: Tables) -> FloatArray:
    """P(prediction = 1)."""
    return divide(tables[..., :, 1].sum(axis=-1), tables.sum(axis=(-2, -1)))


def true_positive_rate(tables: Tables) -> FloatArray:
    """P(prediction = 1 | label = 1), also called recall."""
    return divide(tables[..., 1, 1], tables[..., 1, :].sum(axis=-1))


def false_positive_rate(tables: Tables) -> FloatArray:
    """P(prediction = 1 | label = 0)."""
    return divide(tables[..., 0, 1], tables[..., 0, :].sum(axis=-1))


def accuracy(tables: Tables) -> FloatArray:
    """P(prediction = label)."""
    return divide(tables[..., 0, 0] + tables[..., 1, 1], tables.sum(axis=(-2, -1)))


def balanced_accuracy(tables: Tables) -> FloatArray:
    """Mean of the true positive and the true negative rate."""
    return (true_positive_rate(tables) + 1 - false_positive_rate(tables)) / 2


def precision(tables: Tables) -> FloatArray:
    """P(label = 1 | prediction = 1)."""
    return divide(tables[..., 1, 1], tables[..., :, 1].sum(axis=-1))


def f1(tables: Tables) -> FloatArray:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    agreed, errors = 2 * tables[..., 1, 1], tables[..., 0, 1] + tables[..., 1, 0]
    return divide(agreed, agreed + errors)


#: The performance metrics of labels, by scikit-learn's names.
PERFORMANCE_METRICS: dict[str, Callable[[Tables], FloatArray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": true_positive_rate,
    "f1": f1,
}


def performance_metrics(counts: Counts) -> dict[str, float]:
    """Compute the performance metrics of labels over all rows, those in neither group included.

    Parameters
    ----------
    counts : Counts
        The counts of the rows.

    Returns
    -------
    dict of str to float
        The metrics of `PERFORMANCE_METRICS`; NaN where undefined, such as the precision if nobody
        was selected.

    Examples
    --------
    >>> counts = Counts(("Male", "Female", "(neither)"), "sex",
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
    y_true, probability = _check_scores(y_true, probability)
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
    y_true, probability = _check_scores(y_true, probability)
    codes = np.asarray(codes)
    check_same_length(codes=codes, y_true=y_true)
    a, b = codes == 0, codes == 1
    return _roc_auc(y_true[a], probability[a]) - _roc_auc(y_true[b], probability[b])


def _roc_auc(y_true: NDArray[np.int64], probability: FloatArray) -> float:
    if np.unique(y_true).size < 2:
        return np.nan
    return float(roc_auc_score(y_true, probability))


def _check_scores(
    y_true: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.int64], FloatArray]:
    y_true, probability = as_binary("y_true", y_true), np.asarray(probability, dtype=np.float64)
    check_same_length(y_true=y_true, probability=probability)
    if not ((probability >= 0) & (probability <= 1)).all():
        raise RequestError(
            "the scores must be probabilities of label 1, within [0, 1] and not NaN; "
            "pass predict_proba's second column, not decision_function"
        )
    return y_true, probability
