"""Test subgroups on rows that had no part in finding them.

The interval of a difference replaces the standard error by the distance of each rate to its own
limit, as everywhere in fairrun. A p value is the level at which this interval excludes 0. Intervals
and tests therefore never contradict each other.

`adjusted` controls the false discovery rate by Benjamini and Hochberg's procedure. The limits are
then those of Benjamini and Yekutieli (2005): they have the level at which the procedure rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.closed_form import Estimate, Limits, difference_of
from fairrun.metrics.cluster_limits import expanded_tail
from fairrun.metrics.cluster_shares import MIN_CLUSTERS, ClusterShares
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.grouping import group_a_and_b
from fairrun.metrics.rates import FloatArray, Rate, divide
from fairrun.metrics.subgroup_rows import ScannedRows
from fairrun.metrics.weighted_refusals import uneven_reason
from fairrun.metrics.weighted_share import share_estimate, sides_of
from fairrun.text import n_of

__all__ = ["Comparisons", "adjusted", "compare_with_rest"]

#: A smaller p value is this one: the formulas of the limits are not more precise.
_LEAST_P = 1e-12
#: Halvings of the interval in which the logarithm of a p value lies.
_HALVINGS = 40
_SUBGROUP = ProtectedColumn("subgroup", ("in", "out"), ("in",), ("out",))


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Differences between the rate of a subgroup and that of all other rows.

    Attributes
    ----------
    in_subgroup, in_rest : array of shape (n_tests,)
        The two rates; NaN where no row counts.
    p : array of shape (n_tests,)
        The p values; 1 if the difference has the other sign, NaN without an interval.
    limits : callable
        A function that returns the limits of the differences, if each of them may miss with the
        given probability.
    reasons : tuple of str
        Why there is no interval; empty if there is one.
    """

    in_subgroup: FloatArray
    in_rest: FloatArray
    p: FloatArray
    limits: Callable[[float], Limits]
    reasons: tuple[str, ...]

    @property
    def difference(self) -> FloatArray:
        """The rate of the subgroup minus that of the other rows."""
        return self.in_subgroup - self.in_rest


def compare_with_rest(
    rows: ScannedRows,
    rates: Sequence[Rate],
    members: Sequence[NDArray[np.bool_]],
    signs: Sequence[float],
) -> Comparisons:
    """Compare subgroups with all other rows.

    Parameters
    ----------
    rows : ScannedRows
        The rows.
    rates : sequence of Rate
        The rate of each comparison.
    members : sequence of arrays of bool of shape (n_rows,)
        The rows of each subgroup.
    signs : sequence of float
        1 where the rate was found to be higher than that of the other rows, −1 where it was lower.
        A p value is twice the probability of so large a difference in this direction alone.

    Returns
    -------
    Comparisons
    """
    of_tail, value, reasons = (_clustered if rows.cluster is not None else _independent)(
        rows, rates, members
    )
    known = np.array([not reason for reason in reasons], dtype=bool)
    sign = np.asarray(signs, dtype=np.float64)

    def limits(tail: float | FloatArray) -> Limits:
        low, high = of_tail(np.broadcast_to(np.asarray(tail, dtype=np.float64), known.shape))
        return np.where(known, low, np.nan), np.where(known, high, np.nan)

    least, most = np.full(len(known), np.log(_LEAST_P / 2)), np.full(len(known), np.log(0.5))
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        excluded = _excludes_zero(limits(np.exp(middle)), sign)
        least, most = np.where(excluded, least, middle), np.where(excluded, middle, most)
    p = np.where(_excludes_zero(limits(0.5), sign), 2 * np.exp(most), 1.0)
    p = np.where(_excludes_zero(limits(_LEAST_P / 2), sign), _LEAST_P, p)
    return Comparisons(value[:, 0], value[:, 1], np.where(known, p, np.nan), limits, reasons)


def adjusted(p: FloatArray) -> FloatArray:
    """Return p values adjusted by Benjamini and Hochberg's procedure, often called q values.

    Parameters
    ----------
    p : array of shape (n_tests,)
        The p values. NaN counts as 1, and stays NaN.

    References
    ----------
    Benjamini and Hochberg (1995), "Controlling the false discovery rate: a practical and powerful
    approach to multiple testing", Journal of the Royal Statistical Society B 57.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.04, 0.053, 0.053, nan]
    """
    m = len(p)
    order = np.argsort(np.where(np.isnan(p), 1.0, p), kind="stable")
    scaled = np.nan_to_num(p[order], nan=1.0) * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.where(np.isnan(p), np.nan, np.minimum(q, 1.0))


def _excludes_zero(limits: Limits, sign: FloatArray) -> NDArray[np.bool_]:
    low, high = limits
    return np.where(sign > 0, low > 0, high < 0)


_OfTail = Callable[[FloatArray], Limits]
_Compared = tuple[_OfTail, FloatArray, tuple[str, ...]]


def _independent(
    rows: ScannedRows, rates: Sequence[Rate], members: Sequence[NDArray[np.bool_]]
) -> _Compared:
    """Compare subgroups of independent rows: Clopper and Pearson's limits, or those of weights."""
    sides = np.stack(
        [_sides(rows, rate, own) for rate, own in zip(rates, members, strict=True)]
    )  # of shape (n_tests, 2 groups, 2 sides, 3 powers)
    yes, no = sides[..., 0, :], sides[..., 1, :]
    x, n = yes[..., 0], yes[..., 0] + no[..., 0]
    value = divide(x, n)
    reasons = []
    for rate, own_n, own_yes, own_no in zip(rates, n, yes, no, strict=True):
        reason = _undefined(rate, own_n)
        if rows.weight is not None and not reason:
            names = (f"{rate.name} of the {group}" for group in ("subgroup", "other rows"))
            each = map(uneven_reason, names, own_yes, own_no)
            reason = next(filter(None, each), "")
        reasons.append(reason)

    def of_tail(tail: FloatArray) -> Limits:
        if rows.weight is None:
            low, high = clopper_pearson_limits(x, n, tail[:, np.newaxis])
        else:
            _, low, high = share_estimate(yes, no, 1 - 2 * tail[:, np.newaxis])
        return _difference(value, low, high)

    return of_tail, value, tuple(reasons)


def _sides(rows: ScannedRows, rate: Rate, own: NDArray[np.bool_]) -> FloatArray:
    """Return Σw, Σw² and Σw⁴ of the rows that count and of the others, by group."""
    code = np.where(own, 0, 4) + rows.cell
    w = rows.weight
    powers = [None] * 3 if w is None else [w, w**2, w**4]
    sums = np.stack([np.bincount(code, each, minlength=8) for each in powers], axis=-1)
    return np.stack(sides_of(rate, sums.reshape(2, 2, 2, 3).astype(np.float64)), axis=1)


def _clustered(
    rows: ScannedRows, rates: Sequence[Rate], members: Sequence[NDArray[np.bool_]]
) -> _Compared:
    """Compare subgroups of rows in clusters, by effective numbers of rows.

    Rows of one cluster can be in the subgroup and among the others. This makes the difference more
    certain if rows of a cluster are alike, but the limits do not use it.
    """
    value, effective = (np.zeros((len(rates), 2)) for _ in range(2))
    n_clusters = np.zeros((len(rates), 2), dtype=np.int64)
    reasons = []
    label, prediction = rows.cell // 2, rows.cell % 2
    for i, (rate, own) in enumerate(zip(rates, members, strict=True)):
        tables = ClusterTables.from_arrays(
            *([_SUBGROUP], [np.where(own, 0, 1)], label, prediction),
            np.asarray(rows.cluster),
            weight=rows.weight,
        ).of(group_a_and_b((_SUBGROUP,), _SUBGROUP.name))
        shares = ClusterShares(tables)
        share = shares.share(rate)
        value[i], effective[i], n_clusters[i] = share.value, share.effective, share.n_clusters
        few = int(share.n_clusters.min())
        reason = _undefined(rate, share.n_rows)
        if few < MIN_CLUSTERS and not reason:
            reason = (
                f"an interval needs rows in {MIN_CLUSTERS} clusters, not {n_of(few, 'cluster')}"
            )
        reasons.append(reason)

    def of_tail(tail: FloatArray) -> Limits:
        expanded = expanded_tail(1 - 2 * tail[:, np.newaxis], n_clusters)
        low, high = clopper_pearson_limits(value * effective, effective, expanded)
        return _difference(value, low, high)

    return of_tail, value, tuple(reasons)


def _difference(value: FloatArray, low: FloatArray, high: FloatArray) -> Limits:
    own, rest = (_estimate(value[:, i], low[:, i], high[:, i]) for i in (0, 1))
    return difference_of([(own, rest)])


def _estimate(value: FloatArray, low: FloatArray, high: FloatArray) -> Estimate:
    return value, low, high


def _undefined(rate: Rate, sizes: NDArray[Any]) -> str:
    """Return why a rate is undefined in the subgroup or among the others; empty if it is not."""
    for size, group in zip(sizes, ("the subgroup", "the other rows"), strict=True):
        if not size:
            return f"no row of {group}" + (f" {rate.condition}" if rate.condition else "")
    return ""
