"""Rates and comparisons of groups whose rows come in clusters, such as households.

Most intervals are percentiles of a cluster bootstrap. A bootstrap of few clusters is too narrow, so
its percentiles are widened as the t distribution with n − 1 degrees of freedom is wider than the
normal one, where n is the number of clusters.

If a rate is close to 0 or 1, so that few clusters have a row that counts (or one that does not),
the bootstrap says too little. The limits then are Wilson's score limits with an effective number of
rows: the number of independent rows for which the variance between the clusters would be the same.
Differences and ratios combine the limits of their rates, and allow for clusters that have rows in
both groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtri, stdtrit

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import Limits, wilson_limits
from fairrun.metrics.cluster_limits import (
    Part,
    expanded_tail,
    linear_limits,
    ratio_limits_of,
)
from fairrun.metrics.cluster_shares import MIN_CLUSTERS, ClusterShares, Share
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.intervals import (
    Intervals,
    defined_quantiles,
    max_t_limits,
    without_limits,
)
from fairrun.metrics.linearised import NOT_WEIGHTED
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, divide
from fairrun.metrics.worst import Pairs, orient

__all__ = ["ClusterReplicates", "Clustered"]


class ClusterReplicates:
    """Replicates of clusters, which can be summed to the replicates of any groups.

    Parameters
    ----------
    clusters : ClusterTables
        The tables of the clusters.
    n_replicates, seed : int
        The number of replicates, and the seed of their random numbers.
    confidence : float
        Confidence level of each interval.
    """

    def __init__(
        self, clusters: ClusterTables, n_replicates: int, seed: int, confidence: float
    ) -> None:
        self.clusters = clusters
        self.confidence = confidence
        self._n_replicates, self._seed = n_replicates, seed

    @cached_property
    def drawn(self) -> FloatArray:
        """Return the replicates of all cells, of shape (n_replicates, n_cells, 2, 2)."""
        return self.clusters.replicates(self._n_replicates, self._seed)

    def of(self, grouping: Grouping) -> Clustered:
        """Return the estimates for the groups of `grouping`."""
        return Clustered(self.clusters.of(grouping), grouping.sum(self.drawn), self.confidence)

    def sizes(self, grouping: Grouping, rate: Rate) -> tuple[FloatArray, NDArray[np.int64]]:
        """Return the effective number and the number of rows in a rate's denominator, by group."""
        found = ClusterShares(self.clusters.of(grouping)).share(rate)
        return found.effective, found.n_rows

    def why_no_interval(self, grouping: Grouping, rates: Sequence[Rate]) -> list[str]:
        """Return for each group why one of the rates has no interval; empty if all have one."""
        return ClusterShares(self.clusters.of(grouping)).refusals(rates, grouping.groups)


class Clustered(GroupEstimates):
    """Estimates from tables of clusters.

    Parameters
    ----------
    clusters : ClusterTables
        The tables of the clusters by group.
    replicates : array of shape (n_replicates, n_groups, 2, 2)
        The replicates of the groups' tables.
    confidence : float
        Confidence level of each interval.

    References
    ----------
    Field and Welsh (2007) and Cameron, Gelbach and Miller (2008) for the bootstrap; see
    `fairrun.metrics.cluster_tables`. Hesterberg (2015), "What teachers should know about the
    bootstrap", The American Statistician 69, for the expanded percentiles.
    """

    def __init__(self, clusters: ClusterTables, replicates: FloatArray, confidence: float) -> None:
        self.clusters = clusters
        self.of_rates = ClusterShares(clusters)
        self.tables = self.of_rates.tables
        self.replicates = replicates
        self.confidence = confidence

    # ---- what the audit says about groups

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of rows and of clusters of each group."""
        n_cells = self.clusters.rows.shape[1]
        of_group = sparse.kron(sparse.identity(n_cells // 4), np.ones((4, 1)), format="csr")
        within = (self.clusters.rows @ of_group > 0).astype(np.float64)
        return {
            "n_rows": np.rint(self.of_rates.rows.sum(axis=(-2, -1))).astype(np.int64),
            "n_clusters": np.rint(within.T @ self.clusters.times).astype(np.int64),
        }

    def about_rate(self, rate: Rate | MeanOfRates) -> dict[str, NDArray[Any]]:
        """Return the effective number of rows behind a rate of each group."""
        return {
            "effective_n": np.min(
                [self.of_rates.share(part).effective for part in rate.parts], axis=0
            )
        }

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, or its interval, is NaN."""
        if self.clusters.weighted and not metric.scale_free:
            return NOT_WEIGHTED
        reason: str = super().undefined_reason(metric, pair, a, b)
        if reason or not metric.signed:
            return reason
        places = zip(pair.tolist(), (a, b), strict=True)
        refused = [self.of_rates.refusal(rate, *place) for place in places for rate in metric.rates]
        if metric.kind == "other":
            refused.append("too few clusters have a row that is predicted 1, or one predicted 0")
        return next(filter(None, refused), "")

    def rate_reasons(self, rate: Rate | MeanOfRates, groups: tuple[str, ...]) -> list[str]:
        """Return for each group why the rate, or its interval, is NaN; empty if neither is."""
        undefined, refused = (
            super().rate_reasons(rate, groups),
            self.of_rates.refusals(rate.parts, groups),
        )
        return [one or other for one, other in zip(undefined, refused, strict=True)]

    # ---- rates

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately."""
        value, shares = rate(self.tables), [self.of_rates.share(part) for part in rate.parts]
        n_clusters = np.min([share.n_clusters for share in shares], axis=0)
        few = np.any([share.few for share in shares], axis=0)
        replicates = rate(self.replicates)
        tail = expanded_tail(self.confidence, n_clusters)
        low, high = defined_quantiles(replicates, (tail, 1 - tail))
        limits = (low, high)
        closed = self._closed_rate(shares, n_clusters) if few.any() else limits
        return self._intervals(value, replicates, limits, closed, few, n_clusters)

    def _closed_rate(self, shares: Sequence[Share], n_clusters: NDArray[np.int64]) -> Limits:
        z = _t_quantile(self.confidence, n_clusters)
        places = np.arange(len(n_clusters))
        return linear_limits([self._part(share, places, z, 1 / len(shares)) for share in shares])

    def _part(self, share: Share, places: NDArray[np.intp], z: FloatArray, times: float) -> Part:
        """Return the rate of some groups as a part of a sum, with its score limits."""
        value = share.value[places]
        low, high = wilson_limits(value, share.effective[places], z)
        return Part(times, value, low, high, share.influence[:, places], self.clusters.times)

    # ---- comparisons

    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""
        if self.clusters.weighted and not metric.scale_free:
            return without_limits(np.full(len(pairs), np.nan))
        return self._each(metric, pairs, self._replicates(metric, pairs))

    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals.

        If few clusters are behind one of the rates, the simultaneous intervals are closed forms
        with the Bonferroni correction. Else they use the max-t method.
        """
        if self.clusters.weighted and not metric.scale_free:
            none = without_limits(np.full(len(pairs), np.nan))
            return none, pairs, none
        replicates = self._replicates(metric, pairs)
        each = self._each(metric, pairs, replicates)
        turned = orient(metric, self.tables, pairs)
        value = metric.function(self.tables[turned])
        if not metric.signed:
            return each, turned, without_limits(value)
        flipped, is_ratio = turned[:, 0] != pairs[:, 0], metric.kind == "ratio"
        turned_round = divide(1, replicates) if is_ratio else -replicates
        replicates = np.where(flipped, turned_round, replicates)
        few, n_clusters = self._few_of_pairs(metric, turned)
        defined = ~np.isnan(value) & (n_clusters >= MIN_CLUSTERS)
        if metric.kind != "other" and few[defined].any():
            few = np.ones_like(few)
        level = 1 - (1 - self.confidence) / max(int(defined.sum()), 1)
        factor = _t_quantile(level, n_clusters) / -ndtri((1 - level) / 2)
        limits = max_t_limits(
            *(value, np.where(defined & ~few, replicates, np.nan), self.confidence),
            factor=np.where(defined, factor, 1.0),
            ratio=is_ratio,
        )
        closed = self._closed(metric, turned, level) if few.any() else limits
        together = self._intervals(value, replicates, limits, closed, few, n_clusters)
        return each, turned, together

    def _each(self, metric: BiasMetric, pairs: Pairs, replicates: FloatArray) -> Intervals:
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        few, n_clusters = self._few_of_pairs(metric, pairs)
        tail = expanded_tail(self.confidence, n_clusters)
        low, high = defined_quantiles(replicates, (tail, 1 - tail))
        limits = (low, high)
        closed = self._closed(metric, pairs, self.confidence) if few.any() else limits
        return self._intervals(value, replicates, limits, closed, few, n_clusters)

    def _few_of_pairs(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return whether few clusters are behind a rate of each pair, and the fewest clusters."""
        shares = [self.of_rates.share(rate) for rate in metric.rates]
        few = np.any([share.few[pairs].any(axis=1) for share in shares], axis=0)
        return few, np.min([share.n_clusters[pairs].min(axis=1) for share in shares], axis=0)

    def _closed(self, metric: BiasMetric, pairs: Pairs, confidence: float) -> Limits:
        """Return limits in closed form; NaN for metrics that are neither differences nor ratios."""
        if metric.kind == "other":
            none = np.full(len(pairs), np.nan)
            return none, none
        _, n_clusters = self._few_of_pairs(metric, pairs)
        z = _t_quantile(confidence, n_clusters)
        shares = [self.of_rates.share(rate) for rate in metric.rates]
        times = 1 / len(shares)
        parts = [
            self._part(share, pairs[:, side], z, sign * times)
            for share in shares
            for side, sign in ((0, 1), (1, -1))
        ]
        return ratio_limits_of(*parts) if metric.kind == "ratio" else linear_limits(parts)

    def _replicates(self, metric: BiasMetric, pairs: Pairs) -> FloatArray:
        """Return the metric of each replicate and pair, of shape (n_replicates, n_pairs)."""
        a, b = pairs.T
        if metric.of_tables is None:
            # Computing rates by group, not by pair, saves work: a group is in many pairs.
            rates = [rate(self.replicates) for rate in metric.rates]
            of_a, of_b = ([rate[:, places] for rate in rates] for places in (a, b))
            return metric.of_rates(of_a, of_b)
        values = np.empty((len(self.replicates), len(pairs)))
        # A pair needs eight numbers to compute one value, so batches of pairs limit the memory.
        for start in range(0, len(pairs), 32):
            part = slice(start, start + 32)
            values[:, part] = metric.of_tables(self.replicates[:, pairs[part]])
        return values

    def _intervals(
        self,
        value: FloatArray,
        replicates: FloatArray,
        limits: Limits,
        closed: Limits,
        few: NDArray[np.bool_],
        n_clusters: NDArray[np.int64],
    ) -> Intervals:
        """Return the closed form where few clusters are behind a value, and else percentiles."""
        low, high = (np.where(few, one, other) for one, other in zip(closed, limits, strict=True))
        none = (n_clusters < MIN_CLUSTERS) | np.isnan(value) | np.isnan(low) | np.isnan(high)
        low, high = np.minimum(low, value), np.maximum(high, value)
        low, high = (np.where(none, np.nan, limit) for limit in (low, high))
        method = np.where(few, "linearised by cluster", "cluster replicates")
        undefined = np.isnan(replicates).mean(axis=0)
        return Intervals(value, low, high, undefined, np.where(none, "", method))


def _t_quantile(confidence: float, n_clusters: NDArray[np.int64]) -> FloatArray:
    """Return the two-sided quantile of the t distribution with n − 1 degrees of freedom."""
    return np.asarray(-stdtrit(np.maximum(n_clusters - 1, 1), (1 - confidence) / 2))
