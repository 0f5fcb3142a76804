"""The trials of a sweep as a table: what charts are drawn from, and what is logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from fairrun.sweep.objectives import Constraint
from fairrun.sweep.selection import Selection
from fairrun.sweep.trial import TrialResult

__all__ = ["trials_table"]


def trials_table(
    results: Sequence[TrialResult],
    run_ids: Mapping[int, str],
    selection: Selection,
    constraint: Constraint | None,
) -> pd.DataFrame:
    """Lay trials out, one row each.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials.
    run_ids : mapping of int to str
        The child run of each.
    selection : Selection
        What was chosen.
    constraint : Constraint or None
        What they are judged by.

    Returns
    -------
    pandas.DataFrame
        number, state, frontier, chosen, verdict (empty without a constraint), mitigator, the
        other parameters of the space (None where one does not apply), the metrics with their
        limits, seconds, reason and run_id; by number.
    """
    ordered = sorted(results, key=lambda result: result.number)
    names = dict.fromkeys(name for each in ordered for name in each.parameters)
    names.pop("mitigator", None)
    metrics = dict.fromkeys(name for each in ordered for name in each.metrics)
    rows = [
        {
            "number": each.number,
            "state": each.state,
            "frontier": each.number in selection.frontier,
            "chosen": each.number == selection.chosen,
            "verdict": str(constraint.verdict(each.metrics))
            if constraint is not None and each.state == "complete"
            else "",
            "mitigator": each.parameters.get("mitigator", "none"),
            **{name: each.parameters.get(name) for name in names},
            **{name: each.metrics.get(name) for name in metrics},
            "seconds": each.seconds,
            "reason": each.reason,
            "run_id": run_ids[each.number],
        }
        for each in ordered
    ]
    return pd.DataFrame(rows)
