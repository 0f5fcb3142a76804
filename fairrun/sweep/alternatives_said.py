"""Say in words whether a sweep has a less discriminatory alternative, and list its candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fairrun.sweep.alternatives import (
    CONFIDENCE,
    Alternative,
    Baseline,
    Compared,
    Finding,
    best_alternative,
)
from fairrun.sweep.criteria import Criteria
from fairrun.sweep.space import Value
from fairrun.text import n_of, with_interval

__all__ = [
    "alternatives_table",
    "answer",
    "finding_in_words",
    "how_compared",
    "parameters_text",
    "shown_table",
]


def parameters_text(parameters: Mapping[str, Value]) -> str:
    """Return the parameters of a trial without its mitigator as a short text.

    Examples
    --------
    >>> parameters_text({"mitigator": "none", "C": 0.0316228, "class_weight": "none"})
    'C=0.0316, class_weight=none'
    """
    said = {
        name: value if isinstance(value, str) else f"{value:.3g}"
        for name, value in parameters.items()
        if name != "mitigator"
    }
    return ", ".join(f"{name}={value}" for name, value in said.items())


def finding_in_words(finding: Finding, criteria: Criteria) -> str:
    """Return what is found about a candidate, in words.

    Examples
    --------
    >>> from fairrun.sweep.criteria import criteria_of
    >>> finding_in_words(Finding.ALTERNATIVE, criteria_of((), None, ()))
    'less discriminatory, at least as accurate (within 0.01)'
    """
    performance = criteria.performance.key.replace("_", " ")
    worse = "less accurate" if performance == "accuracy" else f"lower {performance}"
    first = criteria.distances[0].key.replace("_", " ")
    return {
        Finding.ALTERNATIVE: f"less discriminatory, {criteria.as_good}",
        Finding.WORSE: f"fairer, {worse}",
        Finding.UNDECIDED: f"fairer, not shown to be {criteria.as_good}",
        Finding.OTHER_METRIC: f"fairer in {first}, not shown to be as fair in the other metrics",
        Finding.NOT_NEARER: "not shown to be fairer",
        Finding.FURTHER: "less fair",
        Finding.NOT_MEASURED: "not measured",
    }[finding]


def answer(
    baseline: Baseline,
    found: Sequence[Alternative],
    criteria: Criteria,
    n_rows: int,
    *,
    reads_group: str = "any",
) -> str:
    """Return the answer to whether there is a less discriminatory alternative, in a few sentences.

    Parameters
    ----------
    baseline : Baseline
        The baseline.
    found : sequence of Alternative
        The candidates, compared on the test rows.
    criteria : Criteria
        The metrics.
    n_rows : int
        The number of test rows.
    reads_group : {"any", "no"}
        Whether the sweep tried methods that read a protected column in prediction.
    """
    than = f"trial {baseline.trial} ({baseline.mitigator}), {baseline.how}"
    first = criteria.distances[0]
    near = first.key.replace("_", " ")
    if not found:
        return (
            f"No candidate: in the trials, no logged model is nearer to parity in {near} "
            f"than {than}, and {criteria.as_good}. This does not show that no such model exists: "
            "other methods or parameters may give one."
        )
    best = best_alternative(found)
    if best is None:
        models = "the only candidate" if len(found) == 1 else f"any of the {len(found)} candidates"
        return (
            f"Not shown: the {n_rows:,} test rows do not show that {models} is less discriminatory "
            f"than {than}, and {criteria.as_good}. This does not show that no such model exists: "
            "other methods may give one, and more rows may show it."
        )
    said = [
        f"Yes: {_named(best)} is less discriminatory than {than}, and {criteria.as_good}",
        f"On the {n_rows:,} test rows, its distance from parity in {near} differs by "
        f"{_difference(best.distances[0])}, and its {criteria.performance.key.replace('_', ' ')} "
        f"by {_difference(best.performance)}",
    ]
    without = best_alternative(found, without_group=True)
    if best.reads_group:
        said.append("It reads a protected column in prediction")
        said.append(
            "No candidate that does not is shown to be an alternative"
            if without is None
            else f"An alternative that does not is {_named(without)}"
        )
    elif reads_group == "any":
        said.append("It reads no protected column in prediction")
    if best.randomised:
        said.append("It draws some labels at random")
    return ". ".join(said) + "."


def _named(each: Alternative) -> str:
    return f"trial {each.trial} ({each.mitigator})"


def _difference(compared: Compared) -> str:
    return with_interval(compared.value, compared.low, compared.high, signed=True)


def how_compared(n_candidates: int, looks: str) -> str:
    """Return how the candidates were compared, as sentences.

    Parameters
    ----------
    n_candidates : int
        The number of candidates, at least 1.
    looks : str
        How often the test split was looked at; empty if it is not known.
    """
    together = ""
    if n_candidates > 1:
        together = (
            f" (Bonferroni: {100 * (1 - CONFIDENCE):.0f} % / {n_candidates} for each candidate)"
        )
    said = (
        f"The baseline and {n_of(n_candidates, 'candidate')} were chosen without the test rows. "
        "Then they were compared on the test rows, row by row. All intervals together have a "
        f"confidence of {100 * CONFIDENCE:.0f} %{together}."
    )
    return f"{said} {looks[0].upper()}{looks[1:]}." if looks else said


def alternatives_table(
    baseline: Baseline, found: Sequence[Alternative], criteria: Criteria
) -> pd.DataFrame:
    """Return the table of the candidates, which is logged.

    Parameters
    ----------
    baseline : Baseline
        The baseline.
    found : sequence of Alternative
        The candidates.
    criteria : Criteria
        The metrics.

    Returns
    -------
    DataFrame
        A row for each candidate with the columns trial, baseline (its trial), mitigator,
        parameters, reads_group, randomised, verdict and reason (why a number is missing). For the
        performance and each distance from parity (``distance_…``) it has the value, that of the
        baseline (``…_baseline``), and the change, candidate − baseline, with its limits
        (``…_change``, ``…_change_ci_low``, ``…_change_ci_high``).
    """
    names = [criteria.performance.key, *(f"distance_{each.key}" for each in criteria.distances)]
    rows = []
    for each in found:
        compared = (each.performance, *each.distances)
        row: dict[str, Any] = {
            "trial": each.trial,
            "baseline": baseline.trial,
            "mitigator": each.mitigator,
            "parameters": each.parameters,
            "reads_group": each.reads_group,
            "randomised": each.randomised,
            "verdict": finding_in_words(each.finding, criteria),
        }
        for name, of_metric in zip(names, compared, strict=True):
            row[name] = of_metric.candidate
            row[f"{name}_baseline"] = of_metric.baseline
            row[f"{name}_change"] = of_metric.value
            row[f"{name}_change_ci_low"] = of_metric.low
            row[f"{name}_change_ci_high"] = of_metric.high
        reasons = filter(None, (of_metric.reason for of_metric in compared))
        rows.append(row | {"reason": "; ".join(dict.fromkeys(reasons))})
    return pd.DataFrame(rows)


def shown_table(found: Sequence[Alternative], criteria: Criteria) -> pd.DataFrame:
    """Return the table of the candidates as texts, for the output and for pages.

    Changes are candidate − baseline. A distance from parity that is smaller is fairer.
    """
    keys = [criteria.performance.key, *(f"distance, {each.key}" for each in criteria.distances)]
    return pd.DataFrame(
        {
            "trial": each.trial,
            "mitigator": each.mitigator,
            "verdict": finding_in_words(each.finding, criteria),
            **{
                f"change of {key.replace('_', ' ')}": _difference(compared)
                for key, compared in zip(keys, (each.performance, *each.distances), strict=True)
            },
            "reads the group": "yes" if each.reads_group else "no",
            "randomised": "yes" if each.randomised else "no",
            "parameters": each.parameters,
        }
        for each in found
    )
