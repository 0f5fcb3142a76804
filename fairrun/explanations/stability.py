"""Stability: how much explanations change between rows that are nearly the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.explanations.marginals import background_of
from fairrun.explanations.rows import ExplainedRows, choose_rows, weights_of
from fairrun.inference import InferenceModel, Numeric

Floats = NDArray[np.float64]

__all__ = ["MOST_TOP_CHANGES", "MOVED_BY", "stability"]

#: The largest change of each number: `MOVED_BY` standard deviations of the training rows, and past
#: at most the share `PAST` of the training rows.
MOVED_BY, PAST = 0.05, 0.02
#: Explanations are unstable if the most important column changes for more than this share of rows.
MOST_TOP_CHANGES = 0.1
#: One in this number of explained rows is explained a second time.
_ONE_OF = 4
#: The smallest number of rows from which the share is computed.
_ENOUGH = 50


def stability(
    model: InferenceModel, rows: ExplainedRows
) -> tuple[Mapping[str, float], pd.DataFrame]:
    """Return how much explanations change after all numbers of the rows are changed a little.

    Each number is moved towards the median: by `MOVED_BY` standard deviations of the training
    rows, or past the share `PAST` of them if that is less. It therefore stays in the training
    range. A number that many rows share does not change, because a small capital gain means
    something else than no capital gain. Text does not change.

    Parameters
    ----------
    model : InferenceModel
        The model, which must store what explanations need.
    rows : ExplainedRows
        The explained rows. A quarter of them is changed.

    Returns
    -------
    metrics : dict of str to float
        `explanation_top_column_changes` is the share of rows whose largest contribution then
        belongs to another column; NaN for fewer than 50 rows. `explanation_change` is the mean over
        rows of Σ |change| / Σ |contribution|. Both are NaN if no column is numeric.
    table : DataFrame
        One row for each explained column: column, mean_change and largest_change. The changes are
        absolute changes of its contributions, in log-odds.

    References
    ----------
    D. Alvarez-Melis and T. Jaakkola, "On the robustness of interpretability methods", 2018.
    """
    chosen = choose_rows(rows.groups, max(len(rows) // _ONE_OF, 1))
    weights = weights_of(rows.groups[chosen], rows.sizes)
    before = np.abs(rows.explained.contributions[chosen])
    frame = rows.frame.iloc[chosen]
    moved, slices = {}, iter(background_of(model).slices)
    for column, values in zip(
        model.encoder.columns, model.encoder.read(frame).columns, strict=True
    ):
        if isinstance(column, Numeric):
            moved[column.name] = column.mean + column.scale * move(values, next(slices))
    changes = np.full_like(before, np.nan)
    top_changes = change = np.nan
    if moved:
        explained = model.explain(frame.assign(**moved)).contributions
        changes = np.abs(explained - rows.explained.contributions[chosen])
        other_top = np.abs(explained).argmax(axis=1) != before.argmax(axis=1)
        top_changes = float(other_top @ weights) if len(chosen) >= _ENOUGH else np.nan
        sizes = before.sum(axis=1)
        relative = np.divide(changes.sum(axis=1), sizes, out=np.zeros(len(sizes)), where=sizes > 0)
        change = float(relative @ weights)
    table = pd.DataFrame(
        {
            "column": rows.explained.columns,
            "mean_change": weights @ changes,
            "largest_change": changes.max(axis=0),
        }
    )
    return {"explanation_top_column_changes": top_changes, "explanation_change": change}, table


def move(values: Floats, slices: Floats) -> Floats:
    """Return values that are moved a little towards the median.

    Parameters
    ----------
    values : array of shape (n_rows,)
        Encoded values, in standard deviations.
    slices : array of shape (n_slices,)
        Means of equal parts of the sorted training values.

    Returns
    -------
    array of shape (n_rows,)
        The moved values. A value that many slices share does not move. If there is only one slice,
        no value moves.

    Examples
    --------
    >>> slices = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 9.0])
    >>> move(np.array([0.0, 3.0, 20.0]), slices)
    array([ 0.  ,  2.95, 19.95])
    """
    levels = (np.arange(len(slices)) + 0.5) / len(slices)
    # If several slices share a value, `upper` is the level of the last and `lower` of the first.
    upper = np.interp(values, slices, levels)
    lower = -np.interp(-values, -slices[::-1], -levels[::-1])
    level = (upper + lower) / 2
    target = np.where(level > 0.5, level - PAST, level + PAST)
    step = np.interp(target, levels, slices) - np.interp(level, levels, slices)
    return np.asarray(values + np.clip(step, -MOVED_BY, MOVED_BY))
