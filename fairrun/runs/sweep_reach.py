"""Say before the first trial that no trial can be shown to meet the constraint of a sweep."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import mlflow

from fairrun.data import Dataset
from fairrun.gate import Judgement
from fairrun.groups import ProtectedColumn
from fairrun.sweep.judge import out_of_reach, undecidable
from fairrun.sweep.objectives import Constraint
from fairrun.tracking.names import SWEEP_REACHABLE

__all__ = ["say_out_of_reach"]

_logger = logging.getLogger(__name__)


def say_out_of_reach(
    constraint: Constraint | None,
    dataset: Dataset,
    protected: Sequence[ProtectedColumn],
    *,
    folds: int,
    min_cell: int = 1,
) -> tuple[str, ...]:
    """Warn if no trial can be shown to meet the constraint, and set the tag that says so.

    Without clusters, it asks whether the validation rows are enough, which is only known without
    folds and weights. With clusters, it also asks for terms that no gate can decide.

    Parameters
    ----------
    constraint : Constraint or None
        The constraint of the sweep.
    dataset : Dataset
        The splits.
    protected : sequence of ProtectedColumn
        The protected columns.
    folds : int
        The number of folds of the sweep.
    min_cell : int
        The fewest rows behind a number that a warning gives; 1 shows all.

    Returns
    -------
    tuple of str
        The warnings, also for the page of the sweep; empty if there are none.
    """
    if constraint is None:
        return ()
    rows, found = dataset.splits["validation"], []
    if rows.cluster is not None and (never := undecidable(constraint, len(rows))):
        terms = " and ".join(str(each.term) for each in never)
        found.append(
            f"with cluster={dataset.spec.cluster}, no gate can decide {terms}, because "
            f"{never[0].reason}; leave this out of the constraint, or leave cluster out"
        )
    # The check of the rows supposes weight 1 and no folds.
    is_checked = folds == 1 and rows.weight is None
    if is_checked and (few := out_of_reach(constraint, protected, rows, min_cell)):
        found.append(_few_rows(few, len(rows)))
    if found or is_checked:
        mlflow.set_tag(SWEEP_REACHABLE, "false" if found else "true")
    for sentence in found:
        _logger.warning("warning: %s", sentence)
    return tuple(found)


def _few_rows(found: Sequence[Judgement], n_rows: int) -> str:
    first = found[0]
    why = first.reason or (
        f"with equal rates the interval would still be {first.ci_low:.3f} to {first.ci_high:.3f}"
    )
    more = f", nor {len(found) - 1} more" if len(found) > 1 else ""
    return (
        f"the {n_rows:,} validation rows are too few to show {first.term} for {first.subject} "
        f"({why}){more}; give more rows, or a wider limit"
    )
