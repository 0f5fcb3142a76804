"""The tables about all rows: how many there are of each value, and the performance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairrun.groups import MISSING
from fairrun.metrics import Evaluation, WeightedCounts, has_only_upper_limit, has_sign
from fairrun.pages.cells import VALUE, Cell, Table, amount, metric_cell, number, percent
from fairrun.pages.sized_groups import groups_of, left_out, share_of, size_cells, unknown_rows

__all__ = ["performance_table", "population_table"]

#: Metrics that say how many rows there are. The page shows them elsewhere.
_SIZES = ("n_rows", "sum_of_weights", "effective_n")


def performance_table(evaluation: Evaluation) -> Table:
    """Return the table of the metrics over all rows."""
    names = _flat_names(evaluation.metrics)
    compared = {*evaluation.audit.compared["metric"], *_SIZES, "neither_share"}
    compared |= {"constraint_kept_probability"}  # it is in the first lines
    rows = [
        (metric_cell(name), _with_limits(evaluation.metrics, name))
        for name in names
        if name not in compared
    ]
    heads = ("metric", VALUE)
    caption = "Performance over all rows" if evaluation.labelled else "All rows"
    return Table(caption, heads, tuple(rows))


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
        a, b = column.group_names
        side = dict.fromkeys(column.labels, "not compared")
        for value, label in zip(column.values, column.labels, strict=False):
            if value in column.group_a or value in column.group_b:
                side[label] = a if value in column.group_a else b
        groups = groups_of(rates, column.name, column.labels[:-1])
        n_left_out += len(column.values) - len(groups)
        rate = "base_rate" if evaluation.labelled else "selection_rate"
        sizes = {name: of_group[rate] for name, of_group in groups.items()}
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
            *("value", "protected column", "compared as"),
            *(heads if weighted else ("rows", "share of rows")),
            "favourable labels" if evaluation.labelled else "selected",
        ),
        tuple(rows),
        f"{MISSING} means that the value is null, or that too few rows have it to be named."
        + left_out(n_left_out, "audit/rates.csv"),
    )


def _flat_names(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of metrics of all rows and of the first protected column.

    Limits of intervals and worst pairs are left out.
    """
    ends = ("_ci_low", "_ci_high", "_worst")
    return [name for name in metrics if "/" not in name and not name.endswith(ends)]


def _with_limits(metrics: Mapping[str, float], name: str) -> Cell:
    nothing = float("nan")
    limits = (metrics.get(f"{name}_ci_{end}", nothing) for end in ("low", "high"))
    only_upper = has_only_upper_limit(name)
    return number(metrics[name], *limits, signed=has_sign(name), only_upper=only_upper)


def _population(
    size: Mapping[str, Any], weighted: bool, n: float, instead: str
) -> tuple[Cell, ...]:
    """Return the cells with numbers of rows, their share of `n`, and the share of one outcome."""
    if instead:
        return (*size_cells(size, weighted, instead), *([Cell("")] * (3 if weighted else 2)))
    return (
        *size_cells(size, weighted),
        *((amount(size["n"]),) if weighted else ()),
        percent(share_of(size["n"], n)),
        percent(size["value"]) if size["n"] else Cell(""),
    )
