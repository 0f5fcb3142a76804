"""What a report does not answer: undefined metrics, rows in no group, and further questions."""

from __future__ import annotations

from fairrun.gate import Gate, GateResult
from fairrun.groups import MISSING
from fairrun.metrics import (
    MOST_COMPARED,
    NOT_WEIGHTED,
    Evaluation,
    WeightedCounts,
    is_hidden_reason,
)
from fairrun.pages.sized_groups import unknown_rows, values_by_column
from fairrun.text import n_of

__all__ = ["not_measured"]


def _needs(evaluation: Evaluation) -> list[str]:
    """Return a sentence for each reason that metrics were not measured, with all their names."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in evaluation.not_measured.items():
        by_reason.setdefault(reason, []).append(name.replace("_", " "))
    return [
        f"Not measured: {', '.join(names)}. Each of these needs {reason.removeprefix('it needs ')}."
        for reason, names in by_reason.items()
    ]


def not_measured(
    evaluation: Evaluation,
    gate: Gate | None = None,
    result: GateResult | None = None,
    *,
    of_model: bool = True,
) -> list[str]:
    """Return sentences about questions that a report does not answer.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation as it is shown.
    gate, result : Gate and GateResult, optional
        The gate and its result.
    of_model : bool
        Whether a model made the decisions that were measured.
    """
    counts, audited = evaluation.counts, evaluation.audit
    said = _needs(evaluation)
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
        ]
        if of_model:
            said.append("The explanations of the model count each row once. They are not weighted.")
    if audited.clusters is not None and "roc_auc" not in evaluation.not_measured:
        said.append(
            "Metrics of scores, such as the AUC and the Brier score, have no interval, because "
            "the rows are in clusters."
        )
    if evaluation.flips is None and of_model:
        said.append(
            f"There is no flip test of {evaluation.protected.name}, because the model does not "
            "read that column. Other columns may be proxies of it."
        )
    if len(counts.columns) > 2:
        said.append("Crossings of three or more protected columns were not measured.")
    if evaluation.labelled:
        said.append(
            "The report uses the labels as they are. It does not check whether they are right or "
            "fair."
        )
    said += [
        "The report does not say what the decisions lead to, or how people respond to them.",
        "The report compares groups. It does not check whether similar people are treated alike.",
        "The results may not hold for people unlike those in these rows, or at a later time.",
        "The intervals are about these decisions. They do not say how another model, trained on "
        "other rows, would decide.",
        "Each interval covers the true value in 95 of 100 samples, so all of them together do so "
        "less often. Only the intervals of the worst pairs hold for all pairs at once, for one "
        "metric and one column.",
        "The report does not say whether a law applies, or whether the "
        f"{'model complies' if of_model else 'decisions comply'} with it.",
    ]
    return said
