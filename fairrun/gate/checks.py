"""Judge one term: each group, or the pair of groups that decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.family import at_confidence
from fairrun.gate.judgements import Judgement
from fairrun.gate.sizes import Size
from fairrun.gate.terms import Term
from fairrun.metrics import (
    BIAS_METRICS,
    MOST_COMPARED,
    Audit,
    Grouping,
    Intervals,
    worst_of,
)

__all__ = ["judge_each_group", "judge_pairs"]

_INTERVAL = ["value", "ci_low", "ci_high"]


def judge_each_group(
    term: Term, protected: str, groups: Mapping[str, Size], audited: Audit, confidence: float
) -> Iterator[Judgement]:
    """Judge a performance term for each group, with intervals that cover at once (Bonferroni)."""
    found = _rows(audited.rates, term, protected).set_index("group")[[*_INTERVAL, "reason"]].T
    at_once = 1 - (1 - confidence) / max(len(groups), 1)
    for group, size in groups.items():
        value, low, high, reason = found[group].tolist()
        alone = Judgement(
            *(term, protected, group, "", size.n, value, low, high, reason),
            effective_n=size.effective_n,
            confidence=confidence,
        )
        yield at_confidence(alone, at_once)


def judge_pairs(
    term: Term, grouping: Grouping, groups: Mapping[str, Size], audited: Audit, confidence: float
) -> Iterator[Judgement]:
    """Judge a fairness term for two groups, or for the worst pair of more groups."""
    protected = grouping.protected

    def judgement(
        pair: pd.Series[Any], value: float, low: float, high: float, *, is_worst: bool = False
    ) -> Judgement:
        a, b = pair["group_a"], pair["group_b"]
        size = min(groups[a], groups[b], key=lambda size: size.deciding)
        interval = (value, low, high)
        return Judgement(
            *(term, protected, a, b, size.n, *interval, pair["reason"]),
            effective_n=size.effective_n,
            confidence=confidence,
            is_worst=is_worst,
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
        yield judgement(turned.iloc[place.item()], *limits, is_worst=True)


def _compared(audited: Audit, term: Term, protected: str) -> set[str]:
    """Return the groups whose pairs the audit compares at once."""
    together = _rows(audited.together, term, protected)
    return {*together["group_a"], *together["group_b"]}


def _ratio_to_none(
    pair: pd.Series[Any], term: Term, protected: str, audited: Audit
) -> tuple[pd.Series[Any], float, float, float]:
    """Return a declared pair whose ratio x / 0 is undefined as 0 / x, with an interval.

    The interval ends at the upper limit of the lower rate over the lower limit of the higher rate.
    It stays undefined if both rates are 0, or one of them has no interval.
    """
    rate = BIAS_METRICS[term.metric.name].rates[0].name
    rates = audited.rates
    rates = rates[(rates["protected"] == protected) & (rates["metric"] == rate)].set_index("group")
    lower, higher = (rates.loc[pair[side]] for side in ("group_b", "group_a"))
    is_none = term.metric.kind == "ratio" and lower["value"] == 0 and higher["value"] > 0
    if not is_none or np.isnan([lower["ci_high"], higher["ci_low"]]).any():
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
