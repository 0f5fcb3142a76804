"""HTML pages: the report of an evaluation, the pages of a sweep, a comparison and a check."""

from fairrun.pages.before_after import (
    shown_before_after,
)
from fairrun.pages.card import (
    model_card,
    render_card,
    render_card_markdown,
)
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
    AlternativesShown,
    render_sweep,
)
from fairrun.pages.sweep_charts import (
    best_by_mitigator,
    chart_axes,
    constraint_limit,
    with_axes,
)
from fairrun.pages.technical_file import (
    technical_file,
)
from fairrun.pages.technical_file_page import (
    render_technical_file,
)
from fairrun.pages.unknown_groups import (
    unknown_groups_section,
)

__all__ = [
    "NO_STATEMENTS",
    "STATEMENTS",
    "SUBGROUPS",
    "AlternativesShown",
    "ModelFacts",
    "Origin",
    "Section",
    "Statements",
    "best_by_mitigator",
    "chart_axes",
    "conditional_section",
    "constraint_limit",
    "finding",
    "model_card",
    "read_statements",
    "render_card",
    "render_card_markdown",
    "render_check",
    "render_comparison",
    "render_promotion",
    "render_report",
    "render_sweep",
    "render_technical_file",
    "shown_before_after",
    "subgroups_section",
    "technical_file",
    "unknown_groups_section",
    "with_axes",
]
