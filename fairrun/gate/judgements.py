"""The results of a gate: a judgement for each term and group, and the verdict on all of them.

A term passes if its interval lies inside the allowed range and fails if its interval lies outside.
An interval that lies partly inside gives insufficient evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from fairrun.gate.needed import RowsNeeded
from fairrun.gate.sizes import Size
from fairrun.gate.terms import Term
from fairrun.metrics import MARGINAL, Hidden, has_only_upper_limit, has_sign
from fairrun.text import with_sign

__all__ = ["GateResult", "Judgement", "Verdict", "judge", "overall"]


class Verdict(StrEnum):
    """The verdict on a term or on a whole gate, in order of precedence."""

    FAIL = "fail"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"
    PASS = "pass"  # noqa: S105

    @property
    def words(self) -> str:
        """The verdict as people read it: "insufficient evidence", without an underscore."""
        return self.value.replace("_", " ")


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
        Kish's effective number of these rows, if they are weighted; None if they are not.
        `Gate.min_count` is compared with this number.
    value, ci_low, ci_high : float
        The metric (a − b, or a / b) and its interval. The limits are NaN if there is no interval.
        The value is NaN, too, if it is undefined or was not judged.
    reason : str
        The reason that there is no interval, or that an interval at a higher level than 95 % does
        not decide; otherwise empty.
    confidence : float
        The confidence level of the interval. For the worst of several pairs, it is the probability
        that the intervals of all pairs cover at once.
    is_worst : bool
        Whether this is the worst of several pairs, whose groups are ordered so that a difference is
        at least 0.
    decided : Verdict or None
        The verdict, if the numbers that led to it are not shown; see `shown`.
    instead : str
        What is said in place of the number of rows, if it is not shown.
    needed : RowsNeeded or None
        The number of rows with which the check would probably be decided. None if it is decided, if
        no number can be given, or if the number is not shown.
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
    confidence: float = 0.95
    is_worst: bool = False
    decided: Verdict | None = None
    instead: str = ""
    needed: RowsNeeded | None = None

    @property
    def rows(self) -> str:
        """Return the number of rows in words, such as "60" or "effective 34.2 of 60"."""
        if self.instead:
            return self.instead
        return Size(self.n, self.effective_n).rows

    @property
    def level(self) -> str:
        """Return the confidence level of the interval in words, such as "99.17 %"."""
        return f"{100 * self.confidence:.4g} %" if self.has_interval else ""

    @property
    def has_interval(self) -> bool:
        """Return whether there is an interval. If there is none, `reason` says why."""
        return not np.isnan(self.ci_high)

    @property
    def has_sign(self) -> bool:
        """Return whether the value is shown with its sign."""
        return has_sign(self.term.metric.name) and not self.is_worst

    @property
    def verdict(self) -> Verdict:
        """Return the verdict of `judge` on the interval."""
        if self.decided is not None:
            return self.decided
        return judge(self.term, self.ci_low, self.ci_high)

    @property
    def subject(self) -> str:
        """Return the groups in words, such as "sex Male against Female", or "all rows"."""
        if not self.protected:
            return "all rows"
        against = f" against {self.group_b}" if self.group_b else ""
        return f"{self.protected} {self.group_a}{against}"

    def shown(self, hidden: Hidden) -> Judgement:
        """Return the result without its numbers if they are about groups that are not shown."""
        groups = [group for group in (self.group_a, self.group_b) if group]
        joint = self.term.metric.name not in MARGINAL
        reason = hidden.reason(self.protected, *groups, joint=joint)
        if not reason:
            # Rows are needed in the proportion in which the groups have them.
            others = self.needed.groups if self.needed else ()
            if hidden.reason(self.protected, *others, joint=joint):
                return replace(self, needed=None)
            return self
        instead = next(filter(None, (hidden.rows(self.protected, each) for each in groups)), "")
        if self.is_worst:
            # That a pair is the worst, and the order of its groups, tell who has the higher rate.
            groups, instead = ["(hidden)"] * 2, ""
            reason = "hidden: it is about a group that is not shown"
        elif self.group_b:
            groups.sort()
        return replace(
            self,
            group_a=groups[0],
            group_b=groups[1] if self.group_b else "",
            n=0,
            effective_n=None if self.effective_n is None else np.nan,
            value=np.nan,
            ci_low=np.nan,
            ci_high=np.nan,
            reason=reason,
            decided=self.verdict,
            instead=instead or "hidden",
            needed=None,
        )

    @property
    def measured(self) -> str:
        """Return the value, its interval and the reason in words, as far as there are any."""
        form = with_sign if self.has_sign else "{:z.3f}".format
        value, low, high = map(form, (self.value, self.ci_low, self.ci_high))
        limits = f"at most {high}" if has_only_upper_limit(self.term.metric.name) else None
        limits = limits or f"{low} to {high}"
        interval = f"{value}, {limits}" if self.has_interval else value
        said = ["" if np.isnan(self.value) else interval, self.reason]
        return "; ".join(filter(None, said))

    def __str__(self) -> str:
        return f"{self.term}, {self.subject}: {self.measured}"


@dataclass(frozen=True)
class GateResult:
    """The results of all terms of a gate.

    Attributes
    ----------
    judgements : tuple of Judgement
        The results in the order of the terms, including groups with too few rows.
    family : str
        The `Gate.family` of the gate.
    """

    judgements: tuple[Judgement, ...]
    family: str = "none"

    @property
    def verdict(self) -> Verdict:
        """Return the gate's verdict: fail before insufficient evidence before pass."""
        return overall(each.verdict for each in self.judgements)

    def shown(self, hidden: Hidden) -> GateResult:
        """Return the results with the same verdicts, without numbers that are not shown."""
        return replace(self, judgements=tuple(each.shown(hidden) for each in self.judgements))

    @property
    def table(self) -> pd.DataFrame:
        """Return one row for each judgement, with its term, interval, threshold and verdict.

        For weighted rows, the column effective_n follows n. If a check has insufficient evidence
        and the number of rows that would decide it is known, three columns follow reason:
        rows_needed says it in words, times_needed is the number in multiples of the present rows if
        the true value is the measured one, and times_needed_halfway if it is halfway to the limit.
        """
        weighted = any(each.effective_n is not None for each in self.judgements)
        needed = any(each.needed is not None for each in self.judgements)
        return pd.DataFrame(
            [
                {
                    "term": str(each.term),
                    "protected": each.protected,
                    "group_a": each.group_a,
                    "group_b": each.group_b,
                    "n": None if each.instead else each.n,
                    **({"effective_n": each.effective_n} if weighted else {}),
                    "value": each.value,
                    "ci_low": each.ci_low,
                    "ci_high": each.ci_high,
                    "confidence": each.confidence,
                    "threshold": each.term.threshold,
                    "verdict": str(each.verdict),
                    "reason": each.reason,
                    **(_columns(each.needed) if needed else {}),
                }
                for each in self.judgements
            ]
        )

    @property
    def rows_needed(self) -> list[str]:
        """Return, for each check that says it, the number of rows that would probably decide it."""
        return [
            f"{each.term}, {each.subject}: {each.needed}"
            for each in self.judgements
            if each.needed is not None
        ]

    def __str__(self) -> str:
        verdict = self.verdict
        if verdict is Verdict.PASS:
            return f"gate: {verdict.words}"
        family = "" if self.family == "none" else f"family={self.family}: "
        deciding = [each for each in self.judgements if each.verdict is verdict]
        more = f"; and {len(deciding) - 1} more" if len(deciding) > 1 else ""
        return f"gate: {verdict.words} ({family}{deciding[0]}{more})"


def _columns(needed: RowsNeeded | None) -> dict[str, str | float]:
    """Return the columns of a table about the rows that are needed."""
    times = [each.times for each in needed.answers] if needed else [np.nan]
    return {
        "rows_needed": str(needed or ""),
        "times_needed": times[0],
        "times_needed_halfway": times[1] if len(times) > 1 else np.nan,
    }


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
    >>> from fairrun.gate.terms import parse_term
    >>> term = parse_term("disparate_impact>=0.8")
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
