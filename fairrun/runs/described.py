"""Sentences that the descriptions of several kinds of runs share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fairrun.data import DatasetSpec
from fairrun.gate import GateResult, Verdict
from fairrun.groups import ProtectedColumn
from fairrun.metrics import has_sign
from fairrun.text import n_of, with_interval
from fairrun.tracking.descriptions import as_code, escaped

__all__ = [
    "HEADLINES",
    "describe_data",
    "describe_dropped",
    "describe_gate",
    "describe_metrics",
]

#: The metrics that a description has.
HEADLINES = ("accuracy", "disparate_impact", "statistical_parity")
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
    '`census` (predicts `income`; compares the groups of `sex`, `race`)'
    """
    columns = ", ".join(as_code(each.column) for each in spec.protected)
    return (
        f"{as_code(spec.name)} (predicts {as_code(spec.target)}; compares the groups of {columns})"
    )


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


def describe_gate(result: GateResult) -> str:
    """Return the verdict of a gate as it is shown, and its checks as a Markdown list."""
    checks = [
        f"- {each.verdict.replace('_', ' ')}: {as_code(str(each.term))}, {escaped(each.subject)}"
        + (f": {escaped(each.measured)}" if each.measured else "")
        for each in result.judgements
    ]
    return "\n".join([f"{_VERDICTS[result.verdict]}:", "", *checks])
