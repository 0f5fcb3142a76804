"""How many rows a check would need to be decided.

A check with insufficient evidence says with how many rows of each group it would probably be
decided: with a probability of `POWER`, and if the groups keep their shares of the rows. The answer
depends on the true value, which nobody knows, so there are two: one if the true value is the
measured one, and one if it lies halfway between the limit and the best value. Exactly at the best
value, fewer rows are enough, but hardly any model is there.

Checks of labels are simulated: tables of counts are drawn for a number of rows, each is judged as a
gate judges it, and the number of rows changes until `POWER` of the tables are decided. Checks of
scores, and Cohen's d, use the normal approximation: an interval is half as wide with four times as
many rows.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from scipy.special import ndtri

from fairrun.gate.gates import Gate
from fairrun.gate.judgements import Judgement, Verdict
from fairrun.gate.needed import Needed, RowsNeeded
from fairrun.gate.power import POWER, Case, FloatArray, shares_at, times_needed
from fairrun.gate.sizes import sizes_by_rate
from fairrun.gate.terms import Term
from fairrun.metrics import (
    MOST_COMPARED,
    AnyCounts,
    Audit,
    Counts,
    Grouping,
    divide,
    has_only_upper_limit,
    normal_quantile,
    selection_rate,
    tail_of_pairs,
)

__all__ = ["case_of", "rows_needed", "rows_to_judge"]

#: If more rows of one group are needed, the value is practically at the limit.
MOST_ROWS = 10**7

_AS_MEASURED = "as measured"
_HALFWAY = "halfway to the limit"


def rows_needed(judgement: Judgement, case: Case) -> RowsNeeded | None:
    """Return the rows of each group with which a check would probably be decided.

    Parameters
    ----------
    judgement : Judgement
        A judgement with insufficient evidence.
    case : Case
        What was judged.

    Returns
    -------
    RowsNeeded or None
        The rows if the true value is as measured, and if it is halfway between the limit and the
        best value. None if the judgement has no value or no interval.
    """
    if math.isnan(judgement.value) or not judgement.has_interval:
        return None
    halfway = _halfway(judgement)
    answers = []
    for assumed, value in ((_AS_MEASURED, judgement.value), (_HALFWAY, halfway)):
        if not case.is_simulated:
            shares = None
        elif assumed == _HALFWAY:
            shares = shares_at(case, value)
        else:
            shares = case.shares
        answers.append(_answer(assumed, value, judgement, case, shares))
    return RowsNeeded(case.groups, tuple(answers))


def rows_to_judge(group: str, n_rows: int, share: float, min_count: int) -> RowsNeeded | None:
    """Return the rows of a group with which it would probably be large enough to be judged.

    Parameters
    ----------
    group : str
        The group.
    n_rows : int
        The present number of its rows.
    share : float
        The share of these rows that count in the denominator of the rate, such as those with label
        1. For weighted rows, the effective number of rows in the denominator divided by the number
        of rows.
    min_count : int
        The fewest rows in the denominator.

    Returns
    -------
    RowsNeeded or None
        None if no row of the group counts, so that the share is unknown.

    Examples
    --------
    >>> print(rows_to_judge("Other", 40, 0.25, min_count=30))
    to be judged at all: about 140 rows of Other
    """
    if share <= 0:
        return None
    # The number of rows that count is binomial, so a little more than min_count / share is needed.
    # Half a row less is the correction for continuity.
    share = min(share, 1.0)
    spread = float(ndtri(POWER)) * math.sqrt(1 - share)
    root = (spread + math.sqrt(spread**2 + 4 * (min_count - 0.5))) / 2
    needed = math.ceil(root**2 / share - 1e-9)
    answer = Needed("to be judged at all", math.nan, None, needed / max(n_rows, 1), (needed,))
    return RowsNeeded((group,), (answer,))


def _answer(
    assumed: str, value: float, judgement: Judgement, case: Case, shares: FloatArray | None
) -> Needed:
    """Return the rows that are needed if the true value is `value`."""
    lowest, highest = judgement.term.allowed
    verdict = Verdict.PASS if lowest <= value <= highest else Verdict.FAIL
    if verdict is Verdict.FAIL and has_only_upper_limit(judgement.term.metric.name):
        return Needed(assumed, value, verdict, math.nan)
    times = _by_width(judgement, value, verdict, case.to_fail)
    most = MOST_ROWS / case.rows.max()
    if shares is not None:
        times = times_needed(case, shares, verdict, times, most) if times < 10 * most else times
    if not times <= most:
        return Needed(assumed, value, verdict, math.inf)
    rows = np.ceil(times * case.rows - 1e-9)
    effective: tuple[int, ...] = ()
    if (case.effective_share != 1).any():
        effective = tuple(np.ceil(rows * case.effective_share).astype(int).tolist())
    return Needed(assumed, value, verdict, times, tuple(rows.astype(int).tolist()), effective)


def _by_width(judgement: Judgement, value: float, verdict: Verdict, to_fail: float) -> float:
    """Return how many times the rows are needed if a width shrinks with the root of the rows."""
    low, middle, high, lowest, highest, true = (
        _scaled(judgement.term, each)
        for each in (
            *(judgement.ci_low, judgement.value, judgement.ci_high),
            *(*judgement.term.allowed, value),
        )
    )
    # With this factor, the interval of a value that is off by the quantile of the power decides.
    factor = 1 + float(ndtri(POWER)) / normal_quantile(judgement.confidence)
    below, above = (middle - low) * factor, (high - middle) * factor
    if verdict is Verdict.PASS:
        distances = [(above, highest - true), (below, true - lowest)]
    elif true > highest:
        distances = [(below * to_fail, true - highest)]
    else:
        distances = [(above * to_fail, lowest - true)]
    found = [width / distance if distance > 0 else math.inf for width, distance in distances]
    times = max(found) ** 2
    # A limit at 0 or 1 has no distance from its value, so that no number follows from the width.
    return times if times > 0 else 1.0


def _scaled(term: Term, value: float) -> float:
    """Return a value on a scale on which its standard error hardly depends on it."""
    if term.is_around_zero or not math.isfinite(value):
        return value
    if term.metric.kind == "ratio":
        return math.log(value) if value > 0 else -math.inf
    return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))


def _halfway(judgement: Judgement) -> float:
    """Return the value halfway between the limit and the best value, in the measured direction."""
    term, t, value = judgement.term, judgement.term.threshold, judgement.value
    if term.is_around_zero:
        return math.copysign(t / 2, value) if value else t / 2
    if term.metric.kind == "ratio":
        halfway = (1 + t) / 2
        return halfway if value <= 1 else 1 / halfway
    return (t + 1) / 2 if term.at_least else t / 2


def case_of(
    judgement: Judgement,
    compared: Collection[str],
    counts: AnyCounts,
    grouping: Grouping,
    audited: Audit,
    gate: Gate,
    to_fail: float = 0.95,
    confidence: float = 0.95,
) -> Case:
    """Return what a judgement is about, for `rows_needed`.

    Parameters
    ----------
    judgement : Judgement
        The judgement of a pair or of one group, with its interval at the level at which it passes.
    compared : collection of str
        The groups that are large enough to be compared.
    counts : Counts or WeightedCounts
        The counts of the rows.
    grouping : Grouping
        All groups of the term.
    audited : Audit
        The audit of the counts.
    gate : Gate
        The gate of the term.
    to_fail, confidence : float
        The confidence levels of a fail, and of the audit.

    Returns
    -------
    Case
    """
    term, names = judgement.term, [judgement.group_a, *filter(None, [judgement.group_b])]
    is_pair = term.metric.kind != "performance"
    totals = sizes_by_rate([selection_rate], counts, grouping, audited)[1][0]
    order = np.argsort(-totals, kind="stable")[:MOST_COMPARED]
    most = {grouping.groups[place] for place in order} & {*compared} if is_pair else set()
    places = [place for place, name in enumerate(grouping.groups) if name in {*most, *names}]
    groups = tuple(grouping.groups[place] for place in places)
    tables = counts.tables_of(grouping)[places].astype(np.float64)
    effective, rows = sizes_by_rate(term.metric.rates, counts, grouping, audited)
    # All values are compared at once, also those with too few rows for a verdict.
    n_compared = min(len(grouping.groups), MOST_COMPARED) if is_pair else 1
    if isinstance(counts, Counts) and audited.clusters is None:
        tail = tail_of_pairs(confidence, n_compared)
    else:
        tail = (1 - confidence) / 2 / max(n_compared * (n_compared - 1) // 2, 1)
    z = normal_quantile(confidence)
    to_pass = normal_quantile(judgement.confidence) / z
    return Case(
        *(term, groups, tables / tables.sum(axis=(1, 2), keepdims=True)),
        rows=totals[places].astype(np.float64),
        effective_share=divide(effective, rows).min(axis=0)[places],
        judged=tuple(groups.index(name) for name in names),
        min_count=gate.min_count,
        tail=tail,
        to_pass=to_pass,
        to_fail=max(normal_quantile(to_fail) / z, to_pass),
    )
