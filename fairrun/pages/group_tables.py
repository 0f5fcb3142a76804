"""The tables that compare the groups of a protected column or of a crossing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from fairrun.metrics import (
    BIAS_METRICS,
    Evaluation,
    WeightedCounts,
    has_only_upper_limit,
    has_sign,
    is_hidden_reason,
)
from fairrun.pages.cells import (
    VALUE,
    Cell,
    Table,
    count,
    metric_cell,
    number,
    percent,
    range_of_percent,
)
from fairrun.pages.sized_groups import groups_of, left_out, size_cells, values_by_column

__all__ = ["comparison_table", "flip_table", "group_table"]

#: What a table says in place of a number, if a note below it gives the reason.
_HIDDEN = "hidden"
#: The rates in the table of a group. The table has no room for more.
_RATES = {
    "selection_rate": "selection rate",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "positive_predictive_value": "precision",
    "accuracy": "accuracy",
    "roc_auc": "AUC",
}


def comparison_table(evaluation: Evaluation, protected: str) -> Table:
    """Return the table of metrics of group_a against group_b, and of the worst pair."""
    audited = evaluation.audit
    compared = audited.compared[audited.compared["protected"] == protected].to_dict("records")
    of_worst = audited.worst[audited.worst["protected"] == protected]
    worst = {row["metric"]: row for row in of_worst.to_dict("records")}
    a, b = compared[0]["group_a"], compared[0]["group_b"]
    rows = []
    for row in compared:
        metric = BIAS_METRICS.get(str(row["metric"]))
        pair = worst.get(row["metric"]) if metric and metric.kind != "other" else None
        is_shown = pair is not None and not is_hidden_reason(pair["reason"])
        against = f"{pair['group_a']} against {pair['group_b']}" if pair and is_shown else ""
        rows.append(
            (
                metric_cell(row["metric"], _formula(row["metric"], a, b)),
                _of_row(row),
                Cell(str(metric.reference if metric else 0), is_number=True),
                _of_row(pair, is_worst=True) if pair else Cell(""),
                Cell(against),
            )
        )
    return Table(
        f"{_words(protected)}: {a} against {b}",
        ("metric", VALUE, "at parity", "worst pair", "groups of the worst pair"),
        tuple(rows),
    )


def _formula(metric: str, a: str, b: str) -> str:
    """Return how a metric compares two groups, such as "Male − Female"; empty if it has no sign."""
    if metric == "four_fifths_rule":
        return "smaller rate / larger rate"
    if metric in BIAS_METRICS and BIAS_METRICS[metric].kind == "ratio":
        return f"{a} / {b}"
    return f"{a} − {b}" if has_sign(metric) else ""


def group_table(evaluation: Evaluation, protected: str) -> Table:
    """Return the table of the rates of each value of a protected column or crossing."""
    rates, hidden = evaluation.audit.rates, evaluation.hidden
    values = values_by_column(evaluation)[protected]
    measured = {name: words for name, words in _RATES.items() if name in {*rates["metric"]}}
    every = rates.loc[rates["protected"] == protected, "group"].unique().tolist()
    two = [
        group for group in every if group not in values
    ]  # group_a or group_b, if it has several values
    groups = groups_of(rates, protected, values) | groups_of(rates, protected, two)
    weighted = isinstance(evaluation.counts, WeightedCounts)
    rows = [
        (
            Cell(group),
            *size_cells(of_group["selection_rate"], weighted, hidden.rows(protected, group)),
            *(_of_row(of_group.get(name), briefly=True) for name in measured),
        )
        for group, of_group in groups.items()
    ]
    note = left_out(len(every) - len(groups), "audit/rates.csv")
    if any(cell.text == _HIDDEN for row in rows for cell in row):
        fewer = hidden.fewer
        note = (
            f"Not shown: numbers about {fewer} rows, rates with {fewer} rows of one label or "
            f"prediction, and numbers that would give them away.{note}"
        )
    return Table(
        f"Rates by {_words(protected)}",
        ("group", "rows", *(("effective rows",) if weighted else ()), *measured.values()),
        tuple(rows),
        note.strip(),
    )


def flip_table(flips: pd.DataFrame, protected: str) -> Table:
    """Return the table of the flip test: labels that change if only the protected value does."""
    rows = tuple(
        (
            Cell(f"{row['from']} to {row['to']}"),
            *(count(row[name]) for name in ("n_rows", "to_favourable", "to_unfavourable")),
            percent(row["changed_share"]),
            range_of_percent(row["ci_low"], row["ci_high"]),
        )
        for row in flips.to_dict("records")
    )
    heads = (
        f"change of {protected}",
        "rows",
        "changed to favourable",
        "changed to unfavourable",
        "share of labels changed",
        "95 % interval of the share, all pairs at once",
    )
    return Table(f"Labels that change if only {protected} changes", heads, rows)


def _words(protected: str) -> str:
    return protected.replace(":", " × ")


def _of_row(
    row: Mapping[Any, Any] | None, *, is_worst: bool = False, briefly: bool = False
) -> Cell:
    """Return a cell with the value of a row of an audit table, or with the reason for none."""
    if row is None:
        return Cell("")
    if pd.isna(row["value"]):
        if is_hidden_reason(row["reason"]):
            return Cell(_HIDDEN if briefly else row["reason"])
        return Cell(f"undefined: {row['reason']}" if row["reason"] else "undefined")
    signed = has_sign(row["metric"]) and not is_worst
    if row["reason"]:  # a weighted value without an interval
        shown = number(row["value"], signed=signed)
        return replace(shown, interval=str(row["reason"]))
    only_upper = has_only_upper_limit(row["metric"])
    return number(row["value"], row["ci_low"], row["ci_high"], signed=signed, only_upper=only_upper)
