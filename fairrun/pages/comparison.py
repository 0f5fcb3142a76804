"""The page of a comparison of two models, in one HTML file."""

from __future__ import annotations

import base64
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Template

from fairrun.figures import Plot
from fairrun.metrics import ModelDifferences, is_hidden_reason
from fairrun.pages.cells import VALUE, Cell, Table, amount, metric_cell, number
from fairrun.pages.report import environment

__all__ = ["render_comparison"]

_LABELS = {"any": "any", "1": "favourable", "0": "unfavourable"}


def render_comparison(
    names: tuple[str, str],
    about: str,
    changed: str,
    found: ModelDifferences,
    words: pd.DataFrame,
    plot: Plot,
) -> str:
    """Return the page of a comparison as HTML, without a script and without a row of the data.

    Parameters
    ----------
    names : tuple of (str, str)
        What model A and model B are called.
    about : str
        What was compared, on which rows.
    changed : str
        The sentence that says how many decisions differ.
    found : ModelDifferences
        The differences, as they are shown.
    words : DataFrame
        The table of `differences_in_words`.
    plot : Plot
        The picture.

    Returns
    -------
    str
        The HTML page.
    """
    n_better, n_worse = ((words["verdict"] == f"A is {word}").sum() for word in ("better", "worse"))
    return _template().render(
        title=f"{names[0]} against {names[1]}",
        headline=f"A is better in {n_better} of {len(words)} metrics, and worse in {n_worse}",
        verdict="none",
        about=about,
        changed=changed[0].upper() + changed[1:],
        plots={"model_differences": (base64.b64encode(plot.png).decode(), plot.alt)},
        metrics=_words(words),
        rates=_rates(found.rates),
        distances=_distances(found.distances),
        sides=_sides(found.changed),
    )


@cache
def _template() -> Template:
    return environment().get_template("comparison.html")


def _cells(row: Mapping[Hashable, Any]) -> tuple[Cell, Cell, Cell]:
    """Return the cells of model A, of model B and of their difference."""
    reason = str(row["reason"])
    if is_hidden_reason(reason):
        return Cell("hidden"), Cell("hidden"), Cell("hidden", reason.removeprefix("hidden: "))
    a, b, value, low, high = (
        float(row[name]) for name in ("model_a", "model_b", "value", "ci_low", "ci_high")
    )
    return number(a), number(b), number(value, low, high, signed=True, decimals=4)


def _words(words: pd.DataFrame) -> Table:
    rows = [
        (metric_cell(row["metric"], row["groups"]), *_cells(row), Cell(row["verdict"]))
        for row in words.to_dict("records")
    ]
    heads = ("metric", "A", "B", f"A − B, {VALUE}", "verdict")
    note = (
        "A metric that compares two groups is better if it is nearer to parity. Metrics that are "
        "neither better nor worse, such as the selection rate, have no verdict."
    )
    return Table("Metrics of both models", heads, tuple(rows), note)


def _rates(rates: pd.DataFrame) -> Table:
    of_groups = rates[rates["protected"] != ""]
    rows = [
        (metric_cell(row["metric"], f"{row['group']} ({row['protected']})"), *_cells(row))
        for row in of_groups.to_dict("records")
    ]
    return Table("Rates of each group", ("metric", "A", "B", f"A − B, {VALUE}"), tuple(rows))


def _distances(distances: pd.DataFrame) -> Table:
    rows = [
        (metric_cell(row["metric"], f"{row['group_a']} and {row['group_b']}"), *_cells(row))
        for row in distances.to_dict("records")
    ]
    note = (
        "The distance of a ratio is that of its logarithm from 0. Below 0, A is nearer to parity."
    )
    heads = ("metric", "A", "B", f"A − B, {VALUE}")
    return Table("Distances from parity", heads, tuple(rows), note)


def _sides(changed: pd.DataFrame) -> Table:
    rows = []
    for row in changed.to_dict("records"):
        group = row["group"] if row["protected"] else "all rows"
        shown = not is_hidden_reason(row["reason"])
        share = Cell("")
        if shown and not pd.isna(row["share"]):
            limits = f"{row['ci_low']:.1%} to {row['ci_high']:.1%}"
            share = Cell(f"{row['share']:.1%}", limits, is_number=True)
        instead = "" if shown else "hidden"
        rows.append(
            (
                Cell(group, row["protected"]),
                Cell(_LABELS[row["label"]]),
                Cell(row["change"]),
                amount(row["n"], "hidden" if pd.isna(row["n"]) else ""),
                amount(row["changed"], instead),
                share,
            )
        )
    heads = ("group", "true label", "from B to A", "rows", "changed", "share and 95 % interval")
    return Table("Who changes sides", heads, tuple(rows))
