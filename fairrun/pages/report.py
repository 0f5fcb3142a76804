"""The report of an evaluation: one page of HTML that needs nothing but itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import Gate, GateResult, Verdict
from fairrun.metrics import MOST_COMPARED, Evaluation
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
    values_by_column,
)

__all__ = ["Origin", "render_report"]

_HEADLINES = {
    Verdict.PASS: "Pass: the gate holds",
    Verdict.FAIL: "Fail: the gate does not hold",
    Verdict.INSUFFICIENT_EVIDENCE: "Insufficient evidence: the gate can neither pass nor fail",
}
_NO_GATE = "No gate was asked for: nothing is passed or failed here"


@dataclass(frozen=True)
class Origin:
    """Where an evaluation comes from, and how it is made again.

    Parameters
    ----------
    model : str
        The URI of the model.
    mitigator : str
        What was done about bias.
    dataset : str
        The name of the data.
    digest : str
        The digest of the rows that were measured.
    rows : str
        Which rows these are: `test`, or `evaluation` for rows that were given.
    target, positive : str
        The column that is predicted, and its favourable value.
    run_id : str
        The MLflow run.
    command : str
        What to type to make the evaluation again.
    commit : str
        The Git commit of the project; empty if it is not known.
    versions : mapping of str to str
        The packages that computed it.
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
    versions: Mapping[str, str] = field(default_factory=dict)


def render_report(
    evaluation: Evaluation,
    origin: Origin,
    plots: Mapping[str, Plot],
    gate: Gate | None = None,
    result: GateResult | None = None,
    overview: Overview | None = None,
    not_explained: str = "",
) -> str:
    """Write the report of an evaluation as HTML.

    It holds all it needs: no script, no style sheet and no picture is loaded from elsewhere. No row
    of the data is in it; the values of protected columns are, as the names of groups.

    Parameters
    ----------
    evaluation : Evaluation
        What was measured.
    origin : Origin
        On what, and how.
    plots : mapping of str to Plot
        What `draw_evaluation` and `draw_explanations` drew of it.
    gate : Gate, optional
        What was demanded.
    result : GateResult, optional
        What came of that.
    overview : Overview, optional
        What the model looks at; not given if it is not explained.
    not_explained : str
        Why it is not.

    Returns
    -------
    str
    """
    compared = evaluation.audit.compared["protected"].unique().tolist()
    law = evaluation.impact_audits["local_law_144"]
    flips = evaluation.flips
    return _template().render(
        title=f"Fairness report: {origin.mitigator} on {origin.dataset}",
        headline=_HEADLINES[result.verdict] if result else _NO_GATE,
        verdict=str(result.verdict) if result else "none",
        gate=str(gate) if gate else "",
        tally=_tally(result) if result else "",
        gate_table=gate_table(result) if result else None,
        origin=origin,
        n_rows=evaluation.counts.n,
        columns=[(column.name, *column.group_names) for column in evaluation.counts.columns],
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
        four_fifths=four_fifths(evaluation.impact_audits["four_fifths"]),
        local_law_144=[local_law_144(law, basis) for basis in ("selection", "scoring")],
        plots={
            name: (base64.b64encode(plot.png).decode("ascii"), plot.alt)
            for name, plot in plots.items()
        },
        not_measured=_not_measured(evaluation, gate, result),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("fairrun.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("report.html")


def _breakable(text: str) -> Markup:
    """Let a line break after an underscore or a colon, of which our names have no spaces."""
    return Markup("<wbr>").join(re.split("(?<=[_:])", text))


def _tally(result: GateResult) -> str:
    """Count the verdicts of a gate's judgements, in words."""
    verdicts = [each.verdict for each in result.judgements]
    words = {
        Verdict.FAIL: "outside what is allowed",
        Verdict.INSUFFICIENT_EVIDENCE: "without enough evidence",
        Verdict.PASS: "inside",
    }
    said = [f"{verdicts.count(each)} {words[each]}" for each in Verdict if each in verdicts]
    n = len(verdicts)
    return f"{n} judgement{'s' if n > 1 else ''}: {', '.join(said)}."


def _not_measured(
    evaluation: Evaluation, gate: Gate | None, result: GateResult | None
) -> list[str]:
    """Say what a reader might take for measured, and is not."""
    counts, audited = evaluation.counts, evaluation.audit
    said = []
    for column in counts.columns:
        n = int(counts.marginal(column.name).table[-1].sum())
        if n:
            said.append(
                f"{n:,} rows have no known value of {column.name}: they are in no group of it, and "
                "in no comparison by it."
            )
    if result is not None and gate is not None:
        small = [each for each in result.judgements if each.reason]
        if small:
            said.append(
                f"{len(small)} of the gate's judgements have no interval; the reason stands in "
                f"their place (a rate over fewer than {gate.min_count} rows is not judged)."
            )
    undefined = audited.compared[audited.compared["value"].isna()]
    said += [
        f"{row['metric'].replace('_', ' ')} of {row['protected']} is undefined: {row['reason']}."
        for row in undefined.to_dict("records")
    ]
    said += [
        f"Of the {len(values)} values of {name}, the {MOST_COMPARED} with the most rows are "
        "compared in pairs."
        for name, values in values_by_column(evaluation).items()
        if len(values) > MOST_COMPARED
    ]
    if evaluation.flips is None:
        said.append(
            f"Whether a label changes when only {evaluation.protected.name} does: the model does "
            "not read that column. Other columns may stand for it."
        )
    if len(counts.columns) > 2:
        said.append("Crossings of three or more protected columns.")
    said += [
        "Whether the labels are right or fair: they are taken as they are.",
        "What the decisions lead to, and how people respond to them.",
        "Whether similar people are treated alike: groups are compared, not neighbours.",
        "Other people than these rows are a sample of, and later times.",
        "How another model, trained again on other rows, would do: the intervals are about this "
        "model. Each holds in 95 of 100 samples by itself, and all of them together less often; "
        "only those of the worst pairs hold at once, for one metric and one column.",
        "Whether a law applies, or is kept.",
    ]
    return said
