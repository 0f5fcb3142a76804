"""Decide a gate from the file of counts that a run has logged, without its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairrun.errors import RequestError
from fairrun.gate.gates import Gate
from fairrun.gate.judgements import GateResult
from fairrun.gate.verdicts import decide
from fairrun.metrics import (
    MIN_CELL,
    AnyCounts,
    audit,
    check_min_cell,
    counts_from_dict,
    hidden_groups,
)

__all__ = ["CLUSTERED", "decide_file", "read_counts"]

#: A key of the file if the rows are in clusters, whose intervals need the rows.
CLUSTERED = "clustered"


def read_counts(path: str) -> AnyCounts:
    """Read the artifact `counts.json` of a run.

    Parameters
    ----------
    path : str
        The path of the file.

    Returns
    -------
    Counts or WeightedCounts

    Raises
    ------
    RequestError
        If the file cannot be read or holds no counts, or the rows were in clusters. The message
        does not contain text of the file.
    """
    try:
        document: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        is_missing = isinstance(error, FileNotFoundError)
        why = "there is no such file" if is_missing else type(error).__name__
        raise RequestError(
            f"{path} cannot be read ({why}); give counts.json of a run, which "
            "mlflow artifacts download -r RUN_ID -a counts.json -d . fetches"
        ) from error
    if not isinstance(document, dict):
        raise RequestError(f"{path} does not hold counts; give the artifact counts.json of a run")
    if document.get(CLUSTERED):
        raise RequestError(
            f"the rows of {path} are in clusters, and counts do not suffice for their intervals; "
            "give the gate to evaluate or audit"
        )
    return counts_from_dict(document)


def decide_file(path: str, gate: Gate, *, min_cell: int = MIN_CELL) -> GateResult:
    """Decide a gate from the artifact `counts.json` of a run.

    The verdict and the numbers are those of the run, because both compute them from the counts.

    Parameters
    ----------
    path : str
        The path of the file.
    gate : Gate
        The gate. Terms about scores cannot be decided from counts.
    min_cell : int
        Numbers about fewer rows are not in the result; 1 shows all.

    Returns
    -------
    GateResult

    Raises
    ------
    RequestError
        If the file cannot be used, or a term cannot be decided from counts.
    """
    check_min_cell(min_cell)
    counts = read_counts(path)
    of_scores = [term for term in gate.terms if term.metric.of_scores]
    if of_scores:
        raise RequestError(
            f"the gate's term {of_scores[0]} is about scores, which counts do not have; leave the "
            "term out, or give the gate to evaluate or audit"
        )
    return decide(gate, counts, audit(counts)).shown(hidden_groups(counts, min_cell))
