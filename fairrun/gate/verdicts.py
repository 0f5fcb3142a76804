"""The gate: whether a model meets what is demanded of it, by intervals; one function decides.

A term holds if its interval lies inside what it allows, and fails if it lies outside; an interval
that does neither is not enough evidence.
"""

from __future__ import annotations

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
    Audit,
    Counts,
    Grouping,
    Intervals,
    everybody,
    group_a_and_b,
    normal_quantile,
    values_of,
    worst_of,
)

__all__ = ["GateResult", "Judgement", "Verdict", "decide", "judge", "overall"]

_INTERVAL = ["value", "ci_low", "ci_high"]


class Verdict(StrEnum):
    """What a term may come to, and a gate; what stands first prevails."""

    FAIL = "fail"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    PASS = "pass"  # noqa: S105


@dataclass(frozen=True)
class Judgement:
    """What one term came to: of all rows, of one group, or of two.

    Parameters
    ----------
    term : Term
        What was demanded.
    protected : str
        The column or crossing; empty for all rows.
    group_a, group_b : str
        The two groups, of several the worst pair; group_b is empty where it is about one.
    n : int
        How many rows the metric is taken over: the fewest, of its groups and of its rates.
    value, ci_low, ci_high : float
        The metric (a − b, a / b) and its interval; NaN where there is none to judge.
    reason : str
        Why there is none; else empty.
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

    @property
    def verdict(self) -> Verdict:
        """What `judge` says of the interval."""
        return judge(self.term, self.ci_low, self.ci_high)

    @property
    def subject(self) -> str:
        """Who it is about, in words."""
        if not self.protected:
            return "all rows"
        against = f" against {self.group_b}" if self.group_b else ""
        return f"{self.protected} {self.group_a}{against}"

    def __str__(self) -> str:
        said = self.reason or f"{self.value:z.3f}, {self.ci_low:z.3f} to {self.ci_high:z.3f}"
        return f"{self.term}, {self.subject}: {said}"


@dataclass(frozen=True)
class GateResult:
    """What `decide` returns.

    Parameters
    ----------
    judgements : tuple of Judgement
        All of them, in the order of the terms; groups with too few rows are among them.
    """

    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """The gate's verdict: fail before insufficient evidence before pass."""
        return overall(each.verdict for each in self.judgements)

    @property
    def table(self) -> pd.DataFrame:
        """One row a judgement, with the term, its threshold and its verdict."""
        return pd.DataFrame(
            [
                {
                    "term": str(each.term),
                    "protected": each.protected,
                    "group_a": each.group_a,
                    "group_b": each.group_b,
                    "n": each.n,
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
    """Judge one interval.

    Parameters
    ----------
    term : Term
        What is demanded.
    low, high : float
        The limits of the signed difference, of the ratio or of the rate; NaN if there are none.

    Returns
    -------
    Verdict
        Pass if the interval lies inside what `Term.allowed` gives, fail if it lies outside, else
        insufficient evidence.

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
    """Find the verdict that prevails: fail before insufficient evidence before pass.

    Parameters
    ----------
    verdicts : iterable of Verdict
        At least one.
    """
    return min(verdicts, key=[*Verdict].index)


def decide(gate: Gate, counts: Counts, audited: Audit, *, confidence: float = 0.95) -> GateResult:
    """Judge every term of a gate.

    A fairness term without a column is about every protected column, over all of its values: of
    two, a against b with the interval in `Audit.compared`; of several, the worst pair with its
    simultaneous interval (`abroca`: always a against b). A performance term is about all rows, or
    with `@` about each group, whose intervals are widened to hold at once (Bonferroni). Groups in
    which a rate is taken over fewer rows than the gate's `min_count` are not compared: each is a
    judgement of its own, without enough evidence.

    Parameters
    ----------
    gate : Gate
        What is demanded.
    counts : Counts
        The counts of the rows.
    audited : Audit
        Their audit; with the audit of scores, if a term is about scores.
    confidence : float, default 0.95
        The one it was made with.

    Returns
    -------
    GateResult

    Raises
    ------
    RequestError
        If a term is about a column that is not there, or about scores that were not audited.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import audit
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
            sizes = _sizes(term, counts, grouping)
            large = {group: n for group, (n, _) in sizes.items() if n >= gate.min_count}
            if term.metric.kind == "performance":
                judgements += _of_each_group(term, grouping.protected, large, audited, confidence)
            elif len(large) > 1:
                judgements += _of_pairs(term, grouping, large, audited)
            judgements += (
                Judgement(
                    *(term, grouping.protected, group, "", n),
                    reason=f"{rate} is over {n} rows, fewer than min_count={gate.min_count}",
                )
                for group, (n, rate) in sizes.items()
                if group not in large
            )
    return GateResult(tuple(judgements))


def _grouping(term: Term, counts: Counts, names: tuple[str, ...]) -> Grouping:
    if not names:
        return everybody(counts.columns)
    # Areas under the curve are compared of two groups alone.
    of = group_a_and_b if term.metric.name == "abroca" else values_of
    return of(counts.columns, *names)


def _sizes(term: Term, counts: Counts, grouping: Grouping) -> dict[str, tuple[int, str]]:
    """Find in each group the fewest rows that a rate of the metric is taken over, and which."""
    rates = term.metric.rates
    sizes = np.array([rate.size(counts.grouped(grouping)) for rate in rates])
    fewest = sizes.argmin(axis=0)
    return {
        group: (int(sizes[place, i]), rates[place].name)
        for i, (group, place) in enumerate(zip(grouping.groups, fewest, strict=True))
    }


def _of_each_group(
    term: Term, protected: str, groups: dict[str, int], audited: Audit, confidence: float
) -> Iterator[Judgement]:
    """Judge a performance term of each group, by intervals that hold at once."""
    found = _rows(audited.rates, term, protected).set_index("group")[_INTERVAL].T
    # Limits lie about a quantile of standard errors from their value, whatever made them.
    z = [normal_quantile(confidence, n_intervals=n) for n in (1, max(len(groups), 1))]
    for group, n in groups.items():
        value, low, high = found[group].tolist()
        low, high = (value + (limit - value) * z[1] / z[0] for limit in (low, high))
        yield Judgement(term, protected, group, "", n, value, max(low, 0.0), min(high, 1.0))


def _of_pairs(
    term: Term, grouping: Grouping, groups: dict[str, int], audited: Audit
) -> Iterator[Judgement]:
    """Judge a fairness term of two groups, or of the worst pair of several."""
    protected = grouping.protected

    def judgement(pair: pd.Series[Any], value: float, low: float, high: float) -> Judgement:
        a, b = pair["group_a"], pair["group_b"]
        n = min(groups[a], groups[b])
        return Judgement(term, protected, a, b, n, value, low, high, pair["reason"])

    if len(grouping.groups) == 2:
        pair = _rows(audited.compared, term, protected).iloc[0]
        # A ratio to 0 is undefined; turned around it is 0.
        if not np.isnan(pair["value"]) or term.metric.name not in BIAS_METRICS:
            yield judgement(pair, *pair[_INTERVAL].tolist())
            return
    together = _rows(audited.together, term, protected)
    compared = {*together["group_a"], *together["group_b"]}
    for group, n in groups.items():
        if group not in compared:
            reason = f"only the {MOST_COMPARED} groups with the most rows are compared"
            yield Judgement(term, protected, group, "", n, reason=reason)
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


def _rows(table: pd.DataFrame, term: Term, protected: str) -> pd.DataFrame:
    """Take the rows of an audit's table that a term is about."""
    rows = table[(table["metric"] == term.metric.recorded) & (table["protected"] == protected)]
    if rows.empty:
        raise RequestError(
            f"the gate's {term} is about scores, which were not audited; leave it out"
        )
    return rows
