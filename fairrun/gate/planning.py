"""What a gate can decide with a given number of rows, before any model is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.gate.gates import Gate, parse_gate
from fairrun.gate.judgements import Verdict
from fairrun.gate.verdicts import decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, Counts, audit, clopper_pearson_limits

__all__ = ["ASSUMPTIONS", "PlannedGroup", "plan_gate"]

#: What the table of `plan_gate` assumes, for those who read it.
ASSUMPTIONS = (
    "The gate passes if the measured ratio of selection rates is at least the value of 'passes "
    "from', fails if it is at most that of 'fails to', and has too little evidence between them. "
    "Undefined means that no ratio is enough, or that a group has fewer than 30 test rows. "
    "The numbers assume that a model selects group_a as often as its labels are favourable, "
    "selects group_b less often, and has an accuracy of 0.8. A gate that compares more than two "
    "values of a column needs more rows."
)
#: The accuracy for which its interval is planned.
_ACCURACY = 0.8
#: Replicates of each interval. The limits are needed to two digits alone.
_REPLICATES = 400
_STEPS = 8


@dataclass(frozen=True)
class PlannedGroup:
    """A group in the rows on which a model will be measured.

    Attributes
    ----------
    name : str
        The name of the group.
    n : int
        Its number of rows.
    base_rate : float
        The share of favourable labels.
    """

    name: str
    n: int
    base_rate: float


def plan_gate(pairs: Sequence[tuple[str, PlannedGroup, PlannedGroup]]) -> pd.DataFrame:
    """Return what the usual terms of a gate can decide with these numbers of rows.

    Parameters
    ----------
    pairs : sequence of (str, PlannedGroup, PlannedGroup)
        A protected column with its group_a and group_b in the test split.

    Returns
    -------
    pandas.DataFrame
        One row for each pair: `protected`, `group_a`, `group_b`, `rows a`, `rows b`; `difference`,
        the smallest difference of selection rates that the 95 % interval tells from 0; `ratio`, the
        largest ratio that it tells from 1; `passes from` and `fails to`, the measured ratios from
        and up to which `disparate_impact>=0.8` is decided; and `accuracy ±`, half the width of the
        interval of the accuracy in the smaller group. NaN where no value is enough, or a group has
        fewer rows than the gate's `min_count`. See `ASSUMPTIONS`.

    Examples
    --------
    >>> men, women = PlannedGroup("Male", 6000, 0.3), PlannedGroup("Female", 3000, 0.1)
    >>> plan_gate([("sex", men, women)]).round(2).T[0].tolist()
    ['sex', 'Male', 'Female', 6000, 3000, 0.02, 0.93, 0.86, 0.74, 0.01]
    """
    gate = parse_gate("disparate_impact>=0.8")
    records = []
    for protected, a, b in pairs:
        fewer = min(a.n, b.n)
        record = [protected, a.name, b.name, a.n, b.n]
        rate = a.base_rate if 0 < a.base_rate < 1 else b.base_rate
        if fewer < gate.min_count or not 0 < rate < 1:
            records.append([*record, *[np.nan] * 5])
            continue
        told = _last_ratio(lambda r, a=a, b=b, p=rate: _tells(_counts(a, b, p, r)))  # type: ignore[misc]
        passes, fails = (
            _last_ratio(
                lambda r, a=a, b=b, p=rate, v=verdict: (  # type: ignore[misc]
                    _verdict(gate, _counts(a, b, p, r)) is not v
                    if v is Verdict.PASS
                    else _verdict(gate, _counts(a, b, p, r)) is v
                )
            )
            for verdict in (Verdict.PASS, Verdict.FAIL)
        )
        right = np.array(_ACCURACY * fewer)
        low, high = clopper_pearson_limits(right, np.array(fewer), tail=0.025)
        half = float(high - low) / 2
        records.append([*record, rate * (1 - told), told, passes, fails, half])
    heads = ["protected", "group_a", "group_b", "rows a", "rows b", "difference", "ratio"]
    heads += ["passes from", "fails to", "accuracy ±"]
    return pd.DataFrame(records, columns=heads)


def _counts(a: PlannedGroup, b: PlannedGroup, rate: float, ratio: float) -> Counts:
    """Return the counts of a model that selects a at this rate, and b at `ratio` times it."""
    table: NDArray[np.int64] = np.zeros((3, 2, 2), dtype=np.int64)
    for place, (group, share) in enumerate(((a, rate), (b, rate * ratio))):
        selected = round(group.n * share)
        table[place] = [[group.n - selected, 0], [0, selected]]
    column = ProtectedColumn("group", ("a", "b"), ("a",), ("b",))
    return Counts((column,), table)


def _tells(counts: Counts) -> bool:
    """Return whether the interval of the difference of selection rates excludes 0."""
    table = audit(counts, n_replicates=_REPLICATES).compared
    row = table[table["metric"] == BIAS_METRICS["statistical_parity"].name].iloc[0]
    return bool(row["ci_low"] > 0 or row["ci_high"] < 0)


def _verdict(gate: Gate, counts: Counts) -> Verdict:
    audited = audit(counts, n_replicates=_REPLICATES)
    return decide(gate, counts, audited, say_rows_needed=False).verdict


def _last_ratio(holds: Callable[[float], bool]) -> float:
    """Return the largest ratio up to 1 at which a condition of small ratios holds.

    NaN if it holds at no ratio, or still at 1.
    """
    low, high = 0.0, 1.0
    if not holds(low) or holds(high):
        return float("nan")
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2
