"""Differences between the scores of two models on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_weights
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.cluster_scores import NOT_BY_CLUSTER
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.scores import brier_score, check_scores, paired_roc_auc_difference, roc_auc

__all__ = ["score_differences"]

_ALL = "(all)"


def score_differences(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike,
    probability_a: ArrayLike,
    probability_b: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    with_limits: bool = True,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the differences of areas under the ROC curve and of Brier scores, model A − model B.

    Parameters
    ----------
    protected, positions, y_true, probability_a, probability_b, weight
        See `compare_predictions`.
    with_limits : bool
        Whether the rows are independent, so that there are intervals.
    confidence : float, default 0.95
        Confidence level of each interval.

    Returns
    -------
    DataFrame
        Rows as in `ModelDifferences.rates`, for all rows and for each value of each protected
        column. The interval of roc_auc is DeLong's for paired areas. That of brier_score is the
        normal one of the mean difference of the squared errors of each row.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, or a probability is not in [0, 1].
    """
    labels, a = check_scores(y_true, probability_a)
    _, b = check_scores(y_true, probability_b)
    weights = None if weight is None else as_weights(weight)
    parts = [("", _ALL, np.ones(len(labels), dtype=bool))]
    for column, codes in zip(protected, positions, strict=True):
        of_row = np.asarray(codes)
        parts += [
            (column.name, name, of_row == place) for place, name in enumerate(column.labels[:-1])
        ]
    found = []
    for name, group, inside in parts:
        own = None if weights is None else weights[inside]
        for metric, function in (("roc_auc", _roc_auc), ("brier_score", _brier)):
            values, method = function(labels[inside], a[inside], b[inside], own, confidence)
            reason = ""
            if np.isnan(values[2]):
                reason = f"the rows of {group} do not have both labels"
            elif not with_limits:
                values, method, reason = (*values[:3], np.nan, np.nan), "", NOT_BY_CLUSTER
            names = ("model_a", "model_b", "value", "ci_low", "ci_high")
            row: dict[str, Any] = {"protected": name, "group": group, "metric": metric}
            row |= dict(zip(names, values, strict=True))
            found.append(row | {"method": method, "reason": reason})
    return pd.DataFrame(found)


_Values = tuple[float, float, float, float, float]


def _roc_auc(
    labels: NDArray[np.uint8],
    a: FloatArray,
    b: FloatArray,
    weight: FloatArray | None,
    confidence: float,
) -> tuple[_Values, str]:
    of_a, of_b = (roc_auc(labels, each, weight).value for each in (a, b))
    limits = paired_roc_auc_difference(labels, a, b, confidence, weight)[1:]
    return (of_a, of_b, of_a - of_b, *limits), "paired delong"


def _brier(
    labels: NDArray[np.uint8],
    a: FloatArray,
    b: FloatArray,
    weight: FloatArray | None,
    confidence: float,
) -> tuple[_Values, str]:
    of_a, of_b = (brier_score(labels, each, confidence, weight)[0] for each in (a, b))
    weights = np.ones(len(labels)) if weight is None else weight
    value, n = of_a - of_b, int((weights > 0).sum())
    if n < 2:
        return (of_a, of_b, value, np.nan, np.nan), ""
    each = (a - labels) ** 2 - (b - labels) ** 2
    variance = (((weights * (each - value)) / weights.sum()) ** 2).sum() * n / (n - 1)
    half = normal_quantile(confidence) * float(np.sqrt(variance))
    return (of_a, of_b, value, value - half, value + half), "paired normal"
