"""Differences between two models on the same rows, with their limits.

Most rates of two models have the same denominator: the rows of the group, or those with one label.
Their difference is the share of rows that count for model A alone, minus the share of those that
count for model B alone. Each share has Clopper and Pearson's limits, and the limits of the
difference combine them (MOVER). Two groups have no row in common, so the limits of what compares
them combine theirs.

A rate whose denominator depends on the prediction (precision), a ratio of rates and a distance from
parity are no such sums. Their limits are percentiles of draws from the posterior of the table of
each group. The prior adds 1/2 to each cell in which the models differ, so that it is Jeffreys'
prior for the rate of each model, Beta(1/2, 1/2). benchmarks/coverage_models.py measures how often
the limits hold the true difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fairrun.metrics.bias import BIAS_METRICS, BiasMetric
from fairrun.metrics.closed_form import (
    Estimate,
    Limits,
    difference_of,
    mean_of,
    paired_difference_of,
)
from fairrun.metrics.intervals import percentile_limits
from fairrun.metrics.measurable import of_predictions
from fairrun.metrics.rates import FloatArray, MeanOfRates, Rate, divide
from fairrun.metrics.weighted_share import share_estimate

__all__ = ["Difference", "PairedEstimates", "distance_of"]

#: The prior count of each cell in which the models differ, by the predictions of A and of B.
_PRIOR = 0.5 * (1 - np.eye(2))


@dataclass(frozen=True, eq=False)
class Difference:
    """Differences between two models; all arrays have the same shape.

    Attributes
    ----------
    model_a, model_b : array
        The values of the models.
    low, high : array
        The limits of model A − model B, which hold the value; NaN without an interval.
    method : str
        How the limits were computed: "paired mover" or "paired dirichlet".
    gradient : array of shape (n_groups, 2, 2, 2)
        The derivative of the differences (or of the only one) by the cells of each group's table.
    """

    model_a: FloatArray
    model_b: FloatArray
    low: FloatArray
    high: FloatArray
    method: str
    gradient: FloatArray

    @property
    def value(self) -> FloatArray:
        """Return model A − model B; NaN if both are infinite."""
        return _minus(self.model_a, self.model_b)

    def take(self, place: int) -> Difference:
        """Return the difference of one group."""
        a, b, low, high = (
            np.asarray(each[place]) for each in (self.model_a, self.model_b, self.low, self.high)
        )
        return Difference(a, b, low, high, self.method, self.gradient[place : place + 1])


class PairedEstimates:
    """Differences between two models for the groups of a grouping.

    Parameters
    ----------
    moments : array of shape (n_groups, 2, 2, 2, 3)
        Σw, Σw² and Σw⁴ by group, label, prediction of model A and prediction of model B. The groups
        have no row in common.
    confidence : float
        Confidence level of each interval.
    n_replicates, seed : int
        The number of draws, and the seed of their random numbers.
    """

    def __init__(
        self, moments: FloatArray, *, confidence: float, n_replicates: int, seed: int
    ) -> None:
        self.moments = moments
        self.confidence = confidence
        self._n_replicates, self._seed = n_replicates, seed
        self.tables = _of_models(moments[..., 0])
        # Draws depend on the order of the models. They are made in one of the two orders, so that
        # exchanging the models changes nothing but the signs.
        orders = (
            np.ascontiguousarray(each).tobytes() for each in (moments, moments.swapaxes(2, 3))
        )
        given, exchanged = orders
        self._exchanged, self._is_even = given < exchanged, given == exchanged
        self._draws: dict[bool, tuple[FloatArray, FloatArray]] = {}

    def rate(self, rate: Rate | MeanOfRates) -> Difference:
        """Return the difference of a rate of each group."""
        a, b = (rate(tables) for tables in self.tables)
        of_a, of_b = (
            np.mean([part.gradient(tables) for part in rate.parts], axis=0)
            for tables in self.tables
        )
        if all(map(_is_of_same_rows, rate.parts)):
            method, limits = "paired mover", self._mean([self._estimate(p) for p in rate.parts])
        else:
            drawn = [rate(tables) for tables in self._drawn(of_labels=True)]
            method, limits = "paired dirichlet", self._percentiles(_minus(a, b), _minus(*drawn))
        return _difference(a, b, limits, method, _paired_gradient(of_a, of_b))

    def compare(self, metric: BiasMetric) -> Difference:
        """Return the difference of a metric of the first two groups."""
        a, b = (metric.function(tables) for tables in self.tables)
        if not metric.signed:
            none = np.full((), np.nan)
            return _difference(a, b, (none, none), "", self._gradient(metric.function))
        if metric.kind == "difference" and all(map(_is_of_same_rows, metric.rates)):
            parts = [self._estimate(rate) for rate in metric.rates]
            of_groups = [
                tuple((value[g], low[g], high[g]) for g in (0, 1)) for value, low, high in parts
            ]
            limits = difference_of([(first, second) for first, second in of_groups])
            method = "paired mover"
        else:
            of_labels = not of_predictions(metric.rates)
            drawn = [metric.function(tables) for tables in self._drawn(of_labels=of_labels)]
            limits = self._percentiles(_minus(a, b), _minus(*drawn))
            method = "paired dirichlet"
        return _difference(a, b, limits, method, self._gradient(metric.function))

    def distance(self, metrics: Sequence[str], places: Sequence[int]) -> Difference:
        """Return the difference of the distances from parity of some groups; see `distance_of`."""
        places = list(places)
        of_labels = not all(of_predictions(BIAS_METRICS[name].rates) for name in metrics)

        def function(tables: FloatArray) -> FloatArray:
            return distance_of(tables[..., places, :, :], metrics)

        a, b = map(function, self.tables)
        tables = [drawn[..., places, :, :] for drawn in self._drawn(of_labels=of_labels)]
        if len(places) == 2:
            limits = self._of_signed(*(_signed(drawn, metrics) for drawn in tables))
        else:
            drawn = [distance_of(each, metrics) for each in tables]
            limits = self._percentiles(_minus(a, b), _minus(*drawn))
        return _difference(a, b, limits, "paired dirichlet", self._gradient(function))

    def _of_signed(self, of_a: FloatArray, of_b: FloatArray) -> Limits:
        """Return the limits of max(a) − max(b) from draws of shape (n_replicates, k).

        Percentiles of a difference of absolute values do not cover where one of them is near 0. The
        limits are therefore those of differences of signed values: max(a) − max(b) is the maximum
        over i of the minimum over j of a_i − b_j, and so is its lower limit of theirs.
        """
        differences = of_a[:, :, np.newaxis] - of_b[:, np.newaxis, :]
        low, high = self._quantiles(np.median(differences, axis=0), differences)
        return self._evened(np.asarray(low.min(axis=1).max()), np.asarray(high.max(axis=0).min()))

    def _estimate(self, rate: Rate) -> Estimate:
        """Return the difference of a rate with the same denominator for both models."""
        top, bottom = (np.reshape(w, (2, 2)) for w in (rate.numerator, rate.denominator))
        of_a, of_b = (np.broadcast_to(w, (2, 2, 2)) for w in (top[:, :, None], top[:, None, :]))
        inside = np.broadcast_to((bottom > 0)[:, :, None], (2, 2, 2))
        total = self.moments[..., inside, :].sum(axis=-2)
        sides = [self.moments[..., only, :].sum(axis=-2) for only in (of_a > of_b, of_b > of_a)]
        plus, minus = (share_estimate(s, total - s, self.confidence) for s in sides)
        (p, q), (of_p, of_q) = (plus[0], minus[0]), (side[..., 1] for side in sides)
        every = total[..., 1]
        covariance = p * q * every - (q * of_p + p * of_q)
        variances = [
            share**2 * every + (1 - 2 * share) * own for share, own in ((p, of_p), (q, of_q))
        ]
        product = np.sqrt(np.maximum(variances[0] * variances[1], 0))
        correlation = np.nan_to_num(divide(covariance, product))
        return p - q, *paired_difference_of(plus, minus, correlation=correlation)

    @staticmethod
    def _mean(parts: Sequence[Estimate]) -> Limits:
        return parts[0][1:] if len(parts) == 1 else mean_of(parts)

    def _drawn(self, *, of_labels: bool) -> tuple[FloatArray, FloatArray]:
        """Return draws of the tables of A and of B, of shape (n_replicates, n_groups, 2, 2).

        Metrics that do not depend on labels take draws from tables without labels, so that the
        prior does not count them twice.
        """
        if of_labels not in self._draws:
            moments = self.moments.swapaxes(2, 3) if self._exchanged else self.moments
            if not of_labels:
                moments = moments.sum(axis=1, keepdims=True)
            sums, squares, fourths = np.moveaxis(moments, -1, 0)
            axes = (1, 2, 3)
            size, of_squares, of_fourths = (
                each.sum(axis=axes, keepdims=True) for each in (sums, squares, fourths)
            )
            # A row that was not drawn can be a heavy one, as in `share_estimate`.
            unseen = np.nan_to_num(divide(size * of_fourths, of_squares**2))
            scale = np.nan_to_num(divide(squares, sums))
            shape = np.nan_to_num(divide(sums, scale))
            rng = np.random.default_rng(self._seed)
            # With the replicates as the last axis in memory, elementwise work is fast.
            drawn = (*shape.shape, self._n_replicates)
            prior = np.broadcast_to(_PRIOR[..., np.newaxis], drawn)
            cells = rng.standard_gamma(shape[..., None], size=drawn) * scale[..., None]
            cells += rng.standard_gamma(prior) * unseen[..., None]
            cells *= divide(size[..., None], cells.sum(axis=axes, keepdims=True))
            if not of_labels:
                cells = np.concatenate([cells, np.zeros_like(cells)], axis=1)
            tables = (cells.sum(axis=3), cells.sum(axis=2))[:: -1 if self._exchanged else 1]
            self._draws[of_labels] = (np.moveaxis(tables[0], -1, 0), np.moveaxis(tables[1], -1, 0))
        return self._draws[of_labels]

    def _percentiles(self, value: FloatArray, drawn: FloatArray) -> Limits:
        """Return the percentiles of draws as limits, exactly turned round with the models."""
        return self._evened(*self._quantiles(value, drawn))

    def _evened(self, low: FloatArray, high: FloatArray) -> Limits:
        """Return limits that are the same for both orders of the models, if their counts are."""
        return ((low - high) / 2, (high - low) / 2) if self._is_even else (low, high)

    def _quantiles(self, value: FloatArray, drawn: FloatArray) -> Limits:
        shape = value.shape
        drawn = np.where(np.isfinite(drawn), drawn, np.nan).reshape(self._n_replicates, -1)
        sign = -1 if self._exchanged else 1
        limits = percentile_limits(sign * value.ravel(), sign * drawn, self.confidence)
        low, high = (sign * limit for limit in limits[::sign])
        return low.reshape(shape), high.reshape(shape)

    def _gradient(self, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return the derivative of f(tables of A) − f(tables of B) by the cells, numerically."""
        of_models = []
        for tables in self.tables:
            step = 1e-6 * max(float(tables.sum()), 1.0)
            steps = step * np.eye(tables.size).reshape(tables.size, *tables.shape)
            with np.errstate(invalid="ignore"):
                change = (function(tables + steps) - function(tables)) / step
            of_models.append(change.reshape(tables.shape))
        return _paired_gradient(*of_models)


def distance_of(tables: FloatArray, metrics: Sequence[str]) -> FloatArray:
    """Return the largest distance from parity of any pair of groups and any metric.

    Parameters
    ----------
    tables : array of shape (..., n_groups, 2, 2)
        Tables by group, label and prediction.
    metrics : sequence of str
        Names in `BIAS_METRICS` of differences or ratios of rates.

    Returns
    -------
    array of shape (...)
        The largest |a − b|, or the largest |log(a / b)| for a ratio.

    Examples
    --------
    >>> tables = np.array([[[5, 0], [0, 5]], [[8, 0], [0, 2]]])
    >>> round(float(distance_of(tables, ["statistical_parity"])), 3)
    0.3
    """
    found = []
    for name in metrics:
        metric = BIAS_METRICS[name]
        values = np.mean([rate(tables) for rate in metric.rates], axis=0)
        if metric.kind == "ratio":
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(values)
                # No group has a selected row, so all rates are equal.
                values = np.where(np.isneginf(values).all(axis=-1, keepdims=True), 0, values)
        found.append(values.max(axis=-1) - values.min(axis=-1))
    return np.asarray(np.max(found, axis=0))


def _signed(tables: FloatArray, metrics: Sequence[str]) -> FloatArray:
    """Return a − b and b − a of two groups, or log(a / b) and log(b / a), for each metric."""
    found = []
    for name in metrics:
        metric = BIAS_METRICS[name]
        values = np.mean([rate(tables) for rate in metric.rates], axis=0)
        if metric.kind == "ratio":
            with np.errstate(divide="ignore"):
                values = np.log(values)
        found += [values[..., 0] - values[..., 1], values[..., 1] - values[..., 0]]
    return np.stack(found, axis=-1)


def _of_models(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the tables by label and prediction of model A and of model B."""
    return sums.sum(axis=-1), sums.sum(axis=-2)


def _is_of_same_rows(rate: Rate) -> bool:
    """Return whether the denominator of a rate does not depend on the prediction."""
    of_label = np.reshape(rate.denominator, (2, 2))
    return bool((of_label[:, 0] == of_label[:, 1]).all())


def _paired_gradient(of_a: FloatArray, of_b: FloatArray) -> FloatArray:
    return _minus(of_a[..., :, np.newaxis], of_b[..., np.newaxis, :])


def _minus(a: FloatArray, b: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.asarray(a - b)


def _difference(
    a: FloatArray, b: FloatArray, limits: Limits, method: str, gradient: FloatArray
) -> Difference:
    """Return a difference whose limits hold its value in spite of rounding."""
    value = _minus(a, b)
    low, high = np.minimum(limits[0], value), np.maximum(limits[1], value)
    return Difference(a, b, low, high, method, gradient)
