"""The verdict of a gate: `decide` compares the interval of each metric with its threshold.

A term passes if its interval lies inside the allowed range and fails if its interval lies outside.
An interval that lies partly inside gives insufficient evidence.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.terms import Gate, Term
from fairrun.metrics import (
    BIAS_METRICS,
    MOST_COMPARED,
    AnyCounts,
    Audit,
    Grouping,
    Intervals,
    WeightedCounts,
    everybody,
    group_a_and_b,
    normal_quantile,
    sizes_of,
    values_of,
    worst_of,
)

__all__ = ["GateResult", "Judgement", "Verdict", "decide", "judge", "overall"]

_INTERVAL = ["value", "ci_low", "ci_high"]


class Verdict(StrEnum):
    """The verdict on a term or on a whole gate, in order of precedence."""

    FAIL = "fail"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    PASS = "pass"  # noqa: S105


@dataclass(frozen=True)
class Size:
    """The number of rows behind a rate.

    Attributes
    ----------
    n : int
        The number of rows.
    effective_n : float or None
        Kish's effective number of rows, (Σw)² / Σw², or that of clustered rows; None if the rows
        are neither weighted nor clustered.
    rate : str
        The name of the rate.
    kind : str
        The kind of the rows, "weighted" or "clustered", if they have an effective number.

    Examples
    --------
    >>> Size(60).rows, Size(60, 34.21).rows, Size(60, 34.21).deciding
    ('60', 'effective 34.2 of 60', 34.21)
    """

    n: int
    effective_n: float | None = None
    rate: str = ""
    kind: str = "weighted"

    @property
    def deciding(self) -> float:
        """Return the number to compare with `Gate.min_count`."""
        return self.n if self.effective_n is None else self.effective_n

    @property
    def rows(self) -> str:
        """Return the number of rows in words."""
        if self.effective_n is None:
            return f"{self.n:,}"
        return f"effective {self.effective_n:,.1f} of {self.n:,}"


@dataclass(frozen=True)
class Judgement:
    """The result of one term for all rows, for one group, or for a pair of groups.

    Attributes
    ----------
    term : Term
        The requirement.
    protected : str
        The protected column or crossing; empty for all rows.
    group_a, group_b : str
        The two groups. With more than two groups, the worst pair. group_b is empty for a result of
        one group or of all rows.
    n : int
        The smallest number of rows behind the metric, over its groups and its rates.
    effective_n : float or None
        The effective number of these rows, if they are weighted or clustered; else None.
        `Gate.min_count` is compared with this number.
    value, ci_low, ci_high : float
        The metric (a − b, or a / b) and its interval; NaN if there is no interval.
    reason : str
        The reason that there is no interval; empty if there is one.
    """

    term: Term
    protected: str
    group_a: str
    group_b: str
    n: int
    value: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    reason: str = ""
    effective_n: float | None = None

    @property
    def rows(self) -> str:
        """Return the number of rows in words, such as "60" or "effective 34.2 of 60"."""
        return Size(self.n, self.effective_n).rows

    @property
    def verdict(self) -> Verdict:
        """Return the verdict of `judge` on the interval."""
        return judge(self.term, self.ci_low, self.ci_high)

    @property
    def subject(self) -> str:
        """Return the groups in words, such as "sex Male against Female", or "all rows"."""
        if not self.protected:
            return "all rows"
        against = f" against {self.group_b}" if self.group_b else ""
        return f"{self.protected} {self.group_a}{against}"

    def __str__(self) -> str:
        said = self.reason or f"{self.value:z.3f}, {self.ci_low:z.3f} to {self.ci_high:z.3f}"
        return f"{self.term}, {self.subject}: {said}"


@dataclass(frozen=True)
class GateResult:
    """The results of all terms of a gate.

    Attributes
    ----------
    judgements : tuple of Judgement
        The results in the order of the terms, including groups with too few rows.
    """

    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """Return the gate's verdict: fail before insufficient evidence before pass."""
        return overall(each.verdict for each in self.judgements)

    @property
    def table(self) -> pd.DataFrame:
        """Return one row for each judgement, with its term, interval, threshold and verdict.

        For weighted rows, the column effective_n follows n.
        """
        weighted = any(each.effective_n is not None for each in self.judgements)
        return pd.DataFrame(
            [
                {
                    "term": str(each.term),
                    "protected": each.protected,
                    "group_a": each.group_a,
                    "group_b": each.group_b,
                    "n": each.n,
                    **({"effective_n": each.effective_n} if weighted else {}),
                    "value": each.value,
                    "ci_low": each.ci_low,
                    "ci_high": each.ci_high,
                    "threshold": each.term.threshold,
                    "verdict": str(each.verdict),
                    "reason": each.reason,
                }
                for each in self.judgements
            ]
        )

    def __str__(self) -> str:
        verdict = self.verdict
        if verdict is Verdict.PASS:
            return f"gate: {verdict}"
        deciding = [each for each in self.judgements if each.verdict is verdict]
        more = f"; and {len(deciding) - 1} more" if len(deciding) > 1 else ""
        return f"gate: {verdict} ({deciding[0]}{more})"


def judge(term: Term, low: float, high: float) -> Verdict:
    """Return the verdict on one interval.

    Parameters
    ----------
    term : Term
        The requirement.
    low, high : float
        The limits of the signed difference, of the ratio or of the rate; NaN if there are none.

    Returns
    -------
    Verdict
        Pass if the interval lies inside the range of `Term.allowed`, fail if it lies outside, and
        insufficient evidence otherwise.

    Examples
    --------
    >>> from fairrun.gate.terms import parse_gate
    >>> term = parse_gate("disparate_impact>=0.8").terms[0]
    >>> [str(judge(term, *limits)) for limits in [(2.9, 3.4), (0.7, 1.1), (0.9, 1.2)]]
    ['fail', 'insufficient_evidence', 'pass']
    """
    if term.is_met_by(term.bound(low, high)):
        return Verdict.PASS
    lowest, highest = term.allowed
    return Verdict.FAIL if high < lowest or low > highest else Verdict.INSUFFICIENT_EVIDENCE


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that takes precedence: fail before insufficient evidence before pass.

    Parameters
    ----------
    verdicts : iterable of Verdict
        One or more verdicts.
    """
    return min(verdicts, key=[*Verdict].index)


def decide(
    gate: Gate, counts: AnyCounts, audited: Audit, *, confidence: float = 0.95
) -> GateResult:
    """Decide whether a model meets every term of a gate.

    A fairness term without `@` applies to every protected column. If a column has two values, they
    are compared as a and b with the interval in `Audit.compared`. If it has more values, the worst
    pair is used with its simultaneous interval. `abroca`, and a term that ends in
    `[privileged vs unprivileged]`, compare group_a and group_b alone.

    A performance term without `@` applies to all rows. With `@` it applies to each group, and the
    intervals of the groups cover at once (Bonferroni).

    A group is left out of the comparison if a rate has fewer than `Gate.min_count` rows in it. Such
    a group gets a judgement of its own with the verdict insufficient evidence. For weighted rows,
    their effective number counts: a few rows with most of the weight decide as little as few rows.
    So does that of clustered rows. A group whose rows are in very few clusters is left out, too.

    Parameters
    ----------
    gate : Gate
        The requirements.
    counts : Counts or WeightedCounts
        The counts of the rows.
    audited : Audit
        The audit of these counts. It must include the audit of scores if a term is about scores.
    confidence : float, default 0.95
        The confidence level of the audit.

    Returns
    -------
    GateResult

    Raises
    ------
    RequestError
        If a term names a column that is not protected, or is about scores that were not audited.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts, audit
    >>> from fairrun.gate.terms import parse_gate
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> result = decide(parse_gate("disparate_impact>=0.8; accuracy>=0.7"), counts, audit(counts))
    >>> result.table[["term", "group_a", "group_b", "verdict"]]
                         term group_a group_b verdict
    0  disparate_impact>=0.8    Male  Female    fail
    1          accuracy>=0.7   (all)            pass
    >>> str(result.verdict)
    'fail'
    """
    judgements: list[Judgement] = []
    for term in gate.terms:
        for names in term.about(counts.columns):
            grouping = _grouping(term, counts, names)
            sizes = _sizes(term, counts, grouping, audited)
            refused = _refused(term, grouping, audited)
            large = {
                group: size
                for group, size in sizes.items()
                if size.deciding >= gate.min_count and not refused[group]
            }
            if term.metric.kind == "performance":
                judgements += _of_each_group(term, grouping.protected, large, audited, confidence)
            elif len(large) > 1:
                judgements += _of_pairs(term, grouping, large, audited)
            judgements += (
                Judgement(
                    *(term, grouping.protected, group, "", size.n),
                    reason=refused[group] or _too_few(size, gate.min_count),
                    effective_n=size.effective_n,
                )
                for group, size in sizes.items()
                if group not in large
            )
    return GateResult(tuple(judgements))


def _grouping(term: Term, counts: AnyCounts, names: tuple[str, ...]) -> Grouping:
    if not names:
        return everybody(counts.columns)
    # Areas under the ROC curve are only compared between group_a and group_b.
    of = group_a_and_b if term.declared or term.metric.name == "abroca" else values_of
    return of(counts.columns, *names)


def _too_few(size: Size, min_count: int) -> str:
    """Return why a group is not judged."""
    if size.effective_n is None:
        return f"{size.rate} has {size.n} rows, fewer than min_count={min_count}"
    return f"{size.rate} has {size.rows} {size.kind} rows, fewer than min_count={min_count}"


def _refused(term: Term, grouping: Grouping, audited: Audit) -> dict[str, str]:
    """Return, for each group, why its clustered rows give no interval; empty if they do."""
    if audited.clusters is None:
        return dict.fromkeys(grouping.groups, "")
    reasons = audited.clusters.why_no_interval(grouping, term.metric.rates)
    return dict(zip(grouping.groups, reasons, strict=True))


def _sizes(term: Term, counts: AnyCounts, grouping: Grouping, audited: Audit) -> dict[str, Size]:
    """Return, for each group, the smallest denominator of the metric's rates."""
    rates, clusters = term.metric.rates, audited.clusters
    of_rate = functools.partial(sizes_of, counts) if clusters is None else clusters.sizes
    effective, rows = (
        np.array(each) for each in zip(*(of_rate(grouping, rate) for rate in rates), strict=True)
    )
    fewest = effective.argmin(axis=0)
    weighted = isinstance(counts, WeightedCounts) or clusters is not None
    return {
        group: Size(
            int(rows[place, i]),
            float(effective[place, i]) if weighted else None,
            rates[place].name,
            "weighted" if clusters is None else "clustered",
        )
        for i, (group, place) in enumerate(zip(grouping.groups, fewest, strict=True))
    }


def _of_each_group(
    term: Term, protected: str, groups: dict[str, Size], audited: Audit, confidence: float
) -> Iterator[Judgement]:
    """Judge a performance term for each group, with intervals that cover at once."""
    found = _rows(audited.rates, term, protected).set_index("group")[[*_INTERVAL, "reason"]].T
    # The distance from a limit to the value is about z standard errors for every method, so scaling
    # it by the ratio of quantiles gives the Bonferroni limit.
    z = [normal_quantile(confidence, n_intervals=n) for n in (1, max(len(groups), 1))]
    for group, size in groups.items():
        value, low, high, reason = found[group].tolist()
        low, high = (value + (limit - value) * z[1] / z[0] for limit in (low, high))
        limits = (max(low, 0.0), min(high, 1.0))
        yield Judgement(
            *(term, protected, group, "", size.n, value, *limits, reason), size.effective_n
        )


def _of_pairs(
    term: Term, grouping: Grouping, groups: dict[str, Size], audited: Audit
) -> Iterator[Judgement]:
    """Judge a fairness term for two groups, or for the worst pair of more groups."""
    protected = grouping.protected

    def judgement(pair: pd.Series[Any], value: float, low: float, high: float) -> Judgement:
        a, b = pair["group_a"], pair["group_b"]
        size = min(groups[a], groups[b], key=lambda size: size.deciding)
        interval = (value, low, high)
        return Judgement(
            *(term, protected, a, b, size.n, *interval, pair["reason"]), size.effective_n
        )

    if len(grouping.groups) == 2:
        pair = _rows(audited.compared, term, protected).iloc[0]
        # A ratio x / 0 is undefined. The audit's table `together` has the pair as 0 / x.
        if not np.isnan(pair["value"]) or term.metric.name not in BIAS_METRICS:
            yield judgement(pair, *pair[_INTERVAL].tolist())
            return
        if term.declared and not set(grouping.groups) <= _compared(audited, term, protected):
            yield judgement(*_ratio_to_none(pair, term, protected, audited))
            return
    together = _rows(audited.together, term, protected)
    compared = _compared(audited, term, protected)
    for group, size in groups.items():
        if group not in compared:
            reason = f"only the {MOST_COMPARED} groups with the most rows are compared"
            yield Judgement(
                *(term, protected, group, "", size.n), reason=reason, effective_n=size.effective_n
            )
    turned = together[together["group_a"].isin(groups) & together["group_b"].isin(groups)]
    undefined = turned["value"].isna()
    if undefined.any():
        yield judgement(turned[undefined].iloc[0], np.nan, np.nan, np.nan)
    if not undefined.all():
        columns = (turned[name].to_numpy() for name in [*_INTERVAL, "undefined_share", "method"])
        metric, places = BIAS_METRICS[term.metric.name], np.arange(len(turned))[:, None]
        place, worst = worst_of(metric, places, Intervals(*columns))
        limits = (worst.value.item(), worst.low.item(), worst.high.item())
        yield judgement(turned.iloc[place.item()], *limits)


def _compared(audited: Audit, term: Term, protected: str) -> set[str]:
    """Return the groups whose pairs the audit compares at once."""
    together = _rows(audited.together, term, protected)
    return {*together["group_a"], *together["group_b"]}


def _ratio_to_none(
    pair: pd.Series[Any], term: Term, protected: str, audited: Audit
) -> tuple[pd.Series[Any], float, float, float]:
    """Return a declared pair whose ratio x / 0 is undefined as 0 / x, with an interval.

    The interval ends at the upper limit of the lower rate over the lower limit of the higher rate.
    It stays undefined if both rates are 0.
    """
    rate = BIAS_METRICS[term.metric.name].rates[0].name
    rates = audited.rates
    rates = rates[(rates["protected"] == protected) & (rates["metric"] == rate)].set_index("group")
    lower, higher = (rates.loc[pair[side]] for side in ("group_b", "group_a"))
    if term.metric.kind != "ratio" or lower["value"] != 0 or not higher["value"] > 0:
        return pair, np.nan, np.nan, np.nan
    turned = pair.copy()
    turned[["group_a", "group_b", "reason"]] = [pair["group_b"], pair["group_a"], ""]
    high = lower["ci_high"] / higher["ci_low"] if higher["ci_low"] > 0 else np.inf
    return turned, 0.0, 0.0, float(high)


def _rows(table: pd.DataFrame, term: Term, protected: str) -> pd.DataFrame:
    """Return the rows of an audit's table to which a term applies."""
    rows = table[(table["metric"] == term.metric.recorded) & (table["protected"] == protected)]
    if rows.empty:
        raise RequestError(
            f"the gate's term {term} is about scores, which were not audited; leave the term out"
        )
    return rows
