"""Bounds of a metric if the protected values of some rows are unknown.

A comparison of the rows with a known value can be far from that of all rows, if the value is
missing more often for some people than for others. Without any assumption, the comparison of all
rows lies between two bounds: the lowest and the highest value over all ways in which the unknown
rows can be in group_a, in group_b or (for columns with further values) in neither.

Let a rate of a group be x / n, with x of its n rows counting. Of the unknown rows in the
denominator, u count and v do not. Let s of the u and t of the v be in group_a:

    p_a = (x_a + s) / (n_a + s + t)

p_a rises with s and falls with t, because (x + 1) / (n + 1) >= x / n >= x / (n + 1). In the same
way, p_b rises with the rows of u that are in b, and falls with those of v that are in b. Both a
difference p_a − p_b and a ratio p_a / p_b rise with p_a and fall with p_b. Therefore the highest
value has all of u in a and all of v in b, and the lowest value has all of v in a and all of u in b:
each of the four choices moves its own rate towards the extreme, and none stands in the way of
another. Both assignments are possible, so the bounds are attained. Leaving a row in neither group
moves nothing towards the extreme, so that the bounds are the same if this is allowed. A mean of
rates whose denominators have no row in common (average odds) is extreme where its parts are.

References
----------
Manski (2003), Partial Identification of Probability Distributions, Springer (worst-case bounds).
Kallus, Mao and Zhou (2022), "Assessing algorithmic fairness with unobserved protected class using
data combination", Management Science 68. Imbens and Manski (2004), "Confidence intervals for
partially identified parameters", Econometrica 72.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.groups import MISSING, ProtectedColumn
from fairrun.metrics.audit import estimates_of
from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.closed_form import Estimate, mean_of
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.clustered import ClusterReplicates
from fairrun.metrics.counted import Counted
from fairrun.metrics.counts import Counts
from fairrun.metrics.estimates import GroupEstimates
from fairrun.metrics.grouping import group_a_and_b
from fairrun.metrics.linearised import Linearised
from fairrun.metrics.measurable import bias_metrics
from fairrun.metrics.membership import ASSUMPTION, Membership, membership_of
from fairrun.metrics.rates import FloatArray, Rate
from fairrun.metrics.shown import MARGINAL
from fairrun.metrics.suppression import Hidden
from fairrun.metrics.weighted import AnyCounts, count_rows
from fairrun.text import with_percent, with_sign

__all__ = ["UnknownGroups", "measure_unknown_groups", "show_unknown_groups", "unknown_groups"]

_CLUSTERED = "the limits of the bounds take rows as independent, and these are in clusters"
_NOTHING_KNOWN = "no row that counts here has a known value of {group}"

_COLUMNS = [
    *("protected", "group_a", "group_b", "metric", "n_unknown"),
    *("known", "known_ci_low", "known_ci_high", "lower", "upper", "ci_low", "ci_high"),
    *("membership", "membership_ci_low", "membership_ci_high", "assumption", "reason"),
]
#: The numbers about the rows with a known value, and those about all rows.
_OF_KNOWN, _OF_UNKNOWN = _COLUMNS[5:8], _COLUMNS[8:15]


@dataclass(frozen=True, eq=False)
class UnknownGroups:
    """What is known of comparisons of two groups if protected values are missing.

    Attributes
    ----------
    table : DataFrame
        One row for each protected column and metric, with the columns protected, group_a, group_b,
        metric, n_unknown (the unknown rows behind the metric), known, known_ci_low, known_ci_high
        (the value among the rows with a known value), lower, upper (the bounds over all assignments
        of the unknown rows), ci_low, ci_high (the lower limit of the lower bound and the upper
        limit of the upper bound: at least 95 % of such intervals contain the value of all rows, if
        the true groups were known), membership, membership_ci_low, membership_ci_high (the value
        with membership probabilities; NaN without them), assumption (of the value with membership)
        and reason (why a bound, or else a limit or the value with membership, is NaN). Only columns
        with unknown rows are in the table.
    shares : dict of str to float
        The share of unknown rows (or of their weight) of each protected column.
    """

    table: pd.DataFrame
    shares: Mapping[str, float]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table by name."""
        return {"unknown_groups": self.table}

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what the unknown rows can change in the selection rates of each column."""
        rows = self.table[self.table["metric"] == "statistical_parity"]
        said = []
        for row in rows.dropna(subset=["known", "lower"]).to_dict("records"):
            known, lower, upper = (with_sign(row[name]) for name in ("known", "lower", "upper"))
            said.append(
                f"{row['protected']} is unknown in {with_percent(self.shares[row['protected']])} "
                f"of the rows: statistical parity of {row['group_a']} against {row['group_b']} is "
                f"{known} among the others, and between {lower} and {upper} for all rows"
            )
        return tuple(said)


def measure_unknown_groups(
    frame: pd.DataFrame,
    membership: Sequence[str],
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    seed: int = 0,
) -> UnknownGroups:
    """Bound the comparisons of groups whose protected values are partly unknown.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, with the columns of `membership`.
    membership : sequence of str
        Columns with the probabilities of the values of the first protected column; see
        `membership_of`. Empty for bounds alone.
    protected, positions, y_true, y_pred, weight, cluster, seed
        See `evaluate_predictions`. A row with position −1 is unknown.

    Returns
    -------
    UnknownGroups

    Raises
    ------
    RequestError
        If a column of probabilities is unknown or holds anything but probabilities, or the rows
        cannot be counted.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> positions = np.repeat([0, 1, -1], [40, 40, 20])
    >>> selected = np.tile([1, 1, 0, 0], 25)
    >>> found = measure_unknown_groups(pd.DataFrame(index=range(100)), [], [sex], [positions],
    ...                                None, selected)
    >>> found.table[["metric", "known", "lower", "upper"]].round(2)
                   metric  known  lower  upper
    0  statistical_parity    0.0  -0.20    0.2
    1    disparate_impact    1.0   0.67    1.5
    """
    counts = count_rows(protected, positions, y_true, y_pred, weight)
    clusters = None
    if cluster is not None:
        tables = ClusterTables.from_arrays(
            protected, positions, y_true, y_pred, cluster, weight=weight
        )
        clusters = ClusterReplicates(tables, 2000, seed, 0.95)
    found = None
    if membership:
        found = membership_of(
            frame,
            membership,
            protected[0],
            np.asarray(positions[0]),
            y_true,
            y_pred,
            weight,
            cluster,
        )
    return unknown_groups(counts, clusters=clusters, membership=found)


def unknown_groups(
    counts: AnyCounts,
    *,
    clusters: ClusterReplicates | None = None,
    membership: Membership | None = None,
    confidence: float = 0.95,
) -> UnknownGroups:
    """Bound the comparisons of group_a and group_b of each protected column.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    clusters : ClusterReplicates, optional
        The clusters of the same rows. The limits of the bounds are then NaN.
    membership : Membership, optional
        The sums of membership probabilities, for the first protected column.
    confidence : float
        Confidence level of each interval.

    Returns
    -------
    UnknownGroups
    """
    rows: list[dict[str, Any]] = []
    shares = {}
    for place, column in enumerate(counts.columns):
        of_column = counts.marginal(column.name)
        unknown = of_column.table[-1]
        sums = unknown if isinstance(counts, Counts) else unknown[..., 0]
        n_rows = unknown if isinstance(counts, Counts) else unknown[..., 2]
        shares[column.name] = float(sums.sum() / max(counts.n, 1e-300))
        if not n_rows.any() and (membership is None or place > 0):
            continue
        grouping = group_a_and_b(counts.columns, column.name)
        known = estimates_of(counts, clusters, confidence=confidence)(grouping)
        two = of_column.grouped(group_a_and_b([column], column.name))
        for metric in bias_metrics(labelled=counts.labelled).values():
            if metric.kind == "other":
                continue
            of_known = known.each(metric, np.array([[0, 1]]))
            lower, ci_low, reason = _bound(metric, two, unknown, column, confidence, highest=False)
            upper, ci_high, _ = _bound(metric, two, unknown, column, confidence, highest=True)
            if clusters is not None and not reason:
                ci_low, ci_high, reason = np.nan, np.nan, _CLUSTERED
            weighted = [np.nan] * 3
            if membership is not None and place == 0:
                *weighted, why = membership.estimate(metric, confidence)
                reason = reason or why
            rows.append(
                {
                    "protected": column.name,
                    "group_a": column.group_names[0],
                    "group_b": column.group_names[1],
                    "metric": metric.name,
                    "n_unknown": int(sum(rate.size(n_rows) for rate in metric.rates)),
                    "known": float(of_known.value[0]),
                    "known_ci_low": float(of_known.low[0]),
                    "known_ci_high": float(of_known.high[0]),
                    "lower": lower,
                    "upper": upper,
                    "ci_low": ci_low,
                    "ci_high": ci_high,
                    "membership": weighted[0],
                    "membership_ci_low": weighted[1],
                    "membership_ci_high": weighted[2],
                    "assumption": ASSUMPTION if np.isfinite(weighted[0]) else "",
                    "reason": reason,
                }
            )
    return UnknownGroups(pd.DataFrame(rows, columns=_COLUMNS), shares)


def show_unknown_groups(found: UnknownGroups, hidden: Hidden) -> UnknownGroups:
    """Return bounds without the numbers that must not be shown.

    Parameters
    ----------
    found : UnknownGroups
        All numbers.
    hidden : Hidden
        The groups that are not shown. If the rows with an unknown value are few, the bounds are not
        shown, because the outcomes of these rows could be computed from them.

    Returns
    -------
    UnknownGroups
        A copy; the reason says why a number is missing.
    """
    table = found.table.copy()
    for row, (protected, a, b, metric) in enumerate(
        table[["protected", "group_a", "group_b", "metric"]].to_numpy().tolist()
    ):
        joint = metric not in MARGINAL
        of_known = hidden.reason(protected, a, b, joint=joint)
        of_all = of_known or hidden.reason(protected, MISSING, joint=joint)
        gone = [*(_OF_KNOWN if of_known else []), *(_OF_UNKNOWN if of_all else [])]
        if gone:
            table.loc[table.index[row], gone] = np.nan
            table.loc[table.index[row], ["assumption", "reason"]] = ["", of_all]
    gone_sizes = [bool(hidden.rows(str(name), MISSING)) for name in table["protected"]]
    if any(gone_sizes):
        table["n_unknown"] = table["n_unknown"].astype("Int64").mask(np.array(gone_sizes))
    return UnknownGroups(table, found.shares)


def _bound(
    metric: BiasMetric,
    two: FloatArray,
    unknown: FloatArray,
    column: ProtectedColumn,
    confidence: float,
    *,
    highest: bool,
) -> tuple[float, float, str]:
    """Return a bound, its outer limit, and why one of them is NaN.

    Parameters
    ----------
    metric : BiasMetric
        A difference or a ratio of rates.
    two : array of shape (2, 2, 2) or (2, 2, 2, 4)
        The tables of group_a and group_b, among the rows with a known value.
    unknown : array of shape (2, 2) or (2, 2, 4)
        The table of the unknown rows.
    """
    for rate in metric.rates:
        for table, group in zip(two, column.group_names, strict=True):
            if rate.size(table if table.ndim == 2 else table[..., 0]) == 0:
                return np.nan, np.nan, _NOTHING_KNOWN.format(group=group)
    parts: list[Estimate] = []
    refused = ""
    for rate in metric.rates:
        counting, others = _split(rate, unknown)
        tables = two + np.stack([counting, others] if highest else [others, counting])
        estimates: GroupEstimates = (
            Counted(tables.astype(np.int64), int(tables.sum()), confidence=confidence)
            if tables.ndim == 3
            else Linearised(tables, confidence)
        )
        # The same comparison of this rate alone; a mean is extreme where its parts are.
        alone, pair = replace(metric, rates=(rate,)), np.array([0, 1])
        found = estimates.each(alone, pair[np.newaxis])
        reason = estimates.undefined_reason(alone, pair, *column.group_names)
        if np.isnan(found.value[0]) and rate(estimates.tables)[0] > 0:
            return np.inf, np.inf, ""
        if np.isnan(found.value[0]):
            return np.nan, np.nan, reason
        parts.append((found.value, found.low, found.high))
        refused = refused or (reason if np.isnan(found.high[0]) else "")
    value = float(np.mean([part[0] for part in parts]))
    low, high = parts[0][1:] if len(parts) == 1 else mean_of(parts)
    return value, float((high if highest else low)[0]), refused


def _split(rate: Rate, table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the part of a table that counts in a rate, and the rest of its denominator."""
    top = np.reshape(rate.numerator, (2, 2)) > 0
    bottom = np.reshape(rate.denominator, (2, 2)) > 0
    shape = (2, 2, *(1,) * (table.ndim - 2))
    return table * top.reshape(shape), table * (bottom & ~top).reshape(shape)
