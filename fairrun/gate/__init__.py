"""The gate: requirements on a model's metrics, and the function that decides whether they hold."""

from fairrun.gate.planning import (
    ASSUMPTIONS,
    PlannedGroup,
    plan_gate,
)
from fairrun.gate.terms import (
    GATE_METRICS,
    Gate,
    GateMetric,
    Term,
    parse_gate,
    read_gate,
)
from fairrun.gate.verdicts import (
    GateResult,
    Judgement,
    Verdict,
    decide,
    judge,
    overall,
)

__all__ = [
    "ASSUMPTIONS",
    "GATE_METRICS",
    "Gate",
    "GateMetric",
    "GateResult",
    "Judgement",
    "PlannedGroup",
    "Term",
    "Verdict",
    "decide",
    "judge",
    "overall",
    "parse_gate",
    "plan_gate",
    "read_gate",
]
