"""Performance metrics of a classifier over all rows: of labels and of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fairrun.metrics.rates import (
    MeanOfRates,
    Rate,
    accuracy,
    balanced_accuracy,
    f1,
    positive_predictive_value,
    true_positive_rate,
)
from fairrun.metrics.scores import check_score_weights, check_scores

__all__ = ["PERFORMANCE_METRICS", "score_metrics"]


#: The performance metrics of labels, by scikit-learn's names.
PERFORMANCE_METRICS: dict[str, Rate | MeanOfRates] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": positive_predictive_value,
    "recall": true_positive_rate,
    "f1": f1,
}


def score_metrics(
    y_true: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Compute average precision and log loss over all rows; they have no interval.

    Parameters
    ----------
    y_true : array of shape (n_rows,)
        The labels, 0 or 1.
    probability : array of shape (n_rows,)
        The predicted probability of label 1.
    weight : array of shape (n_rows,), optional
        The weights of the rows.

    Returns
    -------
    dict of str to float
        `average_precision`, NaN unless both labels occur, and `log_loss` in nats per row, NaN
        without rows.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, or a probability is not in [0, 1].

    Examples
    --------
    >>> round(score_metrics([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])["average_precision"], 3)
    0.833
    """
    # Imported here because scikit-learn takes a second, and a wrong request is refused before.
    from sklearn.metrics import average_precision_score, log_loss

    y_true, probability = check_scores(y_true, probability)
    weights = None
    if weight is not None:
        y_true, probability, weights = check_score_weights(y_true, probability, weight)
    given = {"sample_weight": weights}
    return {
        "average_precision": (
            float(average_precision_score(y_true, probability, **given))
            if np.unique(y_true).size == 2
            else np.nan
        ),
        "log_loss": (
            float(log_loss(y_true, probability, labels=[0, 1], **given)) if y_true.size else np.nan
        ),
    }
