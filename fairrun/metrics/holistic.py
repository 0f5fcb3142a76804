"""holisticai's own table of classification bias metrics, made to come in every case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.metrics.bias import BIAS_METRICS, bias_metrics
from fairrun.metrics.checks import as_binary, check_same_length
from fairrun.metrics.performance import abroca
from fairrun.metrics.two_groups import TwoGroupCounts

__all__ = ["bias_table"]


def bias_table(
    group_a: ArrayLike,
    group_b: ArrayLike,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_score: ArrayLike,
) -> pd.DataFrame:
    """Make holisticai's table of bias metrics.

    The values come from ``holisticai.bias.metrics.classification_bias_metrics``, if each of them is
    defined. Otherwise holisticai raises, or gives 0 or infinity for some undefined values: then the
    same table is made from counts, and the undefined values are NaN.

    Parameters
    ----------
    group_a, group_b : array of bool of shape (n_rows,)
        Membership in the privileged and in the unprivileged group. A row in neither plays no part.
    y_true, y_pred : array of shape (n_rows,)
        Label and prediction, 0 or 1.
    y_score : array of shape (n_rows,)
        The predicted probability of label 1.

    Returns
    -------
    DataFrame
        The columns Metric (holisticai's names), Value (differences a - b, ratios a / b) and
        Reference (the value at parity).

    Raises
    ------
    RequestError
        If the lengths differ, a mask or label holds other values than 0 and 1, a row is in both
        groups, or a score is not within [0, 1].

    Examples
    --------
    >>> table = bias_table(group_a=[1, 1, 1, 0, 0, 0], group_b=[0, 0, 0, 1, 1, 1],
    ...                    y_true=[1, 1, 0, 1, 0, 0], y_pred=[1, 1, 0, 1, 0, 0],
    ...                    y_score=[0.9, 0.8, 0.1, 0.7, 0.3, 0.2])
    >>> table.head(2)
                   Metric     Value  Reference
    0  Statistical Parity  0.333333          0
    1    Disparate Impact  2.000000          1
    """
    group_a, group_b = as_binary("group_a", group_a), as_binary("group_b", group_b)
    y_true, y_pred = as_binary("y_true", y_true), as_binary("y_pred", y_pred)
    check_same_length(group_a=group_a, group_b=group_b)
    if (group_a & group_b).any():
        raise RequestError("a row is in both group_a and group_b; a row may be in one or neither")
    codes = np.where(group_a, 0, np.where(group_b, 1, -1))
    counts = TwoGroupCounts.from_arrays(
        codes, y_true, y_pred, ("group_a", "group_b", "neither"), "group"
    )
    values = [*bias_metrics(counts).values(), abroca(codes, y_true, y_score)]

    if np.isnan(values).any():
        return pd.DataFrame(
            {
                "Metric": [*(metric.title for metric in BIAS_METRICS.values()), "ABROCA"],
                "Value": values,
                "Reference": [*(metric.reference for metric in BIAS_METRICS.values()), 0],
            }
        )

    from holisticai.bias.metrics import classification_bias_metrics

    # Its four-fifths rule is min(a / b, b / a), and b / a divides by 0 if nobody in a is selected.
    with np.errstate(divide="ignore"):
        table: pd.DataFrame = classification_bias_metrics(
            group_a, group_b, y_pred, y_true, np.asarray(y_score), metric_type="group"
        )
    return table.reset_index()
