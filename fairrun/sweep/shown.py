"""A trial as it is shown: metrics about too few rows are left out, as in an evaluation."""

from __future__ import annotations

import math
from dataclasses import replace

from fairrun.metrics import (
    BIAS_METRICS,
    MARGINAL,
    group_a_and_b,
    hidden_groups,
    one_and_two_way,
    values_of,
)
from fairrun.sweep.trial import TrialResult

__all__ = ["shown_trial"]

_WORST = "_worst"


def shown_trial(trial: TrialResult, min_cell: int) -> TrialResult:
    """Return a trial without the metrics that must not be shown.

    The search needs all metrics. This is for what a sweep logs, writes and prints.

    Parameters
    ----------
    trial : TrialResult
        The trial with all metrics.
    min_cell : int
        The fewest rows behind a number that is shown; 1 shows all. Rows without a known protected
        value are protected like a group.

    Returns
    -------
    TrialResult
        A metric that is not shown is NaN, like one that is undefined. The decision is that of
        `hidden_groups`, except that a worst pair is not shown if one of the values is hidden: the
        values that are left have another worst pair, which a trial does not measure.
    """
    if trial.counts is None:
        return trial
    columns = trial.counts.columns
    hidden = hidden_groups(trial.counts, min_cell, unknown=True)
    if not hidden:
        return trial
    pairs, values = {}, {}
    for names in one_and_two_way(columns):
        two = group_a_and_b(columns, *names)
        pairs[two.protected] = two.groups
        values[two.protected] = values_of(columns, *names).groups
    metrics = {}
    for key, value in trial.metrics.items():
        name, _, about = key.partition("/")
        name = name.removesuffix("_ci_low").removesuffix("_ci_high")
        protected = about or columns[0].name
        metric = name.removesuffix(_WORST)
        groups = (values if name.endswith(_WORST) else pairs)[protected]
        gone = metric in BIAS_METRICS and hidden.reason(
            protected, *groups, joint=metric not in MARGINAL
        )
        metrics[key] = math.nan if gone else value
    return replace(trial, metrics=metrics)
