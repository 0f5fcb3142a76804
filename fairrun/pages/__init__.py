"""HTML pages: the report of an evaluation, the pages of a sweep, a comparison and a check."""

from fairrun.pages.check import (
    render_check,
)
from fairrun.pages.comparison import (
    render_comparison,
)
from fairrun.pages.conditional import (
    conditional_section,
)
from fairrun.pages.facts import (
    ModelFacts,
)
from fairrun.pages.promotion import (
    render_promotion,
)
from fairrun.pages.report import (
    Origin,
    render_report,
)
from fairrun.pages.sections import (
    Section,
)
from fairrun.pages.statements import (
    NO_STATEMENTS,
    STATEMENTS,
    Statements,
    read_statements,
)
from fairrun.pages.subgroups import (
    SUBGROUPS,
    finding,
    subgroups_section,
)
from fairrun.pages.sweep import (
    render_sweep,
)
from fairrun.pages.sweep_charts import (
    best_by_mitigator,
    chart_axes,
    constraint_limit,
    with_axes,
)
from fairrun.pages.unknown_groups import (
    unknown_groups_section,
)

__all__ = [
    "NO_STATEMENTS",
    "STATEMENTS",
    "SUBGROUPS",
    "ModelFacts",
    "Origin",
    "Section",
    "Statements",
    "best_by_mitigator",
    "chart_axes",
    "conditional_section",
    "constraint_limit",
    "finding",
    "read_statements",
    "render_check",
    "render_comparison",
    "render_promotion",
    "render_report",
    "render_sweep",
    "subgroups_section",
    "unknown_groups_section",
    "with_axes",
]
