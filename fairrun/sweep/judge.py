"""The verdict of the gate on the rows of a trial, and whether any trial could meet a constraint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fairrun.gate import Gate, Judgement, Verdict, decide
from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    PERFORMANCE_METRICS,
    AnyCounts,
    Counts,
    audit,
    selection_rate,
)
from fairrun.sweep.objectives import Constraint
from fairrun.sweep.trial import TrialResult

__all__ = ["out_of_reach", "trial_judge"]

#: The metrics that counts hold. Others need the scores of the rows, which trials do not keep.
_OF_COUNTS = {*BIAS_METRICS, *PERFORMANCE_METRICS, *GROUP_RATES}
#: The true and false positive rate of the model that `out_of_reach` supposes.
_SUPPOSED = (0.8, 0.2)


def trial_judge(
    constraint: Constraint, counts_of: Callable[[TrialResult], AnyCounts | None]
) -> Callable[[TrialResult], Verdict] | None:
    """Return a function that gives the gate's verdict on a trial's rows.

    It is the verdict that the gate of an evaluation would give for these counts, so the choice and
    the gate on the test rows judge by the same intervals.

    Parameters
    ----------
    constraint : Constraint
        The constraint of the sweep.
    counts_of : callable
        Returns the counts of a trial's rows, or None if there are none.

    Returns
    -------
    callable or None
        None if a term is about scores, which counts do not hold.
    """
    if any(term.metric.name not in _OF_COUNTS for term in constraint.gate.terms):
        return None

    def judge(trial: TrialResult) -> Verdict:
        counts = counts_of(trial)
        if counts is None:
            return constraint.verdict(trial.metrics)
        return decide(constraint.gate, counts, audit(counts)).verdict

    return judge


def out_of_reach(constraint: Constraint, counts: AnyCounts) -> tuple[Judgement, ...]:
    """Return the terms that no trial can be shown to meet on so few rows.

    A model is supposed that treats all groups alike: it selects the same share of every group (the
    share of favourable labels), and for a metric of error rates it has a true positive rate of 0.8
    and a false positive rate of 0.2 in every group. If the gate cannot pass even this model, no
    trial with such rates can.

    Parameters
    ----------
    constraint : Constraint
        The constraint of the sweep.
    counts : Counts or WeightedCounts
        The counts of the validation rows, by any predictions. Weighted rows are not supposed.

    Returns
    -------
    tuple of Judgement
        The judgements of fairness terms on the supposed model that do not pass.

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.sweep.objectives import read_constraint
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> few = Counts((sex,), [[[40, 0], [20, 0]], [[30, 0], [10, 0]], [[0, 0]] * 2])
    >>> (found,) = out_of_reach(read_constraint("statistical_parity<=0.05", [sex]), few)
    >>> str(found.verdict), round(float(found.ci_high), 1)
    ('insufficient_evidence', 0.2)
    """
    if not isinstance(counts, Counts) or not counts.n:
        return ()
    rate = float(GROUP_RATES["base_rate"](counts.total))
    found: list[Judgement] = []
    for of_selection, rates in ((True, (rate, rate)), (False, _SUPPOSED[::-1])):
        terms = tuple(
            term
            for term in constraint.gate.terms
            if term.metric.kind != "performance"
            and (term.metric.rates == (selection_rate,)) == of_selection
        )
        if terms:
            supposed = _fill(counts, np.array(rates))
            result = decide(Gate(terms, constraint.gate.min_count), supposed, audit(supposed))
            found += [each for each in result.judgements if each.verdict is not Verdict.PASS]
    return tuple(found)


def _fill(counts: Counts, rates: NDArray[np.float64]) -> Counts:
    """Return counts of the same rows if these shares of the labels 0 and 1 are selected."""
    of_label = counts.table.sum(axis=-1)
    selected = np.rint(of_label * rates).astype(np.int64)
    return Counts(counts.columns, np.stack([of_label - selected, selected], axis=-1))
