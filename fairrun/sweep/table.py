"""The table of the trials of a sweep."""

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
    shown: Mapping[int, TrialResult] | None = None,
) -> pd.DataFrame:
    """Return the table of trials, which is logged and from which charts are drawn.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials, whose metrics decide the verdicts.
    run_ids : mapping of int to str
        The ids of the child runs by number of the trial.
    selection : Selection
        The frontier and the chosen trial.
    constraint : Constraint or None
        The constraint on trials.
    shown : mapping of int to TrialResult, optional
        The trials as they are shown, by number; by default as they are. See `shown_trial`.

    Returns
    -------
    pandas.DataFrame
        A row for each trial, in the order of their numbers. The columns are number, state,
        frontier, chosen, verdict (empty without a constraint), mitigator, the other parameters of
        the space (None if a parameter does not apply to the trial), the metrics with their limits,
        seconds, reason and run_id.
    """
    ordered = sorted(results, key=lambda result: result.number)
    names = dict.fromkeys(name for each in ordered for name in each.parameters)
    names.pop("mitigator", None)
    measured = {each.number: (shown or {}).get(each.number, each).metrics for each in ordered}
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
            **{name: measured[each.number].get(name) for name in metrics},
            "seconds": each.seconds,
            "reason": each.reason,
            "run_id": run_ids[each.number],
        }
        for each in ordered
    ]
    return pd.DataFrame(rows)
