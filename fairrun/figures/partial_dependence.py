"""Draws the mean probability if one column changes and the others stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from fairrun.figures.style import INK, PALETTE, TEXT, WIDTH, clean_axes, cut, new_figure

__all__ = ["plot_partial_dependence"]

#: The largest number of categories in a panel, those with the most training rows.
_MOST_CATEGORIES = 8
_LINES: tuple[Any, ...] = ("-", "--")
_MARKERS = "os"
#: Heights in inches: the panel of a number, a category, above and below a panel, the title.
_NUMBER, _CATEGORY, _ABOVE, _BELOW, _TITLE = 1.5, 0.3, 0.42, 0.4, 0.5
#: In inches: the names, the right edge, a line of the key.
_LEFT, _RIGHT, _LINE = 2.35, 0.35, 0.24


def plot_partial_dependence(table: pd.DataFrame) -> Figure:
    """Draw the mean probability against the values of each column.

    If the score reads the group, each group has its own line or bars.

    Parameters
    ----------
    table : DataFrame
        The table `Overview.partial_dependence`.

    Returns
    -------
    Figure
        One panel per column: a line over the training range of a number, or a bar for each of the
        most frequent categories. All panels have the same scale of probability.
    """
    columns = [_shown(own) for _, own in table.groupby("column", sort=False)]
    groups = [name for name in table["group"].unique().tolist() if name]
    heights = [
        _NUMBER if own["is_number"].iloc[0] else _CATEGORY * own["value"].nunique()
        for own in columns
    ]
    key = _LINE * (1 + len(groups)) + 0.1
    height = _TITLE + sum(heights) + (_ABOVE + _BELOW) * len(columns) + key
    figure = new_figure(height, "Partial dependence of the probability")
    figure.set_layout_engine("none")
    highest = min(1.0, 1.1 * float(table["probability"].max()))
    bottom = height - _TITLE
    for own, of_panel in zip(columns, heights, strict=True):
        bottom -= _ABOVE + of_panel
        width = WIDTH - _LEFT - _RIGHT
        ax = figure.add_axes((_LEFT / WIDTH, bottom / height, width / WIDTH, of_panel / height))
        clean_axes(ax)
        draw = _draw_numbers if own["is_number"].iloc[0] else _draw_categories
        draw(ax, own, highest)
        bottom -= _BELOW
    n_rows = table["n_rows"].iloc[0]
    note = f"mean if all {n_rows:,} rows get the same value" + (" and this group" if groups else "")
    figure.text(0.03, (key - _LINE / 2) / height, note, va="center", **TEXT)
    for number, (group, color) in enumerate(zip(groups, PALETTE, strict=False)):
        y = (key - _LINE * (number + 1.5)) / height
        line = Line2D([0.04, 0.11], [y, y], color=color, linestyle=_LINES[number], linewidth=2)
        line.set(marker=_MARKERS[number], markeredgecolor=INK, transform=figure.transFigure)
        figure.add_artist(line)
        figure.text(0.13, y, cut(group, 46), va="center", **TEXT)
    return figure


def _shown(own: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a column without rare categories, in the order of the probability."""
    if own["is_number"].iloc[0]:
        return own
    frequent = own["value"].unique()[:_MOST_CATEGORIES]
    shown = own[own["value"].isin(frequent)]
    means = shown.groupby("value")["probability"].transform("mean")
    return shown.assign(mean=means).sort_values(["mean", "value"], ascending=False)


def _draw_numbers(ax: Axes, own: pd.DataFrame, highest: float) -> None:
    for number, (_, of_group) in enumerate(own.groupby("group", sort=False)):
        ax.plot(
            of_group["number"],
            of_group["probability"],
            linestyle=_LINES[number],
            marker=_MARKERS[number],
            markersize=5,
            markeredgecolor=INK,
            markeredgewidth=0.6,
            color=PALETTE[number],
            linewidth=2,
            clip_on=False,
        )
    ax.set_ylim(0, highest)
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    _head(ax, str(own["column"].iloc[0]))


def _draw_categories(ax: Axes, own: pd.DataFrame, highest: float) -> None:
    values = list(dict.fromkeys(own["value"]))
    groups = own["group"].unique().tolist()
    height = 0.76 / len(groups)
    for number, (_, of_group) in enumerate(own.groupby("group", sort=False)):
        lengths = of_group.set_index("value")["probability"].loc[values]
        offset = height * (number - (len(groups) - 1) / 2)
        places = np.arange(len(values)) + offset
        ax.barh(places, lengths, height, color=PALETTE[number], edgecolor=INK, linewidth=0.5)
    ax.set(ylim=(len(values) - 0.5, -0.5), xlim=(0, highest), yticks=[])
    for place, value in enumerate(values):
        where: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
        ax.text(-0.03, place, cut(value, 22), ha="right", **where, **TEXT)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _head(ax, str(own["column"].iloc[0]))


def _head(ax: Axes, name: str) -> None:
    ax.set_title(cut(name, 34), y=1.0, loc="left", **TEXT | {"fontweight": "bold"})
