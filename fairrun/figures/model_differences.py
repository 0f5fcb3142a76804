"""Draws the differences between two models: all rows, each group, and distances from parity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.figures.style import (
    GREY,
    INK,
    PALETTE,
    TEXT,
    WIDTH,
    clean_axes,
    cut,
    draw_interval,
    fit,
    new_figure,
)
from fairrun.metrics import ModelDifferences

__all__ = ["plot_model_differences"]

_ALL = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "selection_rate")
_OF_GROUPS = ("selection_rate", "accuracy", "true_positive_rate", "false_positive_rate")
#: The largest number of groups of a rate. The tables have all.
_MOST_GROUPS = 6
#: The largest number of characters in a line on the left.
_NAME = 24
#: Heights in inches: a lane, a heading within a panel, the texts above and below a panel.
_LANE, _HEAD, _ABOVE, _BELOW = 0.26, 0.28, 0.36, 0.42
#: In inches: the title, the notes, the names on the left and the margin on the right.
_TITLE, _NOTES, _LEFT, _RIGHT = 0.5, 1.05, 2.5, 0.25


@dataclass(frozen=True)
class _Lane:
    """One interval with its name; a heading without an interval has no value."""

    name: str
    color: str = INK
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan

    @property
    def is_heading(self) -> bool:
        return not self.color

    @property
    def height(self) -> float:
        return _HEAD if self.is_heading else _LANE * (1 + self.text.count("\n"))

    @property
    def text(self) -> str:
        """The name in lines that fit beside the axes."""
        return fit(self.name, 40 if self.is_heading else _NAME)


def plot_model_differences(found: ModelDifferences, name_a: str, name_b: str) -> Figure:
    """Draw the differences model A − model B with their intervals.

    Parameters
    ----------
    found : ModelDifferences
        The differences, as they are shown. A number that is not shown, or has no interval, is left
        out.
    name_a, name_b : str
        The names of the models.

    Returns
    -------
    Figure
        One panel for the performance on all rows, one for the rates of the groups of the first
        protected columns, and one for the distances from parity. A filled marker says that the
        interval does not hold 0.
    """
    panels = [
        ("all rows", _overall(found.rates)),
        ("rates of each group", _groups(found.rates)),
        ("distance from parity (left: A is nearer)", _distances(found.distances)),
    ]
    panels = [(title, lanes) for title, lanes in panels if lanes]
    heights = [sum(lane.height for lane in lanes) for _, lanes in panels]
    height = _TITLE + sum(heights) + (_ABOVE + _BELOW) * len(panels) + _NOTES
    figure = new_figure(height, "Model A − model B, with 95 % intervals")
    figure.set_layout_engine("none")
    bottom = height - _TITLE
    for (title, lanes), of_panel in zip(panels, heights, strict=True):
        bottom -= _ABOVE + of_panel
        width = (WIDTH - _LEFT - _RIGHT) / WIDTH
        ax = figure.add_axes((_LEFT / WIDTH, bottom / height, width, of_panel / height))
        _draw(ax, title, lanes)
        bottom -= _BELOW
    figure.text(
        *(0.02, 0.1 / height),
        f"A: {cut(name_a, 50)}\nB: {cut(name_b, 50)}\n"
        "Filled: the interval does not hold 0. Empty: it does.\n"
        "The distance of a ratio is that of its logarithm from 0.",
        va="bottom",
        **TEXT | {"color": GREY},
    )
    return figure


def _overall(rates: pd.DataFrame) -> list[_Lane]:
    rows = rates[(rates["protected"] == "") & rates["metric"].isin(_ALL)]
    ordered = sorted(rows.to_dict("records"), key=lambda row: _ALL.index(row["metric"]))
    return _lanes((str(row["metric"]), INK, row) for row in ordered)


def _groups(rates: pd.DataFrame) -> list[_Lane]:
    """Return the rates of the values of each column, below a heading for each rate."""
    single = rates[(rates["protected"] != "") & ~rates["protected"].str.contains(":")]
    lanes = []
    for metric in _OF_GROUPS:
        of_metric = single[single["metric"] == metric]
        of_metric = of_metric[of_metric["ci_low"].notna()]
        if of_metric.empty:
            continue
        lanes.append(_Lane(metric.replace("_", " "), ""))
        for place, (_, rows) in enumerate(of_metric.groupby("protected", sort=False)):
            color = PALETTE[place % len(PALETTE)]
            kept = rows.head(_MOST_GROUPS).to_dict("records")
            lanes += _lanes((str(row["group"]), color, row) for row in kept)
    return lanes


def _distances(distances: pd.DataFrame) -> list[_Lane]:
    single = distances[~distances["protected"].str.contains(":")]
    lanes = []
    for place, (protected, rows) in enumerate(single.groupby("protected", sort=False)):
        of_column = _lanes(
            (str(row["metric"]), PALETTE[place % len(PALETTE)], row)
            for row in rows.to_dict("records")
        )
        if of_column:
            groups = " and ".join(rows[["group_a", "group_b"]].iloc[0])
            lanes += [_Lane(f"{protected}: {groups}", ""), *of_column]
    return lanes


def _lanes(rows: Any) -> list[_Lane]:
    return [
        _Lane(name.replace("_", " "), color, row["value"], row["ci_low"], row["ci_high"])
        for name, color, row in rows
        if np.isfinite([row["value"], row["ci_low"], row["ci_high"]]).all()
    ]


def _draw(ax: Any, title: str, lanes: Sequence[_Lane]) -> None:
    clean_axes(ax)
    ax.spines["left"].set_visible(False)
    ax.set_title(title, loc="left", x=-_LEFT / (WIDTH - _LEFT - _RIGHT) + 0.02, **TEXT)
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    top, places = 0.0, []
    for lane in lanes:
        y = top + lane.height / 2
        top += lane.height
        places.append(y)
        if lane.is_heading:
            continue
        shown = lane.low > 0 or lane.high < 0
        draw_interval(ax, [lane.low, lane.high], [y, y], lane.color)
        ax.plot(
            *([lane.value], [y]),
            marker="o",
            markersize=8,
            color=lane.color,
            markerfacecolor=lane.color if shown else "white",
            markeredgewidth=2,
            zorder=3,
        )
    ax.set_yticks(places, [lane.text for lane in lanes], **TEXT)
    for lane, label in zip(lanes, ax.get_yticklabels(), strict=True):
        if lane.is_heading:
            label.set(fontweight="bold", ha="left", x=-_LEFT / (WIDTH - _LEFT - _RIGHT) + 0.02)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(top, 0)
    ax.xaxis.set_major_locator(MaxNLocator(4))
