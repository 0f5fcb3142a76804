"""Read the result of a gate from the table that a run has logged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.judgements import GateResult, Judgement, Verdict
from fairrun.gate.terms import parse_term

__all__ = ["result_from_table"]


def result_from_table(table: pd.DataFrame, family: str = "none") -> GateResult:
    """Return the result of a gate from `GateResult.table`, as a run has logged it.

    The verdicts are those of the table. What was not shown is not shown again.

    Parameters
    ----------
    table : DataFrame
        The table.
    family : str
        The `Gate.family` of the gate.

    Returns
    -------
    GateResult

    Raises
    ------
    RequestError
        If the table is not that of a gate.

    Examples
    --------
    >>> from fairrun.gate import decide, parse_gate
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts, audit
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> result = decide(parse_gate("disparate_impact>=0.8"), counts, audit(counts))
    >>> str(result_from_table(result.table)) == str(result)
    True
    """
    try:
        judgements = tuple(_judgement(row) for row in table.to_dict("records"))
    except (KeyError, ValueError, TypeError) as error:
        raise RequestError("the table is not the result of a gate") from error
    if not judgements:
        raise RequestError("the table of the gate is empty")
    return GateResult(judgements, family)


def _judgement(row: Mapping[Any, Any]) -> Judgement:
    n, effective = row["n"], row.get("effective_n")
    return Judgement(
        parse_term(str(row["term"])),
        str(row["protected"]),
        str(row["group_a"]),
        str(row["group_b"]),
        0 if pd.isna(n) else int(n),
        _number(row["value"]),
        _number(row["ci_low"]),
        _number(row["ci_high"]),
        str(row["reason"]),
        effective_n=None if effective is None else _number(effective),
        confidence=_number(row["confidence"]),
        decided=Verdict(row["verdict"]),
        instead="hidden" if pd.isna(n) else "",
    )


def _number(value: Any) -> float:
    return math.nan if pd.isna(value) else float(value)
