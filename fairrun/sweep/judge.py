"""The verdict of the gate on the rows of a trial, and whether any trial could meet a constraint."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fairrun.data import Rows
from fairrun.gate import Gate, Judgement, Term, Verdict, decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    GROUP_RATES,
    NOT_BY_CLUSTER,
    PERFORMANCE_METRICS,
    AnyCounts,
    ClusterTables,
    audit,
    count_rows,
    hidden_groups,
    selection_rate,
)
from fairrun.sweep.objectives import Constraint
from fairrun.sweep.trial import TrialResult

__all__ = ["out_of_reach", "trial_judge", "undecidable"]

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
    if any(_is_of_scores(term) for term in constraint.gate.terms):
        return None

    def judge(trial: TrialResult) -> Verdict:
        counts = counts_of(trial)
        if counts is None:
            return constraint.verdict(trial.metrics)
        return decide(constraint.gate, counts, audit(counts), say_rows_needed=False).verdict

    return judge


def undecidable(constraint: Constraint, n_rows: int) -> tuple[Judgement, ...]:
    """Return the judgements of the terms that no gate can decide for rows in clusters.

    These are the terms about scores, which have no interval then, however many rows there are.

    Parameters
    ----------
    constraint : Constraint
        The constraint of the sweep.
    n_rows : int
        The number of rows that the judgements name.

    Examples
    --------
    >>> from fairrun.sweep.objectives import read_constraint
    >>> (found,) = undecidable(read_constraint("accuracy>=0.7; roc_auc>=0.8", []), 500)
    >>> print(found)
    roc_auc>=0.8, all rows: metrics of scores have no interval if rows are in clusters; metrics of
    labels, such as accuracy, have one
    """
    return tuple(
        Judgement(term, "", "", "", n_rows, reason=NOT_BY_CLUSTER)
        for term in constraint.gate.terms
        if _is_of_scores(term)
    )


def _is_of_scores(term: Term) -> bool:
    return term.metric.name not in _OF_COUNTS


def out_of_reach(
    constraint: Constraint, protected: Sequence[ProtectedColumn], rows: Rows, min_cell: int = 1
) -> tuple[Judgement, ...]:
    """Return the terms that no trial can be shown to meet on so few rows.

    A model is supposed that treats all groups alike: it selects the same share of every group (the
    share of favourable labels), and for a metric of error rates it has a true positive rate of 0.8
    and a false positive rate of 0.2 in every group. If the gate cannot pass even this model, no
    trial with such rates can. It selects rows whatever their cluster, so real models, whose errors
    are alike within a cluster, have wider intervals.

    Parameters
    ----------
    constraint : Constraint
        The constraint of the sweep.
    protected : sequence of ProtectedColumn
        The protected columns.
    rows : Rows
        The validation rows, without weights.
    min_cell : int
        The fewest rows behind a number that a judgement gives; 1 shows all.

    Returns
    -------
    tuple of Judgement
        The judgements of fairness terms on the supposed model that do not pass.

    Examples
    --------
    >>> import pandas as pd
    >>> from fairrun.sweep.objectives import read_constraint
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> few = pd.DataFrame({"sex": ["Male", "Male", "Female", "Female"] * 25})
    >>> rows = Rows(few, np.tile([0, 1, 0, 0], 25))
    >>> (found,) = out_of_reach(read_constraint("statistical_parity<=0.05", [sex]), [sex], rows)
    >>> str(found.verdict), round(float(found.ci_high), 1)
    ('insufficient_evidence', 0.2)
    """
    if not len(rows):
        return ()
    positions = [column.positions(rows.frame) for column in protected]
    found: list[Judgement] = []
    same_for_both_labels = (float(rows.label.mean()),) * 2
    for of_selection, rates in ((True, same_for_both_labels), (False, _SUPPOSED[::-1])):
        terms = tuple(
            term
            for term in constraint.gate.terms
            if term.metric.kind != "performance"
            and (term.metric.rates == (selection_rate,)) == of_selection
        )
        if terms:
            supposed = _supposed_labels(positions, rows.label, np.array(rates))
            table = (protected, positions, rows.label, supposed)
            clusters = None
            if rows.cluster is not None:
                clusters = ClusterTables.from_arrays(*table, rows.cluster)
            counts = count_rows(*table, None)
            audited = audit(counts, clusters=clusters)
            gate = Gate(terms, constraint.gate.min_count)
            result = decide(gate, counts, audited, say_rows_needed=False)
            result = result.shown(hidden_groups(counts, min_cell, unknown=True))
            found += [each for each in result.judgements if each.verdict is not Verdict.PASS]
    return tuple(found)


def _supposed_labels(
    positions: Sequence[NDArray[np.intp]], label: NDArray[np.int64], rates: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return predictions that select these shares of the rows with the labels 0 and 1.

    Within each combination of protected values, the rows are chosen at random.
    """
    _, cell = np.unique(np.stack([*positions, label]), axis=1, return_inverse=True)
    cell = np.ravel(cell)
    order = np.random.default_rng(0).permutation(len(label))
    order = order[np.argsort(cell[order], kind="stable")]
    sizes = np.bincount(cell)
    place = np.arange(len(label)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    selected = np.empty(len(label), dtype=np.int64)
    wanted = np.rint(sizes[cell[order]] * rates[label[order]])
    selected[order] = place < wanted
    return selected
