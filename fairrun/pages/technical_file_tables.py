"""The tables of numbers of a technical file. They have the numbers that an evaluation shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairrun.gate import GateResult
from fairrun.groups import MISSING
from fairrun.metrics import BIAS_METRICS, Evaluation, WeightedCounts, is_hidden_reason
from fairrun.pages.sized_groups import groups_of, largest, left_out, unknown_rows, values_by_column
from fairrun.pages.technical_file_items import measured, table, whole

__all__ = [
    "before_after",
    "comparison",
    "four_fifths",
    "gate_checks",
    "hidden_groups_table",
    "label_counts",
    "miscalibrated",
    "performance",
    "rates",
    "sizes",
]

#: The rates of each group, as far as they are measured.
_RATES = (
    *("selection_rate", "true_positive_rate", "false_positive_rate"),
    *("positive_predictive_value", "accuracy", "roc_auc", "calibration_in_the_large"),
)
_ENDS = ("value", "ci_low", "ci_high")


def performance(evaluation: Evaluation) -> dict[str, Any]:
    """Return the metrics over all rows."""
    rates = evaluation.audit.rates
    return table(
        ("metric", "value"),
        ([row["metric"], _cell(row)] for row in _records(rates[rates["protected"] == ""])),
    )


def sizes(evaluation: Evaluation, protected: str) -> dict[str, Any]:
    """Return the size of each group of a protected column, and its share of favourable labels."""
    rate = "base_rate" if evaluation.labelled else "selection_rate"
    rows = [
        [group, _size(evaluation, protected, of_group[rate]), _cell(of_group[rate])]
        for group, of_group in _groups(evaluation, protected).items()
    ]
    said, unknown = evaluation.hidden.rows(protected, MISSING), unknown_rows(evaluation, protected)
    if said or unknown["n_rows"]:
        share = measured([None if said else unknown["value"], None, None])
        rows.append([MISSING, said or unknown["n_rows"], share])
    return table(("group", "rows", rate), rows, _left_out(evaluation, protected))


def _size_heading(evaluation: Evaluation) -> str:
    """Return the heading of the numbers of rows; of weighted rows, tables have sums of weights."""
    return "sum of weights" if isinstance(evaluation.counts, WeightedCounts) else "rows"


def rates(evaluation: Evaluation, protected: str) -> dict[str, Any]:
    """Return the rates of each value of a protected column or crossing."""
    is_measured = {*evaluation.audit.rates["metric"]}
    names = [name for name in _RATES if name in is_measured]
    rows = [
        [
            group,
            _size(evaluation, protected, of_group["selection_rate"]),
            *(_cell(of_group.get(name)) for name in names),
        ]
        for group, of_group in _groups(evaluation, protected).items()
    ]
    return table(("group", "rows", *names), rows, _left_out(evaluation, protected))


def comparison(evaluation: Evaluation, protected: str) -> dict[str, Any]:
    """Return the metrics of group_a against group_b, and of the worst pair of values."""
    audited = evaluation.audit
    worst = {row["metric"]: row for row in _records(audited.worst) if row["protected"] == protected}
    rows = []
    for row in _records(audited.compared[audited.compared["protected"] == protected]):
        metric = BIAS_METRICS.get(row["metric"])
        pair = worst.get(row["metric"]) if metric and metric.kind != "other" else None
        # Who is in the worst pair says who has the higher rate.
        is_shown = pair is not None and not is_hidden_reason(pair["reason"])
        against = f"{pair['group_a']} against {pair['group_b']}" if pair and is_shown else ""
        parity = metric.reference if metric else 0
        rows.append([row["metric"], _cell(row), parity, _cell(pair), against])
    return table(
        ("metric", "value", "at parity", "worst pair", "groups of the worst pair"),
        rows,
    )


def four_fifths(evaluation: Evaluation) -> dict[str, Any]:
    """Return the impact ratios of all groups against the group with the highest rate."""
    rows, n_left_out = largest(evaluation.impact_audits["four_fifths"], "protected")
    hidden = evaluation.hidden
    cells = []
    for row in rows:
        reason = str(row["reason"])
        ratio = (row[name] for name in ("impact_ratio", "ratio_ci_low", "ratio_ci_high"))
        rate = (row[name] for name in ("selection_rate", "ci_low", "ci_high"))
        cells.append(
            [
                row["group"],
                row["protected"],
                hidden.rows(row["protected"], row["group"]) or row["n"],
                *(measured(numbers, reason) for numbers in (rate, ratio)),
                row["highest_group"],
                reason or row["below_four_fifths"],
            ]
        )
    size = _size_heading(evaluation)
    return table(
        (
            "group",
            "protected column",
            size,
            "selection_rate",
            "impact_ratio",
            "compared with",
            "below 4/5",
        ),
        cells,
        left_out(n_left_out, "audit/four_fifths.csv"),
    )


def gate_checks(result: GateResult) -> dict[str, Any]:
    """Return the checks of a gate with their results."""
    return table(
        ("check", "groups", "result", "value", "rows"),
        (
            [
                str(each.term),
                each.subject,
                each.verdict.words,
                measured([each.value, each.ci_low, each.ci_high], each.reason),
                each.rows,
            ]
            for each in result.judgements
        ),
    )


def label_counts(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the numbers of rows of each split, group and label, as a run of training logs them."""
    # Runs of earlier versions have them for the first protected column only, without its name.
    names = [name for name in ("protected", "split", "group", "label") if name in frame]
    rows = [
        [*(row[name] for name in names), row.get("instead") or whole(row["count"])]
        for row in _records(frame)
    ]
    return table((*names, "rows"), rows)


def before_after(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics without and with the mitigator, as a run of training logs them."""
    return table(
        ("metric", "before", "after"),
        (
            [
                row["metric"],
                *(
                    measured(row.get(f"{which}{end}") for end in ("", "_ci_low", "_ci_high"))
                    for which in ("before", "after")
                ),
            ]
            for row in _records(frame)
        ),
    )


def hidden_groups_table(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the groups of which not all numbers are shown; None if there is none."""
    hidden = evaluation.hidden
    rows = [
        [group, protected, hidden.reason(protected, group, joint=True)]
        for protected, group in sorted(hidden.groups | hidden.joint)
    ]
    return table(("group", "protected column", "reason"), rows) if rows else None


def miscalibrated(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the groups whose scores are shown to be too high or too low; None if there is none."""
    every = evaluation.audit.rates
    of_scores = every[(every["metric"] == "calibration_in_the_large") & (every["protected"] != "")]
    rows = [
        [
            row["group"],
            row["protected"],
            _cell(row),
            "too high" if row["value"] > 0 else "too low",
        ]
        for row in _records(of_scores)
        if row["ci_low"] > 0 or row["ci_high"] < 0
    ]
    columns = ("group", "protected column", "calibration_in_the_large", "scores are")
    note = "Each interval covers the true value in 95 of 100 samples, so chance adds some groups."
    return table(columns, rows, note) if rows else None


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _groups(evaluation: Evaluation, protected: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows of the table of rates by group and metric, for the largest groups."""
    values = values_by_column(evaluation)[protected]
    every = evaluation.audit.rates
    of_column = every.loc[every["protected"] == protected, "group"].unique().tolist()
    # A group that is compared may have several values.
    two = [group for group in of_column if group not in values]
    return groups_of(every, protected, values) | groups_of(every, protected, two)


def _left_out(evaluation: Evaluation, protected: str) -> str:
    every = evaluation.audit.rates
    n_groups = every.loc[every["protected"] == protected, "group"].nunique()
    return left_out(n_groups - len(_groups(evaluation, protected)), "audit/rates.csv")


def _size(evaluation: Evaluation, protected: str, row: dict[str, Any]) -> Any:
    """Return the number of rows of a group, or what is said in its place."""
    said = evaluation.hidden.rows(protected, str(row["group"]))
    return said or row.get("n_rows", row["n"])


def _cell(row: dict[str, Any] | None) -> Any:
    """Return the cell with the value of a row and its interval; empty without a row."""
    if row is None:
        return ""
    return measured((row[end] for end in _ENDS), str(row["reason"]))
