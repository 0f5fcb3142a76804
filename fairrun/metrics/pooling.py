"""Pooled comparisons of two groups over strata, from counts of independent rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import Estimate, mean_of
from fairrun.metrics.counted import Counted
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.rates import FloatArray, Rate, divide, selection_rate
from fairrun.metrics.strata import Strata, turned
from fairrun.metrics.stratified import (
    are_sparse,
    homogeneity_p,
    mantel_haenszel,
    mantel_haenszel_weights,
    score_limits,
    weighted_comparison,
    with_any_limits,
)

__all__ = ["DISPARITIES", "Found", "Pooler"]

#: A value, its limits, the method of the limits, and why one of them is NaN.
Found = tuple[float, float, float, str, str]
#: Conditional demographic disparity by name, and the axis of the outcome: label or prediction.
DISPARITIES = {
    "conditional_demographic_disparity": 1,
    "conditional_demographic_disparity_of_labels": 0,
}
_NO_STRATUM = "no stratum has rows of both groups that count here"
_SPARSE = (
    "strata with fewer than 5 rows of a group have more than a tenth of the weight, so that the "
    "limits would be too narrow"
)
_ONE_OUTCOME = "no stratum has rows with both outcomes"


class Pooler:
    """Comparisons of two groups by stratum and pooled, for counts of independent rows.

    Parameters
    ----------
    strata : Strata
        The tables of the two groups in each stratum.
    confidence : float
        Confidence level of each interval.
    within, overall : GroupEstimates
        The estimates for group_a and then group_b of each stratum, and for both groups as a whole.
    """

    method = "score"
    #: Whether the test of homogeneity holds for these rows.
    tested = True

    def __init__(
        self, strata: Strata, confidence: float, within: GroupEstimates, overall: GroupEstimates
    ) -> None:
        self.strata, self.confidence = strata, confidence
        self.within, self.overall = within, overall

    # ---- numbers of rows

    def sizes(self, metric: BiasMetric) -> NDArray[np.int64]:
        """Return the rows behind each rate of a metric, of shape (n_rates, 2, n_strata)."""
        return np.array([rate.size(self.strata.rows) for rate in metric.rates])

    def rates(self, metric: BiasMetric) -> tuple[FloatArray, FloatArray]:
        """Return the (mean of the) rates of a and b in each stratum."""
        a, b = (
            np.mean([rate(of_group) for rate in metric.rates], axis=0)
            for of_group in self._halves(self.within.tables)
        )
        return a, b

    def weights(self, metric: BiasMetric) -> FloatArray:
        """Return the share of each stratum in the Mantel–Haenszel weights, the mean over rates."""
        shares = []
        for rate in metric.rates:
            _, n_a, _, n_b = self._strata(self.within.tables, rate)
            weight = mantel_haenszel_weights(n_a, n_b)
            shares.append(divide(weight, weight.sum()))
        return np.asarray(np.nan_to_num(np.mean(shares, axis=0)))

    # ---- estimates

    def by_stratum(self, metric: BiasMetric) -> list[Found]:
        """Estimate a metric in each stratum."""
        n = len(self.strata.names)
        pairs = np.arange(n)[:, None] + np.array([0, n])
        return self._each(self.within, metric, pairs)

    def marginal(self, metric: BiasMetric) -> Found:
        """Estimate a metric of the groups as a whole."""
        return self._each(self.overall, metric, np.array([[0, 1]]))[0]

    def pooled(self, metric: BiasMetric, *, standardised: bool) -> Found:
        """Estimate a metric over all strata with rows of both groups."""
        ratio = metric.kind == "ratio"
        value = self._value(self.within.tables, metric, standardised=standardised)
        if np.isnan(value):
            return *(float("nan"),) * 3, "", self._undefined(metric)
        if (standardised or self.method != "score") and self._is_sparse(metric, standardised):
            return float(value), float("nan"), float("nan"), "", _SPARSE
        low, high = self._limits(metric, ratio=ratio, standardised=standardised)
        method = "mover" if standardised else self.method
        return _found(value, low, high, method, lambda: self._no_limits(metric))

    def homogeneity(self, metric: BiasMetric) -> float:
        """Return the p-value of the test that a metric is the same in all strata, or NaN."""
        if len(metric.rates) > 1 or not self.tested:
            return float("nan")
        strata = self._strata(self.within.tables, metric.rates[0])
        return homogeneity_p(*strata, ratio=metric.kind == "ratio")

    # ---- conditional demographic disparity

    def with_both_outcomes(self, outcome: int) -> NDArray[np.bool_]:
        """Return the strata that have rows with both outcomes."""
        return np.asarray((turned(self.strata.rows, outcome).sum(axis=(-2, -1)) > 0).all(axis=0))

    def disparity(self, outcome: int, *, marginal: bool = False) -> Found:
        """Estimate the demographic disparity of group_b, or its mean over strata.

        The disparity of a stratum is the share of group_b among the rows with the unfavourable
        outcome, minus its share among those with the favourable one. The mean is weighted by the
        rows of each stratum. A stratum with one outcome only has no disparity, and is left out.
        (SageMaker Clarify counts a share among no rows as 0 instead.)

        References
        ----------
        Wachter, Mittelstadt and Russell (2021), "Why fairness cannot be automated", Computer Law &
        Security Review 41. Amazon SageMaker Clarify has it as CDDPL for predictions and as CDDL for
        labels.
        """
        value = self._disparity(self._grouped(self.within.tables), outcome, marginal=marginal)
        if np.isnan(value):
            return *(float("nan"),) * 3, "", _ONE_OUTCOME
        sizes = turned(self.strata.rows, outcome).sum(axis=(-2, -1))
        weight = np.where((sizes > 0).all(axis=0), sizes.sum(axis=0), 0)
        if not marginal and are_sparse(sizes[0], sizes[1], weight):
            return float(value), float("nan"), float("nan"), "", _SPARSE
        low, high = self._disparity_limits(outcome, marginal=marginal)
        return _found(value, low, high, "mover", lambda: "a share has no interval")

    def _is_sparse(self, metric: BiasMetric, standardised: bool) -> bool:
        """Return whether the strata are too sparse for one of the rates of a metric."""
        for rate in metric.rates:
            n_a, n_b = (rate.size(of_group) for of_group in self.strata.rows)
            weight = mantel_haenszel_weights(n_a, n_b)
            if are_sparse(n_a, n_b, np.where(weight > 0, n_a + n_b, 0) if standardised else weight):
                return True
        return False

    # ---- what depends on the kind of rows

    def _limits(
        self, metric: BiasMetric, *, ratio: bool, standardised: bool
    ) -> tuple[FloatArray, FloatArray]:
        parts: list[Estimate] = []
        for rate in metric.rates:
            strata = self._strata(self.within.tables, rate)
            value = mantel_haenszel(*strata, ratio=ratio)
            if standardised:
                parts.append(self._combined(rate, ratio=ratio, standardised=True))
            else:
                parts.append(
                    (value, *score_limits(*strata, ratio=ratio, confidence=self.confidence))
                )
        return parts[0][1:] if len(parts) == 1 else mean_of(parts)

    def _no_limits(self, metric: BiasMetric) -> str:
        """Return why a pooled metric has no interval."""
        reasons = (reason for *_, reason in self.by_stratum(metric))
        return next(filter(None, reasons), "a stratum has no interval")

    def _estimates(self, tables: FloatArray) -> GroupEstimates:
        """Return estimates for other tables of the same rows."""
        rows = tables.astype(np.int64)
        return Counted(rows, int(rows.sum()), confidence=self.confidence)

    def _disparity_limits(self, outcome: int, *, marginal: bool) -> tuple[FloatArray, FloatArray]:
        tables = self.strata.tables
        if marginal:
            tables = tables.sum(axis=1, keepdims=True)
        if tables.ndim == 5:
            found = np.moveaxis(turned(np.moveaxis(tables, -1, 0), outcome), 0, -1)
        else:
            found = turned(tables, outcome)
        shares = self._estimates(found.reshape(-1, *found.shape[2:])).rate(selection_rate)
        rejected, accepted = zip(
            *(each.reshape(2, -1) for each in (shares.value, shares.low, shares.high)), strict=True
        )
        sizes = (found[..., 0] if found.ndim == 5 else found).sum(axis=(-2, -1))
        weight = np.where((sizes > 0).all(axis=0), sizes.sum(axis=0), 0)
        one, other = (
            with_any_limits((part[0], part[1], part[2]), weight, self.confidence)
            for part in (rejected, accepted)
        )
        return weighted_comparison(one, other, weight, ratio=False)[1:]

    # ---- arithmetic on tables, with any leading axes

    def _halves(self, tables: FloatArray) -> tuple[FloatArray, FloatArray]:
        n = len(self.strata.names)
        return tables[..., :n, :, :], tables[..., n:, :, :]

    def _grouped(self, tables: FloatArray) -> FloatArray:
        return np.stack(self._halves(tables), axis=-4)

    def _strata(
        self, tables: FloatArray, rate: Rate
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        a, b = self._halves(tables)
        return rate.count(a), rate.size(a), rate.count(b), rate.size(b)

    def _value(self, tables: FloatArray, metric: BiasMetric, *, standardised: bool) -> FloatArray:
        values = []
        for rate in metric.rates:
            x_a, n_a, x_b, n_b = self._strata(tables, rate)
            if not standardised:
                values.append(mantel_haenszel(x_a, n_a, x_b, n_b, ratio=metric.kind == "ratio"))
                continue
            weight = np.where((n_a > 0) & (n_b > 0), n_a + n_b, 0)
            a, b = (
                np.sum(weight * np.nan_to_num(divide(x, n)), axis=-1)
                for x, n in ((x_a, n_a), (x_b, n_b))
            )
            bottom = b if metric.kind == "ratio" else weight.sum(axis=-1)
            values.append(divide(a if metric.kind == "ratio" else a - b, bottom))
        return np.asarray(sum(values) / len(values))

    @staticmethod
    def _disparity(tables: FloatArray, outcome: int, *, marginal: bool) -> FloatArray:
        """Return the mean disparity of tables of shape (..., 2, n_strata, 2, 2)."""
        if marginal:
            tables = tables.sum(axis=-3, keepdims=True)
        found = turned(tables, outcome)
        sizes = found.sum(axis=(-2, -1))
        shares = np.nan_to_num(selection_rate(found))
        weight = np.where((sizes > 0).all(axis=-2), sizes.sum(axis=-2), 0)
        difference = shares[..., 0, :] - shares[..., 1, :]
        return divide(np.sum(weight * difference, axis=-1), weight.sum(axis=-1))

    def _combined(self, rate: Rate, *, ratio: bool, standardised: bool) -> Estimate:
        """Combine the limits of the rates of each stratum with the weights as they are."""
        _, n_a, _, n_b = self._strata(self.within.tables, rate)
        weight = mantel_haenszel_weights(n_a, n_b)
        if standardised:
            weight = np.where(weight > 0, n_a + n_b, 0)
        found = self.within.rate(rate)
        a, b = zip(
            *(each.reshape(2, -1) for each in (found.value, found.low, found.high)), strict=True
        )
        one, other = (
            with_any_limits((part[0], part[1], part[2]), weight, self.confidence) for part in (a, b)
        )
        return weighted_comparison(one, other, weight, ratio=ratio)

    def _each(
        self, estimates: GroupEstimates, metric: BiasMetric, pairs: NDArray[np.intp]
    ) -> list[Found]:
        a, b = self.strata.groups
        found = estimates.each(metric, pairs)
        rows = zip(found.value, found.low, found.high, found.method, strict=True)
        return [
            _found(
                value,
                low,
                high,
                str(method),
                partial(estimates.undefined_reason, metric, pair, a, b),
            )
            for pair, (value, low, high, method) in zip(pairs, rows, strict=True)
        ]

    def _undefined(self, metric: BiasMetric) -> str:
        if not (self.sizes(metric) > 0).all(axis=1).any(axis=-1).all():
            return _NO_STRATUM
        return metric.undefined.format(a=self.strata.groups[0], b=self.strata.groups[1])


def _found(
    value: FloatArray, low: FloatArray, high: FloatArray, method: str, why: Callable[[], str]
) -> Found:
    """Return an estimate with its limits around the value, or with the reason for none."""
    numbers = [float(number) for number in (value, low, high)]
    if np.isnan(numbers).any():
        return numbers[0], float("nan"), float("nan"), "", why()
    return numbers[0], min(numbers[:2]), max(numbers[0], numbers[2]), method, ""
