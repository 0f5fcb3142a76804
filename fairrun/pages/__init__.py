"""HTML pages: the report of an evaluation, the page of a sweep and the page of a check."""

from fairrun.pages.check import (
    render_check,
)
from fairrun.pages.report import (
    Origin,
    render_report,
)
from fairrun.pages.sections import (
    Section,
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

__all__ = [
    "SUBGROUPS",
    "Origin",
    "Section",
    "best_by_mitigator",
    "chart_axes",
    "constraint_limit",
    "finding",
    "render_check",
    "render_report",
    "render_sweep",
    "subgroups_section",
    "with_axes",
]
