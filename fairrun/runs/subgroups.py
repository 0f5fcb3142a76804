"""The scan of subgroups, as a further analysis of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fairrun.data import Decisions
from fairrun.figures import Plot, plot_subgroups, to_png
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, SubgroupScan, scan_subgroups
from fairrun.pages import SUBGROUPS, finding, subgroups_section
from fairrun.runs.analysis import Analyses, Analysis

__all__ = ["analyse_subgroups"]


def analyse_subgroups(
    asked: Analyses,
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    evaluation: Evaluation,
) -> Analysis | None:
    """Search the rows for subgroups; None if it was not asked for.

    All columns are crossed, apart from those with outcomes. A protected column whose groups are
    ranges has these ranges.

    Parameters
    ----------
    asked : Analyses
        What was asked for.
    decisions : Decisions
        The measured rows.
    protected : sequence of ProtectedColumn
        The protected columns.
    evaluation : Evaluation
        The evaluation of these rows.

    Raises
    ------
    RequestError
        If the rows cannot be searched; see `scan_subgroups`.
    """
    if not asked.subgroups:
        return None
    frame = decisions.frame.drop(columns=[*decisions.outcomes])
    ranges = {
        column.name: _in_ranges(column, frame)
        for column in protected
        if column.ranges and column.name in frame
    }
    scan = scan_subgroups(
        frame.assign(**ranges),
        *(decisions.label, decisions.prediction),
        depth=asked.subgroups,
        weight=decisions.weight,
        cluster=decisions.cluster,
        min_cell=evaluation.hidden.min_cell,
    )
    found = finding(scan)
    return Analysis(
        section=subgroups_section(scan),
        tables={SUBGROUPS: scan.table},
        plots={SUBGROUPS: Plot(to_png(plot_subgroups(scan)), _alt(scan))},
        metrics={
            "subgroups_compared": float(scan.n_compared),
            "subgroups_tested": float(len(scan.table)),
            "subgroups_confirmed": float(scan.n_confirmed),
        },
        said=(f"subgroups: {found}",),
    )


def _in_ranges(column: ProtectedColumn, frame: pd.DataFrame) -> pd.Series:
    """Return the range of each row as text; None for rows in no range."""
    names = np.array([*map(str, column.labels[:-1]), None], dtype=object)
    return pd.Series(names[column.positions(frame)], index=frame.index, dtype=object)


def _alt(scan: SubgroupScan) -> str:
    """Return the text alternative of the plot."""
    return f"Differences between subgroups and all other rows, with intervals. {finding(scan)}"
