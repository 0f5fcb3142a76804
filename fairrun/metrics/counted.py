"""Estimates from counts of independent rows: limits in closed form, and few replicates.

The rates of two groups have no row in common, so they are independent, and so are two rates of one
group whose denominators have no row in common. Their limits need no replicates of the rows.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.binomial import clopper_pearson_limits, tail_of_each, tail_of_pairs
from fairrun.metrics.closed_form import Estimate, Limits, mean_of, pairs_of
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.intervals import (
    Intervals,
    percentile_limits,
    simultaneous_limits,
    without_limits,
)
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, f1, selection_rate
from fairrun.metrics.worst import Pairs, orient

__all__ = ["Counted"]


class Counted(GroupEstimates):
    """Estimates from counts of independent rows.

    Rates have Clopper–Pearson limits from their own numerator and denominator. The limits of a
    mean, a difference or a ratio of rates combine the limits of the rates. Cohen's d and the 2SD
    rule are no such combination: their limits are percentiles of replicates of the two selection
    rates, drawn from the posterior under Jeffreys' prior.

    Parameters
    ----------
    tables : array of int of shape (n_groups, 2, 2)
        The counts of groups that have no row in common.
    n_rows : int
        The number of all rows, including those in none of these groups.
    confidence : float
        Confidence level of each interval.
    n_replicates, seed : int
        The number of replicates of selection rates, and the seed of their random numbers.
    """

    def __init__(
        self,
        tables: NDArray[np.int64],
        n_rows: int,
        *,
        confidence: float = 0.95,
        n_replicates: int = 2000,
        seed: int = 0,
    ) -> None:
        self.tables = tables
        self.n_rows = n_rows
        self.confidence = confidence
        self.n_replicates = n_replicates
        self.seed = seed
        self._drawn: FloatArray | None = None

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately."""
        tail = tail_of_each(self.confidence)
        value = rate(self.tables)
        if isinstance(rate, Rate):
            method, (_, *limits) = "clopper-pearson", self._estimate(rate, tail)
        else:
            method = "mover"
            limits = [*mean_of([self._estimate(part, tail) for part in rate.parts])]
        undefined = self._any(*(self._none(part.size(self.tables)) for part in rate.parts))
        low, high = limits
        return _intervals(value, (low, high), undefined, method)

    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""
        is_other = metric.signed and metric.kind == "other"
        return self._each(metric, pairs, self._replicates(metric, pairs) if is_other else None)

    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals."""
        turned = orient(metric, self.tables, pairs)
        value = metric.function(self.tables[turned])
        if not metric.signed:
            return self._each(metric, pairs, None), turned, without_limits(value)
        if metric.kind == "other":
            replicates = self._replicates(metric, pairs)
            each = self._each(metric, pairs, replicates)
            replicates[:, turned[:, 0] != pairs[:, 0]] *= -1
            limits = simultaneous_limits(value, replicates, self.confidence, ratio=False)
            return each, turned, _intervals(value, limits, each.undefined, "beta")
        each = self._each(metric, pairs, None)
        tail = tail_of_pairs(self.confidence, len(np.unique(pairs)))
        limits = self._compare(metric, turned, tail)
        return each, turned, _intervals(value, limits, each.undefined, "mover")

    def _each(self, metric: BiasMetric, pairs: Pairs, replicates: FloatArray | None) -> Intervals:
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        undefined = self._undefined(metric, pairs)
        if replicates is not None:
            limits = percentile_limits(value, replicates, self.confidence)
            return _intervals(value, limits, undefined, "beta")
        limits = self._compare(metric, pairs, tail_of_each(self.confidence))
        return _intervals(value, limits, undefined, "mover")

    def _estimate(self, rate: Rate, tail: float) -> Estimate:
        """Return a rate of each group with its limits."""
        size = rate.size(self.tables)
        if rate is f1:
            # F1 = 2 J / (1 + J), where J = TP / (TP + FP + FN) is a share of rows.
            hits = self.tables[:, 1, 1]
            limits = clopper_pearson_limits(hits, size - hits, tail)
            low, high = (2 * limit / (1 + limit) for limit in limits)
        else:
            low, high = clopper_pearson_limits(rate.count(self.tables), size, tail)
        return rate(self.tables), low, high

    def _compare(self, metric: BiasMetric, pairs: Pairs, tail: float) -> Limits:
        """Return the limits of a difference or a ratio of each pair."""
        estimates = [self._estimate(rate, tail) for rate in metric.rates]
        return pairs_of(estimates, pairs, ratio=metric.kind == "ratio")

    def _replicates(self, metric: BiasMetric, pairs: Pairs) -> FloatArray:
        """Return replicates of a metric of selection rates, of shape (n_replicates, n_pairs)."""
        n = selection_rate.size(self.tables)[:, None]
        if self._drawn is None:
            selected = selection_rate.count(self.tables)[:, None]
            rng = np.random.default_rng(self.seed)
            size = (len(n), self.n_replicates)
            self._drawn = rng.beta(selected + 0.5, n - selected + 0.5, size=size)
        values = np.empty((len(pairs), self.n_replicates))
        # A pair needs eight numbers to compute one value, so batches of pairs limit the memory.
        for start in range(0, len(pairs), 32):
            part = pairs[start : start + 32]
            # The function takes the two groups on the axis before the cells.
            tables = _tables(n[part], self._drawn[part]).swapaxes(1, 2)
            values[start : start + 32] = metric.function(tables)
        return values.T

    def _undefined(self, metric: BiasMetric, pairs: Pairs) -> FloatArray:
        """Return the probability that a resample of the rows leaves a metric undefined."""
        a, b = pairs.T
        none = [self._none(rate.size(self.tables)) for rate in metric.rates]
        if metric.kind == "ratio":
            no_count = self._none(metric.rates[0].count(self.tables))
            return self._any(none[0][a], no_count[b])
        of_sizes = [share[places] for share in none for places in (a, b)]
        if metric.kind == "difference":
            return self._any(*of_sizes)
        # A group is in one of three states: no row selected, all rows selected, or some. A metric
        # is undefined or not by the states of its groups.
        n, selected = (f(self.tables) for f in (selection_rate.size, selection_rate.count))
        no, every = self._none(selected), self._none(n - selected)
        states = ((0.0, no), (1.0, every), (0.5, np.maximum(1 - no - every, 0)))
        share = np.zeros(len(pairs))
        for (rate_a, p_a), (rate_b, p_b) in product(states, repeat=2):
            rates = np.broadcast_to([rate_a, rate_b], pairs.shape)
            undefined = np.isnan(metric.function(_tables(n[pairs], rates)))
            share += np.where(undefined, p_a[a] * p_b[b], 0)
        return self._any(*of_sizes, np.minimum(share, 1))

    def _none(self, count: NDArray[np.int64]) -> FloatArray:
        """Return the probability that a resample of all rows has none of these rows."""
        return np.asarray((1 - count / max(self.n_rows, 1)) ** self.n_rows)

    @staticmethod
    def _any(*probabilities: FloatArray) -> FloatArray:
        """Return the probability of any of several events, which are almost independent."""
        return np.asarray(1 - np.prod([1 - p for p in probabilities], axis=0))


def _tables(n: NDArray[np.int64], rates: FloatArray) -> FloatArray:
    """Return tables of groups with n rows and these selection rates; all labels are 0."""
    selected = n * rates
    # With the cells as first axes in memory, elementwise work on many tables is fast.
    cells = np.zeros((2, 2, *selected.shape))
    cells[0, 0], cells[0, 1] = n - selected, selected
    return np.moveaxis(cells, (0, 1), (-2, -1))


def _intervals(value: FloatArray, limits: Limits, undefined: FloatArray, method: str) -> Intervals:
    """Return intervals that hold their value in spite of rounding; NaN where it is NaN."""
    low, high = np.minimum(limits[0], value), np.maximum(limits[1], value)
    return Intervals(value, low, high, undefined, np.where(np.isnan(value), "", method))
