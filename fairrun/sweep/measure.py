"""The metrics of a trial with their intervals.

These are the metrics of an evaluation that are fast to compute. The limits are in closed form
(`fairrun.metrics.closed_form`), because replicates would take too long for hundreds of trials. The
chosen model gets a full evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.metrics import (
    BIAS_METRICS,
    PERFORMANCE_METRICS,
    AnyCounts,
    BiasMetric,
    Grouping,
    Intervals,
    Linearised,
    WeightedCounts,
    brier_score,
    calibration_in_the_large,
    everybody,
    fold_interval,
    group_a_and_b,
    roc_auc,
    selection_rate,
    squared_calibration_error,
    values_of,
    worst_of,
)
from fairrun.sweep.objectives import interval_keys

__all__ = ["measure_counts", "measure_folds", "measure_scores"]

CONFIDENCE = 0.95

_OVERALL = {**PERFORMANCE_METRICS, "selection_rate": selection_rate}
_OF_SCORES = {
    "brier_score": brier_score,
    "calibration_in_the_large": calibration_in_the_large,
    "squared_calibration_error": squared_calibration_error,
}
_COMPARED = [m for m in BIAS_METRICS.values() if m.signed and m.scale_free]


def measure_counts(counts: AnyCounts, crossings: Iterable[str] = ()) -> dict[str, float]:
    """Return performance over all rows, and the bias metrics of all protected columns.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    crossings : iterable of str
        Crossings of protected columns to compare too, such as "sex:race".

    Returns
    -------
    dict of str to float
        The metrics with their limits, with the names of an evaluation; NaN where undefined. The
        worst pair (``_worst``) is included only for more than two values.

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
    found: dict[str, float] = {}
    everyone = _estimates(counts, everybody(counts.columns))
    for name, rate in _OVERALL.items():
        _add(found, name, everyone.rate(rate))
    first = counts.columns[0].name
    one_way = [(column.name,) for column in counts.columns]
    for names in dict.fromkeys([*one_way, *(tuple(c.split(":")) for c in crossings)]):
        two, values = (make(counts.columns, *names) for make in (group_a_and_b, values_of))
        suffix = "" if two.protected == first else f"/{two.protected}"
        of_two, of_values = _estimates(counts, two), _estimates(counts, values)
        for metric in _COMPARED:
            _add(found, metric.name + suffix, of_two.each(metric, two.pairs()))
            if len(values.groups) > 2:
                _add(found, f"{metric.name}_worst{suffix}", _worst(metric, values, of_values))
    return found


def _estimates(counts: AnyCounts, grouping: Grouping) -> Linearised:
    """Return estimates for weighted rows, or for rows of weight 1, whose Σw and Σw² are counts."""
    if isinstance(counts, WeightedCounts):
        return Linearised(counts.grouped(grouping), CONFIDENCE)
    tables = counts.grouped(grouping)
    return Linearised(np.stack([tables, tables], axis=-1).astype(np.float64), CONFIDENCE)


def _worst(metric: BiasMetric, grouping: Grouping, estimates: Linearised) -> Intervals:
    _, turned, together = estimates.each_and_together(metric, grouping.pairs())
    return worst_of(metric, turned, together)[1]


def _add(found: dict[str, float], key: str, intervals: Intervals) -> None:
    parts = (intervals.value, intervals.low, intervals.high)
    for name, part in zip(interval_keys(key), parts, strict=True):
        found[name] = float(part.item()) if part.size == 1 else np.nan


def measure_scores(
    label: NDArray[np.int64], probability: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Return the metrics of scores that a gate can use, over all rows, with their intervals."""
    scores = np.asarray(probability, dtype=np.float64)
    area = roc_auc(label, scores, weight)
    limits = (area.value, *area.interval(CONFIDENCE))
    found = dict(zip(interval_keys("roc_auc"), limits, strict=True))
    for name, metric in _OF_SCORES.items():
        of_metric = metric(label, scores, CONFIDENCE, weight)
        found |= dict(zip(interval_keys(name), of_metric, strict=True))
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
