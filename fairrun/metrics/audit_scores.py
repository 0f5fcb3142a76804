"""The audit of scores: area under the ROC curve, Brier score and calibration error by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import check_same_length
from fairrun.metrics.closed_form import difference_limits, normal_quantile
from fairrun.metrics.grouping import Grouping, everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.scores import brier_score, calibration_error, check_scores, roc_auc
from fairrun.metrics.tables import cell_of_row

__all__ = ["audit_scores"]


def audit_scores(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike,
    probability: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the scores of every group of every protected column and crossing of two.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The protected columns.
    positions : sequence of arrays of int of shape (n_rows,)
        For each protected column, the position of each row's value in the column's `values`;
        −1 if the row has none of these values.
    y_true, probability : array of shape (n_rows,)
        The label (0 or 1) and the predicted probability of label 1.
    confidence : float, default 0.95
        Confidence level of each interval.

    Returns
    -------
    rates : DataFrame
        The metrics roc_auc, brier_score and calibration_error of each group, with the columns
        protected, group, n, metric, value, ci_low, ci_high, method and reason of `Audit.rates`.
    compared : DataFrame
        The metric `abroca`, the area under the ROC curve of group_a minus the area of group_b, with
        the columns protected, group_a, group_b, metric, value, ci_low, ci_high, method and reason
        of `Audit.compared`.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, a probability is not in [0, 1], or a
        code is not a position or −1.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> rates, compared = audit_scores(
    ...     [sex], [[0, 0, 1, 1]], y_true=[0, 1, 0, 1], probability=[0.2, 0.9, 0.7, 0.6])
    >>> compared["value"].tolist()
    [1.0]
    """
    y_true, probability = check_scores(y_true, probability)
    cell, _ = cell_of_row(protected, positions, {})
    check_same_length(positions=cell, y_true=y_true)
    z = normal_quantile(confidence)

    def rows_of(grouping: Grouping) -> list[tuple[NDArray[np.uint8], FloatArray]]:
        """Return the labels and scores of each group."""
        in_group = (members[cell] for members in grouping.members.astype(bool))
        return [(y_true[rows], probability[rows]) for rows in in_group]

    rates, compared = [], []
    groupings = [everybody(protected)]
    for names in one_and_two_way(protected):
        values, two = values_of(protected, *names), group_a_and_b(protected, *names)
        merged = [i for i, name in enumerate(two.groups) if name not in values.groups]
        groupings += [values, two.take(merged)]
    for grouping in groupings:
        for group, (y, score) in zip(grouping.groups, rows_of(grouping), strict=True):
            about = (grouping.protected, group, len(y))
            auc = roc_auc(y, score)
            undefined = _undefined_reason(y, group)
            empty = "" if y.size else undefined
            rates += [
                (*about, "roc_auc", auc.value, *auc.interval(confidence), "DeLong", undefined),
                (*about, "brier_score", *brier_score(y, score, confidence), "normal", empty),
                (
                    *about,
                    "calibration_error",
                    calibration_error(y, score),
                    np.nan,
                    np.nan,
                    "",
                    empty,
                ),
            ]
    for names in one_and_two_way(protected):
        grouping = group_a_and_b(protected, *names)
        (y_a, score_a), (y_b, score_b) = rows_of(grouping)
        a, b = roc_auc(y_a, score_a), roc_auc(y_b, score_b)
        parts = [np.array(x) for x in (a.value, a.effective_size, b.value, b.effective_size)]
        low, high = difference_limits([(parts[0], parts[1], parts[2], parts[3])], z)
        name_a, name_b = grouping.groups
        undefined = _undefined_reason(y_a, name_a) or _undefined_reason(y_b, name_b)
        value = a.value - b.value
        limits = (float(low), float(high), "DeLong", undefined)
        compared.append((grouping.protected, name_a, name_b, "abroca", value, *limits))
    end = ["metric", "value", "ci_low", "ci_high", "method", "reason"]
    return (
        pd.DataFrame(rates, columns=["protected", "group", "n", *end]),
        pd.DataFrame(compared, columns=["protected", "group_a", "group_b", *end]),
    )


def _undefined_reason(y_true: NDArray[np.uint8], group: str) -> str:
    """Return why a group's area under the ROC curve is NaN; empty if it is not NaN."""
    if not y_true.size:
        return f"no row of {group}"
    lacking = {0, 1} - set(np.unique(y_true).tolist())
    return f"no row of {group} has label {lacking.pop()}" if lacking else ""
