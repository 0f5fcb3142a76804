"""An evaluation: every number one set of predictions is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.metrics.bias import bias_metrics
from fairrun.metrics.holistic import bias_table
from fairrun.metrics.performance import (
    abroca,
    performance_metrics,
    score_metrics,
)
from fairrun.metrics.rates import (
    divide,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from fairrun.metrics.two_groups import TwoGroupCounts

__all__ = ["Evaluation", "confusion_table", "evaluate_predictions"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate_predictions` returns.

    Parameters
    ----------
    metrics : dict of str to float
        The values by name, always the same names in the same order; NaN where undefined.
    counts : TwoGroupCounts
        The counts which the metrics of labels are computed from.
    bias_table : DataFrame
        holisticai's table: Metric, Value, Reference.
    """

    metrics: dict[str, float]
    counts: TwoGroupCounts
    bias_table: pd.DataFrame


def evaluate_predictions(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    probability: ArrayLike,
    codes: ArrayLike,
    groups: tuple[str, ...],
    protected: str,
) -> Evaluation:
    """Evaluate predictions: performance over all rows, bias between group_a and group_b.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_rows,)
        Label and prediction, 0 or 1, where 1 is the favourable outcome.
    probability : array of shape (n_rows,)
        The predicted probability of label 1.
    codes : array of int of shape (n_rows,)
        The group of each row: 0 is group_a, 1 is group_b, -1 neither.
    groups : tuple of str
        The names of group_a (the privileged group), of group_b and of the rows in neither.
    protected : str
        The name of the protected column.

    Returns
    -------
    Evaluation
        Its metrics are, in this order: accuracy, balanced_accuracy, precision, recall, f1,
        roc_auc, average_precision and log_loss over all rows; the metrics of `BIAS_METRICS` and
        abroca, differences a - b and ratios a / b; selection_rate over all rows; n_rows; and
        neither_share, the share of rows in neither group.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, a code has no group or a probability is
        not within [0, 1].

    Examples
    --------
    >>> evaluation = evaluate_predictions(
    ...     y_true=[1, 0, 1, 0, 1], y_pred=[1, 0, 0, 0, 1], probability=[0.9, 0.2, 0.4, 0.3, 0.8],
    ...     codes=[0, 0, 1, 1, -1], groups=("Male", "Female", "(neither)"), protected="sex")
    >>> evaluation.metrics["statistical_parity"], evaluation.metrics["neither_share"]
    (0.5, 0.2)
    """
    counts = TwoGroupCounts.from_arrays(codes, y_true, y_pred, groups, protected)
    codes = np.asarray(codes)
    metrics = {
        **performance_metrics(counts),
        **score_metrics(y_true, probability),
        **bias_metrics(counts),
        "abroca": abroca(codes, y_true, probability),
        "selection_rate": float(selection_rate(counts.total)),
        "n_rows": float(counts.n),
        "neither_share": float(divide(counts.table[-1].sum(), counts.n)),
    }
    table = bias_table(codes == 0, codes == 1, y_true, y_pred, probability)
    return Evaluation(metrics, counts, table)


def confusion_table(counts: TwoGroupCounts) -> pd.DataFrame:
    """Lay the counts out for reading, one row per group.

    Parameters
    ----------
    counts : TwoGroupCounts
        The counts of the rows.

    Returns
    -------
    DataFrame
        The columns group, n, true_negatives, false_positives, false_negatives, true_positives,
        selection_rate, true_positive_rate and false_positive_rate. Undefined rates are NaN.

    Examples
    --------
    >>> counts = TwoGroupCounts(("Male", "Female", "(neither)"), "sex",
    ...                 [[[2, 2], [0, 4]], [[6, 0], [1, 1]], [[0, 0], [0, 0]]])
    >>> confusion_table(counts)[["group", "n", "selection_rate"]]
           group  n  selection_rate
    0       Male  8           0.750
    1     Female  8           0.125
    2  (neither)  0             NaN
    """
    return pd.DataFrame(
        {
            "group": counts.groups,
            "n": counts.table.sum(axis=(1, 2)),
            "true_negatives": counts.table[:, 0, 0],
            "false_positives": counts.table[:, 0, 1],
            "false_negatives": counts.table[:, 1, 0],
            "true_positives": counts.table[:, 1, 1],
            "selection_rate": selection_rate(counts.table),
            "true_positive_rate": true_positive_rate(counts.table),
            "false_positive_rate": false_positive_rate(counts.table),
        }
    )
