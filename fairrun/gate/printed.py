"""The checks of a gate as text, for a terminal and for the message of a failed assertion."""

from __future__ import annotations

import pandas as pd

from fairrun.gate.judgements import GateResult
from fairrun.gate.needed import ABOUT_ROWS_NEEDED
from fairrun.text import format_table

__all__ = ["checks_as_text"]


def checks_as_text(result: GateResult) -> str:
    """Return a table with a row for each check, and below it the rows that would decide more."""
    judgements = result.judgements
    columns = {
        "term": [str(each.term) for each in judgements],
        "groups": [each.subject for each in judgements],
    }
    measured = [each.measured for each in judgements]
    if result.family == "none":
        columns["value and 95 % interval"] = measured
    else:
        columns["value and interval"] = measured
        columns["confidence"] = [each.level for each in judgements]
    columns["verdict"] = [each.verdict.words for each in judgements]
    lines = [format_table(pd.DataFrame(columns))]
    if result.rows_needed:
        lines += ["", ABOUT_ROWS_NEEDED, *(f"  {line}" for line in result.rows_needed)]
    return "\n".join(lines)
