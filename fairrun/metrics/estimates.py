"""Rates and comparisons of groups with intervals: one class for each kind of table.

`Replicated` is for `Counts` and `Linearised` is for `WeightedCounts`. Both have the interface of
`GroupEstimates`, so `audit` uses them alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import (
    difference_limits,
    effective_size,
    normal_quantile,
    ratio_limits,
    wilson_limits,
)
from fairrun.metrics.counts import Counts
from fairrun.metrics.grouping import Grouping
from fairrun.metrics.intervals import (
    Intervals,
    draw_replicates,
    has_few,
    percentile_limits,
    simultaneous_limits,
    smooth,
    without_limits,
)
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, Tables, divide
from fairrun.metrics.worst import Pairs, orient

__all__ = ["NOT_WEIGHTED", "GroupEstimates", "Linearised", "Replicated", "Replicates"]

#: Why a metric that is not scale-free is NaN for weighted rows.
NOT_WEIGHTED = "it depends on the number of rows, which a sum of weights does not give"


class GroupEstimates(ABC):
    """Estimates of rates and comparisons for a set of groups.

    Attributes
    ----------
    tables : array of shape (n_groups, 2, 2)
        Counts or sums of weights by group, label and prediction.
    """

    tables: Tables

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return more columns of a table of rates: what is known about each group."""
        return {}

    def about_rate(self, _: Rate | MeanOfRates) -> dict[str, NDArray[Any]]:
        """Return more columns of a table of rates: what is known about a rate of each group."""
        return {}

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, given by position and by name, is NaN."""
        return metric.undefined_reason(self.tables[pair], a, b)

    def rate_reasons(self, rate: Rate | MeanOfRates, groups: tuple[str, ...]) -> list[str]:
        """Return for each group, given by name, why the rate is NaN; empty if it is not."""
        return [*map(rate.undefined_reason, self.tables, groups)]

    @abstractmethod
    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately."""

    @abstractmethod
    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""

    @abstractmethod
    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals.

        Parameters
        ----------
        metric : BiasMetric
            One of `BIAS_METRICS`.
        pairs : array of int of shape (n_pairs, 2)
            Positions of groups.

        Returns
        -------
        each : Intervals
            The estimates for `pairs`. Each interval covers separately.
        turned : array of int of shape (n_pairs, 2)
            The pairs in the order that `orient` gives them.
        together : Intervals
            The estimates for `turned`. All intervals cover at once.
        """


class Replicates:
    """Replicates of counts, which can be summed to the replicates of any groups.

    Parameters
    ----------
    counts : Counts
        The counts of the rows.
    n_replicates, seed : int
        The number of replicates, and the seed of their random numbers.
    confidence : float
        Confidence level of each interval.
    """

    def __init__(self, counts: Counts, n_replicates: int, seed: int, confidence: float) -> None:
        self.counts = counts
        self.seed = seed
        self.confidence = confidence
        self.drawn = draw_replicates(counts.cells, n_replicates, seed)

    def of(self, grouping: Grouping) -> Replicated:
        """Return the estimates for the groups of `grouping`."""
        tables, replicates = self.counts.grouped(grouping), grouping.sum(self.drawn)
        return Replicated(tables, replicates, self.seed, self.confidence)


class Replicated(GroupEstimates):
    """Estimates from replicates of counts.

    Parameters
    ----------
    tables : array of int of shape (n_groups, 2, 2)
        The groups' counts.
    replicates : array of shape (n_replicates, n_groups, 2, 2)
        The multinomial replicates of these counts.
    seed : int
        The seed that drew `replicates`. Smoothed replicates use the next integer.
    confidence : float
        Confidence level of each interval.
    """

    def __init__(
        self, tables: NDArray[np.int64], replicates: FloatArray, seed: int, confidence: float
    ) -> None:
        self.tables = tables
        self.multinomial = replicates
        self.confidence = confidence
        self.few = has_few(tables)
        # The multinomial replicates used `seed`. Another seed makes the two streams independent.
        self.replicates = smooth(tables, replicates, seed + 1)

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group from its replicates."""
        value, replicates = rate(self.tables), rate(self.replicates)
        limits = percentile_limits(value, replicates, self.confidence)
        undefined = np.isnan(rate(self.multinomial)).mean(axis=0)
        return Intervals(value, *limits, undefined, _method(value, self.few))

    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""
        return self._each(metric, pairs, self._replicates(metric, self.replicates, pairs))

    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals."""
        replicates = self._replicates(metric, self.replicates, pairs)
        each = self._each(metric, pairs, replicates)
        turned = orient(metric, self.tables, pairs)
        value = metric.function(self.tables[turned])
        if not metric.signed:
            return each, turned, without_limits(value)
        flipped = turned[:, 0] != pairs[:, 0]
        is_ratio = metric.kind == "ratio"
        replicates[:, flipped] = (
            divide(1, replicates[:, flipped]) if is_ratio else -replicates[:, flipped]
        )
        limits = simultaneous_limits(value, replicates, self.confidence, ratio=is_ratio)
        method = _method(value, np.asarray(self.few[pairs].any(axis=1)))
        return each, turned, Intervals(value, *limits, each.undefined, method)

    def _each(self, metric: BiasMetric, pairs: Pairs, replicates: FloatArray) -> Intervals:
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        few = np.asarray(self.few[pairs].any(axis=1))
        undefined = np.isnan(replicates).mean(axis=0)
        undefined[few] = np.isnan(self._replicates(metric, self.multinomial, pairs[few])).mean(0)
        limits = percentile_limits(value, replicates, self.confidence)
        return Intervals(value, *limits, undefined, _method(value, few))

    def _replicates(self, metric: BiasMetric, replicates: FloatArray, pairs: Pairs) -> FloatArray:
        if metric.of_tables is None:
            # Computing rates by group, not by pair, saves work: a group is in many pairs.
            rates = [rate(replicates) for rate in metric.rates]
            a, b = pairs.T
            of_a, of_b = ([rate.T[places].T for rate in rates] for places in (a, b))
            return metric.of_rates(of_a, of_b)
        cells = replicates.transpose(2, 3, 1, 0)  # This is the order in memory, thus no copy.
        values = np.empty((len(pairs), len(replicates)))
        # A pair needs eight numbers to compute one value, so batches of pairs limit the memory.
        for start in range(0, len(pairs), 32):
            part = slice(start, start + 32)
            values[part] = metric.function(cells[:, :, pairs[part]].transpose(4, 2, 3, 0, 1)).T
        return values.T


class Linearised(GroupEstimates):
    """Estimates from sums of weights and sums of squared weights.

    The variance of a rate r = Σ w y / Σ w d is Σ w² (y − r d)² / (Σ w d)², by Taylor linearisation
    for independent rows with fixed weights. The variance gives an effective number of rows, and
    this number gives score limits. Simultaneous intervals use the Bonferroni correction.

    Metrics that depend on the number of rows are NaN, because a sum of weights does not give it.

    Parameters
    ----------
    tables : array of shape (n_groups, 2, 2, 2 or 3)
        Sums by group, label, prediction and moment (Σw, then Σw², then the number of rows, which
        may be left out).
    confidence : float
        Confidence level of each interval.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 5.6.
    """

    def __init__(self, tables: FloatArray, confidence: float) -> None:
        self.tables, self.squares = tables[..., 0], tables[..., 1]
        self.rows = tables[..., 2] if tables.shape[-1] > 2 else None
        self.confidence = confidence

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return the number of rows and the effective number of rows of each group."""
        if self.rows is None:
            return {}
        sums, squares, rows = (t.sum(axis=(-2, -1)) for t in (self.tables, self.squares, self.rows))
        effective = np.nan_to_num(divide(sums**2, squares))
        return {"n_rows": rows.astype(np.int64), "effective_n": effective}

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, given by position and by name, is NaN."""
        return super().undefined_reason(metric, pair, a, b) if metric.scale_free else NOT_WEIGHTED

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group from its effective number of rows.

        For a mean of rates, the squared distances from the rates to their limits are added.

        References
        ----------
        Zou and Donner (2008), "Construction of confidence limits about effect measures: a general
        approach", Statistics in Medicine 27.
        """
        value, z = rate(self.tables), normal_quantile(self.confidence)
        below, above = np.zeros(value.shape), np.zeros(value.shape)
        for part in rate.parts:
            share, size = self._with_size(part)
            low, high = wilson_limits(share, size, z)
            below += (share - low) ** 2
            above += (high - share) ** 2
        n_parts = len(rate.parts)
        return self._intervals(value, value - below**0.5 / n_parts, value + above**0.5 / n_parts)

    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""
        return self._compare(metric, pairs, normal_quantile(self.confidence))

    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals."""
        turned = orient(metric, self.tables, pairs) if metric.scale_free else pairs
        z = normal_quantile(self.confidence, n_intervals=max(len(pairs), 1))
        return self.each(metric, pairs), turned, self._compare(metric, turned, z)

    def _compare(self, metric: BiasMetric, pairs: Pairs, z: float) -> Intervals:
        if not metric.scale_free:
            return without_limits(np.full(len(pairs), np.nan))
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        parts = []
        for rate in metric.rates:
            p, n = self._with_size(rate)
            a, b = pairs.T
            parts.append((p[a], n[a], p[b], n[b]))
        if metric.kind == "ratio":
            low, high = ratio_limits(*parts[0], z)
        else:
            low, high = difference_limits(parts, z)
        return self._intervals(value, low, high)

    def _with_size(self, rate: Rate) -> tuple[FloatArray, FloatArray]:
        """Return the rate of each group and its effective number of rows."""
        value = rate(self.tables)
        variance = (self.squares * rate.gradient(self.tables) ** 2).sum(axis=(-2, -1))
        # A rate of 0 or 1 has an estimated variance of 0. Kish's effective size does not need it.
        kish = divide(rate.size(self.tables) ** 2, rate.size(self.squares))
        return value, effective_size(value, variance, kish)

    def _intervals(self, value: FloatArray, low: FloatArray, high: FloatArray) -> Intervals:
        undefined = np.zeros(value.shape)
        method = np.where(np.isnan(value), "", "linearised")
        return Intervals(value, low + 0 * value, high + 0 * value, undefined, method)


def _method(value: FloatArray, few: NDArray[np.bool_]) -> NDArray[np.str_]:
    return np.where(np.isnan(value), "", np.where(few, "smoothed", "multinomial"))
