"""What every run that measures a model has in common."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import pandas as pd

from fairrun.data import DatasetSpec, Rows
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions

__all__ = ["measure", "protected_columns"]

_logger = logging.getLogger(__name__)

#: Below this share of selected rows, or above 1 minus it, a model hardly decides anything.
_FEW = 0.02

#: The finest table has a cell for each crossing of all protected values, and there are thousands of
#: replicates of it.
_MOST_CROSSINGS = 2000


def protected_columns(train: Rows, spec: DatasetSpec) -> tuple[ProtectedColumn, ...]:
    """Read the values of all protected columns off the rows a model is trained on.

    Parameters
    ----------
    train : Rows
        Those rows.
    spec : DatasetSpec
        Which columns are protected, and whom to compare.

    Raises
    ------
    RequestError
        If a group would have no row, or there are too many crossings to count.
    """
    columns = tuple(ProtectedColumn.from_frame(train.frame, each) for each in spec.protected)
    crossings = math.prod(column.size for column in columns)
    if crossings > _MOST_CROSSINGS:
        sizes = ", ".join(f"{column.name}: {len(column.values)}" for column in columns)
        raise RequestError(
            f"the protected columns have too many values to cross ({sizes}; {crossings} crossings "
            f"with missing ones, at most {_MOST_CROSSINGS}); give fewer columns, or coarser values"
        )
    return columns


def measure(answers: pd.DataFrame, rows: Rows, columns: Sequence[ProtectedColumn]) -> Evaluation:
    """Measure a model's answers.

    Parameters
    ----------
    answers : pandas.DataFrame
        `prediction` and `probability`, one row for each of `rows`.
    rows : Rows
        Labels and protected columns.
    columns : sequence of ProtectedColumn
        The protected columns as training saw them.
    """
    evaluation = evaluate_predictions(
        columns,
        [column.positions(rows.frame) for column in columns],
        rows.label,
        answers["prediction"].to_numpy(),
        answers["probability"].to_numpy(),
    )
    rate = evaluation.metrics["selection_rate"]
    if not _FEW < rate < 1 - _FEW:
        _logger.warning(
            "warning: %.1f%% of the rows are selected; look at roc_auc before any fairness metric, "
            "which hardly differs between groups where nearly everybody gets the same answer",
            100 * rate,
        )
    return evaluation
