"""Rates and comparisons of groups of weighted rows, with intervals in closed form."""

from __future__ import annotations

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
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.intervals import Intervals, without_limits
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, divide
from fairrun.metrics.worst import Pairs, orient

__all__ = ["NOT_WEIGHTED", "Linearised"]

#: Why a metric that is not scale-free is NaN for weighted rows.
NOT_WEIGHTED = "it depends on the number of rows, which a sum of weights does not give"


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
