"""Decide whether a model is not worse than another one by more than a margin.

The interval of a paired difference is compared with the margin, as a gate compares an interval with
a threshold. A model is not worse if its whole interval lies on the better side of the margin, and
worse if it lies beyond. An interval that holds the margin gives insufficient evidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from fairrun.gate.judgements import Verdict, overall
from fairrun.gate.margins import Margins
from fairrun.metrics import MARGINAL, Hidden
from fairrun.text import format_table, with_sign

__all__ = [
    "MarginCheck",
    "NotWorse",
    "judge_margin",
]

Unit = Literal["value", "difference", "ratio"]
#: How the compared number of a metric is called.
_WORDS: dict[Unit, str] = {
    "value": "{}",
    "difference": "{}, distance from parity",
    "ratio": "{}, |log| of the ratio",
}

#: The verdict on one comparison, in words.
_VERDICTS = {
    Verdict.PASS: "not worse",
    Verdict.FAIL: "worse",
    Verdict.INSUFFICIENT_EVIDENCE: "insufficient evidence",
}


def judge_margin(low: float, high: float, margin: float, *, larger_is_better: bool) -> Verdict:
    """Return the verdict on the interval of a difference, candidate − champion.

    Parameters
    ----------
    low, high : float
        The limits of the difference; NaN if there are none.
    margin : float
        The largest loss that is accepted.
    larger_is_better : bool
        Whether a larger difference is a better candidate. A distance from parity is better if it is
        smaller.

    Returns
    -------
    Verdict
        Pass if the whole interval is a loss of less than the margin, fail if it is a loss of more,
        and insufficient evidence otherwise.

    Examples
    --------
    >>> limits = [(-0.01, 0.02), (-0.05, -0.03), (-0.03, 0.01)]
    >>> [str(judge_margin(*each, 0.02, larger_is_better=True)) for each in limits]
    ['pass', 'fail', 'insufficient_evidence']
    """
    least, most = (-high, -low) if larger_is_better else (low, high)
    if most < margin:
        return Verdict.PASS
    return Verdict.FAIL if least > margin else Verdict.INSUFFICIENT_EVIDENCE


@dataclass(frozen=True)
class MarginCheck:
    """The comparison of one metric, for all rows, for one group, or for a pair of groups.

    Attributes
    ----------
    metric : str
        The name of the metric in a gate.
    unit : {"value", "difference", "ratio"}
        "value" compares the metric itself. The others compare distances from parity: |a − b| for a
        difference, and |log(a / b)| for a ratio.
    protected : str
        The protected column or crossing; empty for all rows.
    group_a, group_b : str
        The groups. group_b is empty for a result of one group or of all rows.
    margin : float
        The largest loss that is accepted.
    larger_is_better : bool
        Whether the candidate is better if the difference is larger.
    candidate, champion : float
        The values, or the distances, of both models.
    value, ci_low, ci_high : float
        The difference, candidate − champion, and its interval. NaN if there is none.
    reason : str
        Why there is no interval; empty otherwise.
    confidence : float
        The confidence level of the interval.
    decided : Verdict or None
        The verdict, if the numbers that led to it are not shown.
    """

    metric: str
    unit: Unit
    protected: str
    group_a: str
    group_b: str
    margin: float
    larger_is_better: bool
    candidate: float = math.nan
    champion: float = math.nan
    value: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    reason: str = ""
    confidence: float = 0.95
    decided: Verdict | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict of `judge_margin`."""
        if self.decided is not None:
            return self.decided
        better = self.larger_is_better
        return judge_margin(self.ci_low, self.ci_high, self.margin, larger_is_better=better)

    @property
    def words(self) -> str:
        """Return the verdict in words: not worse, worse or insufficient evidence."""
        return _VERDICTS[self.verdict]

    @property
    def name(self) -> str:
        """Return what is compared, such as "statistical_parity, distance from parity"."""
        return _WORDS[self.unit].format(self.metric)

    @property
    def subject(self) -> str:
        """Return the groups in words, such as "sex Male against Female", or "all rows"."""
        if not self.protected:
            return "all rows"
        against = f" against {self.group_b}" if self.group_b else ""
        return f"{self.protected} {self.group_a}{against}"

    @property
    def level(self) -> str:
        """Return the confidence level of the interval in words, such as "97.5 %"."""
        return "" if math.isnan(self.ci_low) else f"{100 * self.confidence:.4g} %"

    @property
    def measured(self) -> str:
        """Return the difference, its interval and the reason in words, as far as there are any."""
        value, low, high = (with_sign(each, 4) for each in (self.value, self.ci_low, self.ci_high))
        shown = value if math.isnan(self.ci_low) else f"{value}, {low} to {high}"
        return "; ".join(filter(None, ("" if math.isnan(self.value) else shown, self.reason)))

    def shown(self, hidden: Hidden) -> MarginCheck:
        """Return the result without its numbers if they are about groups that are not shown."""
        groups = [group for group in (self.group_a, self.group_b) if group]
        joint = self.metric not in MARGINAL
        reason = hidden.reason(self.protected, *groups, joint=joint) if self.protected else ""
        if not reason:
            return self
        return replace(
            self,
            candidate=math.nan,
            champion=math.nan,
            value=math.nan,
            ci_low=math.nan,
            ci_high=math.nan,
            reason=reason,
            decided=self.verdict,
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.subject}: {self.measured} (margin {self.margin:g})"


@dataclass(frozen=True)
class NotWorse:
    """Whether a candidate is not worse than a champion by more than a margin.

    Attributes
    ----------
    checks : tuple of MarginCheck
        The comparisons, accuracy first. The candidate is not worse only if all of them pass.
    margins : Margins
        The margins.
    left_out : tuple of str
        Which terms of the gate are not compared, and why, a sentence each.
    """

    checks: tuple[MarginCheck, ...]
    margins: Margins
    left_out: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return the verdict: fail before insufficient evidence before pass."""
        return overall(each.verdict for each in self.checks)

    def shown(self, hidden: Hidden) -> NotWorse:
        """Return the same verdicts without numbers that are not shown."""
        return replace(self, checks=tuple(each.shown(hidden) for each in self.checks))

    @property
    def table(self) -> pd.DataFrame:
        """Return one row for each comparison, with its interval, the margin and the verdict."""
        fields = ("metric", "protected", "group_a", "group_b", "candidate", "champion", "value")
        more = ("ci_low", "ci_high", "confidence", "margin")
        return pd.DataFrame(
            [
                {"compared": _WORDS[each.unit].format(each.metric)}
                | {name: getattr(each, name) for name in (*fields, *more)}
                | {"verdict": str(each.verdict), "reason": each.reason}
                for each in self.checks
            ]
        )

    @property
    def text(self) -> str:
        """Return the table as people read it in a terminal."""
        columns = {
            "metric": [each.name for each in self.checks],
            "groups": [each.subject for each in self.checks],
            "candidate": [each.candidate for each in self.checks],
            "champion": [each.champion for each in self.checks],
            "candidate − champion": [each.measured for each in self.checks],
            "confidence": [each.level for each in self.checks],
            "verdict": [each.words for each in self.checks],
        }
        return format_table(pd.DataFrame(columns))
