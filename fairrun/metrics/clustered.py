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
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import norm, t

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import Limits, wilson_limits
from fairrun.metrics.cluster_limits import (
    Part,
    expanded_tail,
    linear_limits,
    quantiles,
    ratio_limits_of,
    simultaneous,
)
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.estimates import NOT_WEIGHTED, GroupEstimates
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.intervals import Intervals, without_limits
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, divide
from fairrun.metrics.worst import Pairs, orient

__all__ = ["FEW_CLUSTERS", "MIN_CLUSTERS", "ClusterReplicates", "Clustered"]

#: A rate of a group has no interval if its rows are in fewer clusters than this.
MIN_CLUSTERS = 10

#: If fewer clusters than this have a row that counts, or one that does not, the limits are closed
#: forms.
FEW_CLUSTERS = 10

#: The weight of the largest design effect, in clusters; see `Clustered.share`.
_PRIOR = 1.0


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
        found = Clustered(self.clusters.of(grouping), None, self.confidence).share(rate)
        return found.effective, found.n_rows


@dataclass(frozen=True, eq=False)
class _Share:
    """What is known about a rate of each group; all arrays have the shape (n_groups,).

    Attributes
    ----------
    value, effective : array of float
        The rate and its effective number of rows.
    n_rows, n_clusters : array of int
        The numbers of rows and of clusters in the denominator.
    few : array of bool
        Whether few clusters have a row that counts, or one that does not.
    influence : sparse array of shape (n_kinds, n_groups)
        The influence of each kind of cluster on the rate.
    """

    value: FloatArray
    effective: FloatArray
    n_rows: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    few: NDArray[np.bool_]
    influence: sparse.csc_array


class Clustered(GroupEstimates):
    """Estimates from tables of clusters.

    Parameters
    ----------
    clusters : ClusterTables
        The tables of the clusters by group.
    replicates : array of shape (n_replicates, n_groups, 2, 2), or None
        The replicates of the groups' tables. Without them, only `share` can be used.
    confidence : float
        Confidence level of each interval.

    References
    ----------
    Field and Welsh (2007) and Cameron, Gelbach and Miller (2008) for the bootstrap; see
    `fairrun.metrics.cluster_tables`. Hesterberg (2015), "What teachers should know about the
    bootstrap", The American Statistician 69, for the expanded percentiles. Korn and Graubard
    (1998), "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, for the effective number of rows.
    """

    def __init__(
        self, clusters: ClusterTables, replicates: FloatArray | None, confidence: float
    ) -> None:
        self.clusters = clusters
        self.tables = clusters.total(clusters.tables)
        self.rows = clusters.total(clusters.rows)
        self.replicates = replicates
        self.confidence = confidence
        self._shares: dict[Rate, _Share] = {}

    # ---- what the audit says about groups

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of rows and of clusters of each group."""
        n_cells = self.clusters.rows.shape[1]
        of_group = sparse.kron(sparse.identity(n_cells // 4), np.ones((4, 1)), format="csr")
        within = (self.clusters.rows @ of_group > 0).astype(np.float64)
        return {
            "n_rows": np.rint(self.rows.sum(axis=(-2, -1))).astype(np.int64),
            "n_clusters": np.rint(within.T @ self.clusters.times).astype(np.int64),
        }

    def about_rate(self, rate: Rate | MeanOfRates) -> dict[str, NDArray[Any]]:
        """Return the effective number of rows behind a rate of each group."""
        return {"effective_n": np.min([self.share(part).effective for part in rate.parts], axis=0)}

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, or its interval, is NaN."""
        if self.clusters.weighted and not metric.scale_free:
            return NOT_WEIGHTED
        reason = super().undefined_reason(metric, pair, a, b)
        if reason or not metric.signed:
            return reason
        places = zip(pair.tolist(), (a, b), strict=True)
        refused = [self._refusal(rate, *place) for place in places for rate in metric.rates]
        if metric.kind == "other":
            refused.append("too few clusters have a row that is predicted 1, or one predicted 0")
        return next(filter(None, refused), "")

    def rate_reasons(self, rate: Rate | MeanOfRates, groups: tuple[str, ...]) -> list[str]:
        """Return for each group why the rate, or its interval, is NaN; empty if neither is."""
        undefined = super().rate_reasons(rate, groups)
        refused = (
            next(filter(None, (self._refusal(part, i, group) for part in rate.parts)), "")
            for i, group in enumerate(groups)
        )
        return [one or other for one, other in zip(undefined, refused, strict=True)]

    def _refusal(self, rate: Rate, place: int, group: str) -> str:
        """Return why a rate of one group has no interval; empty if it has one."""
        n = int(self.share(rate).n_clusters[place])
        if n >= MIN_CLUSTERS:
            return ""
        return (
            f"{rate.name} of {group} has rows in {n} cluster{'s'[: n != 1]}; an interval needs "
            f"{MIN_CLUSTERS}"
        )

    # ---- rates

    def share(self, rate: Rate) -> _Share:
        """Return a rate of each group with its effective number of rows.

        The effective number of rows is value (1 − value) / variance. The variance is that between
        clusters, by Taylor linearisation. It says little if only k clusters have a row that counts
        (or k have one that does not). So the design effect is the mean of the estimated one, k
        times, and the largest possible one, once. The largest one holds if all rows of a cluster
        are equal.
        """
        if rate in self._shares:
            return self._shares[rate]
        times = self.clusters.times.astype(np.float64)
        value, gradient = rate(self.tables), np.nan_to_num(rate.gradient(self.tables))
        influence = self._by_cluster(gradient)
        n_yes, n_no, n_clusters = (
            np.asarray((self._by_cluster(np.broadcast_to(w, gradient.shape)) > 0).T @ times)
            for w in _weights(rate)
        )
        size = self._by_cluster(np.broadcast_to(_weights(rate)[2], gradient.shape))
        squares = np.asarray(influence.power(2).T @ times)
        variance = squares * divide(n_clusters, n_clusters - 1)
        total = np.asarray(size.T @ times)
        # With a few rows of f1, a row that counts twice is one row.
        n_rows = np.einsum("gij,ij->g", self.rows, (_weights(rate)[2] > 0).astype(float))
        least = np.nan_to_num(divide(total**2, np.asarray(size.power(2).T @ times)))
        estimated = divide(value * (1 - value), np.nan_to_num(variance))
        k = np.where(estimated > 0, np.minimum(n_yes, n_no), 0)
        inverse = k / np.where(estimated > 0, estimated, 1) + _PRIOR * divide(1, least)
        effective = np.nan_to_num(np.minimum((k + _PRIOR) / inverse, n_rows))
        found = _Share(
            value=value,
            effective=effective,
            n_rows=np.rint(n_rows).astype(np.int64),
            n_clusters=np.rint(n_clusters).astype(np.int64),
            few=np.asarray(np.minimum(n_yes, n_no) < FEW_CLUSTERS),
            influence=influence.tocsc(),
        )
        self._shares[rate] = found
        return found

    def _by_cluster(self, of_cells: FloatArray) -> sparse.csr_array:
        """Return Σ cell × weight of each kind of cluster and group, of shape (n_kinds, groups)."""
        n_groups = len(of_cells)
        places = np.arange(n_groups + 1) * 4
        columns = np.arange(4 * n_groups)
        weights = sparse.csc_array(
            (of_cells.ravel(), columns, places), shape=(4 * n_groups, n_groups)
        )
        return sparse.csr_array(self.clusters.tables @ weights)

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately."""
        value, shares = rate(self.tables), [self.share(part) for part in rate.parts]
        n_clusters = np.min([share.n_clusters for share in shares], axis=0)
        few = np.any([share.few for share in shares], axis=0)
        replicates = rate(self._drawn)
        limits = quantiles(replicates, expanded_tail(self.confidence, n_clusters))
        closed = self._closed_rate(shares, n_clusters)
        return self._intervals(value, replicates, limits, closed, few, n_clusters)

    def _closed_rate(self, shares: Sequence[_Share], n_clusters: NDArray[np.int64]) -> Limits:
        z = _t_quantile(self.confidence, n_clusters)
        places = np.arange(len(n_clusters))
        return linear_limits([self._part(share, places, z, 1 / len(shares)) for share in shares])

    def _part(self, share: _Share, places: NDArray[np.intp], z: FloatArray, times: float) -> Part:
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
        factor = _t_quantile(level, n_clusters) / norm.isf((1 - level) / 2)
        limits = simultaneous(
            *(value, np.where(defined & ~few, replicates, np.nan), self.confidence),
            factor=np.where(defined, factor, 1.0),
            ratio=is_ratio,
        )
        closed = self._closed(metric, turned, level)
        together = self._intervals(value, replicates, limits, closed, few, n_clusters)
        return each, turned, together

    def _each(self, metric: BiasMetric, pairs: Pairs, replicates: FloatArray) -> Intervals:
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        few, n_clusters = self._few_of_pairs(metric, pairs)
        limits = quantiles(replicates, expanded_tail(self.confidence, n_clusters))
        closed = self._closed(metric, pairs, self.confidence)
        return self._intervals(value, replicates, limits, closed, few, n_clusters)

    def _few_of_pairs(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return whether few clusters are behind a rate of each pair, and the fewest clusters."""
        shares = [self.share(rate) for rate in metric.rates]
        few = np.any([share.few[pairs].any(axis=1) for share in shares], axis=0)
        return few, np.min([share.n_clusters[pairs].min(axis=1) for share in shares], axis=0)

    def _closed(self, metric: BiasMetric, pairs: Pairs, confidence: float) -> Limits:
        """Return limits in closed form; NaN for metrics that are neither differences nor ratios."""
        if metric.kind == "other":
            none = np.full(len(pairs), np.nan)
            return none, none
        _, n_clusters = self._few_of_pairs(metric, pairs)
        z = _t_quantile(confidence, n_clusters)
        shares = [self.share(rate) for rate in metric.rates]
        times = 1 / len(shares)
        parts = [
            self._part(share, pairs[:, side], z, sign * times)
            for share in shares
            for side, sign in ((0, 1), (1, -1))
        ]
        return ratio_limits_of(*parts) if metric.kind == "ratio" else linear_limits(parts)

    @property
    def _drawn(self) -> FloatArray:
        assert self.replicates is not None
        return self.replicates

    def _replicates(self, metric: BiasMetric, pairs: Pairs) -> FloatArray:
        """Return the metric of each replicate and pair, of shape (n_replicates, n_pairs)."""
        a, b = pairs.T
        if metric.of_tables is None:
            # Computing rates by group, not by pair, saves work: a group is in many pairs.
            rates = [rate(self._drawn) for rate in metric.rates]
            of_a, of_b = ([rate[:, places] for rate in rates] for places in (a, b))
            return metric.of_rates(of_a, of_b)
        values = np.empty((len(self._drawn), len(pairs)))
        # A pair needs eight numbers to compute one value, so batches of pairs limit the memory.
        for start in range(0, len(pairs), 32):
            part = slice(start, start + 32)
            values[:, part] = metric.of_tables(self._drawn[:, pairs[part]])
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
        refused = n_clusters < MIN_CLUSTERS
        low, high = (np.where(few, one, other) for one, other in zip(closed, limits, strict=True))
        low, high = np.fmin(low, value), np.fmax(high, value)
        none = refused | np.isnan(value) | (few & np.isnan(closed[1]))
        low, high = (np.where(none, np.nan, limit) for limit in (low, high))
        method = np.where(few, "linearised by cluster", "cluster replicates")
        undefined = np.isnan(replicates).mean(axis=0)
        return Intervals(value, low, high, undefined, np.where(none, "", method))


def _weights(rate: Rate) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the weights of the cells that count, that do not count, and of both."""
    yes, both = (np.reshape(w, (2, 2)).astype(float) for w in (rate.numerator, rate.denominator))
    return yes, both - yes, both


def _t_quantile(confidence: float, n_clusters: NDArray[np.int64]) -> FloatArray:
    """Return the two-sided quantile of the t distribution with n − 1 degrees of freedom."""
    return np.asarray(t.isf((1 - confidence) / 2, np.maximum(n_clusters - 1, 1)))
