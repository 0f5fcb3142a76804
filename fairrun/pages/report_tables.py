"""The tables of a report as cells, before they become HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from fairrun.gate import GateResult, Judgement
from fairrun.groups import MISSING
from fairrun.metrics import (
    BIAS_METRICS,
    Evaluation,
    WeightedCounts,
    has_only_upper_limit,
    has_sign,
    is_hidden_reason,
    one_and_two_way,
    values_of,
)
from fairrun.pages.cells import (
    Cell,
    Table,
    amount,
    count,
    number,
    number_unless_hidden,
    percent,
    range_of_percent,
)
from fairrun.text import n_of

__all__ = [
    "comparison_table",
    "flip_table",
    "four_fifths",
    "gate_table",
    "group_table",
    "local_law_144",
    "performance_table",
    "population_table",
    "unknown_rows",
    "values_by_column",
]

#: A table shows at most this number of groups, those with the most rows.
_MOST_GROUPS = 24
#: What a table says in place of a number, if a note below it gives the reason.
_HIDDEN = "hidden"
#: The heading of a column of numbers with their intervals.
_VALUE = "value and 95 % interval"
#: The rates in the table of a group. The table has no room for more.
_RATES = {
    "selection_rate": "selection rate",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "positive_predictive_value": "precision",
    "accuracy": "accuracy",
    "roc_auc": "AUC",
}

_RATE_NAMES = ("selection_rate", "ci_low", "ci_high")
_RATIO_NAMES = ("impact_ratio", "ratio_ci_low", "ratio_ci_high")

#: Metrics that say how many rows there are. The page shows them elsewhere.
_SIZES = ("n_rows", "sum_of_weights", "effective_n")


def gate_table(result: GateResult) -> Table:
    """Return the table of all checks of a gate, with their results."""
    has_levels = result.family != "none"
    rows = [
        (
            Cell(str(each.term), each.subject),
            Cell(str(each.verdict).replace("_", " ")),
            _judged(each),
            Cell(each.rows, is_number=True),
            *((Cell(each.level, is_number=True),) if has_levels else ()),
        )
        for each in result.judgements
    ]
    # The columns that decide come first, because a small screen shows the others after scrolling.
    more = ("value and interval", "rows", "confidence")
    heads = ("term and groups", "verdict", *(more if has_levels else (_VALUE, "rows")))
    return Table("Checks and results", heads, tuple(rows))


def _judged(judgement: Judgement) -> Cell:
    """Return the cell with the interval of a check, and with the reason for its verdict."""
    if pd.isna(judgement.value):
        return Cell(judgement.reason)
    limits = (judgement.value, judgement.ci_low, judgement.ci_high)
    only_upper = has_only_upper_limit(judgement.term.metric.name)
    shown = number(*limits, signed=judgement.has_sign, only_upper=only_upper)
    said = "; ".join(filter(None, (shown.interval, judgement.reason)))
    return replace(shown, interval=said)


def performance_table(evaluation: Evaluation) -> Table:
    """Return the table of the metrics over all rows."""
    names = _flat_names(evaluation.metrics)
    compared = {*evaluation.audit.compared["metric"], *_SIZES, "neither_share"}
    compared |= {"constraint_kept_probability"}  # it is in the first lines
    rows = [
        (Cell(name.replace("_", " ")), _with_limits(evaluation.metrics, name))
        for name in names
        if name not in compared
    ]
    heads = ("metric", _VALUE)
    return Table("Performance over all rows", heads, tuple(rows))


def population_table(evaluation: Evaluation) -> Table:
    """Return the table of the number of rows of each protected value, including unknown values.

    For weighted rows, it also has their effective number and the sum of their weights. The shares
    are then shares of the weights.
    """
    counts, rates, hidden = evaluation.counts, evaluation.audit.rates, evaluation.hidden
    weighted = isinstance(counts, WeightedCounts)
    rows = []
    n_left_out = 0
    for column in counts.columns:
        side = dict.fromkeys(column.labels, "neither")
        for value, label in zip(column.values, column.labels, strict=False):
            if value in column.group_a or value in column.group_b:
                side[label] = "a" if value in column.group_a else "b"
        groups = _groups(rates, column.name, column.labels[:-1])
        n_left_out += len(column.values) - len(groups)
        sizes = {name: of_group["base_rate"] for name, of_group in groups.items()}
        sizes[MISSING] = unknown_rows(evaluation, column.name)
        rows += [
            (
                Cell(name),
                Cell(column.name),
                Cell(side[name]),
                *_population(size, weighted, counts.n, hidden.rows(column.name, name)),
            )
            for name, size in sizes.items()
        ]
    heads = ("rows", "effective rows", "sum of weights", "share of weights")
    return Table(
        "Rows of each protected value",
        (
            *("value", "protected column", "group"),
            *(heads if weighted else ("rows", "share of rows")),
            "favourable labels",
        ),
        tuple(rows),
        f"{MISSING} means that the value is null, or has too few training rows to be named."
        + _left_out(n_left_out, "audit/rates.csv"),
    )


def unknown_rows(evaluation: Evaluation, protected: str) -> dict[str, Any]:
    """Return size and base rate of the rows without a known value, as in a table of rates."""
    counts = evaluation.counts
    unknown = counts.marginal(protected).table[-1]
    if not isinstance(counts, WeightedCounts):
        n = int(unknown.sum())
        return {"n": n, "n_rows": n, "value": _share(unknown[1].sum(), n)}
    n, squares, n_rows, _ = unknown.sum(axis=(0, 1)).tolist()
    return {
        "n": n,
        "n_rows": int(n_rows),
        "effective_n": n**2 / squares if squares else 0.0,
        "value": _share(unknown[1, :, 0].sum(), n),
    }


def group_table(evaluation: Evaluation, protected: str) -> Table:
    """Return the table of the rates of each value of a protected column or crossing."""
    rates = evaluation.audit.rates
    values = values_by_column(evaluation)[protected]
    every = rates.loc[rates["protected"] == protected, "group"].unique().tolist()
    two = [
        group for group in every if group not in values
    ]  # group_a or group_b, if it has several values
    groups = _groups(rates, protected, values) | _groups(rates, protected, two)
    weighted = isinstance(evaluation.counts, WeightedCounts)
    rows = [
        (
            Cell(group),
            *_sizes(of_group["selection_rate"], weighted, evaluation.hidden.rows(protected, group)),
            *(_of_row(of_group.get(name), briefly=True) for name in _RATES),
        )
        for group, of_group in groups.items()
    ]
    note = _left_out(len(every) - len(groups), "audit/rates.csv")
    if any(cell.text == _HIDDEN for row in rows for cell in row):
        fewer = evaluation.hidden.fewer
        note = (
            f"Not shown: numbers about {fewer} rows, rates with {fewer} rows of one label or "
            f"prediction, and numbers that would give them away.{note}"
        )
    return Table(
        f"Rates by {_words(protected)}",
        ("group", "rows", *(("effective rows",) if weighted else ()), *_RATES.values()),
        tuple(rows),
        note.strip(),
    )


def comparison_table(evaluation: Evaluation, protected: str) -> Table:
    """Return the table of metrics of group_a against group_b, and of the worst pair."""
    audited = evaluation.audit
    compared = audited.compared[audited.compared["protected"] == protected].to_dict("records")
    of_worst = audited.worst[audited.worst["protected"] == protected]
    worst = {row["metric"]: row for row in of_worst.to_dict("records")}
    rows = []
    for row in compared:
        metric = BIAS_METRICS.get(str(row["metric"]))
        pair = worst.get(row["metric"]) if metric and metric.kind != "other" else None
        is_shown = pair is not None and not is_hidden_reason(pair["reason"])
        against = f"{pair['group_a']} against {pair['group_b']}" if pair and is_shown else ""
        rows.append(
            (
                Cell(str(row["metric"]).replace("_", " ")),
                _of_row(row),
                Cell(str(metric.reference if metric else 0), is_number=True),
                _of_row(pair, is_worst=True) if pair else Cell(""),
                Cell(against),
            )
        )
    a, b = compared[0]["group_a"], compared[0]["group_b"]
    return Table(
        f"{_words(protected)}: {a} (a) against {b} (b)",
        ("metric", "a − b or a / b", "at parity", "worst pair", "groups of the worst pair"),
        tuple(rows),
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


def four_fifths(evaluation: Evaluation) -> Table:
    """Return the four-fifths table of an evaluation."""
    table, hidden = evaluation.impact_audits["four_fifths"], evaluation.hidden
    weighted = isinstance(evaluation.counts, WeightedCounts)
    rows, n_left_out = _largest(table, "protected")
    return Table(
        "Impact ratios against the group with the highest rate (29 CFR 1607.4 D)",
        (
            "group",
            "protected column",
            "sum of weights" if weighted else "rows",
            "selected weight" if weighted else "selected",
            "selection rate",
            "impact ratio",
            "compared with",
            "below 4/5",
        ),
        tuple(
            (
                Cell(row["group"]),
                Cell(row["protected"]),
                amount(row["n"], hidden.rows(row["protected"], row["group"])),
                amount(row["selected"]),
                *(
                    number_unless_hidden(row["reason"], *(row[name] for name in names))
                    for names in (_RATE_NAMES, _RATIO_NAMES)
                ),
                Cell(row["highest_group"]),
                Cell(row["reason"] or ("yes" if row["below_four_fifths"] else "no")),
            )
            for row in rows
        ),
        _left_out(n_left_out, "audit/four_fifths.csv").strip(),
    )


def local_law_144(evaluation: Evaluation, basis: str) -> Table:
    """Return the table of selection rates, or of scoring rates, of a Local Law 144 audit."""
    table, hidden = evaluation.impact_audits["local_law_144"], evaluation.hidden
    rows, n_left_out = _largest(table[table["basis"] == basis], "protected")
    rate, chosen = ("selection rate", "selected")
    if basis == "scoring":
        rate, chosen = "scoring rate", "above the median"
    return Table(
        f"{rate.capitalize()}s and impact ratios (6 RCNY 5-300 to 5-304)",
        (
            "category",
            "protected column",
            "rows",
            "share of rows",
            chosen,
            rate,
            "impact ratio",
            "note",
        ),
        tuple(
            (
                Cell(row["category"]),
                Cell(row["protected"]),
                count(row["n"], hidden.rows(row["protected"], row["category"])),
                Cell("") if pd.isna(row["share"]) else percent(row["share"]),
                count(row["selected"]),
                *(
                    number_unless_hidden(row["note"], row[name])
                    if row["category"] != MISSING
                    else Cell("")
                    for name in ("rate", "impact_ratio")
                ),
                Cell(row["note"]),
            )
            for row in rows
        ),
        _left_out(n_left_out, "audit/local_law_144.csv").strip(),
    )


def values_by_column(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Return the values of each protected column and of each crossing of two columns."""
    columns = evaluation.counts.columns
    groupings = [values_of(columns, *names) for names in one_and_two_way(columns)]
    return {grouping.protected: grouping.groups for grouping in groupings}


def _flat_names(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of metrics of all rows and of the first protected column.

    Limits of intervals and worst pairs are left out.
    """
    ends = ("_ci_low", "_ci_high", "_worst")
    return [name for name in metrics if "/" not in name and not name.endswith(ends)]


def _groups(
    rates: pd.DataFrame, protected: str, names: Iterable[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows of a table of rates by group and metric, for the largest groups."""
    found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in names}
    for row in rates[rates["protected"] == protected].to_dict("records"):
        if row["group"] in found:
            found[row["group"]][str(row["metric"])] = {str(k): v for k, v in row.items()}
    sizes = {name: _known(of_group["base_rate"]["n"]) for name, of_group in found.items()}
    largest = set(sorted(sizes, key=sizes.__getitem__, reverse=True)[:_MOST_GROUPS])
    return {name: of_group for name, of_group in found.items() if name in largest}


def _largest(table: pd.DataFrame, by: str) -> tuple[list[dict[Any, Any]], int]:
    """Return the rows of each protected column's largest groups, and the number left out."""
    known = table.get("category", table.get("group")) != MISSING
    sizes = table[known].assign(n=table["n"].astype(float).fillna(0.0))
    rank = sizes.groupby(by)["n"].rank(method="first", ascending=False)
    kept = table[~known | (rank.reindex(table.index) <= _MOST_GROUPS)]
    return kept.to_dict("records"), len(table) - len(kept)


def _left_out(n: int, where: str) -> str:
    said = n_of(n, "group with fewer rows is", "groups with fewer rows are")
    return f" {said} in {where}." if n else ""


def _words(protected: str) -> str:
    return protected.replace(":", " × ")


def _with_limits(metrics: Mapping[str, float], name: str) -> Cell:
    nothing = float("nan")
    limits = (metrics.get(f"{name}_ci_{end}", nothing) for end in ("low", "high"))
    only_upper = has_only_upper_limit(name)
    return number(metrics[name], *limits, signed=has_sign(name), only_upper=only_upper)


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


def _population(
    size: Mapping[str, Any], weighted: bool, n: float, instead: str
) -> tuple[Cell, ...]:
    """Return the cells with numbers of rows, their share of `n`, and the share of label 1."""
    if instead:
        return (*_sizes(size, weighted, instead), *([Cell("")] * (3 if weighted else 2)))
    return (
        *_sizes(size, weighted),
        *((amount(size["n"]),) if weighted else ()),
        percent(_share(size["n"], n)),
        percent(size["value"]) if size["n"] else Cell(""),
    )


def _sizes(row: Mapping[str, Any], weighted: bool, instead: str = "") -> tuple[Cell, ...]:
    """Return the cells with the number of rows and, if they are weighted, the effective number.

    `instead` is said in place of a number that is not shown.
    """
    if not weighted:
        return (count(row["n"], instead),)
    if instead:
        return Cell(instead, is_number=True), Cell("")
    return count(row["n_rows"]), Cell(f"{row['effective_n']:,.1f}", is_number=True)


def _known(n: float) -> float:
    """Return a number of rows, 0 if it is not shown."""
    return 0.0 if pd.isna(n) else float(n)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
