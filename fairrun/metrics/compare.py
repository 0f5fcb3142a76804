"""Differences between two models on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.groups import ProtectedColumn
from fairrun.metrics.audit import largest_groups
from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.changed_sides import changed_sides
from fairrun.metrics.grouping import Grouping, everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.linearised import NOT_WEIGHTED
from fairrun.metrics.measurable import bias_metrics, group_rates
from fairrun.metrics.paired import AnyPairedCounts, WeightedPairedCounts, count_pairs
from fairrun.metrics.paired_clusters import PairedClusters
from fairrun.metrics.paired_limits import Difference, PairedEstimates
from fairrun.metrics.paired_scores import score_differences
from fairrun.metrics.performance import PERFORMANCE_METRICS
from fairrun.metrics.rates import GROUP_RATES, MeanOfRates, Rate
from fairrun.metrics.weighted import why_no_interval

__all__ = [
    "ModelDifferences",
    "PairedRows",
    "compare_models",
    "compare_paired",
    "compare_predictions",
    "distances_of_pairs",
    "paired_rows",
]

#: The performance metrics that `GROUP_RATES` does not have under the same name.
_OF_ALL_ROWS = {n: rate for n, rate in PERFORMANCE_METRICS.items() if n not in GROUP_RATES}
_VALUES = ["model_a", "model_b", "value", "ci_low", "ci_high"]
_INFINITE = "a rate is 0, so the ratio is infinitely far from parity"
_UNSIGNED = "it has no sign; see the interval of the disparate impact"


@dataclass(frozen=True, eq=False)
class PairedRows:
    """The predictions of two models for the same rows, as tables.

    Attributes
    ----------
    counts : PairedCounts or WeightedPairedCounts
        The counts of the rows.
    clusters : PairedClusters or None
        The tables of the clusters; None if every row is independent of the others.
    """

    counts: AnyPairedCounts
    clusters: PairedClusters | None = None

    def estimates(
        self, grouping: Grouping, *, confidence: float, n_replicates: int, seed: int
    ) -> PairedEstimates:
        """Return the differences for the groups of a grouping; see `compare_models`."""
        return PairedEstimates(
            self.counts.moments(grouping),
            confidence=confidence,
            n_replicates=n_replicates,
            seed=seed,
        )

    def limits(
        self, found: Difference, grouping: Grouping, rates: Sequence[Rate], confidence: float
    ) -> tuple[float, float, str]:
        """Return the limits of a difference of these rows, and why there are none.

        Parameters
        ----------
        found : Difference
            One difference, as `estimates` computes it.
        grouping : Grouping
            The groups that it is about.
        rates : sequence of Rate
            The rates that it is computed from.
        confidence : float
            Confidence level of the interval.

        Returns
        -------
        low, high : float
            The limits, which are wider for rows in clusters; NaN without an interval.
        reason : str
            Why weights or clusters do not allow an interval; empty if they do.
        """
        value, low, high = (float(each) for each in (found.value, found.low, found.high))
        reason = ""
        if isinstance(self.counts, WeightedPairedCounts):
            models = [self.counts.model(which) for which in "ab"]
            refusals = (why_no_interval(model, grouping, rates) for model in models)
            reason = next(filter(None, (each for all_ in refusals for each in all_)), "")
        if not reason and self.clusters is not None:
            factor, reason = self.clusters.widening(grouping, found.gradient, confidence)
            low, high = value - factor * (value - low), value + factor * (high - value)
        if reason or not (np.isfinite(low) and np.isfinite(high)):
            low = high = np.nan
        return low, high, reason


@dataclass(frozen=True, eq=False)
class ModelDifferences:
    """Differences between the metrics of two models: long tables with one value in each row.

    All tables but `changed` have the columns protected (empty for all rows), metric, model_a and
    model_b (the metric of each model), value (the difference, model A − model B), ci_low and
    ci_high, method (how the interval was computed) and reason (why the value or its interval is
    missing; empty otherwise).

    Attributes
    ----------
    rates : DataFrame
        The rates of each group, with the column group. For all rows together, the table also has
        the performance metrics and, if both models gave probabilities, roc_auc and brier_score.
    compared : DataFrame
        The bias metrics of group_a against group_b of each protected column and each crossing, with
        the columns group_a and group_b.
    distances : DataFrame
        The distances from parity of the same groups: |a − b|, or |log(a / b)| for a ratio. A value
        below 0 says that model A is nearer to parity.
    changed : DataFrame
        Who changes sides; see `changed_sides`.
    """

    rates: pd.DataFrame
    compared: pd.DataFrame
    distances: pd.DataFrame
    changed: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        names = ("rates", "compared", "distances", "changed")
        return {name: getattr(self, name) for name in names}

    def of_metric(self, metric: str, protected: str = "", group: str = "(all)") -> pd.Series[Any]:
        """Return the row of one metric, for example to compare its limits with a margin.

        Parameters
        ----------
        metric : str
            A rate, a performance metric, or a bias metric.
        protected : str
            The protected column or crossing; empty for all rows.
        group : str
            The group of a rate.

        Returns
        -------
        Series
            The row of `rates`, or of `compared` for a bias metric.

        Raises
        ------
        KeyError
            If there is no such row.
        """
        table = self.compared
        if metric not in BIAS_METRICS:
            table = self.rates[self.rates["group"] == group]
        rows = table[(table["metric"] == metric) & (table["protected"] == protected)]
        if rows.empty:
            raise KeyError((metric, protected, group))
        return rows.iloc[0]


def compare_predictions(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred_a: ArrayLike,
    y_pred_b: ArrayLike,
    probability_a: ArrayLike | None = None,
    probability_b: ArrayLike | None = None,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> ModelDifferences:
    """Compare the predictions of two models for the same rows: model A − model B.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The protected columns.
    positions : sequence of arrays of int of shape (n_rows,)
        For each column the rows' positions in its values; −1 for none of them.
    y_true : array of shape (n_rows,) or None
        The labels, 0 or 1. Without labels, only selection rates and what is computed from them are
        compared.
    y_pred_a, y_pred_b : array of shape (n_rows,)
        The predictions of the models, 0 or 1, where 1 is the favourable outcome.
    probability_a, probability_b : array of shape (n_rows,), optional
        The predicted probabilities of label 1. With both of them and labels, areas under the ROC
        curve and Brier scores are compared, too.
    weight : array of shape (n_rows,), optional
        The weight of each row. Every metric is then a weighted one.
    cluster : array of shape (n_rows,), optional
        The cluster of each row. Intervals are then wider; see `PairedClusters`. Metrics of scores
        have none.
    confidence : float, default 0.95
        Confidence level of each interval.
    n_replicates, seed : int
        The number of draws, and the seed of their random numbers.

    Returns
    -------
    ModelDifferences

    Raises
    ------
    RequestError
        If the lengths differ, a label or prediction is neither 0 nor 1, a code is neither a
        position nor −1, a probability is not in [0, 1], a weight is negative or not finite, or a
        cluster is null.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> of_sex, y = np.repeat([0, 1], 100), np.tile([0, 1], 100)
    >>> found = compare_predictions([sex], [of_sex], y, y_pred_a=y, y_pred_b=np.ones(200))
    >>> accuracy = found.of_metric("accuracy")
    >>> [round(float(accuracy[name]), 2) for name in ("value", "ci_low", "ci_high")]
    [0.5, 0.43, 0.57]
    """
    return compare_paired(
        *(protected, positions, y_true, y_pred_a, y_pred_b, probability_a, probability_b),
        weight=weight,
        cluster=cluster,
        confidence=confidence,
        n_replicates=n_replicates,
        seed=seed,
    )[0]


def compare_paired(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred_a: ArrayLike,
    y_pred_b: ArrayLike,
    probability_a: ArrayLike | None = None,
    probability_b: ArrayLike | None = None,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> tuple[ModelDifferences, PairedRows]:
    """Return the result of `compare_predictions`, and the tables from which it was computed."""
    rows = paired_rows(
        *(protected, positions, y_true, y_pred_a, y_pred_b), weight=weight, cluster=cluster
    )
    found = compare_models(rows, confidence=confidence, n_replicates=n_replicates, seed=seed)
    if y_true is None or probability_a is None or probability_b is None:
        return found, rows
    of_scores = score_differences(
        *(protected, positions, y_true, probability_a, probability_b),
        weight=weight,
        with_limits=cluster is None,
        confidence=confidence,
    )
    rates = pd.concat([found.rates, of_scores], ignore_index=True)
    return replace(found, rates=rates), rows


def paired_rows(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred_a: ArrayLike,
    y_pred_b: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> PairedRows:
    """Return the tables of two models' predictions; see `compare_predictions`."""
    arrays = (protected, positions, y_true, y_pred_a, y_pred_b)
    clusters = None
    if cluster is not None:
        clusters = PairedClusters.from_arrays(*arrays, cluster, weight)
    return PairedRows(count_pairs(*arrays, weight), clusters)


def compare_models(
    paired: AnyPairedCounts | PairedRows,
    *,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> ModelDifferences:
    """Estimate the differences between the metrics of two models, model A − model B.

    Errors that the models share cancel, so the interval of the difference is narrower than the
    interval of either value; see `fairrun.metrics.paired_limits`. If the models never differ, the
    value is 0 and the interval holds the differences that the rows do not exclude.

    Parameters
    ----------
    paired : PairedCounts, WeightedPairedCounts or PairedRows
        The counts of both models on the same rows.
    confidence : float, default 0.95
        Confidence level of each interval.
    n_replicates, seed : int
        The number of draws, and the seed of their random numbers.

    Returns
    -------
    ModelDifferences
        Exchanging the models changes the sign of every difference, and nothing else.

    Examples
    --------
    >>> from fairrun.metrics.paired import PairedCounts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> table = [[[[90, 5], [5, 50]], [[20, 5], [5, 80]]]] * 3
    >>> rates = compare_models(PairedCounts((sex,), table)).rates.set_index("metric")
    >>> rates.loc["selection_rate", "value"].tolist()
    [0.0, 0.0, 0.0]
    """
    rows = paired if isinstance(paired, PairedRows) else PairedRows(paired)
    return _Comparison(rows, confidence, n_replicates, seed).differences()


def distances_of_pairs(
    paired: PairedRows,
    grouping: Grouping,
    metric: str,
    *,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimate the differences of the distances from parity of every pair of groups.

    Parameters
    ----------
    paired : PairedRows
        The predictions of both models.
    grouping : Grouping
        The groups.
    metric : str
        A bias metric that is a difference or a ratio of rates.
    confidence, n_replicates, seed
        See `compare_models`.

    Returns
    -------
    DataFrame
        Rows as in `ModelDifferences.distances`, one for each pair of the `MOST_COMPARED` groups
        with the most rows. Each interval covers alone.
    """
    comparison = _Comparison(paired, confidence, n_replicates, seed)
    groups = grouping.take(largest_groups(paired.counts.rows(grouping).sum(axis=-1)))
    return pd.DataFrame(
        [comparison.distance(groups.take(pair.tolist()), metric) for pair in groups.pairs()]
    )


class _Comparison:
    """The comparison of two models, whose tables are filled one block at a time."""

    def __init__(self, rows: PairedRows, confidence: float, n_replicates: int, seed: int) -> None:
        self._rows, self._confidence = rows, confidence
        self._n_replicates, self._seed = n_replicates, seed

    def differences(self) -> ModelDifferences:
        """Return all tables."""
        counts = self._rows.counts
        columns, labelled = counts.columns, counts.labelled
        rates, compared, distances = [], [], []
        # The base rate does not depend on the model.
        wanted = {n: rate for n, rate in group_rates(labelled=labelled).items() if n != "base_rate"}
        of_all: Mapping[str, Rate | MeanOfRates] = {**wanted, **(_OF_ALL_ROWS if labelled else {})}
        rates += [*self._rates(everybody(columns), of_all)]
        for names in one_and_two_way(columns):
            rates += [*self._rates(values_of(columns, *names), wanted)]
            two = group_a_and_b(columns, *names)
            estimates = self._estimates(two)
            for name, metric in bias_metrics(labelled=labelled).items():
                reasons = [metric.undefined_reason(t, *two.groups) for t in estimates.tables]
                difference = estimates.compare(metric)
                if not metric.scale_free and isinstance(self._rows.counts, WeightedPairedCounts):
                    difference, reasons = _nothing(difference), [NOT_WEIGHTED]
                elif not metric.signed:
                    reasons.append(_UNSIGNED)
                about = {"protected": two.protected, "group_a": two.groups[0]}
                about |= {"group_b": two.groups[1], "metric": name}
                compared.append(self._row(about, two, difference, metric.rates, reasons))
                if metric.kind != "other":
                    distances.append(self.distance(two, name, estimates))
        changed = changed_sides(counts, confidence=self._confidence)
        return ModelDifferences(
            pd.DataFrame(rates), pd.DataFrame(compared), pd.DataFrame(distances), changed
        )

    def distance(
        self, two: Grouping, name: str, estimates: PairedEstimates | None = None
    ) -> dict[str, Any]:
        """Return the row of a distance from parity of two groups."""
        metric, estimates = BIAS_METRICS[name], estimates or self._estimates(two)
        reasons = [metric.undefined_reason(t, *two.groups) for t in estimates.tables]
        found = estimates.distance([name], [0, 1])
        if np.isinf([found.model_a, found.model_b]).any():
            reasons.append(_INFINITE)
        about = {"protected": two.protected, "group_a": two.groups[0]}
        about |= {"group_b": two.groups[1], "metric": name}
        return self._row(about, two, found, metric.rates, reasons)

    def _estimates(self, grouping: Grouping) -> PairedEstimates:
        return self._rows.estimates(
            grouping,
            confidence=self._confidence,
            n_replicates=self._n_replicates,
            seed=self._seed,
        )

    def _rates(
        self, grouping: Grouping, rates: Mapping[str, Rate | MeanOfRates]
    ) -> Iterator[dict[str, Any]]:
        estimates = self._estimates(grouping)
        for name, rate in rates.items():
            found = estimates.rate(rate)
            for place, group in enumerate(grouping.groups):
                reasons = [rate.undefined_reason(t[place], group) for t in estimates.tables]
                about = {"protected": grouping.protected, "group": group, "metric": name}
                one = grouping.take([place])
                yield self._row(about, one, found.take(place), rate.parts, reasons)

    def _row(
        self,
        about: dict[str, str],
        grouping: Grouping,
        found: Difference,
        rates: Sequence[Rate],
        reasons: Sequence[str],
    ) -> dict[str, Any]:
        """Return a row of a table, with an interval unless there is a reason against it."""
        reason, low, high = next(filter(None, reasons), ""), np.nan, np.nan
        if not reason:
            low, high, reason = self._rows.limits(found, grouping, rates, self._confidence)
        values = (float(found.model_a), float(found.model_b), float(found.value), low, high)
        method = found.method if np.isfinite(low) else ""
        return {
            **about,
            **dict(zip(_VALUES, values, strict=True)),
            "method": method,
            "reason": reason,
        }


def _nothing(found: Difference) -> Difference:
    none = np.full((), np.nan)
    return Difference(none, none, none, none, "", found.gradient)
