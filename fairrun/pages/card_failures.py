"""The section of a model card about failures that the runs themselves have found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from fairrun.gate import Verdict
from fairrun.groups import MISSING, NEITHER_NAME
from fairrun.metrics import Evaluation, is_hidden_reason
from fairrun.pages.card_blocks import Block, CardSection, Items, Text
from fairrun.pages.card_model import answer
from fairrun.pages.card_results import flipped
from fairrun.pages.explanation_words import stability_warning
from fairrun.pages.facts import ModelFacts
from fairrun.pages.report import privacy_sentences
from fairrun.pages.sized_groups import unknown_rows
from fairrun.text import listed_names, n_of, with_interval

__all__ = ["failures"]

#: An interval of a selection rate that is wider than this says little.
_WIDE = 0.2
#: The most groups that a sentence names.
_MOST = 6


def failures(facts: ModelFacts) -> CardSection:
    """Return the section about known failure modes, and about what nobody has looked for."""
    blocks: list[Block] = [Items(tuple(_found(facts)))]
    blocks.append(Text("Not looked for, or not measured:"))
    blocks.append(Items(tuple(_not_looked_for(facts))))
    blocks.append(answer(facts, "risks", "Risks that remain"))
    return CardSection("Known failure modes", "failures", tuple(blocks))


def _found(facts: ModelFacts) -> Iterator[str]:
    """Yield what the runs have found, the most serious first."""
    evaluation = facts.evaluation
    yield from (f"{each}." for each in facts.warnings)
    if facts.constraint is not None and facts.constraint.kept != "kept":
        yield str(facts.constraint)
    if facts.result is not None:
        yield from _checks(facts)
    if not evaluation.metrics.get("accuracy_over_threshold", np.nan) > 0:
        yield from _no_better(facts)
    if said := flipped(evaluation):
        yield f"Flip test: {said}"
    if said := privacy_sentences(evaluation):
        yield f"Small groups: {said} {_small(evaluation)}".strip()
    yield from _unknown(facts)
    yield from _wide(facts)
    yield from _miscalibrated(facts)
    yield from (
        f"{section.title}: {each}" for section in facts.sections for each in section.findings
    )
    if facts.overview is not None and (said := stability_warning(facts.overview)):
        yield said
    if facts.origin.looks:
        yield (
            f"In its tracking store, {facts.origin.looks}. A model that is chosen by its metrics "
            "on these rows looks better here than on new rows."
        )
    if facts.origin.rows != "test":
        yield (
            "The rows were given. The model may have been trained on some of them, and then looks "
            "better here than on new rows."
        )


def _checks(facts: ModelFacts) -> Iterator[str]:
    """Yield the checks of the gate that did not pass, as sentences."""
    assert facts.result is not None  # noqa: S101  the caller has asked
    result = facts.result.shown(facts.evaluation.hidden)
    for wanted, words in (
        (Verdict.FAIL, "failed"),
        (Verdict.INSUFFICIENT_EVIDENCE, "had too little data to decide"),
    ):
        found = [each for each in result.judgements if each.verdict is wanted]
        if found:
            named = [f"{each.term} for {each.subject}" for each in found]
            yield f"{n_of(len(found), 'check')} of the gate {words}: {listed_names(named, _MOST)}."


def _no_better(facts: ModelFacts) -> Iterator[str]:
    value, low, high = (
        facts.evaluation.metrics.get(f"accuracy_over_threshold{end}", np.nan)
        for end in ("", "_ci_low", "_ci_high")
    )
    if not np.isnan(value):
        text = with_interval(value, low, high, signed=True).replace("-", "−")
        yield (
            "One threshold for everybody on the same scores is at least as accurate at the same "
            "distance from equal selection rates (accuracy of the model minus that of the "
            f"threshold: {text})."
        )


def _small(evaluation: Evaluation) -> str:
    """Return the groups with too few rows, or with too few of one label or prediction."""
    hidden = evaluation.hidden
    groups = sorted(
        f"{group} ({name.replace(':', ' × ')})"
        for name, group in hidden.small | hidden.few
        if group not in (MISSING, NEITHER_NAME)
    )
    return f"Groups with too few rows: {listed_names(groups, _MOST)}." if groups else ""


def _unknown(facts: ModelFacts) -> Iterator[str]:
    """Yield how many rows have no known protected value."""
    for column in facts.evaluation.counts.columns:
        n = unknown_rows(facts.evaluation, column.name)["n_rows"]
        if not n:
            continue
        few = facts.evaluation.hidden.rows(column.name, MISSING)
        number = f"{few.capitalize()} rows have" if few else n_of(n, "row has", "rows have")
        yield (
            f"{number} no known value of {column.name}. No comparison by {column.name} includes "
            "them."
        )


def _wide(facts: ModelFacts) -> Iterator[str]:
    """Yield which groups have a selection rate with a wide interval, or with none."""
    rates = facts.evaluation.audit.rates
    of_groups = rates[(rates["metric"] == "selection_rate") & (rates["protected"] != "")]
    shown = of_groups[of_groups["value"].notna()]
    width = shown["ci_high"] - shown["ci_low"]
    wide = _names(shown[width > _WIDE])
    if wide:
        yield (
            f"The interval of the selection rate is wider than {_WIDE:g} for "
            f"{listed_names(wide, _MOST)}. Numbers about {_these(wide)} are uncertain."
        )
    without = _names(shown[width.isna()])
    if without:
        yield f"The selection rate has no interval for {listed_names(without, _MOST)}."
    undefined = facts.evaluation.audit.compared
    undefined = undefined[undefined["value"].isna()]
    undefined = undefined[~undefined["reason"].map(is_hidden_reason).astype(bool)]
    for (name, reason), own in undefined.groupby(["protected", "reason"], sort=False):
        metrics = [metric.replace("_", " ") for metric in own["metric"]]
        yield f"Undefined for {name}: {listed_names(metrics, _MOST)} ({reason})."


def _miscalibrated(facts: ModelFacts) -> Iterator[str]:
    """Yield for which groups the scores are too high or too low."""
    rates = facts.evaluation.audit.rates
    of_scores = rates[rates["metric"] == "calibration_in_the_large"]
    of_scores = of_scores[(of_scores["protected"] != "") & of_scores["ci_low"].notna()]
    n = len(of_scores)
    for is_off, how in (
        (of_scores["ci_low"] > 0, "higher"),
        (of_scores["ci_high"] < 0, "lower"),
    ):
        off = of_scores[is_off].sort_values("value", key=abs, ascending=False, kind="stable")
        if off.empty:
            continue
        named = [
            f"{group} by {value:.3f}"
            for group, value in zip(_names(off), off["value"].abs(), strict=True)
        ]
        yield (
            f"Scores are {how} than the share of favourable labels for "
            f"{listed_names(named, _MOST)}. Chance alone would mark about one in forty of the "
            f"{n_of(n, 'group')} and crossings."
        )


def _names(rates: pd.DataFrame) -> list[str]:
    return [
        f"{group} ({name.replace(':', ' × ')})"
        for name, group in zip(rates["protected"], rates["group"], strict=True)
    ]


def _these(names: list[str]) -> str:
    return "this group" if len(names) == 1 else "these groups"


def _not_looked_for(facts: ModelFacts) -> Iterator[str]:
    """Yield what no run has measured, with the way to measure it if there is one."""
    anchors = {section.anchor for section in facts.sections}
    if "subgroups" not in anchors:
        yield (
            "Subgroups that nobody named were not searched. To search them, evaluate with "
            "subgroups=2."
        )
    if facts.overview is None:
        yield "Proxies of the protected columns were not looked for."
    yield "Changes of people and data after release (drift) are not measured yet."
    if facts.evaluation.labelled:
        yield "No run has checked whether the labels are right or fair."
    yield "The card does not say whether a law applies, or whether the model complies with it."
