"""The sections of a model card about what was measured: verdict, metrics, mitigation, columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairrun.metrics import Evaluation
from fairrun.pages.before_after import shown_before_after
from fairrun.pages.card_blocks import Answer, Block, CardSection, Items, Picture, Text
from fairrun.pages.cells import Cell, Table, number
from fairrun.pages.explanation_words import explanation_sentences
from fairrun.pages.facts import ModelFacts
from fairrun.pages.gate_tables import gate_hints, gate_table
from fairrun.pages.group_tables import comparison_table, group_table
from fairrun.pages.hiring_tables import bases, four_fifths, local_law_144
from fairrun.pages.row_tables import performance_table
from fairrun.pages.sections import Section, section_tables
from fairrun.text import with_interval, with_percent

__all__ = ["columns", "hiring", "metrics", "mitigation", "verdict"]

#: The metrics of the card. The report has all.
_OVERALL = (
    *("accuracy", "balanced_accuracy", "precision", "recall", "roc_auc", "brier_score"),
    *("selection_rate", "accuracy_over_majority", "flip_rate"),
)
_OF_GROUPS = (
    *("disparate_impact", "statistical_parity", "equality_of_opportunity_difference"),
    *("false_positive_rate_difference", "average_odds_difference", "accuracy_difference"),
)
#: The largest distances from equal selection rates at which thresholds are listed.
_DISTANCES = (0.02, 0.05, 0.1)


def verdict(facts: ModelFacts, choice: Answer) -> CardSection:
    """Return the section about the gate, with the answer why its metrics and limits were chosen."""
    blocks: list[Block] = []
    if facts.result is None:
        blocks.append(Text("No gate was given. No number below is compared with a limit."))
    else:
        result = facts.result.shown(facts.evaluation.hidden)
        blocks += [
            Text(
                f"The gate is {facts.gate}. A check passes if its 95 % interval lies inside the "
                "allowed range, and fails if the interval lies outside. Otherwise there is too "
                "little data to decide. One failed check fails the gate."
            ),
            gate_table(result),
            *map(Text, gate_hints(facts.evaluation, result)),
        ]
    if facts.constraint is not None:
        blocks.append(Text(str(facts.constraint), is_warning=facts.constraint.kept == "not kept"))
    return CardSection("Verdict", "verdict", (*blocks, choice))


def metrics(facts: ModelFacts) -> CardSection:
    """Return the section with the metrics of all rows, of groups and of crossings."""
    evaluation = facts.evaluation
    compared = evaluation.audit.compared["protected"].unique().tolist()
    tables = [_only(performance_table(evaluation), _OVERALL)]
    for name in compared:
        tables += [
            _only(comparison_table(evaluation, name), _OF_GROUPS),
            group_table(evaluation, name),
        ]
    return CardSection(
        "Metrics",
        "metrics",
        (
            Text(
                "A difference is the number of the first group minus that of the second, and a "
                "ratio is the first divided by the second. The interval of a worst pair holds for "
                "all pairs at once. report.html of the same run has all metrics."
            ),
            Picture("groups", "Rates of each group. The dotted line is the rate of all rows."),
            *tables,
        ),
    )


def _only(table: Table, names: tuple[str, ...]) -> Table:
    """Return a table with the rows of some metrics, in their order."""
    by_name = {row[0].word: row for row in table.rows}
    return replace(table, rows=tuple(by_name[name] for name in names if name in by_name))


def mitigation(facts: ModelFacts) -> CardSection:
    """Return the section about the effect of the mitigator, and about thresholds alone."""
    evaluation = facts.evaluation
    blocks: list[Block] = []
    if facts.without_mitigation:
        blocks.append(Text("The model was trained without mitigation, so nothing is compared."))
    elif facts.before_after is None:
        blocks.append(
            Text(
                "There is no comparison with a model without mitigation, because the run of "
                "training has none. Runs of train in this version have one."
            )
        )
    else:
        rows, before = "validation rows", "the same model without mitigation"
        if facts.origin.of_scores:
            rows, before = "test rows", "the decisions without the rule"
        caption = f"Before and after {facts.origin.mitigator}, with 95 % intervals"
        shown = shown_before_after(facts.before_after)
        blocks += [
            Text(
                f"The table compares {before} with this model on the same {rows} of the run of "
                f"training. The differences and ratios compare the groups of {facts.trained_for}."
            ),
            *section_tables(Section("", "", tables=((caption, shown),))),
        ]
    return CardSection("What mitigation did", "mitigation", (*blocks, *_thresholds(evaluation)))


def _thresholds(evaluation: Evaluation) -> list[Block]:
    """Return the accuracy that one threshold for everybody reaches at the same distance."""
    ends = ("", "_ci_low", "_ci_high")
    over, low, high = (
        evaluation.metrics.get(f"accuracy_over_threshold{end}", np.nan) for end in ends
    )
    if evaluation.frontier is None or np.isnan(over):
        return []
    text = with_interval(over, low, high, signed=True).replace("-", "−")
    parity = evaluation.metrics["statistical_parity"]
    accuracy = evaluation.metrics["accuracy"]
    rows = [
        (
            Cell(f"at most {distance:g}"),
            number(evaluation.frontier.accuracy_within(distance)),
        )
        for distance in sorted({*_DISTANCES, round(abs(parity), 3)})
    ]
    a, b = evaluation.protected.group_names
    return [
        Text(
            "Any model can trade accuracy for equal selection rates by moving one threshold for "
            "everybody. The accuracy of this model minus that of the best such threshold which is "
            f"as near to equal selection rates is {text}. At 0 or below, a threshold would do as "
            "well."
        ),
        Table(
            "The best accuracy of one threshold for everybody, on the same scores",
            (f"distance of the selection rates of {a} and {b}", "accuracy"),
            tuple(rows),
            f"This model: distance {abs(parity):.3f}, accuracy {accuracy:.3f}. The thresholds are "
            "chosen on the rows on which they are measured, so they look a little too good.",
        ),
        Picture(
            "threshold_frontier",
            "If the decisions are on or below the line, one threshold for everybody would do as "
            "well.",
        ),
    ]


def columns(facts: ModelFacts) -> CardSection:
    """Return the section about the columns that the score depends on."""
    if facts.overview is None:
        why = f": {facts.not_explained}" if facts.not_explained else ""
        blocks: tuple[Block, ...] = (Text(f"The model is not explained{why}."),)
    else:
        blocks = (
            Items(tuple(explanation_sentences(facts.overview))),
            Picture(
                "column_importance",
                "How much each column changes the score, on average over the rows of each group.",
            ),
        )
    return CardSection("Explanations", "explanations", blocks)


def hiring(evaluation: Evaluation) -> CardSection:
    """Return the section with the tables of two hiring rules."""
    return CardSection(
        "Tables for hiring rules",
        "hiring",
        (
            Text(
                "These tables contain numbers and no legal conclusion. The four-fifths rule is "
                "that of 29 CFR 1607.4 D. Local Law 144 is that of New York City (6 RCNY 5-300 to "
                "5-304). report.html explains both."
            ),
            four_fifths(evaluation),
            *(local_law_144(evaluation, basis) for basis in bases(evaluation)),
        ),
    )


def flipped(evaluation: Evaluation) -> str:
    """Return how many labels change with the protected value alone; empty without a flip test."""
    rate = evaluation.metrics.get("flip_rate", np.nan)
    if evaluation.flips is None or np.isnan(rate):
        return ""
    return (
        f"{with_percent(rate)} of the labels change if only {evaluation.protected.name} changes "
        "(for the pair of values with the largest share)."
    )
