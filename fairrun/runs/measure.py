"""Measure the answers of a model, for all runs."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from fairrun.data import Decisions
from fairrun.errors import RequestError
from fairrun.groups import Protected, ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions, hidden_groups, show

__all__ = ["hide_small_groups", "measure", "protected_columns"]

_logger = logging.getLogger(__name__)

#: If fewer rows than this share are selected, or are not selected, a warning is logged.
_FEW = 0.02

#: The largest number of combinations of protected values. The table of counts has a cell for each
#: of them, and the intervals need thousands of replicates of this table.
_MOST_CROSSINGS = 2000


def protected_columns(
    frame: pd.DataFrame, protected: Sequence[Protected], min_frequency: int
) -> tuple[ProtectedColumn, ...]:
    """Return the protected columns with the values of rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows: those of a model's training, or those of an audit.
    protected : sequence of Protected
        The protected columns and their groups.
    min_frequency : int
        The fewest rows of a protected value that has a name in tables; see
        `ProtectedColumn.from_frame`.

    Returns
    -------
    tuple of ProtectedColumn

    Raises
    ------
    RequestError
        If a group has no row, or there are more than 2,000 combinations of values.
    """
    columns = tuple(
        ProtectedColumn.from_frame(frame, each, min_frequency=min_frequency) for each in protected
    )
    crossings = math.prod(column.size for column in columns)
    if crossings > _MOST_CROSSINGS:
        sizes = ", ".join(f"{column.name}: {len(column.values)}" for column in columns)
        raise RequestError(
            f"the protected columns have too many combinations of values ({sizes}; {crossings} "
            f"combinations with missing values, at most {_MOST_CROSSINGS} are possible); "
            "give fewer columns, or merge values"
        )
    return columns


def measure(
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    justification: str | None = None,
) -> Evaluation:
    """Return the evaluation of decisions, and log a warning if nearly all are equal.

    Parameters
    ----------
    decisions : Decisions
        The rows with the decisions, and as far as they are known with scores and labels.
    protected : sequence of ProtectedColumn
        The protected columns; for a model with the values of its training rows.
    justification : str, optional
        See `evaluate_predictions`.

    Returns
    -------
    Evaluation
    """
    evaluation = evaluate_predictions(
        protected,
        [column.positions(decisions.frame) for column in protected],
        *(decisions.label, decisions.prediction, decisions.score),
        weight=decisions.weight,
        cluster=decisions.cluster,
        justification=justification,
    )
    rate = evaluation.metrics["selection_rate"]
    if not _FEW < rate < 1 - _FEW:
        first = "check roc_auc" if "roc_auc" in evaluation.metrics else "look at this"
        _logger.warning(
            "warning: %.1f%% of the rows are selected; %s before any fairness metric, because "
            "groups hardly differ if nearly all rows get the same label",
            *(100 * rate, first),
        )
    return evaluation


def hide_small_groups(evaluation: Evaluation, min_cell: int, *, sensitive: bool) -> Evaluation:
    """Return an evaluation as it is shown, and warn if a group that others need is hidden.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation with all numbers.
    min_cell : int
        The fewest rows behind a number that is shown.
    sensitive : bool
        Whether the data are sensitive. Then rows without a known protected value are protected,
        too.

    Returns
    -------
    Evaluation
        Without the frontier of one threshold, if the data are sensitive.
    """
    hidden = hidden_groups(evaluation.counts, min_cell, unknown=sensitive)
    for column in evaluation.counts.columns:
        gone = [name for name in column.group_names if hidden.rows(column.name, name)]
        if gone:
            _logger.warning(
                "warning: %s: no comparison of %s and %s is shown, because numbers about %s rows "
                "could be computed from it; merge values, evaluate more rows, or give min_cell=1",
                column.name,
                *column.group_names,
                hidden.fewer,
            )
    shown = show(evaluation, hidden)
    # Its steps, in a table or in a picture, can differ by one person.
    return replace(shown, frontier=None) if sensitive else shown
