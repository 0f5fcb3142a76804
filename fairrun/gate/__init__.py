"""The gate: requirements on a model's metrics, and the function that decides whether they hold."""

from fairrun.gate.constraints import (
    SMALLEST_TOLERANCE,
    ConstraintCheck,
    check_constraint,
)
from fairrun.gate.counts_file import (
    CLUSTERED,
    decide_file,
    read_counts,
)
from fairrun.gate.gates import Gate, parse_gate, read_gate
from fairrun.gate.judgements import (
    GateResult,
    Judgement,
    Verdict,
    judge,
    overall,
)
from fairrun.gate.planning import (
    ASSUMPTIONS,
    PlannedGroup,
    plan_gate,
)
from fairrun.gate.probability import (
    probability_kept,
)
from fairrun.gate.terms import (
    GATE_METRICS,
    GateMetric,
    Term,
)
from fairrun.gate.verdicts import decide

__all__ = [
    "ASSUMPTIONS",
    "CLUSTERED",
    "GATE_METRICS",
    "SMALLEST_TOLERANCE",
    "ConstraintCheck",
    "Gate",
    "GateMetric",
    "GateResult",
    "Judgement",
    "PlannedGroup",
    "Term",
    "Verdict",
    "check_constraint",
    "decide",
    "decide_file",
    "judge",
    "overall",
    "parse_gate",
    "plan_gate",
    "probability_kept",
    "read_counts",
    "read_gate",
]
