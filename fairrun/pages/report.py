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
from fairrun.groups import MISSING
from fairrun.metrics import (
    MOST_COMPARED,
    NOT_WEIGHTED,
    Evaluation,
    WeightedCounts,
    is_hidden_reason,
)
from fairrun.pages.explanation_words import (
    columns_table,
    explanation_sentences,
    stability_warning,
)
from fairrun.pages.report_tables import (
    comparison_table,
    flip_table,
    four_fifths,
    gate_table,
    group_table,
    local_law_144,
    performance_table,
    population_table,
    unknown_rows,
    values_by_column,
)
from fairrun.text import n_of, shortened

__all__ = ["Origin", "environment", "render_report"]

_HEADLINES = {
    Verdict.PASS: "Pass: the model meets the gate",
    Verdict.FAIL: "Fail: the model does not meet the gate",
    Verdict.INSUFFICIENT_EVIDENCE: "Insufficient evidence: there is too little data to decide",
}
#: The longest text of a cell.
_LONGEST = 240
_NO_GATE = "No verdict: no gate was given"


@dataclass(frozen=True)
class Origin:
    """Where an evaluation comes from, and how to reproduce it.

    Attributes
    ----------
    model : str
        The URI of the model.
    mitigator : str
        The name of the mitigator.
    dataset : str
        The name of the data.
    digest : str
        The digest of the measured rows.
    rows : str
        Which rows were measured: `test`, or `evaluation` for rows that the user gave.
    target, positive : str
        The predicted column, and its favourable value.
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

    Returns
    -------
    str
        The HTML page.
    """
    compared = evaluation.audit.compared["protected"].unique().tolist()
    counts = evaluation.counts
    flips = evaluation.flips
    if result is not None:
        result = result.shown(evaluation.hidden)
    return _template().render(
        title=f"Fairness report: {origin.mitigator} on {origin.dataset}",
        headline=_HEADLINES[result.verdict] if result else _NO_GATE,
        promise=constraint,
        warnings=[f"{sentence}." for sentence in warnings],
        verdict=str(result.verdict) if result else "none",
        gate=str(gate) if gate else "",
        tally=_tally(result) if result else "",
        gate_table=gate_table(result) if result else None,
        origin=origin,
        n_rows=n_of(counts.n_rows, "row"),
        weights=_weights(counts, origin) if isinstance(counts, WeightedCounts) else "",
        clusters=_clusters(evaluation, origin),
        columns=[(column.name, *column.group_names) for column in counts.columns],
        privacy=_privacy(evaluation),
        population=population_table(evaluation),
        performance=performance_table(evaluation),
        compared=[
            (name, comparison_table(evaluation, name), group_table(evaluation, name))
            for name in compared
        ],
        flips=flip_table(flips, evaluation.protected.name) if flips is not None else None,
        not_explained=not_explained,
        looks_at=explanation_sentences(overview) if overview else [],
        unstable=stability_warning(overview) if overview else "",
        looked_at=columns_table(overview) if overview else None,
        four_fifths=four_fifths(evaluation),
        local_law_144=(
            [local_law_144(evaluation, basis) for basis in ("selection", "scoring")]
            if "local_law_144" in evaluation.impact_audits
            else []
        ),
        plots={
            name: (base64.b64encode(plot.png).decode("ascii"), plot.alt)
            for name, plot in plots.items()
        },
        not_measured=_not_measured(evaluation, gate, result),
    )


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
    return found


def _breakable(text: str) -> Markup:
    """Shorten a long text, and allow a line break after each underscore and colon."""
    return Markup("<wbr>").join(re.split("(?<=[_:])", shortened(text, _LONGEST)))


def _tally(result: GateResult) -> str:
    """Return the number of checks with each verdict, as a sentence."""
    verdicts = [each.verdict for each in result.judgements]
    words = {
        Verdict.FAIL: "failed",
        Verdict.INSUFFICIENT_EVIDENCE: "had too little data to decide",
        Verdict.PASS: "passed",
    }
    said = [f"{verdicts.count(each)} {words[each]}" for each in Verdict if each in verdicts]
    return f"{n_of(len(verdicts), 'check')}: {', '.join(said)}."


def _weights(counts: WeightedCounts, origin: Origin) -> str:
    """Return sentences about the weights of the rows."""
    total = f"{counts.n:,.0f}" if counts.n >= 1000 else f"{counts.n:,.6g}"
    return (
        f"Each row counts with its weight in {origin.weight or 'the weight column'}. All metrics "
        f"below are weighted. The weights sum to {total}. The effective number of rows is "
        f"{counts.effective_n:,.1f}: as many unweighted rows would give intervals about as wide."
    )


def _privacy(evaluation: Evaluation) -> str:
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


def _not_measured(
    evaluation: Evaluation, gate: Gate | None, result: GateResult | None
) -> list[str]:
    """Return sentences about questions that the report does not answer."""
    counts, audited = evaluation.counts, evaluation.audit
    said = []
    for column in counts.columns:
        n = unknown_rows(evaluation, column.name)["n_rows"]
        if n:
            few = evaluation.hidden.rows(column.name, MISSING)
            number = f"{few.capitalize()} rows have" if few else n_of(n, "row has", "rows have")
            said.append(
                f"{number} no known value of {column.name}, and "
                f"{'is' if n == 1 and not few else 'are'} in none of its groups, so no comparison "
                "by this column includes them."
            )
    if result is not None and gate is not None:
        small = [each for each in result.judgements if not each.has_interval]
        if small:
            is_effective = isinstance(counts, WeightedCounts) or audited.clusters is not None
            rows = "effective rows" if is_effective else "rows"
            said.append(
                f"{n_of(len(small), 'check of the gate has', 'checks of the gate have')} no "
                "interval. The table of checks gives the reason. A rate over fewer than "
                f"{gate.min_count} {rows} is not checked."
            )
    undefined = audited.compared[audited.compared["value"].isna()]
    undefined = undefined[~undefined["reason"].map(is_hidden_reason).astype(bool)]
    not_weighted = undefined["reason"] == NOT_WEIGHTED
    said += [
        f"The metric {metric.replace('_', ' ')} was not computed: {NOT_WEIGHTED}."
        for metric in undefined.loc[not_weighted, "metric"].unique()
    ]
    undefined = undefined[~not_weighted]
    said += [
        f"The metric {row['metric'].replace('_', ' ')} is undefined for {row['protected']}: "
        f"{row['reason']}."
        for row in undefined.to_dict("records")
    ]
    said += [
        f"{name} has {len(values)} values. Only the {MOST_COMPARED} with the most rows are "
        "compared in pairs."
        for name, values in values_by_column(evaluation).items()
        if len(values) > MOST_COMPARED
    ]
    if isinstance(counts, WeightedCounts):
        said += [
            "The tables of Local Law 144 were not made, because that rule counts people, and the "
            "rows have weights.",
            "The explanations of the model count each row once. They are not weighted.",
        ]
    if audited.clusters is not None:
        said.append(
            "Metrics of scores, such as the AUC and the Brier score, have no interval, because "
            "the rows are in clusters."
        )
    if evaluation.flips is None:
        said.append(
            f"There is no flip test of {evaluation.protected.name}, because the model does not "
            "read that column. Other columns may be proxies of it."
        )
    if len(counts.columns) > 2:
        said.append("Crossings of three or more protected columns were not measured.")
    said += [
        "The report uses the labels as they are. It does not check whether they are right or fair.",
        "The report does not say what the decisions lead to, or how people respond to them.",
        "The report compares groups. It does not check whether similar people are treated alike.",
        "The results may not hold for people unlike those in these rows, or at a later time.",
        "The intervals are about this model. They do not say how another model, trained on other "
        "rows, would perform.",
        "Each interval covers the true value in 95 of 100 samples, so all of them together do so "
        "less often. Only the intervals of the worst pairs hold for all pairs at once, for one "
        "metric and one column.",
        "The report does not say whether a law applies, or whether the model complies with it.",
    ]
    return said
