"""The first sentences of a report: how often each group is selected, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairrun.gate import GateResult, Judgement, Term
from fairrun.metrics import Evaluation, WeightedCounts, is_hidden_reason
from fairrun.text import n_of

__all__ = ["summary"]

#: The first lines have a sentence for at most this number of protected columns.
_MOST_COLUMNS = 3
#: The metrics that compare how often two groups are selected, the ratio before the difference.
_METRICS = ("disparate_impact", "statistical_parity")
#: A number has more digits only where it would look equal to another that it differs from.
_DECIMALS = (1, 2, 3, 4)


@dataclass(frozen=True)
class _Pair:
    """Two groups of a protected column: `high` is selected at least as often as `low`.

    `value` and its limits are the ratio high / low, or the difference high − low of the selection
    rates. They are NaN if there are none, and the upper limit is infinite if there is no end.
    """

    protected: str
    high: str
    low: str
    value: float
    limits: tuple[float, float]
    level: str = "95 %"
    is_worst: bool = False


def summary(evaluation: Evaluation, result: GateResult | None = None) -> list[str]:
    """Return sentences on how often the groups of each protected column are selected.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.
    result : GateResult, optional
        The result of the gate, without the numbers that are not shown.

    Returns
    -------
    list of str
        One text for each of the first protected columns and for each crossing of two columns that
        the gate limits, and one that counts the other columns.

    Notes
    -----
    The ratio is that of a check of the gate about the column, if there is one with an interval: it
    is then about the worst pair of several values. Otherwise, it is the ratio of the two declared
    groups. If the gate limits only the difference, the sentence has the difference.
    """
    columns = evaluation.counts.columns
    names = [column.name for column in columns]
    crossings = [
        each.protected
        for metric in _METRICS
        for each in _checks(result, metric)
        if each.protected not in names
    ]
    about = [*names[:_MOST_COLUMNS], *dict.fromkeys(crossings)]
    said = [_sentence(evaluation, result, name) for name in about]
    if (more := len(columns) - _MOST_COLUMNS) > 0:
        said.append(f"Comparisons by {n_of(more, 'more protected column')} are below.")
    return said


def _sentence(evaluation: Evaluation, result: GateResult | None, protected: str) -> str:
    """Return the sentences about one protected column."""
    checks, differences = (
        [each for each in _checks(result, metric) if each.protected == protected]
        for metric in _METRICS
    )
    of_ratio = bool(checks) or not differences
    checks = checks or differences
    term = _strictest(checks)
    pair = _judged(checks, term) or _compared(evaluation, protected, of_ratio=of_ratio)
    if isinstance(pair, str):
        return f"{pair} {_allowed(term, result)}".strip()
    bound = _bound(term)
    words = _of_ratio if of_ratio else _of_difference
    return " ".join((words(evaluation, pair, bound), _allowed(term, result))).strip()


def _checks(result: GateResult | None, metric: str) -> list[Judgement]:
    """Return the checks of a metric."""
    judgements = () if result is None else result.judgements
    return [each for each in judgements if each.term.metric.name == metric]


def _strictest(checks: Sequence[Judgement]) -> Term | None:
    """Return the term that allows the smallest range; None without a check."""
    terms = [each.term for each in checks]
    return min(terms, key=lambda term: term.allowed[1], default=None)


def _bound(term: Term | None) -> float:
    """Return the largest ratio or difference that a term allows."""
    return math.nan if term is None else term.allowed[1]


def _judged(checks: Sequence[Judgement], term: Term | None) -> _Pair | None:
    """Return the pair of groups that decides a check; None if there is none with an interval."""
    for each in checks:
        if each.term == term and each.group_b and each.has_interval:
            numbers = (each.value, each.ci_low, each.ci_high)
            return _ordered(
                *(each.protected, each.group_a, each.group_b, numbers),
                is_ratio=each.term.metric.kind == "ratio",
                level=each.level,
                is_worst=each.is_worst,
            )
    return None


def _compared(evaluation: Evaluation, protected: str, *, of_ratio: bool) -> _Pair | str:
    """Return the two declared groups of a column, or a sentence that says why there is no value."""
    metric = _METRICS[0 if of_ratio else 1]
    table = evaluation.audit.compared
    row = table[(table["protected"] == protected) & (table["metric"] == metric)].iloc[0]
    a, b = row["group_a"], row["group_b"]
    if not pd.isna(row["value"]):
        numbers = (row["value"], row["ci_low"], row["ci_high"])
        return _ordered(protected, a, b, numbers, is_ratio=of_ratio)
    if is_hidden_reason(row["reason"]):
        why = row["reason"].partition(": ")[2]
        return (
            f"How often the groups “{a}” and “{b}” ({protected}) are selected is not shown: {why}."
        )
    rates = [_rate(evaluation, protected, group) for group in (a, b)]
    if np.isnan(rates).any():
        why = row["reason"].rstrip(".")
        return f"The groups “{a}” and “{b}” ({protected}) cannot be compared: {why}."
    if not any(rates):
        return f"No row of the groups “{a}” and “{b}” ({protected}) is selected."
    return _of_none(protected, b, a, rates[0])


def _of_none(protected: str, none: str, other: str, rate: float) -> str:
    """Return the sentence about two groups of which one has no selected row."""
    return (
        f"No row of the group “{none}” ({protected}) is selected, against {_percent(rate)} of the "
        f"rows of the group “{other}”."
    )


def _ordered(
    protected: str,
    a: str,
    b: str,
    numbers: tuple[float, float, float],
    *,
    is_ratio: bool,
    level: str = "95 %",
    is_worst: bool = False,
) -> _Pair:
    """Return a pair with the group first that is selected more often."""
    value, low, high = map(float, numbers)
    if is_ratio and value < 1:
        value, low, high = (1 / x if x else math.inf for x in (value, high, low))
        a, b = b, a
    elif not is_ratio and value < 0:
        value, low, high = -value, -high, -low
        a, b = b, a
    return _Pair(protected, a, b, value, (low, high), level, is_worst)


def _of_ratio(evaluation: Evaluation, pair: _Pair, bound: float) -> str:
    """Return the sentence about a ratio of selection rates."""
    if math.isinf(pair.value):
        rate = _rate(evaluation, pair.protected, pair.high)
        said = _of_none(pair.protected, pair.low, pair.high, rate)
        return said + _interval(pair, _digits(pair.limits, (1, bound)), 1, "ratio")
    digits = _digits((pair.value, *pair.limits), (1, bound))
    value = _number(pair.value, digits)
    often = "as often as" if float(value) == 1 else f"{value} times as often as"
    said = f"{_subject(pair)} {often} “{pair.low}”{_against(evaluation, pair)}."
    return said + _interval(pair, digits, 1, "ratio")


def _of_difference(evaluation: Evaluation, pair: _Pair, bound: float) -> str:
    """Return the sentence about a difference of selection rates."""
    pair = _Pair(
        *(pair.protected, pair.high, pair.low, 100 * pair.value),
        *((100 * pair.limits[0], 100 * pair.limits[1]), pair.level, pair.is_worst),
    )
    digits = _digits((pair.value, *pair.limits), (0, 100 * bound))
    value = _number(pair.value, digits)
    often = "as often as" if float(value) == 0 else "more often than"
    points = "" if float(value) == 0 else f", a difference of {value} percentage points"
    said = f"{_subject(pair)} {often} “{pair.low}”{_against(evaluation, pair)}{points}."
    return said + _interval(pair, digits, 0, "difference")


def _subject(pair: _Pair) -> str:
    """Return the beginning of a sentence about a pair."""
    if pair.is_worst:
        return (
            f"Of the groups of {pair.protected} that the gate compares, “{pair.high}” and "
            f"“{pair.low}” differ most: “{pair.high}” is selected"
        )
    return f"The group “{pair.high}” ({pair.protected}) is selected"


def _against(evaluation: Evaluation, pair: _Pair) -> str:
    """Return the selection rates of a pair, as a clause."""
    high, low = (_rate(evaluation, pair.protected, group) for group in (pair.high, pair.low))
    if math.isnan(high) or math.isnan(low):
        return ""
    weighted = isinstance(evaluation.counts, WeightedCounts)
    rows = "their weighted rows" if weighted else "their rows"
    return f" ({_percent(high)} against {_percent(low)} of {rows})"


def _interval(pair: _Pair, digits: int, parity: float, what: str) -> str:
    """Return the sentences about the interval of a pair."""
    low, high = pair.limits
    if math.isnan(high):
        return f" This {what} has no interval."
    ends = f"{_number(low, digits)} or more"
    if not math.isinf(high):
        ends = f"{_number(low, digits)} to {_number(high, digits)}"
    said = f" The {pair.level} interval of the {what} is {ends}."
    if low <= parity <= high:
        said += (
            f" It includes {_number(parity, 0)}, so these rows do not show that one group is "
            "selected more often."
        )
    return said


def _allowed(term: Term | None, result: GateResult | None) -> str:
    """Return what the gate allows, as a sentence; empty without a gate."""
    if result is None:
        return ""
    if term is None:
        return "The gate has no limit for this."
    largest = _bound(term)
    if term.metric.kind == "ratio":
        return f"The gate allows a ratio of at most {_plain(largest)}."
    return f"The gate allows a difference of at most {_plain(100 * largest)} percentage points."


def _rate(evaluation: Evaluation, protected: str, group: str) -> float:
    """Return the selection rate of a group; NaN if it is undefined or not shown."""
    rates = evaluation.audit.rates
    is_meant = (rates["protected"] == protected) & (rates["group"] == group)
    found = rates.loc[is_meant & (rates["metric"] == "selection_rate"), "value"]
    return float(found.iloc[0]) if len(found) else math.nan


def _digits(values: Iterable[float], bounds: Iterable[float]) -> int:
    """Return the fewest decimals with which no value looks equal to a bound that it differs from.

    Examples
    --------
    >>> _digits([1.71, 1.5, 1.97], [1, 1.25]), _digits([1.04, 0.97, 1.12], [1, 1.25])
    (1, 2)
    """
    finite = [x for x in values if math.isfinite(x)]
    limits = [x for x in bounds if math.isfinite(x)]
    for digits in _DECIMALS:
        pairs = [(x, limit) for x in finite for limit in limits if x != limit]
        if not any(round(x, digits) == round(limit, digits) for x, limit in pairs):
            return digits
    return _DECIMALS[-1]


def _number(value: float, digits: int) -> str:
    return f"{value:z.{digits}f}".replace("-", "−")


def _plain(value: float) -> str:
    """Return a limit with as many digits as it has, up to four.

    Examples
    --------
    >>> _plain(1.25), _plain(10.0), _plain(1 / 0.9)
    ('1.25', '10', '1.1111')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _percent(share: float) -> str:
    """Return a share in percent, 0 % or 100 % only if it is exactly so."""
    text = f"{100 * share:.1f}"
    if text == "0.0" and share > 0:
        return "under 0.1 %"
    return "over 99.9 %" if text == "100.0" and share < 1 else f"{text} %"
