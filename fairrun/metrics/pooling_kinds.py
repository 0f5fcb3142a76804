"""Pooled comparisons for each kind of rows: counts, weighted rows and clusters.

The values are those of `Pooler`. What differs is the interval: score limits for counts of
independent rows, limits that combine those of each stratum's rates for weighted rows, and
percentiles of a cluster bootstrap for clusters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fairrun.errors import RequestError
from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import mean_of
from fairrun.metrics.cluster_limits import expanded_tail
from fairrun.metrics.cluster_shares import MIN_CLUSTERS, ClusterShares
from fairrun.metrics.clustered import Clustered, ClusterReplicates
from fairrun.metrics.counted import Counted
from fairrun.metrics.counts import Counts
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.grouping import Grouping, group_a_and_b_within
from fairrun.metrics.intervals import defined_quantiles
from fairrun.metrics.linearised import Linearised
from fairrun.metrics.pooling import Found, Pooler
from fairrun.metrics.rates import FloatArray, Rate, selection_rate
from fairrun.metrics.strata import Strata
from fairrun.metrics.weighted import AnyCounts

__all__ = ["pooler_of"]

#: The largest number of cells of which replicates of clusters are kept in memory.
_MOST_CELLS = 5000


class _WeightedPooler(Pooler):
    """Pooled comparisons of weighted rows. The weights of the strata are taken as known."""

    method = "mover"
    tested = False

    def _limits(
        self, metric: BiasMetric, *, ratio: bool, standardised: bool
    ) -> tuple[FloatArray, FloatArray]:
        parts = [
            self._combined(rate, ratio=ratio, standardised=standardised) for rate in metric.rates
        ]
        return parts[0][1:] if len(parts) == 1 else mean_of(parts)

    def _estimates(self, tables: FloatArray) -> GroupEstimates:
        return Linearised(tables, self.confidence)


class _ClusterPooler(Pooler):
    """Pooled comparisons of clusters of rows: percentiles of a cluster bootstrap."""

    method = "cluster replicates"
    tested = False
    within: Clustered
    overall: Clustered

    def _limits(
        self, metric: BiasMetric, *, ratio: bool, standardised: bool
    ) -> tuple[FloatArray, FloatArray]:
        del ratio
        if self._no_limits(metric):
            return np.asarray(np.nan), np.asarray(np.nan)
        values = self._value(self.within.replicates, metric, standardised=standardised)
        return self._percentiles(values, metric.rates)

    def pooled(self, metric: BiasMetric, *, standardised: bool) -> Found:
        """Estimate a metric over all strata with rows of both groups."""
        value, low, high, method, reason = super().pooled(metric, standardised=standardised)
        return value, low, high, self.method if method else "", reason

    def disparity(self, outcome: int, *, marginal: bool = False) -> Found:
        """Estimate the demographic disparity of group_b, or its mean over strata."""
        value, low, high, method, reason = super().disparity(outcome, marginal=marginal)
        if np.isnan(low) and not np.isnan(value):
            reason = self._few((selection_rate,)) or reason
        return value, low, high, self.method if method else "", reason

    def _no_limits(self, metric: BiasMetric) -> str:
        return self._few(metric.rates)

    def _few(self, rates: Sequence[Rate]) -> str:
        """Return why percentiles say too little: few clusters, or few that count."""
        of_both = ClusterShares(self.overall.clusters)
        for rate in rates:
            for place, group in enumerate(self.strata.groups):
                if reason := of_both.refusal(rate, place, group):
                    return reason
            if of_both.share(rate).few.any():
                return (
                    f"few clusters have a row that counts in {rate.name}, or one that does not, "
                    "so that pooled strata have no interval"
                )
        return ""

    def _disparity_limits(self, outcome: int, *, marginal: bool) -> tuple[FloatArray, FloatArray]:
        if self._few((selection_rate,)):
            return np.asarray(np.nan), np.asarray(np.nan)
        tables = self._grouped(self.within.replicates)
        values = self._disparity(tables, outcome, marginal=marginal)
        return self._percentiles(values, (selection_rate,))

    def _percentiles(
        self, values: FloatArray, rates: Sequence[Rate]
    ) -> tuple[FloatArray, FloatArray]:
        shares = [ClusterShares(self.overall.clusters).share(rate) for rate in rates]
        n_clusters = np.min([share.n_clusters.min() for share in shares])
        if n_clusters < MIN_CLUSTERS:
            return np.asarray(np.nan), np.asarray(np.nan)
        tail = expanded_tail(self.confidence, np.array([n_clusters]))
        low, high = defined_quantiles(values[:, np.newaxis], (tail, 1 - tail))
        return low[0], high[0]


def pooler_of(
    counts: AnyCounts,
    strata: Strata,
    given: Sequence[str],
    confidence: float,
    clusters: ClusterReplicates | None,
) -> Pooler:
    """Return the pooler for counts, weighted rows or clusters.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    strata : Strata
        The tables of a protected column in each stratum.
    given : sequence of str
        The factors.
    confidence : float
        Confidence level of each interval.
    clusters : ClusterReplicates or None
        The clusters of the same rows.

    Raises
    ------
    RequestError
        If there are too many strata for the replicates of clusters.
    """
    if clusters is not None:
        n_cells = math.prod(column.size for column in counts.columns)
        if n_cells > _MOST_CELLS:
            raise RequestError(
                f"given={', '.join(given)} makes {n_cells:,} cells with the protected columns, and "
                f"at most {_MOST_CELLS:,} can be compared for rows in clusters; give fewer columns "
                "or wider bins"
            )
        every = group_a_and_b_within(counts.columns, strata.protected, given)
        n = len(every.groups) // 2
        within = every.take([*strata.places, *(strata.places + n)])
        ends = (0, len(strata.names), 2 * len(strata.names))
        both = np.stack([within.members[i:j].sum(axis=0) for i, j in pairwise(ends)])
        overall = Grouping(strata.protected, strata.groups, both)
        return _ClusterPooler(strata, confidence, clusters.of(within), clusters.of(overall))
    both_tables = strata.tables.sum(axis=1)
    if isinstance(counts, Counts):
        n_rows = int(strata.rows.sum())
        estimates = [
            Counted(tables.astype(np.int64), n_rows, confidence=confidence)
            for tables in (strata.stacked, both_tables)
        ]
        return Pooler(strata, confidence, *estimates)
    weighted = [Linearised(tables, confidence) for tables in (strata.stacked, both_tables)]
    return _WeightedPooler(strata, confidence, *weighted)
