"""The report of an evaluation: one HTML page that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import ConstraintCheck, Gate, GateResult, Verdict
from fairrun.metrics import Evaluation, WeightedCounts
from fairrun.pages.explanation_words import (
    columns_table,
    explanation_sentences,
    stability_warning,
)
from fairrun.pages.gate_tables import gate_hints, gate_table, tally
from fairrun.pages.glossary import definitions
from fairrun.pages.group_tables import comparison_table, flip_table, group_table
from fairrun.pages.hiring_tables import bases, four_fifths, local_law_144, publication
from fairrun.pages.limits import not_measured
from fairrun.pages.row_tables import performance_table, population_table
from fairrun.pages.sections import Section, section_tables, with_minus
from fairrun.pages.summary import summary
from fairrun.text import n_of, shortened

__all__ = [
    "Origin",
    "environment",
    "privacy_sentences",
    "render_report",
    "verdict_in_words",
]

_HEADLINES = {
    Verdict.PASS: "Pass: {} the gate",
    Verdict.FAIL: "Fail: {} the gate",
    Verdict.INSUFFICIENT_EVIDENCE: "Insufficient evidence: there is too little data to decide",
}
#: The longest text of a cell.
_LONGEST = 240
_NO_GATE = "No verdict: no gate was given"
#: Words of sentences, which the glossary defines: in every report, and with explanations.
_ALWAYS = ("favourable_label", "selected", "score", "worst_pair", "interval", "row")
_OF_COLUMNS = ("contribution", "log_odds")


@dataclass(frozen=True)
class Origin:
    """Where an evaluation comes from, and how to reproduce it.

    Attributes
    ----------
    model : str
        The URI of the model; empty for decisions in a table.
    mitigator : str
        The name of the mitigator; empty unless fairrun made the model.
    dataset : str
        The name of the data.
    digest : str
        The digest of the measured rows.
    rows : str
        Which rows were measured: `test`, or `evaluation` for rows that the user gave.
    target, positive : str
        The predicted column, and its favourable value; for decisions in a table, the column of
        decisions.
    weight : str
        The column with the weights of the rows; empty if each row counts once.
    cluster : str
        The column with the clusters of the rows; empty if the rows are independent.
    run_id : str
        The id of the MLflow run.
    command : str
        The command that reproduces the evaluation.
    commit : str
        The Git commit of the project; empty if unknown.
    versions : mapping of str to str
        The versions of the packages that computed the evaluation.
    looks : str
        How often the test split was looked at so far; empty for other rows, or if unknown.
    date : str
        The day of the evaluation in words, such as "29 November 2026"; empty if unknown.
    user : str
        The user who ran the evaluation; empty if unknown.
    purpose : str
        The purpose that the user gave; empty if none.
    flavor : str
        The MLflow flavour of a model that fairrun did not make; otherwise empty.
    notes : sequence of str
        What was decided while the rows were read, one sentence each without a full stop.
    of_scores : bool
        Whether the model is a rule on scores that another model computed.
    """

    model: str
    mitigator: str
    dataset: str
    digest: str
    rows: str
    target: str
    positive: str
    run_id: str
    command: str
    commit: str = ""
    weight: str = ""
    cluster: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    looks: str = ""
    date: str = ""
    user: str = ""
    purpose: str = ""
    flavor: str = ""
    notes: Sequence[str] = ()
    of_scores: bool = False

    @property
    def not_fitted(self) -> str:
        """Return what was not fitted on the test split, in words."""
        return "rule was not fitted" if self.of_scores else "model was not trained"

    @property
    def title(self) -> str:
        """Return what was measured, in a few words."""
        if not self.model:
            return f"the decisions “{self.target}”"
        return self.mitigator or f"{self.flavor} model"


def render_report(
    evaluation: Evaluation,
    origin: Origin,
    plots: Mapping[str, Plot],
    gate: Gate | None = None,
    result: GateResult | None = None,
    overview: Overview | None = None,
    not_explained: str = "",
    constraint: ConstraintCheck | None = None,
    warnings: Sequence[str] = (),
    sections: Sequence[Section] = (),
) -> str:
    """Return the report of an evaluation as HTML.

    The page loads no script, style sheet or picture from elsewhere. It contains no row of the data.
    It contains the values of the protected columns, because they name the groups.

    Parameters
    ----------
    evaluation : Evaluation
        The metrics, their intervals and the audit tables.
    origin : Origin
        The model, the data and the run of the evaluation.
    plots : mapping of str to Plot
        The plots of `draw_evaluation` and `draw_explanations`, by name. A plot that is missing is
        left out of the report.
    gate : Gate, optional
        The gate.
    result : GateResult, optional
        The result of the gate.
    overview : Overview, optional
        The explanations of the model. Not given if the model is not explained.
    not_explained : str
        The reason why the model is not explained.
    constraint : ConstraintCheck, optional
        Whether the rows show that the mitigator's constraint is kept.
    warnings : sequence of str
        Sentences about the effect of the mitigator, without a full stop.
    sections : sequence of Section
        The sections of further analyses.

    Returns
    -------
    str
        The HTML page.
    """
    counts = evaluation.counts
    shown = None if result is None else result.shown(evaluation.hidden)
    checks = None if shown is None else gate_table(shown)
    population, performance = population_table(evaluation), performance_table(evaluation)
    compared = [
        (name, comparison_table(evaluation, name), group_table(evaluation, name))
        for name in evaluation.audit.compared["protected"].unique().tolist()
    ]
    flips = evaluation.flips
    flips_table = None if flips is None else flip_table(flips, evaluation.protected.name)
    looked_at = None if overview is None else columns_table(overview)
    law = [local_law_144(evaluation, basis) for basis in bases(evaluation)]
    law += filter(None, [publication(evaluation)])
    of_fifths = four_fifths(evaluation)
    tables = [population, performance, *(table for _, *both in compared for table in both)]
    tables += [each for section in sections for each in section_tables(section)]
    tables += [*law, of_fifths, *filter(None, (checks, flips_table, looked_at))]
    return _template().render(
        title=f"Fairness report: {origin.title} on {origin.dataset}",
        summary=summary(evaluation, shown),
        headline=verdict_in_words(shown, origin),
        promise=constraint,
        warnings=[f"{sentence}." for sentence in warnings],
        verdict=str(shown.verdict) if shown else "none",
        gate=str(gate) if gate else "",
        tally=tally(shown) if shown else "",
        gate_table=checks,
        gate_hints=gate_hints(evaluation, shown) if shown else [],
        origin=origin,
        n_rows=n_of(counts.n_rows, "row"),
        weights=_weights(counts, origin) if isinstance(counts, WeightedCounts) else "",
        clusters=_clusters(evaluation, origin),
        columns=[(column.name, *column.group_names) for column in counts.columns],
        privacy=privacy_sentences(evaluation),
        population=population,
        performance=performance,
        compared=compared,
        flips=flips_table,
        not_explained=not_explained,
        looks_at=explanation_sentences(overview) if overview else [],
        unstable=stability_warning(overview) if overview else "",
        looked_at=looked_at,
        four_fifths=of_fifths,
        local_law_144=law,
        plots={
            name: (base64.b64encode(plot.png).decode("ascii"), plot.alt)
            for name, plot in plots.items()
        },
        sections=[(each, section_tables(each)) for each in sections],
        measured=evaluation.not_measured,
        has_scores="roc_auc" not in evaluation.not_measured,
        parts=_parts(evaluation, origin, sections),
        not_measured=not_measured(evaluation, gate, shown, of_model=bool(origin.model)),
        words=definitions(tables, *_ALWAYS, *(_OF_COLUMNS if overview else ())),
    )


def verdict_in_words(result: GateResult | None, origin: Origin) -> str:
    """Return the verdict in a line."""
    if result is None:
        return _NO_GATE
    meets, not_meets = "the model meets", "the model does not meet"
    if not origin.model:
        meets, not_meets = "the decisions meet", "the decisions do not meet"
    which = meets if result.verdict is Verdict.PASS else not_meets
    return _HEADLINES[result.verdict].format(which)


def _parts(
    evaluation: Evaluation, origin: Origin, sections: Sequence[Section]
) -> list[tuple[str, str]]:
    """Return the anchors and names of the parts of a report, in their order."""
    parts = [
        ("verdict", "Verdict"),
        ("measured", "Model and rows" if origin.model else "Decisions and rows"),
        ("fairness", "Comparison of groups"),
        *((each.anchor, each.title) for each in sections),
    ]
    if "roc_auc" not in evaluation.not_measured:
        parts.append(("scores", "Scores"))
    if origin.mitigator:
        parts.append(("explanations", "Columns"))
    return [
        *parts,
        ("audits", "Hiring rules"),
        ("limits", "What was not measured"),
        ("words", "Definitions"),
        ("again", "Reproduce"),
    ]


@cache
def _template() -> Template:
    return environment().get_template("report.html")


def environment() -> Environment:
    """Return the settings and filters of the templates of pages without a script."""
    found = Environment(
        loader=PackageLoader("fairrun.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = _breakable
    found.filters["with_minus"] = with_minus
    return found


def _breakable(text: str) -> Markup:
    """Shorten a long text, and allow a line break after each underscore and colon."""
    return Markup("<wbr>").join(re.split("(?<=[_:])", shortened(text, _LONGEST)))


def _weights(counts: WeightedCounts, origin: Origin) -> str:
    """Return sentences about the weights of the rows."""
    total = f"{counts.n:,.0f}" if counts.n >= 1000 else f"{counts.n:,.6g}"
    return (
        f"Each row counts with its weight in {origin.weight or 'the weight column'}. All metrics "
        f"below are weighted. The weights sum to {total}. The effective number of rows is "
        f"{counts.effective_n:,.1f}: as many unweighted rows would give intervals about as wide."
    )


def privacy_sentences(evaluation: Evaluation) -> str:
    """Return sentences about the numbers that are not shown; empty if all are."""
    hidden = evaluation.hidden
    if not hidden:
        return ""
    return (
        f"Numbers about {hidden.fewer} rows are not shown, and neither are those from which they "
        "could be computed by subtraction. The worst pairs are those among the groups that are "
        "shown."
    )


def _clusters(evaluation: Evaluation, origin: Origin) -> str:
    """Return sentences about the clusters of the rows; empty if the rows are independent."""
    if evaluation.audit.clusters is None:
        return ""
    rates = evaluation.audit.rates
    overall = rates[(rates["protected"] == "") & (rates["metric"] == "selection_rate")].iloc[0]
    return (
        f"The rows are in {n_of(int(overall['n_clusters']), 'cluster')} by "
        f"{origin.cluster or 'the cluster column'}. Rows of one cluster are not independent, so "
        "the intervals come from the clusters. For the selection rate of all rows, "
        f"{overall['effective_n']:,.1f} independent rows would give an interval about as wide."
    )
