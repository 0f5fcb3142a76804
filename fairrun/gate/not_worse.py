"""Compare a candidate with a champion in accuracy and in each metric of a gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.gates import Gate
from fairrun.gate.margin_checks import MarginCheck, NotWorse
from fairrun.gate.margins import Margins
from fairrun.gate.terms import GATE_METRICS, Term
from fairrun.metrics import (
    BIAS_METRICS,
    MOST_COMPARED,
    ModelDifferences,
    PairedRows,
    distances_of_pairs,
    group_a_and_b,
    values_of,
)
from fairrun.text import listed_names

__all__ = ["CONFIDENCE_OF_DISTANCES", "not_worse"]

#: The upper limit of a difference of two distances is the lower one of two upper limits, because a
#: champion may be on either side of parity. At parity both count, so each has half of the error.
CONFIDENCE_OF_DISTANCES = 0.975
#: The metrics of scores that have an interval for the difference of two models.
_COMPARED_SCORES = ("roc_auc", "brier_score")


def not_worse(
    found: ModelDifferences, paired: PairedRows, gate: Gate | None, margins: Margins
) -> NotWorse:
    """Decide whether model A is not worse than model B in accuracy and in each metric of a gate.

    A term about all rows or about each group compares the metric itself. A term about groups
    compares distances from parity, of the same pairs of groups as the gate: the two groups that
    were declared for `[privileged vs unprivileged]`, and otherwise every pair of values. No pair
    may be further from parity than with the champion by more than the margin.

    A candidate that is worse by the margin in any one comparison passes it with a probability of at
    most 2.5 %. Intervals therefore have a confidence of 95 %, and those of distances 97.5 %. All
    comparisons have to pass, so further ones make passing rarer, and never more frequent.

    Parameters
    ----------
    found : ModelDifferences
        The differences, candidate − champion, with all numbers.
    paired : PairedRows
        The predictions from which they were computed.
    gate : Gate or None
        The gate, whose metrics are compared.
    margins : Margins
        The largest losses that are accepted, in the unit of what is compared: |log(a / b)| for a
        ratio.

    Returns
    -------
    NotWorse

    Raises
    ------
    RequestError
        If the rows have no labels, or a term names a column that is not
        protected.
    """
    if not paired.counts.labelled:
        raise RequestError(
            "the rows have no labels, so the accuracy of two models cannot be compared; give data "
            "with the target"
        )
    terms = gate.terms if gate is not None else ()
    checks: dict[tuple[str, ...], MarginCheck] = {}
    left_out = []
    for term in (Term(GATE_METRICS["accuracy"], at_least=True, threshold=0.5), *terms):
        if why := _why_left_out(term):
            left_out.append(f"{term.metric.name} is not compared, because {why}")
            continue
        for names in term.about(paired.counts.columns):
            for each in _checks(term, names, found, paired, margins.of(term.metric.name)):
                key = (each.metric, each.protected, *sorted((each.group_a, each.group_b)))
                checks.setdefault(key, each)
    return NotWorse(tuple(checks.values()), margins, tuple(dict.fromkeys(left_out)))


def _why_left_out(term: Term) -> str:
    """Return why the metric of a term is not compared; empty if it is."""
    name = term.metric.name
    if name == "base_rate":
        return "it does not depend on the model"
    has_distance = name not in BIAS_METRICS or BIAS_METRICS[name].kind != "other"
    if not has_distance or (term.metric.of_scores and name not in _COMPARED_SCORES):
        return "the difference of two models has no interval; the gate alone decides about it"
    return ""


def _checks(
    term: Term,
    names: Sequence[str],
    found: ModelDifferences,
    paired: PairedRows,
    margin: float,
) -> Iterator[MarginCheck]:
    """Compare the metric of a term for all rows, for each group, or for each pair of groups."""
    metric = term.metric
    if metric.kind == "performance":
        yield from _of_rates(term, names, found.rates, paired, margin)
        return
    of = group_a_and_b if term.declared else values_of
    grouping, confidence = of(paired.counts.columns, *names), CONFIDENCE_OF_DISTANCES
    rows = distances_of_pairs(paired, grouping, metric.name, confidence=confidence)
    if len(grouping.groups) > MOST_COMPARED:
        reason = f"only the {MOST_COMPARED} groups with the most rows are compared"
        others = [g for g in grouping.groups if g not in {*rows["group_a"], *rows["group_b"]}]
        about = (grouping.protected, listed_names(others, most=5), "", margin)
        yield MarginCheck(metric.name, metric.kind, *about, False, reason=reason)
    for row in rows.to_dict("records"):
        about = (grouping.protected, row["group_a"], row["group_b"], margin)
        numbers = _numbers(row) | {"confidence": confidence}
        yield MarginCheck(metric.name, metric.kind, *about, False, **numbers)


def _of_rates(
    term: Term,
    names: Sequence[str],
    rates: pd.DataFrame,
    paired: PairedRows,
    margin: float,
) -> Iterator[MarginCheck]:
    """Compare a performance metric for all rows, or for each group."""
    metric = term.metric
    grouping = values_of(paired.counts.columns, *names) if names else None
    protected = "" if grouping is None else grouping.protected
    rows = rates[(rates["protected"] == protected) & rates["metric"].isin(_names(term))]
    rows = rows.drop_duplicates("group").set_index("group")
    for group in ("(all)",) if grouping is None else grouping.groups:
        about = (protected, "" if grouping is None else group, "", margin, term.at_least)
        if group in rows.index:
            yield MarginCheck(metric.name, "value", *about, **_numbers(rows.loc[group].to_dict()))
        else:
            reason = "scores of both models are only compared for all rows, or by one column"
            yield MarginCheck(metric.name, "value", *about, reason=reason)


def _names(term: Term) -> set[str]:
    """Return the names that the metric of a term has in `ModelDifferences.rates`."""
    return {term.metric.name, GATE_METRICS[term.metric.name].recorded}


def _numbers(row: dict[Any, Any]) -> dict[str, Any]:
    """Return the numbers of a row of a table of differences, and why some are missing."""
    low, high = float(row["ci_low"]), float(row["ci_high"])
    reason = str(row["reason"])
    if np.isnan(low) and not reason:
        reason = "the rows do not suffice for an interval"
    names = {"candidate": "model_a", "champion": "model_b", "value": "value"}
    numbers = {name: float(row[column]) for name, column in names.items()}
    return numbers | {"ci_low": low, "ci_high": high, "reason": reason}
