"""Whether rows show that a model keeps the constraint that its mitigator states."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from fairrun.gate.gates import Gate, parse_gate
from fairrun.gate.judgements import GateResult, Judgement, Verdict
from fairrun.gate.probability import probability_kept
from fairrun.gate.verdicts import decide
from fairrun.metrics import AnyCounts, Audit, Hidden, audit
from fairrun.text import with_probability

__all__ = ["SMALLEST_TOLERANCE", "ConstraintCheck", "check_constraint"]

#: The smallest distance from parity at which a constraint is judged. No number of rows shows that
#: two rates are equal.
SMALLEST_TOLERANCE = 0.001

_KEPT = {
    Verdict.PASS: "kept",
    Verdict.FAIL: "not kept",
    Verdict.INSUFFICIENT_EVIDENCE: "not shown",
}


@dataclass(frozen=True)
class ConstraintCheck:
    """The result of checking a mitigator's constraint on rows that did not fit it.

    Attributes
    ----------
    constraint : str
        The constraint, as the text of a gate.
    result : GateResult
        The results of its terms for the protected column of the mitigator.
    probability : float
        The probability that all terms hold for new rows; see `probability_kept`.
    """

    constraint: str
    result: GateResult
    probability: float

    def shown(self, hidden: Hidden) -> ConstraintCheck:
        """Return the check without numbers about groups that are not shown."""
        result = self.result.shown(hidden)
        return self if result == self.result else replace(self, result=result, probability=np.nan)

    @property
    def kept(self) -> str:
        """Return "kept", "not kept", or "not shown" if the rows do not suffice to tell."""
        return _KEPT[self.result.verdict]

    @property
    def evidence(self) -> str:
        """Return the groups and the interval that decide, and the probability, in words."""
        deciding = [e for e in self.result.judgements if e.verdict is self.result.verdict]
        first = min(deciding, key=lambda each: bool(each.reason))
        terms = {each.term.metric.name for each in self.result.judgements}
        term = f"{first.term.metric.name} of " if len(terms) > 1 else ""
        more = f"; and {len(deciding) - 1} more" if len(deciding) > 1 else ""
        has_chance = not np.isnan(self.probability)
        chance = f"; probability {with_probability(self.probability)}" if has_chance else ""
        return f"{term}{first.subject}: {first.measured}{more}{chance}"

    @property
    def judged(self) -> str:
        """Return the constraint, and a note if it stands for a smaller tolerance, such as 0."""
        if not any(map(_is_smallest, self.result.judgements)):
            return self.constraint
        return f"{self.constraint} (a tolerance below {SMALLEST_TOLERANCE} is judged as this)"

    def __str__(self) -> str:
        return f"The method promises {self.judged}. On these rows: {self.kept} ({self.evidence})."


def check_constraint(
    constraint: str, protected: str, counts: AnyCounts, audited: Audit
) -> ConstraintCheck:
    """Check a mitigator's constraint on rows that did not fit it.

    The constraint is kept if `decide` says that its terms pass for the protected column, and not
    kept if one of them fails. Otherwise it is not shown, for example because a group has fewer rows
    than `Gate.min_count`.

    Parameters
    ----------
    constraint : str
        The text of a gate, from `Mitigation.constraint`.
    protected : str
        The protected column that the mitigator was fitted with. Its values in neither group are not
        part of the constraint, except for clustered rows.
    counts : Counts or WeightedCounts
        The counts of the rows.
    audited : Audit
        The audit of these counts.

    Returns
    -------
    ConstraintCheck

    Raises
    ------
    RequestError
        If the text is not that of a gate, or the column is not one of the counts.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[500, 80], [120, 300]], [[0, 0]] * 2])
    >>> found = check_constraint("statistical_parity<=0.05", "sex", counts, audit(counts))
    >>> found.kept, round(found.probability, 2)
    ('not shown', 0.73)
    """
    gate = parse_gate(constraint)
    (column,) = (each for each in counts.columns if each.name == protected)
    n_grouped = len(column.group_a) + len(column.group_b)
    if n_grouped < len(column.values) and audited.clusters is None:
        # The values of both groups come first; all others become one row of the table.
        of_column = counts.marginal(protected)
        others = of_column.table[n_grouped:].sum(axis=0, keepdims=True)
        table = np.concatenate([of_column.table[:n_grouped], others])
        column = replace(column, values=column.values[:n_grouped])
        counts = type(counts)((column,), table)
        audited = audit(counts)
    terms = tuple(replace(term, protected=protected) for term in gate.terms)
    asked = Gate(terms, gate.min_count)
    result = decide(asked, counts, audited, say_rows_needed=False)
    probability = probability_kept(asked, counts, clusters=audited.clusters)
    return ConstraintCheck(constraint, result, probability)


def _is_smallest(judgement: Judgement) -> bool:
    """Return whether a judgement is at the smallest tolerance, of a difference or of a ratio."""
    term = judgement.term
    tolerance = 1 - term.threshold if term.metric.kind == "ratio" else term.threshold
    return math.isclose(tolerance, SMALLEST_TOLERANCE)
