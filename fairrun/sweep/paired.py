"""Compare the labels of a candidate with those of the baseline on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    FEW_ROWS,
    MARGINAL,
    PERFORMANCE_METRICS,
    Grouping,
    Hidden,
    PairedEstimates,
    PairedRows,
    both_hidden,
    everybody,
    group_a_and_b,
    hidden_groups,
    largest_groups,
    paired_rows,
    values_of,
    with_enough_rows,
)
from fairrun.sweep.alternatives import Compared
from fairrun.sweep.criteria import Criteria
from fairrun.sweep.objectives import Objective

__all__ = ["LabelledRows", "compare_labels"]

#: More draws than for a single comparison, because the limits of one of many candidates are far out
#: in the tails.
_REPLICATES, _SEED = 10_000, 0


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows with their labels and groups, on which models are compared.

    Attributes
    ----------
    protected : tuple of ProtectedColumn
        The protected columns.
    positions : tuple of array of int
        For each column the rows' positions in its values; −1 for none of them.
    label : array of int
        The true labels, 0 or 1.
    weight, cluster : array or None
        The weights and the clusters of the rows, if they have any.
    """

    protected: tuple[ProtectedColumn, ...]
    positions: tuple[NDArray[np.intp], ...]
    label: NDArray[np.int64]
    weight: NDArray[np.float64] | None = None
    cluster: NDArray[Any] | None = None

    def pair(self, candidate: ArrayLike, baseline: ArrayLike) -> PairedRows:
        """Return the tables of the labels of two models."""
        return paired_rows(
            *(self.protected, self.positions, self.label, candidate, baseline),
            weight=self.weight,
            cluster=self.cluster,
        )


def compare_labels(
    rows: PairedRows,
    criteria: Criteria,
    *,
    confidence: float,
    min_cell: int = 1,
    n_replicates: int = _REPLICATES,
) -> tuple[Compared, tuple[Compared, ...]]:
    """Return the performance and the distances from parity of a candidate and of the baseline.

    Parameters
    ----------
    rows : PairedRows
        The labels of the candidate, as model A, and of the baseline, as model B.
    criteria : Criteria
        The metrics.
    confidence : float
        Confidence level of each interval; see `confidence_of_each`.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all.
    n_replicates : int
        The number of draws behind the limits of a distance.

    Returns
    -------
    performance : Compared
        The performance on all rows.
    distances : tuple of Compared
        The distances from parity. For the worst pair, it is the largest one of two values. Values
        with fewer than `FEW_ROWS` rows in a rate are not compared.
    """
    hidden = both_hidden(
        *(hidden_groups(rows.counts.model(which), min_cell, unknown=True) for which in "ab")
    )
    measure = _Measure(rows, hidden, confidence, n_replicates)
    distances = tuple(measure.distance(each) for each in criteria.distances)
    return measure.performance(criteria.performance), distances


@dataclass(frozen=True, eq=False)
class _Measure:
    """The comparison of two models, metric by metric."""

    rows: PairedRows
    hidden: Hidden
    confidence: float
    n_replicates: int

    def performance(self, objective: Objective) -> Compared:
        whole = everybody(self.rows.counts.columns)
        rate = PERFORMANCE_METRICS[objective.metric.name]
        estimates = self._estimates(whole)
        found = estimates.rate(rate).take(0)
        low, high, reason = self.rows.limits(found, whole, rate.parts, self.confidence)
        undefined = [rate.undefined_reason(table[0], whole.groups[0]) for table in estimates.tables]
        reason = next(filter(None, undefined), reason)
        return Compared(float(found.model_a), float(found.model_b), low, high, reason)

    def distance(self, objective: Objective) -> Compared:
        columns, metric = self.rows.counts.columns, BIAS_METRICS[objective.metric.name]
        names = (objective.protected or columns[0].name).split(":")
        all_values = "_worst" in objective.key
        grouping = (values_of if all_values else group_a_and_b)(columns, *names)
        moments = self.rows.counts.moments(grouping)
        places = with_enough_rows(moments, metric.rates)
        if all_values:  # an audit compares the largest values
            largest = largest_groups(moments[..., 0].sum(axis=-1))
            places = [place for place in places if place in largest]
        if len(places) < 2:
            return _missing(f"fewer than two groups have {FEW_ROWS} rows in its rates")
        compared = grouping.take(places)
        joint = metric.name not in MARGINAL
        if reason := self.hidden.reason(grouping.protected, *compared.groups, joint=joint):
            return _missing(reason)
        found = self._estimates(compared).distance([metric.name], range(len(places)))
        low, high, reason = self.rows.limits(found, compared, metric.rates, self.confidence)
        if np.isinf([found.model_a, found.model_b]).any():
            low = high = np.nan
            reason = "a rate is 0, so the ratio is infinitely far from parity"
        return Compared(float(found.model_a), float(found.model_b), low, high, reason)

    def _estimates(self, grouping: Grouping) -> PairedEstimates:
        return self.rows.estimates(
            grouping, confidence=self.confidence, n_replicates=self.n_replicates, seed=_SEED
        )


def _missing(reason: str) -> Compared:
    return Compared(np.nan, np.nan, np.nan, np.nan, reason)
