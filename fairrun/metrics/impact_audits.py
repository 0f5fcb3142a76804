"""Tables of selection rates and impact ratios for two rules on hiring.

The tables are numbers, not legal findings. They do not say whether a rule applies to a case or what
follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.groups import MISSING, ProtectedColumn
from fairrun.metrics.audit import MOST_COMPARED, Audit
from fairrun.metrics.counts import Counts
from fairrun.metrics.grouping import one_and_two_way, values_of
from fairrun.metrics.rates import divide, selection_rate
from fairrun.metrics.suppression import NOTHING_HIDDEN, Hidden
from fairrun.metrics.weighted import AnyCounts

__all__ = ["count_above_median", "four_fifths_table", "local_law_144_table"]

#: The four-fifths rule looks at rates below 80 % of the highest rate.
_FOUR_FIFTHS = 0.8
_NOT_COMPARED = f"only the {MOST_COMPARED} groups with the most rows have an interval"
#: 29 CFR 1607.15 A(2)(a) looks at groups with at least this share of the people, and Local Law 144
#: allows impact ratios to leave out a category with a smaller share.
_SMALL_CATEGORY = 0.02
#: The fewest rows of a group whose rate others are compared with, as by default in a gate.
_MIN_COUNT = 30


def four_fifths_table(
    counts: AnyCounts,
    audited: Audit,
    *,
    min_count: int = _MIN_COUNT,
    hidden: Hidden = NOTHING_HIDDEN,
) -> pd.DataFrame:
    """Compute the ratio of each group's selection rate to the highest rate (four-fifths rule).

    The highest rate is that of a group with at least 2 % of the rows and `min_count` rows, because
    one person who is selected would otherwise mark all larger groups. Smaller groups have a ratio,
    which can be above 1, but are not judged if they have less than 2 % of the rows.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows.
    audited : Audit
        The audit of these counts.
    min_count : int
        The fewest rows of the group with the highest rate; effective rows if the rows have weights
        or are in clusters.
    hidden : Hidden
        The groups that are not shown. None of them is the group with the highest rate.

    Returns
    -------
    DataFrame
        One row for each value of each protected column, with the columns protected, group, n,
        selected (both are sums of weights, if the rows are weighted), selection_rate, ci_low,
        ci_high, highest_group (empty if no group is large enough), impact_ratio (the group's rate /
        the highest rate), ratio_ci_low, ratio_ci_high, below_four_fifths (whether the ratio is less
        than 4/5, regardless of its interval; missing if the group has less than 2 % of the rows),
        reason (why a number or a judgement is missing) and source. All
        intervals of one column's ratios cover at once, so they stay valid although the data decide
        which group has the highest rate.

    References
    ----------
    Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D: a rate below four fifths
    of the highest rate is generally regarded as evidence of adverse impact. A smaller difference
    can also be evidence, and with few people a larger difference can be none. 1607.15 A(2)(a):
    determinations are made for groups of at least 2 %.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import audit
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> table = four_fifths_table(counts, audit(counts))
    >>> table[["group", "selected", "selection_rate", "impact_ratio", "below_four_fifths"]]
        group  selected  selection_rate  impact_ratio  below_four_fifths
    0    Male       500        0.416667           1.0              False
    1  Female       100        0.125000           0.3               True
    """
    rows = []
    for column in counts.columns:
        of_column = audited.rates["protected"] == column.name
        is_rate = audited.rates["metric"] == "selection_rate"
        estimated = audited.rates[of_column & is_rate].set_index("group")
        grouping = values_of(counts.columns, column.name)
        tables = counts.tables_of(grouping)
        rates = selection_rate(tables)
        sizes = estimated.get("effective_n", estimated["n"])[[*grouping.groups]].to_numpy()
        is_small = divide(tables.sum(axis=(1, 2)), counts.n) < _SMALL_CATEGORY
        gone = [bool(hidden.rows(column.name, group)) for group in grouping.groups]
        counted = ~is_small & (sizes >= min_count) & ~np.isnan(rates) & ~np.array(gone)
        highest = int(np.where(counted, rates, -1.0).argmax())
        top = grouping.groups[highest] if counted.any() else ""
        limits = _limits_of_ratios(audited, column.name, top)
        for group, table, rate, small in zip(
            grouping.groups, tables, rates, is_small.tolist(), strict=True
        ):
            ratio = float(divide(rate, rates[highest])) if top else np.nan
            low, high, why = limits.get(group, (np.nan, np.nan, _NOT_COMPARED))
            reason = ""
            if np.isnan(rate):
                reason = f"no row of {group}"
            elif not top:
                reason = f"no group has 2 % of the rows and {min_count} rows to compare with"
            elif np.isnan(ratio):
                reason = "no row of any group that is large enough is predicted 1"
            elif small:
                reason = "not judged: under 2 % of the rows"
            elif group != top and np.isnan(low):
                reason = why
            rows.append(
                {
                    "protected": column.name,
                    "group": group,
                    "n": table.sum().item(),
                    "selected": table[:, 1].sum().item(),
                    "selection_rate": rate,
                    "ci_low": estimated.loc[group, "ci_low"],
                    "ci_high": estimated.loc[group, "ci_high"],
                    "highest_group": top,
                    "impact_ratio": ratio,
                    "ratio_ci_low": low,
                    "ratio_ci_high": high,
                    "below_four_fifths": (
                        None if np.isnan(ratio) or small else ratio < _FOUR_FIFTHS
                    ),
                    "reason": reason,
                    "source": "29 CFR 1607.4 D",
                }
            )
    return pd.DataFrame(rows)


def _limits_of_ratios(
    audited: Audit, protected: str, top: str
) -> dict[str, tuple[float, float, str]]:
    """Return, for each group, the limits of its rate divided by that of `top`, or why none.

    A group that the audit does not compare is missing.
    """
    table = audited.together
    table = table[(table["protected"] == protected) & (table["metric"] == "disparate_impact")]
    limits = {}
    columns = ["group_a", "group_b", "ci_low", "ci_high", "reason"]
    for a, b, low, high, reason in table[columns].to_numpy():
        if b == top:
            limits[a] = (low, high, reason)
        elif a == top:  # Both groups have the highest rate, and the table has top / b, not b / top.
            turned = np.inf if low == 0 else 1 / low
            limits[b] = (float(divide(1, high)), float(turned), reason)
    return limits


def count_above_median(
    protected: Sequence[ProtectedColumn], positions: Sequence[ArrayLike], score: ArrayLike
) -> Counts:
    """Count the rows with a score above the median of all rows, as if it were a prediction of 1.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The protected columns.
    positions : sequence of arrays of int of shape (n_rows,)
        For each protected column, the position of each row's value in the column's `values`;
        −1 if the row has none of these values.
    score : array of shape (n_rows,)
        The score of each row.

    Returns
    -------
    Counts
        Every row is counted with label 0. The selection rate of these counts is the scoring rate of
        Local Law 144.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> count_above_median([sex], [[0, 0, 1, 1]], [0.9, 0.8, 0.7, 0.6]).table[:, 0].tolist()
    [[0, 2], [2, 0], [0, 0]]
    """
    score = np.asarray(score)
    above = score > np.median(score) if len(score) else score.astype(bool)
    return Counts.from_arrays(protected, positions, np.zeros(len(score), dtype=np.uint8), above)


def local_law_144_table(
    counts: Counts,
    basis: Literal["selection", "scoring"] = "selection",
    *,
    justification: str | None = None,
) -> pd.DataFrame:
    """Return the table of a bias audit under New York City's Local Law 144.

    The rule compares categories of sex, of race or ethnicity, and of their crossing. Use these as
    protected columns.

    Parameters
    ----------
    counts : Counts
        The counts of the rows. For scoring rates, the counts of `count_above_median`.
    basis : {"selection", "scoring"}, default "selection"
        Whether the counts give selection rates or scoring rates.
    justification : str, optional
        The reason for leaving categories with under 2 % of the rows out of the impact ratios. The
        reason appears in the note of these categories. By default no category is left out.

    Returns
    -------
    DataFrame
        One row for each category of each protected column and of each crossing of two, then one row
        for the rows in an unknown category. The columns are basis, protected, category, n, share
        (of all rows), selected (or scored above the median), rate, impact_ratio (the rate / the
        rate of the most selected category), most_selected, note and source. There is no pass mark,
        because the rule sets none.

    References
    ----------
    Rules of the City of New York, title 6, 5-300 (impact ratio, scoring rate) and 5-301 (bias
    audit; subdivision d on categories under 2 %).

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[50, 10], [20, 40]], [[60, 2], [10, 8]], [[3, 0], [0, 0]]])
    >>> local_law_144_table(counts)[["category", "n", "rate", "impact_ratio"]]
        category    n      rate  impact_ratio
    0       Male  120  0.416667           1.0
    1     Female   80  0.125000           0.3
    2  (missing)    3       NaN           NaN
    """
    rows = []
    for names in one_and_two_way(counts.columns):
        grouping = values_of(counts.columns, *names)
        tables = counts.grouped(grouping)
        sizes, rates = tables.sum(axis=(1, 2)), selection_rate(tables)
        shares = divide(sizes, counts.n)
        small = (sizes > 0) & (shares < _SMALL_CATEGORY)
        counted = (sizes > 0) & ~(small if justification else np.zeros_like(small))
        highest = np.where(counted, rates, -1.0).argmax()
        for i, category in enumerate(grouping.groups):
            note = "no row" if sizes[i] == 0 else ""
            if small[i]:
                note = f"under 2 % of the rows: {justification or 'may be left out'}"
            rows.append(
                {
                    "basis": basis,
                    "protected": grouping.protected,
                    "category": category,
                    "n": int(sizes[i]),
                    "share": shares[i],
                    "selected": int(tables[i][:, 1].sum()),
                    "rate": rates[i],
                    "impact_ratio": (
                        float(divide(rates[i], rates[highest])) if counted[i] else np.nan
                    ),
                    "most_selected": grouping.groups[highest] if counted.any() else "",
                    "note": note,
                }
            )
        unknown = counts.total - tables.sum(axis=0)
        rows.append(
            {
                "basis": basis,
                "protected": grouping.protected,
                "category": MISSING,
                "n": int(unknown.sum()),
                "share": float(divide(unknown.sum(), counts.n)),
                "selected": int(unknown[:, 1].sum()),
                "note": "unknown category: in no rate",
            }
        )
    return pd.DataFrame(rows).assign(source="6 RCNY 5-300 to 5-304")
