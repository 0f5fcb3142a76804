"""A gate as an assertion, for the tests of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.gate import Gate, GateResult, Verdict, decide, read_gate
from fairrun.groups import Protected, ProtectedColumn
from fairrun.metrics import evaluate_predictions
from fairrun.text import format_table

__all__ = ["assert_fair"]


def assert_fair(
    gate: str | Gate,
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    frame: pd.DataFrame,
    protected: Mapping[str, str] | Sequence[Protected],
    *,
    probability: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    insufficient_evidence: bool = False,
) -> GateResult:
    """Fail with the table of checks unless predictions meet a gate.

    Parameters
    ----------
    gate : str or Gate
        The requirements: text in the form of `Gate.parse`, or the path of a YAML file.
    y_true : array of shape (n_rows,), or None
        The labels, 0 or 1; None if they are not known.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1, where 1 is the favourable outcome.
    frame : pandas.DataFrame
        The rows with the protected columns.
    protected : mapping of str to str, or sequence of Protected
        The protected columns with their privileged groups, the most important first.
    probability, weight, cluster : array of shape (n_rows,), optional
        See `evaluate_predictions`.
    insufficient_evidence : bool, default False
        Whether the assertion also holds if the rows are too few to decide. It never holds if the
        gate fails.

    Returns
    -------
    GateResult
        The result of a gate that passed.

    Raises
    ------
    AssertionError
        If the gate fails, or the rows are too few to decide. The message has a row for each check.
    RequestError
        If the gate or the arrays cannot be used.

    Examples
    --------
    >>> people = pd.DataFrame({"sex": ["Male", "Female"] * 500})
    >>> selected = [1, 1, 0, 0] * 250
    >>> result = assert_fair("disparate_impact>=0.8", None, selected, people, {"sex": "Male"})
    >>> str(result)
    'gate: pass'
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this function.
    demanded = read_gate(gate) if isinstance(gate, str) else gate
    if isinstance(protected, Mapping):
        specs = [Protected(column, privileged) for column, privileged in protected.items()]
    else:
        specs = [*protected]
    if not specs:
        raise RequestError("no protected column was given; give a mapping such as {'sex': 'Male'}")
    columns = [ProtectedColumn.from_frame(frame, spec) for spec in specs]
    positions = [column.positions(frame) for column in columns]
    labelled, scored = y_true is not None, probability is not None
    demanded.check(columns, labelled=labelled, scored=scored and labelled)
    found = evaluate_predictions(
        *(columns, positions, y_true, y_pred, probability), weight=weight, cluster=cluster
    )
    result = decide(demanded, found.counts, found.audit)
    allowed = {Verdict.PASS} | ({Verdict.INSUFFICIENT_EVIDENCE} if insufficient_evidence else set())
    if result.verdict not in allowed:
        raise AssertionError(f"{result}\n\n{_table(result)}")
    return result


def _table(result: GateResult) -> str:
    """Return the table of checks as text."""
    return format_table(
        pd.DataFrame(
            {
                "term": [str(each.term) for each in result.judgements],
                "groups": [each.subject for each in result.judgements],
                "value and interval": [each.measured for each in result.judgements],
                "verdict": [each.verdict.words for each in result.judgements],
            }
        )
    )
