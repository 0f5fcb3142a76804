"""The results of a gate as a table, as words, and as notes about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from fairrun.gate import GateResult, Judgement, Verdict
from fairrun.metrics import (
    BIAS_METRICS,
    MARGINAL,
    Evaluation,
    has_only_upper_limit,
    is_hidden_reason,
)
from fairrun.pages.cells import VALUE, Cell, Table, number
from fairrun.text import n_of

__all__ = ["gate_hints", "gate_table", "tally"]

#: The verdict on one check, in words.
_RESULTS = {
    Verdict.FAIL: "failed",
    Verdict.INSUFFICIENT_EVIDENCE: "too little data",
    Verdict.PASS: "passed",
}


def tally(result: GateResult) -> str:
    """Return the number of checks with each verdict, as a sentence."""
    verdicts = [each.verdict for each in result.judgements]
    words = _RESULTS | {Verdict.INSUFFICIENT_EVIDENCE: "had too little data to decide"}
    said = [f"{verdicts.count(each)} {words[each]}" for each in Verdict if each in verdicts]
    return f"{n_of(len(verdicts), 'check')}: {', '.join(said)}."


def gate_table(result: GateResult) -> Table:
    """Return the table of all checks of a gate, with their results."""
    has_levels = result.family != "none"
    has_needed = bool(result.rows_needed)
    rows = [
        (
            Cell(str(each.term), each.subject, word=each.term.metric.name),
            Cell(_RESULTS[each.verdict], verdict=str(each.verdict)),
            _judged(each),
            Cell(each.rows, is_number=True),
            *((Cell(each.level, is_number=True),) if has_levels else ()),
            *((_needed(each),) if has_needed else ()),
        )
        for each in result.judgements
    ]
    more = ("value and interval", "rows", "confidence")
    heads = ("check and groups", "result", *(more if has_levels else (VALUE, "rows")))
    heads += ("rows to decide",) if has_needed else ()
    note = (
        "Rows: how many rows the checked rate is computed from. A true positive rate, for example, "
        "counts only the rows with label 1. If two groups are compared, it is the smaller number."
    )
    if has_needed:
        note += (
            " Rows to decide: the number of rows of each group with which the check would be "
            "decided with a probability of 80 %. It depends on the true value, so it is given for "
            "the measured value, and for the value halfway between the limit and the best value."
        )
    return Table("Checks and results", heads, tuple(rows), note)


def _judged(judgement: Judgement) -> Cell:
    """Return the cell with the interval of a check, and with the reason for its verdict."""
    if pd.isna(judgement.value):
        return Cell(judgement.reason)
    limits = (judgement.value, judgement.ci_low, judgement.ci_high)
    only_upper = has_only_upper_limit(judgement.term.metric.name)
    shown = number(*limits, signed=judgement.has_sign, only_upper=only_upper)
    said = "; ".join(filter(None, (shown.interval, judgement.reason)))
    return replace(shown, interval=said)


def _needed(judgement: Judgement) -> Cell:
    """Return the cell with the rows that would probably decide a check; empty if none are said."""
    if judgement.needed is None:
        return Cell("")
    first, *others = map(judgement.needed.words, judgement.needed.answers)
    return Cell(first, "; ".join(others))


def gate_hints(evaluation: Evaluation, result: GateResult) -> list[str]:
    """Return sentences about checks that would be shown if they compared the declared groups.

    The worst of all pairs of a column is hidden if one of its groups is. The two declared groups
    have more rows, and may be shown.
    """
    return list(dict.fromkeys(_hints(evaluation, result)))


def _hints(evaluation: Evaluation, result: GateResult) -> Iterator[str]:
    compared = evaluation.audit.compared
    for each in result.judgements:
        metric = each.term.metric.name
        is_pair = each.group_b and not each.term.declared
        if not is_pair or not is_hidden_reason(each.reason) or metric not in BIAS_METRICS:
            continue
        found = compared[(compared["protected"] == each.protected) & (compared["metric"] == metric)]
        for a, b in zip(found["group_a"], found["group_b"], strict=True):
            joint = metric not in MARGINAL
            if not evaluation.hidden.reason(each.protected, a, b, joint=joint):
                term = replace(each.term, protected=each.protected, declared=True)
                yield (
                    f"The result about all pairs of {each.protected} is hidden, because it depends "
                    f"on a group that is not shown. To check {a} against {b} alone, write "
                    f"{term} in the gate."
                )
