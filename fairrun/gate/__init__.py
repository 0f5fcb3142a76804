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
from fairrun.gate.markdown import (
    checks_as_markdown,
    read_checks,
    verdict_of_checks,
)
from fairrun.gate.needed import (
    ABOUT_ROWS_NEEDED,
    Needed,
    RowsNeeded,
)
from fairrun.gate.planning import (
    ASSUMPTIONS,
    PlannedGroup,
    plan_gate,
)
from fairrun.gate.plans import (
    ABOUT_PLAN,
    ExpectedGroup,
    parse_plan,
    plan_rows,
    read_plan,
)
from fairrun.gate.printed import (
    checks_as_text,
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
    "ABOUT_PLAN",
    "ABOUT_ROWS_NEEDED",
    "ASSUMPTIONS",
    "CLUSTERED",
    "GATE_METRICS",
    "SMALLEST_TOLERANCE",
    "ConstraintCheck",
    "ExpectedGroup",
    "Gate",
    "GateMetric",
    "GateResult",
    "Judgement",
    "Needed",
    "PlannedGroup",
    "RowsNeeded",
    "Term",
    "Verdict",
    "check_constraint",
    "checks_as_markdown",
    "checks_as_text",
    "decide",
    "decide_file",
    "judge",
    "overall",
    "parse_gate",
    "parse_plan",
    "plan_gate",
    "plan_rows",
    "probability_kept",
    "read_checks",
    "read_counts",
    "read_gate",
    "read_plan",
    "verdict_of_checks",
]
