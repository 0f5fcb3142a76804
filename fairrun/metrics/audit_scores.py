"""The audit of scores: area under the ROC curve, Brier score and calibration error by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.checks import as_weights, check_same_length
from fairrun.metrics.closed_form import difference_limits, normal_quantile
from fairrun.metrics.grouping import Grouping, everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.scores import brier_score, calibration_error, check_scores, roc_auc
from fairrun.metrics.tables import cell_of_row

__all__ = ["audit_scores"]

#: The labels, scores and weights (if any) of the rows of a group.
_Scored = tuple[NDArray[np.uint8], FloatArray, FloatArray | None]


def audit_scores(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike,
    probability: ArrayLike,
    *,
    weight: ArrayLike | None = None,
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
    weight : array of shape (n_rows,), optional
        The weights of the rows.
    confidence : float, default 0.95
        Confidence level of each interval.

    Returns
    -------
    rates : DataFrame
        The metrics roc_auc, brier_score and calibration_error of each group, with the columns
        protected, group, n, metric, value, ci_low, ci_high, method and reason of `Audit.rates`; for
        weighted rows also n_rows and effective_n.
    compared : DataFrame
        The metric `abroca`, the area under the ROC curve of group_a minus the area of group_b, with
        the columns protected, group_a, group_b, metric, value, ci_low, ci_high, method and reason
        of `Audit.compared`.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, a probability is not in [0, 1], a code is
        not a position or −1, or a weight is negative or not finite.

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
    weights = None if weight is None else as_weights(weight)
    if weights is not None:
        check_same_length(y_true=y_true, weight=weights)
    by_auc = "DeLong" if weights is None else "DeLong, weighted"

    def rows_of(grouping: Grouping) -> list[_Scored]:
        """Return the labels, scores and weights of each group."""
        in_group = (members[cell] for members in grouping.members.astype(bool))
        return [
            (y_true[rows], probability[rows], None if weights is None else weights[rows])
            for rows in in_group
        ]

    rates, compared = [], []
    groupings = [everybody(protected)]
    for names in one_and_two_way(protected):
        values, two = values_of(protected, *names), group_a_and_b(protected, *names)
        merged = [i for i, name in enumerate(two.groups) if name not in values.groups]
        groupings += [values, two.take(merged)]
    for grouping in groupings:
        for group, scored in zip(grouping.groups, rows_of(grouping), strict=True):
            about = (grouping.protected, group, *_sizes(scored))
            y, score, own = scored
            auc = roc_auc(y, score, own)
            undefined = _undefined_reason(scored, group)
            empty = "" if _weighs(scored) else f"no row of {group}"
            error = calibration_error(y, score, own)
            brier = brier_score(y, score, confidence, own)
            rates += [
                (*about, "roc_auc", auc.value, *auc.interval(confidence), by_auc, undefined),
                (*about, "brier_score", *brier, "normal", empty),
                (*about, "calibration_error", error, np.nan, np.nan, "", empty),
            ]
    for names in one_and_two_way(protected):
        grouping = group_a_and_b(protected, *names)
        of_a, of_b = rows_of(grouping)
        a, b = roc_auc(*of_a), roc_auc(*of_b)
        parts = [np.array(x) for x in (a.value, a.effective_size, b.value, b.effective_size)]
        low, high = difference_limits([(parts[0], parts[1], parts[2], parts[3])], z)
        name_a, name_b = grouping.groups
        undefined = _undefined_reason(of_a, name_a) or _undefined_reason(of_b, name_b)
        value = a.value - b.value
        limits = (float(low), float(high), by_auc, undefined)
        compared.append((grouping.protected, name_a, name_b, "abroca", value, *limits))
    end = ["metric", "value", "ci_low", "ci_high", "method", "reason"]
    sizes = ["n"] if weights is None else ["n", "n_rows", "effective_n"]
    return (
        pd.DataFrame(rates, columns=["protected", "group", *sizes, *end]),
        pd.DataFrame(compared, columns=["protected", "group_a", "group_b", *end]),
    )


def _weighs(scored: _Scored) -> bool:
    """Return whether a group has a row, or with weights, a row with a weight above 0."""
    y_true, _, weight = scored
    return bool(y_true.size if weight is None else (weight > 0).any())


def _sizes(scored: _Scored) -> tuple[float, ...]:
    """Return the number of rows; with weights, their sum, number and effective number."""
    y_true, _, weight = scored
    if weight is None:
        return (len(y_true),)
    squares = float((weight**2).sum())
    effective = float(weight.sum()) ** 2 / squares if squares else 0.0
    return float(weight.sum()), len(y_true), effective


def _undefined_reason(scored: _Scored, group: str) -> str:
    """Return why a group's area under the ROC curve is NaN; empty if it is not NaN."""
    y_true, _, weight = scored
    if weight is not None:
        y_true = y_true[weight > 0]
    if not y_true.size:
        return f"no row of {group}"
    lacking = {0, 1} - set(np.unique(y_true).tolist())
    return f"no row of {group} has label {lacking.pop()}" if lacking else ""
