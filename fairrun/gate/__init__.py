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
from fairrun.gate.margin_checks import (
    MarginCheck,
    NotWorse,
    judge_margin,
)
from fairrun.gate.margins import (
    MARGIN,
    Margins,
    parse_margins,
)
from fairrun.gate.markdown import (
    checks_as_markdown,
    read_checks,
)
from fairrun.gate.needed import (
    ABOUT_ROWS_NEEDED,
    Needed,
    RowsNeeded,
)
from fairrun.gate.not_worse import (
    not_worse,
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
from fairrun.gate.stored import (
    result_from_table,
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
    "MARGIN",
    "SMALLEST_TOLERANCE",
    "ConstraintCheck",
    "ExpectedGroup",
    "Gate",
    "GateMetric",
    "GateResult",
    "Judgement",
    "MarginCheck",
    "Margins",
    "Needed",
    "NotWorse",
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
    "judge_margin",
    "not_worse",
    "overall",
    "parse_gate",
    "parse_margins",
    "parse_plan",
    "plan_gate",
    "plan_rows",
    "probability_kept",
    "read_checks",
    "read_counts",
    "read_gate",
    "read_plan",
    "result_from_table",
]
