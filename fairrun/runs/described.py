"""Sentences that the descriptions of several kinds of runs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fairrun.data import DatasetSpec
from fairrun.gate import ABOUT_ROWS_NEEDED, GateResult, Verdict
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, has_sign
from fairrun.runs.analyses import Analysis
from fairrun.text import n_of, with_interval
from fairrun.tracking.descriptions import as_code, escaped

__all__ = [
    "HEADLINES",
    "describe_analyses",
    "describe_data",
    "describe_dropped",
    "describe_gate",
    "describe_metrics",
    "describe_warnings",
]

#: The metrics that a description has.
HEADLINES = ("accuracy", "disparate_impact", "statistical_parity")
#: A description has at most this number of the checks of a gate.
_MOST_CHECKS = 20
_VERDICTS = {
    Verdict.PASS: "The gate **passed**",
    Verdict.FAIL: "The gate **failed**",
    Verdict.INSUFFICIENT_EVIDENCE: "The gate found **insufficient evidence**",
}


def describe_data(spec: DatasetSpec) -> str:
    """Return the data set of a run in words: its name, what is predicted, and the groups.

    Examples
    --------
    >>> from fairrun.data import KNOWN_DATASETS
    >>> describe_data(KNOWN_DATASETS["census"])
    '`census` (predicts if `class` is `>50K`; compares the groups of `sex`, `race`)'
    """
    columns = ", ".join(as_code(each.column) for each in spec.protected)
    predicts = f"predicts if {as_code(spec.target)} is {as_code(str(spec.positive))}"
    return f"{as_code(spec.name)} ({predicts}; compares the groups of {columns})"


def describe_dropped(n_dropped: int) -> str:
    """Return how many rows were dropped because of nulls, as a sentence; empty for none."""
    if not n_dropped:
        return ""
    dropped = n_of(n_dropped, "row with a null was", "rows with a null were")
    return f"{dropped} dropped; `data_notes.json` says in which columns."


def describe_metrics(metrics: Mapping[str, float], rows: str, column: ProtectedColumn) -> str:
    """Return the headline metrics with their intervals as a Markdown list, with the groups' names.

    Parameters
    ----------
    metrics : mapping of str to float
        The metrics as they are shown; a missing or undefined one is left out.
    rows : str
        The name of the measured rows, such as "the test split".
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    """
    found = []
    group_a, group_b = map(escaped, column.group_names)
    for name in HEADLINES:
        value, low, high = (metrics.get(f"{name}{e}", np.nan) for e in ("", "_ci_low", "_ci_high"))
        if not np.isfinite(value):
            continue
        in_words = ""
        if name == "disparate_impact":
            in_words = f"; {group_a} is selected {value:.2f} times as often as {group_b}"
        text = with_interval(value, low, high, signed=has_sign(name))
        found.append(f"- {as_code(name)}: {text}{in_words}")
    groups = f"{escaped(column.name)}: group a is {group_a}, group b is {group_b}"
    heading = f"On {rows}, with 95 % intervals ({groups}):"
    return "\n".join([heading, "", *found]) if found else ""


def describe_warnings(warnings: Sequence[str], evaluation: Evaluation) -> str:
    """Return warnings about a mitigator as a Markdown list.

    Some have numbers of the two groups, so there is none if these may not be shown.
    """
    first = evaluation.protected
    if evaluation.hidden.reason(first.name, *first.group_names, joint=True):
        return ""
    return "\n".join(f"- Warning: {escaped(each)}." for each in warnings)


def describe_analyses(found: Sequence[Analysis]) -> str:
    """Return the findings of further analyses as a Markdown list; empty without any."""
    return "\n".join(f"- {escaped(each)}" for analysis in found for each in analysis.said)


def describe_gate(result: GateResult) -> str:
    """Return the verdict of a gate as it is shown, and its checks as a Markdown list.

    Of many checks, those that decide come first, and the others are only counted.
    """
    decide_first = sorted(result.judgements, key=lambda each: each.verdict is not result.verdict)
    is_long = len(result.judgements) > _MOST_CHECKS
    checks = [
        f"- {each.verdict.replace('_', ' ')}: {as_code(str(each.term))}, {escaped(each.subject)}"
        + (f": {escaped(each.measured)}" if each.measured else "")
        for each in (decide_first[:_MOST_CHECKS] if is_long else result.judgements)
    ]
    if is_long:
        more = len(result.judgements) - _MOST_CHECKS
        checks.append(f"- and {n_of(more, 'more check')}, see `gate.json`")
    lines = [f"{_VERDICTS[result.verdict]}:", "", *checks]
    if result.verdict is Verdict.INSUFFICIENT_EVIDENCE:
        lines += ["", "To get a verdict, collect more rows, or merge small groups."]
        if result.rows_needed and not is_long:
            lines += ["", ABOUT_ROWS_NEEDED, ""]
            lines += [f"- {escaped(each)}" for each in result.rows_needed]
    return "\n".join(lines)
