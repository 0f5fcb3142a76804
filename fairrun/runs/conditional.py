"""Conditional parity, as a further analysis of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairrun.data import Decisions
from fairrun.figures import Plot, plot_conditional, to_png
from fairrun.groups import ProtectedColumn
from fairrun.metrics import ConditionalParity, Evaluation, measure_conditional, show_conditional
from fairrun.pages import conditional_section
from fairrun.runs.analysis import Analyses, Analysis

__all__ = ["analyse_conditional"]


def analyse_conditional(
    asked: Analyses,
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    evaluation: Evaluation,
) -> Analysis | None:
    """Compare the groups within strata of legitimate factors; None if it was not asked for.

    Parameters
    ----------
    asked : Analyses
        What was asked for.
    decisions : Decisions
        The measured rows.
    protected : sequence of ProtectedColumn
        The protected columns.
    evaluation : Evaluation
        The evaluation of these rows as it is shown.

    Raises
    ------
    RequestError
        If a factor cannot be used; see `fairrun.groups.factor_columns`.
    """
    if not asked.given:
        return None
    found = measure_conditional(
        decisions.frame,
        asked.given,
        protected,
        [column.positions(decisions.frame) for column in protected],
        *(decisions.label, decisions.prediction),
        weight=decisions.weight,
        cluster=decisions.cluster,
    )
    left_out = found.notes
    found = show_conditional(found, evaluation.hidden)
    plots, captions = {}, []
    for number, column in enumerate(protected):
        name = "conditional" if number == 0 else f"conditional_{number + 1}"
        plots[name] = Plot(to_png(plot_conditional(found, column.name)), _alt(found, column.name))
        captions.append((name, f"Selection rates of {column.name} by stratum, and pooled"))
    return Analysis(
        section=conditional_section(found, tuple(captions)),
        tables=found.tables,
        plots=plots,
        metrics=_metrics(found, protected[0].name),
        said=found.findings + left_out,
    )


def _metrics(found: ConditionalParity, first: str) -> dict[str, float]:
    """Return the main number of each metric, with its limits, named as inside fairrun."""
    logged: dict[str, float] = {}
    for row in found.pooled.to_dict("records"):
        name = str(row["metric"])
        is_disparity = name.startswith("conditional")
        if row["estimate"] != ("standardised" if is_disparity else "mantel_haenszel"):
            continue
        name = name if is_disparity else f"conditional_{name}"
        of = "" if row["protected"] == first else f"/{row['protected']}"
        ends = (("", "value"), ("_ci_low", "ci_low"), ("_ci_high", "ci_high"))
        logged |= {f"{name}{end}{of}": float(row[column]) for end, column in ends}
    return logged


def _alt(found: ConditionalParity, protected: str) -> str:
    rows = found.pooled[
        (found.pooled["protected"] == protected) & (found.pooled["metric"] == "statistical_parity")
    ].set_index("estimate")["value"]
    said = [
        f"{name} {'not shown' if np.isnan(rows[estimate]) else f'{rows[estimate]:+.3f}'}"
        for name, estimate in (("within strata", "mantel_haenszel"), ("all together", "marginal"))
    ]
    return (
        f"Selection rates of the groups of {protected} and their difference in each stratum, with "
        f"95 % intervals. Difference: {', '.join(said)}."
    )
