"""The audit: rates of every group and differences of every pair of groups, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from fairrun.metrics.bias import BIAS_METRICS, BiasMetric
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.clustered import ClusterReplicates
from fairrun.metrics.counted import Counted
from fairrun.metrics.counts import Counts
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.grouping import (
    Grouping,
    everybody,
    group_a_and_b,
    one_and_two_way,
    values_of,
)
from fairrun.metrics.intervals import Intervals
from fairrun.metrics.linearised import Linearised
from fairrun.metrics.measurable import bias_metrics, group_rates
from fairrun.metrics.performance import PERFORMANCE_METRICS
from fairrun.metrics.rates import GROUP_RATES, MeanOfRates, Rate, Tables
from fairrun.metrics.weighted import AnyCounts
from fairrun.metrics.worst import Pairs, worst_of

__all__ = ["MOST_COMPARED", "Audit", "audit", "estimates_of", "largest_groups"]

#: The largest number of groups of a protected column or crossing that are compared in pairs. If
#: there are more groups, those with the most rows are compared.
MOST_COMPARED = 24

#: The metrics of all rows together that are logged.
_OVERALL = (
    *PERFORMANCE_METRICS,
    *("selection_rate", "roc_auc", "brier_score"),
    *("calibration_in_the_large", "squared_calibration_error"),
)
#: The performance metrics that `GROUP_RATES` does not have under the same name.
_BEYOND_RATES = {n: rate for n, rate in PERFORMANCE_METRICS.items() if n not in GROUP_RATES}
_WITHOUT_LIMITS = {name for name, metric in BIAS_METRICS.items() if not metric.signed}


@dataclass(frozen=True, eq=False)
class Audit:
    """Rates and comparisons of groups: long tables with one value in each row.

    All tables have the columns protected (`sex`, `sex:race`; empty for all rows), metric, value,
    ci_low, ci_high, undefined_share (the probability that the value is undefined in a resample of
    the rows; 0 for weighted rows), method (how the interval was computed) and reason (why the value
    is NaN, or why a value of weighted or clustered rows has no interval; empty otherwise).
    Differences are a − b, ratios are a / b.

    Attributes
    ----------
    rates : DataFrame
        The rates of each group, with the columns group and n (its number of rows or its sum of
        weights). For weighted rows, the columns n_rows and effective_n (Kish's effective number of
        rows) follow. For clustered rows, n_rows, n_clusters and effective_n follow, which is the
        effective number of rows behind this rate. For all rows together, the table also has the
        performance metrics.
    compared : DataFrame
        The bias metrics of group_a against group_b of each protected column and each crossing, with
        the columns group_a and group_b.
    pairs : DataFrame
        The bias metrics of every pair of values. Each interval covers separately. If a column or
        crossing has more than `MOST_COMPARED` values, only those with the most rows are compared,
        here and in the two tables below.
    together : DataFrame
        The same pairs, ordered so that a difference is at least 0 and a ratio at most 1. All
        intervals of one metric and one protected column cover at once.
    worst : DataFrame
        The largest difference and the smallest ratio in `together`, as fairlearn defines them, with
        the two groups. The interval is for the largest difference itself, whichever pair has it:
        the highest lower limit and the highest upper limit (for ratios, the lowest ones). Pairs
        with an undefined value are left out.
    clusters : ClusterReplicates or None
        The clusters of the rows; None if every row is independent of the others.
    """

    rates: pd.DataFrame
    compared: pd.DataFrame
    pairs: pd.DataFrame
    together: pd.DataFrame
    worst: pd.DataFrame
    clusters: ClusterReplicates | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        names = ("rates", "compared", "pairs", "together", "worst")
        return {name: getattr(self, name) for name in names}

    def metrics(self, first: str) -> dict[str, float]:
        """Return performance and comparisons under the names they are logged with.

        Parameters
        ----------
        first : str
            The first protected column. Its metrics have names without a slash.

        Returns
        -------
        dict of str to float
            Names are, for example, `disparate_impact`, `disparate_impact_ci_low`,
            `disparate_impact_worst` and `disparate_impact_worst_ci_low/race`. A metric without an
            interval has no limits here. Only differences and ratios have a worst pair.
        """
        overall = (self.rates["protected"] == "") & self.rates["metric"].isin(_OVERALL)
        worst = self.worst["metric"].map(lambda name: BIAS_METRICS[name].kind != "other")
        parts = ((self.rates[overall], ""), (self.compared, ""), (self.worst[worst], "_worst"))
        logged = {}
        for table, suffix in parts:
            for row in table.to_dict("records"):
                of = "" if row["protected"] in ("", first) else f"/{row['protected']}"
                name = row["metric"] + suffix
                logged[name + of] = row["value"]
                if row["metric"] not in _WITHOUT_LIMITS:
                    logged[f"{name}_ci_low{of}"] = row["ci_low"]
                    logged[f"{name}_ci_high{of}"] = row["ci_high"]
        return logged


def audit(
    counts: AnyCounts,
    *,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
    clusters: ClusterTables | None = None,
) -> Audit:
    """Estimate all rates and comparisons of every protected column and every crossing of two.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows. Without true labels, only metrics of predictions are estimated.
    confidence : float, default 0.95
        Confidence level of each interval.
    n_replicates, seed : int
        The number of replicates, and the seed of their random numbers. Cohen's d and the 2SD rule
        need replicates of the selection rates, and clustered rows need replicates of the clusters.
    clusters : ClusterTables, optional
        The tables of the clusters of the same rows. Intervals then come from clusters.

    Returns
    -------
    Audit

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> found = audit(counts).compared.set_index("metric").loc["statistical_parity"]
    >>> [round(float(found[name]), 2) for name in ("value", "ci_low", "ci_high")]
    [0.29, 0.25, 0.33]
    """
    columns, labelled = counts.columns, counts.labelled
    of_clusters = None
    if clusters is not None:
        of_clusters = ClusterReplicates(clusters, n_replicates, seed, confidence)
    estimates = estimates_of(
        counts, of_clusters, confidence=confidence, n_replicates=n_replicates, seed=seed
    )

    of_group = group_rates(labelled=labelled)
    rates, compared, pairs, together, worst = (_Table() for _ in range(5))
    everyone = everybody(columns)
    of_everyone = estimates(everyone)
    _add_rates(rates, everyone, of_everyone, of_group)
    if labelled:
        _add_rates(rates, everyone, of_everyone, _BEYOND_RATES)
    for names in one_and_two_way(columns):
        two, values = group_a_and_b(columns, *names), values_of(columns, *names)
        of_two, of_values = estimates(two), estimates(values)
        _add_rates(rates, values, of_values, of_group)
        more = two.take([i for i, name in enumerate(two.groups) if name not in values.groups])
        _add_rates(rates, more, estimates(more), of_group)
        if len(values.groups) > MOST_COMPARED:
            values = values.take(largest_groups(of_values.tables))
            of_values = estimates(values)
        for metric in bias_metrics(labelled=labelled).values():
            pair = two.pairs()
            _add_pairs(compared, two, of_two, metric, pair, of_two.each(metric, pair))
            every = values.pairs()
            each, turned, at_once = of_values.each_and_together(metric, every)
            _add_pairs(pairs, values, of_values, metric, every, each)
            _add_pairs(together, values, of_values, metric, turned, at_once)
            _add_pairs(worst, values, of_values, metric, *worst_of(metric, turned, at_once))
    return Audit(
        rates=rates.frame(),
        compared=compared.frame(),
        pairs=pairs.frame(),
        together=together.frame(),
        worst=worst.frame(),
        clusters=of_clusters,
    )


def estimates_of(
    counts: AnyCounts,
    clusters: ClusterReplicates | None = None,
    *,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> Callable[[Grouping], GroupEstimates]:
    """Return a function that gives the estimates of an audit for the groups of a grouping.

    Parameters
    ----------
    counts, confidence, n_replicates, seed
        See `audit`.
    clusters : ClusterReplicates, optional
        The replicates of the clusters of the same rows. Intervals then come from clusters.
    """
    if clusters is not None:
        return clusters.of
    if isinstance(counts, Counts):
        return lambda grouping: Counted(
            counts.grouped(grouping),
            counts.n,
            confidence=confidence,
            n_replicates=n_replicates,
            seed=seed,
        )
    return lambda grouping: Linearised(counts.grouped(grouping), confidence)


class _Table:
    """A table that grows by blocks of rows."""

    def __init__(self) -> None:
        self._blocks: list[dict[str, Sequence[Any]]] = []

    def add(self, n_rows: int, intervals: Intervals, /, **columns: Any) -> None:
        """Append `n_rows` rows; each column is one value for all of them, or one value per row."""
        block = columns | {
            "value": intervals.value,
            "ci_low": intervals.low,
            "ci_high": intervals.high,
            "undefined_share": intervals.undefined,
            "method": intervals.method,
        }
        repeated = {
            name: [value] * n_rows if np.ndim(value) == 0 else list(value)
            for name, value in block.items()
        }
        # The reason is the last column, because it explains the value before it.
        self._blocks.append(repeated | {"reason": repeated.pop("reason")})

    def frame(self) -> pd.DataFrame:
        """Return all blocks as one DataFrame."""
        names = self._blocks[0]
        return pd.DataFrame({n: [*chain.from_iterable(b[n] for b in self._blocks)] for n in names})


def largest_groups(tables: Tables) -> list[int]:
    """Return the positions of the `MOST_COMPARED` groups with the most rows, in ascending order."""
    order = np.argsort(-tables.sum(axis=(-2, -1)), kind="stable")
    return sorted(order[:MOST_COMPARED].tolist())


def _add_rates(
    table: _Table,
    grouping: Grouping,
    estimates: GroupEstimates,
    rates: Mapping[str, Rate | MeanOfRates],
) -> None:
    sizes = estimates.tables.sum(axis=(-2, -1))
    for name, rate in rates.items():
        table.add(
            len(grouping.groups),
            estimates.rate(rate),
            protected=grouping.protected,
            group=grouping.groups,
            n=sizes,
            **estimates.about_groups(),
            **estimates.about_rate(rate),
            metric=name,
            reason=estimates.rate_reasons(rate, grouping.groups),
        )


def _add_pairs(
    table: _Table,
    grouping: Grouping,
    estimates: GroupEstimates,
    metric: BiasMetric,
    pairs: Pairs,
    intervals: Intervals,
) -> None:
    a, b = np.array(grouping.groups, dtype=object)[pairs].T
    reason = [""] * len(pairs)
    for i in np.flatnonzero(np.isnan(intervals.value) | np.isnan(intervals.high)):
        reason[i] = estimates.undefined_reason(metric, pairs[i], a[i], b[i])
    table.add(
        len(pairs),
        intervals,
        protected=grouping.protected,
        group_a=a,
        group_b=b,
        metric=metric.name,
        reason=reason,
    )
