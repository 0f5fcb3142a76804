"""The audit of scores: area under the ROC curve, Brier score and calibration by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.bounded_means import limits_of_difference
from fairrun.metrics.calibration import calibration_in_the_large, squared_calibration_error
from fairrun.metrics.checks import as_weights, check_same_length
from fairrun.metrics.grouping import Grouping, everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.rates import FloatArray
from fairrun.metrics.roc_curves import area_between_roc_curves
from fairrun.metrics.scores import brier_score, check_scores, roc_auc
from fairrun.metrics.tables import cell_of_row

__all__ = ["audit_scores"]

#: The labels, scores and weights (if any) of the rows of a group.
_Scored = tuple[NDArray[np.uint8], FloatArray, FloatArray | None]

#: The method of the intervals of areas under the ROC curve, weighted or not.
_BY_AUC = "DeLong, Beta"


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
        The metrics roc_auc, brier_score, calibration_in_the_large and squared_calibration_error of
        each group, with the columns protected, group, n, metric, value, ci_low, ci_high, method and
        reason of `Audit.rates`; for weighted rows also n_rows and effective_n.
    compared : DataFrame
        The metrics `roc_auc_difference`, the area under the ROC curve of group_a minus the area of
        group_b, and `abroca`, the area between the two curves, with the columns protected, group_a,
        group_b, metric, value, ci_low, ci_high, method and reason of `Audit.compared`.

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
    >>> compared.set_index("metric")["value"].to_dict()
    {'roc_auc_difference': 1.0, 'abroca': 1.0}
    """
    y_true, probability = check_scores(y_true, probability)
    cell, _ = cell_of_row(protected, positions, {})
    check_same_length(positions=cell, y_true=y_true)
    weights = None if weight is None else as_weights(weight)
    if weights is not None:
        check_same_length(y_true=y_true, weight=weights)

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
            brier = brier_score(y, score, confidence, own)
            in_the_large = calibration_in_the_large(y, score, confidence, own)
            squared = squared_calibration_error(y, score, confidence, own)
            alone = f"no two rows of {group} share a bin" if np.isnan(squared[0]) else ""
            rates += [
                (*about, "roc_auc", auc.value, *auc.interval(confidence), _BY_AUC, undefined),
                (*about, "brier_score", *brier, "Beta", empty),
                (*about, "calibration_in_the_large", *in_the_large, "Beta", empty),
                (*about, "squared_calibration_error", *squared, "Beta, upper", empty or alone),
            ]
    for names in one_and_two_way(protected):
        grouping = group_a_and_b(protected, *names)
        of_a, of_b = rows_of(grouping)
        a, b = roc_auc(*of_a), roc_auc(*of_b)
        name_a, name_b = grouping.groups
        undefined = _undefined_reason(of_a, name_a) or _undefined_reason(of_b, name_b)
        both = [(auc.value, *auc.interval(confidence)) for auc in (a, b)]
        difference = (a.value - b.value, *limits_of_difference(*both))
        between = area_between_roc_curves(of_a, of_b, confidence)
        about_pair = (grouping.protected, name_a, name_b)
        compared += [
            (*about_pair, "roc_auc_difference", *difference, _BY_AUC, undefined),
            (*about_pair, "abroca", *between, "replicates, upper", undefined),
        ]
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
