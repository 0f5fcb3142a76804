"""Partial dependence: the mean probability if one column changes and the others stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fairrun.explanations.costs import rows_to_score
from fairrun.explanations.marginals import category_shares, is_number, training_values
from fairrun.explanations.rows import ExplainedRows, choose_rows, weights_of
from fairrun.inference import InferenceModel, sigmoid

__all__ = ["partial_dependence"]


def partial_dependence(
    model: InferenceModel, rows: ExplainedRows, columns: Sequence[str], *, by_group: bool
) -> pd.DataFrame:
    """Return the mean probability if all rows get the same value of a column.

    Parameters
    ----------
    model : InferenceModel
        A model that holds explanations.
    rows : ExplainedRows
        The rows that get the values. As many are used as can be scored in about a second.
    columns : sequence of str
        Feature columns.
    by_group : bool
        Whether all rows also get the protected value of one group and then of the other. This does
        not compare two groups of people, because the people are the same.

    Returns
    -------
    DataFrame
        One row for each column and value, and with `by_group` for each group: column, is_number,
        value (as text), number (NaN for text), share (of the value in the training rows; NaN for
        numbers), group (empty without `by_group`), n_rows and probability (0 to 1). The values of a
        numeric column are the means of equal parts of its sorted training values.

    References
    ----------
    J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
    Statistics 29(5), 2001, section 8.2.
    """
    values, shares = training_values(model), category_shares(model)
    groups: list[tuple[str, Any]] = [("", None)]
    if by_group and model.groups is not None:
        both = (0, len(model.groups.group_a))
        sign = " " if model.groups.ranges else " = "
        groups = [
            (f"{model.groups.column}{sign}{model.groups.values[i]}", model.groups.examples[i])
            for i in both
        ]
    n_times = sum(len(values[name]) for name in columns) * len(groups)
    chosen = choose_rows(rows.groups, rows_to_score(model, max(n_times, 1)))
    frame = rows.frame.iloc[chosen]
    weights = weights_of(rows.groups[chosen], rows.sizes)
    records = []
    for name in columns:
        own, of_number = values[name], is_number(model, name)
        many = frame.iloc[np.tile(np.arange(len(frame)), len(own))]
        given = np.repeat(np.array(own, dtype=np.float64 if of_number else object), len(frame))
        for label, value in groups:
            told = {name: given}
            if value is not None and model.groups is not None:
                told[model.groups.column] = np.full(len(many), value, dtype=object)
            probability = sigmoid(model.log_odds(many.assign(**told)))
            means = probability.reshape(len(own), -1) @ weights
            records += [
                {
                    "column": name,
                    "is_number": of_number,
                    "value": str(each),
                    "number": each if of_number else np.nan,
                    "share": np.nan if of_number else shares[name][str(each)],
                    "group": label,
                    "n_rows": len(frame),
                    "probability": mean,
                }
                for each, mean in zip(own, means.tolist(), strict=True)
            ]
    return pd.DataFrame(records)
