"""What every measurement of decisions does, whoever made them: judge, hide, draw and log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlflow.data.pandas_dataset import PandasDataset

from fairrun.data import Decisions
from fairrun.figures import Plot, draw_evaluation
from fairrun.gate import Gate, GateResult, decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import NO_PUBLICATION, Evaluation, Publication, with_publication
from fairrun.runs.analyses import NO_ANALYSES, Analyses, Analysis, run_analyses
from fairrun.runs.measure import hide_small_groups
from fairrun.text import with_interval
from fairrun.tracking.evaluation import log_analysis, log_evaluation, log_gate
from fairrun.tracking.looks import Looks

__all__ = ["Judged", "judge_and_log"]


@dataclass(frozen=True)
class Judged:
    """A measurement as it is shown, after the gate has decided from all numbers.

    Attributes
    ----------
    evaluation : Evaluation
        The metrics and tables, without the numbers that are not shown.
    gate : GateResult or None
        The result of the gate; None without a gate.
    plots : dict of str to Plot
        The plots, also those of the analyses.
    analyses : list of Analysis
        The further analyses.
    """

    evaluation: Evaluation
    gate: GateResult | None
    plots: dict[str, Plot]
    analyses: list[Analysis]

    @property
    def said(self) -> tuple[str, ...]:
        """What a command prints below the table of the first column, one sentence each."""
        found = [sentence for each in self.analyses for sentence in each.said]
        first, compared = self.evaluation.protected.name, self.evaluation.audit.compared
        further = []
        for row in compared[compared["metric"] == "statistical_parity"].to_dict("records"):
            pair = f"{row['group_a']} against {row['group_b']}"
            subject = f"{row['protected']}, statistical parity of {pair}: "
            # An analysis within strata says the same number.
            if row["protected"] != first and not any(each.startswith(subject) for each in found):
                value = with_interval(row["value"], row["ci_low"], row["ci_high"], signed=True)
                further.append(f"{subject}{value}")
        return (*further, *found)


def judge_and_log(
    evaluation: Evaluation,
    decisions: Decisions,
    protected: Sequence[ProtectedColumn],
    gate: Gate | None,
    *,
    dataset: PandasDataset,
    model_id: str | None = None,
    min_cell: int,
    sensitive: bool = False,
    looks: Looks | None = None,
    report: bool = True,
    asked: Analyses = NO_ANALYSES,
    publication: Publication = NO_PUBLICATION,
) -> Judged:
    """Decide the gate from all numbers, hide those of small groups, and log what is shown.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation with all numbers.
    decisions : Decisions
        The measured rows.
    protected : sequence of ProtectedColumn
        The protected columns.
    gate : Gate or None
        The gate.
    dataset : PandasDataset
        The MLflow dataset of the rows.
    model_id : str, optional
        The logged model that made the decisions.
    min_cell : int
        The fewest rows behind a number that is shown.
    sensitive : bool
        Whether exact counts are stored nowhere.
    looks : Looks, optional
        How often these rows were looked at.
    report : bool
        Whether plots are drawn, and analyses made that nobody asked for.
    asked : Analyses
        The further analyses.
    publication : Publication
        What is published about an audit under Local Law 144, besides the rates.

    Returns
    -------
    Judged

    Raises
    ------
    RequestError
        If the gate needs true labels or scores that the rows do not have, or an analysis cannot be
        made with these rows. If a publication is given for rows with weights.
    """
    result = None
    if gate is not None:
        scored = decisions.score is not None
        gate.check(protected, labelled=evaluation.labelled, scored=scored)
        result = decide(gate, evaluation.counts, evaluation.audit)
    evaluation = hide_small_groups(evaluation, min_cell, sensitive=sensitive)
    evaluation = with_publication(evaluation, publication)
    result = None if result is None else result.shown(evaluation.hidden)
    # Bounds for unknown values are made without being asked for, but only for a report.
    wanted = report or asked != NO_ANALYSES
    found = run_analyses(asked, decisions, protected, evaluation) if wanted else []
    plots = draw_evaluation(evaluation, result) if report else {}
    log_evaluation(evaluation, sensitive, model_id=model_id, dataset=dataset, plots=plots)
    for each in found:
        log_analysis(each.tables, each.metrics, each.plots, evaluation.protected.name)
        plots |= each.plots
    if gate is not None and result is not None:
        log_gate(gate, result, looks)
    return Judged(evaluation, result, plots, found)
