"""Rates and comparisons of groups of weighted rows, with intervals in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import Estimate, mean_of, pairs_of
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.intervals import Intervals, without_limits
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, divide
from fairrun.metrics.weighted_refusals import too_uneven, uneven_reason
from fairrun.metrics.weighted_share import share_estimate, sides_of
from fairrun.metrics.worst import Pairs, orient

__all__ = ["NOT_WEIGHTED", "Linearised"]

#: Why a metric that is not scale-free is NaN for weighted rows.
NOT_WEIGHTED = "it depends on the number of rows, which a sum of weights does not give"


class Linearised(GroupEstimates):
    """Estimates from sums of powers of the weights, for independent rows with fixed weights.

    The limits of a rate are those of `share_estimate`. Differences and ratios combine the limits of
    their rates. Simultaneous intervals use the Bonferroni correction.

    A rate has no interval if the weights in its denominator are too uneven (`too_uneven`). A
    comparison has none if one of its rates has none.

    Metrics that depend on the number of rows are NaN, because a sum of weights does not give it.

    Parameters
    ----------
    tables : array of shape (n_groups, 2, 2, 2 to 4)
        Sums by group, label, prediction and moment: Σw, Σw², the number of rows, Σw⁴. If only the
        first two are given, all weights are taken as 1.
    confidence : float
        Confidence level of each interval.
    """

    def __init__(self, tables: FloatArray, confidence: float) -> None:
        n_moments = tables.shape[-1]
        self.tables, squares = tables[..., 0], tables[..., 1]
        self.rows = tables[..., 2] if n_moments > 2 else None
        fourths = tables[..., 3] if n_moments > 3 else squares
        self.powers = np.stack([self.tables, squares, fourths], axis=-1)
        self.confidence = confidence
        self._estimates: dict[tuple[Rate, float], Estimate] = {}

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return the number of rows and the effective number of rows of each group."""
        if self.rows is None:
            return {}
        sums, squares = (self.powers[..., i].sum(axis=(-2, -1)) for i in (0, 1))
        effective = np.nan_to_num(divide(sums**2, squares))
        rows = self.rows.sum(axis=(-2, -1))
        return {"n_rows": rows.astype(np.int64), "effective_n": effective}

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, given by position and by name, is NaN.

        The reason is also given if the metric has a value but no interval.
        """
        if not metric.scale_free:
            return NOT_WEIGHTED
        reason = super().undefined_reason(metric, pair, a, b)
        if reason or not metric.signed:
            return reason
        places = zip(pair.tolist(), (a, b), strict=True)
        reasons = (self._refusal(rate, *place) for place in places for rate in metric.rates)
        return next(filter(None, reasons), "")

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
        return uneven_reason(f"{rate.name} of {group}", *sides_of(rate, self.powers[place]))

    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately.

        For a mean of rates, the squared distances from the rates to their limits are added.
        """
        parts = [self._estimate(part, self.confidence) for part in rate.parts]
        limits = parts[0][1:] if len(parts) == 1 else mean_of(parts)
        return self._intervals(rate(self.tables), *limits)

    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""
        return self._compare(metric, pairs, self.confidence)

    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals."""
        turned = orient(metric, self.tables, pairs) if metric.scale_free else pairs
        together = 1 - (1 - self.confidence) / max(len(pairs), 1)
        return self.each(metric, pairs), turned, self._compare(metric, turned, together)

    def _compare(self, metric: BiasMetric, pairs: Pairs, confidence: float) -> Intervals:
        if not metric.scale_free:
            return without_limits(np.full(len(pairs), np.nan))
        value = metric.function(self.tables[pairs])
        if not metric.signed:
            return without_limits(value)
        estimates = [self._estimate(rate, confidence) for rate in metric.rates]
        return self._intervals(value, *pairs_of(estimates, pairs, ratio=metric.kind == "ratio"))

    def _estimate(self, rate: Rate, confidence: float) -> Estimate:
        """Return the rate of each group with its limits, which are NaN where they are refused."""
        known = self._estimates.get((rate, confidence))
        if known is not None:
            return known
        yes, no = sides_of(rate, self.powers)
        share, low, high = share_estimate(yes, no, confidence, odds=float(np.max(rate.numerator)))
        refused = too_uneven(yes, no)
        low, high = (np.where(refused, np.nan, limit) for limit in (low, high))
        self._estimates[rate, confidence] = share, low, high
        return share, low, high

    def _intervals(self, value: FloatArray, low: FloatArray, high: FloatArray) -> Intervals:
        # The ratio of a rate of 0 has the lower limit 0, also if the other rate has no limits.
        none = np.isnan(value) | np.isnan(low) | np.isnan(high)
        low, high = (np.where(none, np.nan, limit) for limit in (low, high))
        return Intervals(value, low, high, np.zeros(value.shape), np.where(none, "", "linearised"))
