"""Further analyses that a user can ask for: each adds tables, plots and a section of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairrun.data import Decisions
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation
from fairrun.runs.analysis import NO_ANALYSES, Analyses, Analysis
from fairrun.runs.conditional import analyse_conditional
from fairrun.runs.subgroups import analyse_subgroups
from fairrun.runs.unknown_groups import analyse_unknown_groups

__all__ = ["NO_ANALYSES", "Analyses", "Analysis", "run_analyses"]


#: Makes one analysis of the rows; None if it was not asked for.
_Analyse = Callable[
    [Analyses, Decisions, Sequence[ProtectedColumn], Evaluation],
    Analysis | None,
]
#: The analyses, in the order in which the report shows them.
_ANALYSES: tuple[_Analyse, ...] = (
    analyse_conditional,
    analyse_unknown_groups,
    analyse_subgroups,
)


def run_analyses(
    asked: Analyses,
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    evaluation: Evaluation,
) -> list[Analysis]:
    """Run the further analyses that were asked for.

    Parameters
    ----------
    asked : Analyses
        What was asked for.
    decisions : Decisions
        The measured rows.
    protected : sequence of ProtectedColumn
        The protected columns.
    evaluation : Evaluation
        The evaluation of these rows as it is shown. `Evaluation.hidden` has the smallest number of
        rows that a number may be about.

    Returns
    -------
    list of Analysis
        In the order in which the report shows them.
    """
    found = (analyse(asked, decisions, protected, evaluation) for analyse in _ANALYSES)
    return [each for each in found if each is not None]
