"""The metrics of a trial with their intervals.

These are the metrics of an evaluation that are fast to compute, with the same intervals as in its
audit. The chosen model gets a full evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics import (
    BIAS_METRICS,
    MOST_COMPARED,
    PERFORMANCE_METRICS,
    AnyCounts,
    BiasMetric,
    ClusterReplicates,
    ClusterTables,
    GroupEstimates,
    Grouping,
    Intervals,
    brier_score,
    calibration_in_the_large,
    estimates_of,
    everybody,
    fold_interval,
    group_a_and_b,
    largest_groups,
    over_majority,
    roc_auc,
    selection_rate,
    squared_calibration_error,
    values_of,
    worst_of,
)
from fairrun.sweep.objectives import interval_keys

__all__ = ["compared_keys", "measure_counts", "measure_folds", "measure_scores"]

CONFIDENCE = 0.95
#: The number of replicates and the seed of an audit, for the metrics that need them.
_REPLICATES, _SEED = 2000, 0

_OVERALL = {**PERFORMANCE_METRICS, "selection_rate": selection_rate}
_OF_SCORES = {
    "brier_score": brier_score,
    "calibration_in_the_large": calibration_in_the_large,
    "squared_calibration_error": squared_calibration_error,
}
_COMPARED = [m for m in BIAS_METRICS.values() if m.signed and m.scale_free]


def compared_keys(abouts: Iterable[str]) -> list[str]:
    """Return the names of the metrics that `measure_counts` has of protected columns or crossings.

    Examples
    --------
    >>> compared_keys(["race"])[:2]
    ['statistical_parity/race', 'statistical_parity_ci_low/race']
    """
    return [
        key
        for about in abouts
        for metric in _COMPARED
        for worst in ("", "_worst")
        for key in interval_keys(f"{metric.name}{worst}/{about}")
    ]


def measure_counts(
    counts: AnyCounts, crossings: Iterable[str] = (), clusters: ClusterTables | None = None
) -> dict[str, float]:
    """Return performance over all rows, and the bias metrics of all protected columns.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    crossings : iterable of str
        Crossings of protected columns to compare too, such as "sex:race".
    clusters : ClusterTables, optional
        The tables of the clusters of the same rows. Intervals then come from clusters.

    Returns
    -------
    dict of str to float
        The metrics with their limits, with the names and values of an evaluation; NaN where
        undefined. The worst pair (``_worst``) is included only for more than two values.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> found = measure_counts(counts)
    >>> [round(found[f"statistical_parity{end}"], 2) for end in ("", "_ci_low", "_ci_high")]
    [0.29, 0.25, 0.33]
    """
    of_clusters = None
    if clusters is not None:
        of_clusters = ClusterReplicates(clusters, _REPLICATES, _SEED, CONFIDENCE)
    estimates = estimates_of(
        counts, of_clusters, confidence=CONFIDENCE, n_replicates=_REPLICATES, seed=_SEED
    )
    found: dict[str, float] = {}
    everyone = estimates(everybody(counts.columns))
    for name, rate in _OVERALL.items():
        _add(found, name, everyone.rate(rate))
    found |= over_majority(counts)
    if clusters is not None:  # its interval takes rows as independent
        found |= dict.fromkeys(interval_keys("accuracy_over_majority")[1:], math.nan)
    first = counts.columns[0].name
    one_way = [(column.name,) for column in counts.columns]
    for names in dict.fromkeys([*one_way, *(tuple(c.split(":")) for c in crossings)]):
        two, values = (make(counts.columns, *names) for make in (group_a_and_b, values_of))
        suffix = "" if two.protected == first else f"/{two.protected}"
        of_two = estimates(two)
        several = _compared(values, estimates) if len(values.groups) > 2 else None
        for metric in _COMPARED:
            _add(found, metric.name + suffix, of_two.each(metric, two.pairs()))
            if several is not None:
                _add(found, f"{metric.name}_worst{suffix}", _worst(metric, *several))
    return found


def _compared(
    values: Grouping, estimates: Callable[[Grouping], GroupEstimates]
) -> tuple[Grouping, GroupEstimates]:
    """Return the values that an audit compares in pairs, with their estimates."""
    of_values = estimates(values)
    if len(values.groups) <= MOST_COMPARED:
        return values, of_values
    largest = values.take(largest_groups(of_values.tables))
    return largest, estimates(largest)


def _worst(metric: BiasMetric, grouping: Grouping, estimates: GroupEstimates) -> Intervals:
    _, turned, together = estimates.each_and_together(metric, grouping.pairs())
    return worst_of(metric, turned, together)[1]


def _add(found: dict[str, float], key: str, intervals: Intervals) -> None:
    parts = (intervals.value, intervals.low, intervals.high)
    for name, part in zip(interval_keys(key), parts, strict=True):
        found[name] = float(part.item()) if part.size == 1 else np.nan


def measure_scores(
    label: NDArray[np.int64],
    probability: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    clustered: bool = False,
) -> dict[str, float]:
    """Return the metrics of scores that a gate can use, over all rows, with their intervals.

    As in an evaluation, clustered rows have no such intervals.
    """
    scores = np.asarray(probability, dtype=np.float64)
    area = roc_auc(label, scores, weight)
    limits = (area.value, *area.interval(CONFIDENCE))
    found = dict(zip(interval_keys("roc_auc"), limits, strict=True))
    for name, metric in _OF_SCORES.items():
        of_metric = metric(label, scores, CONFIDENCE, weight)
        found |= dict(zip(interval_keys(name), of_metric, strict=True))
    if clustered:
        found = {name: math.nan if "_ci_" in name else value for name, value in found.items()}
    return {name: float(value) for name, value in found.items()}


def measure_folds(folds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the means of the metrics of several folds, with intervals for the training procedure.

    Parameters
    ----------
    folds : sequence of dict of str to float
        The metrics of each fold.

    Returns
    -------
    dict of str to float
        The means and their limits; see `fairrun.metrics.fold_interval`.
    """
    found: dict[str, float] = {}
    for key in folds[0]:
        if "_ci_low" in key or "_ci_high" in key:
            continue
        over = fold_interval([fold[key] for fold in folds], CONFIDENCE)
        found |= zip(interval_keys(key), (over.mean, over.low, over.high), strict=True)
    return found
