from __future__ import annotations

from typing import Any

import mlflow
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.models.evaluation.validation import ModelValidationFailedException

from fairrun.gate import GateResult, Judgement, Verdict, decide, parse_gate
from fairrun.metrics import Counts, audit
from fairrun.runs.described import describe_gate
from fairrun.runs.gate import mlflow_validation
from tests.metrics.samples import COLUMNS, tables


def passes(result: GateResult) -> bool:
    try:
        mlflow.validate_evaluation_results(*mlflow_validation(result))
    except ModelValidationFailedException:
        return False
    return True


@settings(deadline=None)
@given(
    st.sampled_from(["statistical_parity<=", "disparate_impact>=", "accuracy>=", "brier_score<="]),
    st.floats(0.01, 0.99),
    st.floats(0, 2) | st.just(float("nan")),
    st.floats(0, 2),
    st.booleans(),
)
def test_mlflow_passes_what_the_gate_passes(
    metric: str, threshold: float, low: float, width: float, mirrored: bool
) -> None:
    (term,) = parse_gate(f"{metric}{threshold!r}").terms
    high = low + width
    if mirrored and term.metric.kind == "difference":
        low, high = -high, -low
    result = GateResult((Judgement(term, "sex", "Male", "Female", 100, low, low, high),))
    assert passes(result) == (result.verdict is Verdict.PASS)


@settings(max_examples=10, deadline=None)
@given(tables(3, 4, 2, 2, largest=300), st.floats(0.05, 0.95))
def test_it_does_so_for_whole_gates(table: Any, threshold: float) -> None:
    counts = Counts(COLUMNS, table)
    gate = parse_gate(
        f"statistical_parity<={threshold}; disparate_impact>={1 - threshold}; "
        f"accuracy>={1 - threshold} @ race; min_count=20"
    )
    result = decide(gate, counts, audit(counts, n_replicates=50))
    thresholds, _ = mlflow_validation(result)
    assert len(thresholds) == len(result.judgements)
    assert passes(result) == (result.verdict is Verdict.PASS)


def test_a_description_counts_what_it_leaves_out_of_a_long_gate() -> None:
    (term,) = parse_gate("statistical_parity<=0.1").terms
    passed = [Judgement(term, "sex", f"a{i}", "b", 100, 0.0, -0.01, 0.01) for i in range(200)]
    failed = Judgement(term, "sex", "last", "b", 100, 0.3, 0.25, 0.35)
    said = describe_gate(GateResult((*passed, failed)))
    assert said.startswith("The gate **failed**:\n\n- fail: `statistical_parity<=0.1`, ")
    assert "last" in said.splitlines()[2]
    assert said.endswith("- and 181 more checks, see `gate.json`")
