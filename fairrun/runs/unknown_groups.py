"""Bounds for rows whose protected value is unknown, as a further analysis of a run."""

from __future__ import annotations

from collections.abc import Sequence

from fairrun.data import Decisions
from fairrun.figures import Plot, plot_unknown_groups, to_png
from fairrun.groups import MISSING, ProtectedColumn
from fairrun.metrics import Evaluation, measure_unknown_groups, show_unknown_groups
from fairrun.pages import unknown_groups_section
from fairrun.runs.analysis import Analyses, Analysis
from fairrun.text import with_percent

__all__ = ["analyse_unknown_groups"]


def analyse_unknown_groups(
    asked: Analyses,
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    evaluation: Evaluation,
) -> Analysis | None:
    """Bound the comparisons of groups if protected values are unknown.

    This is done without being asked for, because the comparisons leave these rows out. A column
    with so few unknown rows that nothing about them is shown is left out, unless membership
    probabilities were given.

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

    Returns
    -------
    Analysis or None
        None if no protected column has enough unknown rows.

    Raises
    ------
    RequestError
        If the columns with probabilities cannot be used; see `membership_of`.
    """
    first = protected[0].name
    columns = [
        column
        for column in protected
        if (asked.membership and column.name == first) or _has_unknown(evaluation, column.name)
    ]
    if not columns:
        return None
    found = measure_unknown_groups(
        decisions.frame,
        asked.membership,
        columns,
        [column.positions(decisions.frame) for column in columns],
        *(decisions.label, decisions.prediction),
        weight=decisions.weight,
        cluster=decisions.cluster,
    )
    found = show_unknown_groups(found, evaluation.hidden)
    plots: dict[str, Plot] = {}
    captions = []
    for column in columns:
        name = "unknown_groups" if not plots else f"unknown_groups_{len(plots) + 1}"
        share = with_percent(found.shares[column.name])
        plots[name] = Plot(
            to_png(plot_unknown_groups(found, column.name)),
            f"Differences between the groups of {column.name} among rows with a known value, and "
            f"their bounds, as the value of {share} of the rows is unknown.",
        )
        captions.append((name, f"Bounds for {column.name}"))
    return Analysis(
        section=unknown_groups_section(found, tuple(captions)),
        tables=found.tables,
        plots=plots,
        said=found.sentences,
    )


def _has_unknown(evaluation: Evaluation, name: str) -> bool:
    """Return whether a column has unknown rows, and enough of them to be shown."""
    if evaluation.hidden.rows(name, MISSING):
        return False
    return bool(evaluation.counts.marginal(name).table[-1].any())
