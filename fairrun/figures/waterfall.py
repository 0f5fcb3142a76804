"""Draws waterfall charts of two invented rows, just below and just above the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.explanations import ABOVE, BELOW, ThresholdRows
from fairrun.figures.style import GREY, INK, PALETTE, TEXT, WIDTH, clean_axes, cut, new_figure

__all__ = ["plot_waterfalls"]

#: The number of columns with a bar of their own. The others share one bar.
_MOST_COLUMNS = 8
#: In inches: a bar, the title, above and below a panel, the names, the numbers.
_ROW, _TITLE, _ABOVE, _BELOW, _LEFT, _RIGHT = 0.3, 0.5, 0.45, 0.4, 3.05, 0.75
_NOTE = 0.24
#: The largest number of characters of a name with its value, and of a bold one.
_NAME, _BOLD = 30, 26

_NO_THRESHOLD = "log-odds; labels are randomised; dashed line: probability 50 %"


def plot_waterfalls(rows: ThresholdRows) -> Figure:
    """Draw the contributions to the scores of two rows, just below and just above the threshold.

    Parameters
    ----------
    rows : ThresholdRows
        The rows in `Overview.threshold_rows`.

    Returns
    -------
    Figure
        One panel per row. The bars go from the base value at the top to the score at the bottom,
        the largest contributions first. A dashed line is the threshold. Both panels have the same
        axis.
    """
    sides = [(side, _bars(rows.table, side)) for side in (BELOW, ABOVE) if side in rows.scores]
    heights = [_ROW * (len(bars) + 1) for _, bars in sides]
    height = _TITLE + sum(heights) + (_ABOVE + _BELOW) * len(sides) + 2 * _NOTE
    figure = new_figure(height, "Two invented applicants, just below and just above the threshold")
    figure.set_layout_engine("none")
    ends = [rows.base_value, rows.threshold if np.isfinite(rows.threshold) else rows.base_value]
    for _, bars in sides:
        ends += (rows.base_value + np.cumsum([bar[1] for bar in bars])).tolist()
    low, high = min(ends), max(ends)
    margin = 0.05 * (high - low) or 1.0
    bottom = height - _TITLE
    for (side, bars), of_panel in zip(sides, heights, strict=True):
        bottom -= _ABOVE + of_panel
        width = WIDTH - _LEFT - _RIGHT
        place = (_LEFT / WIDTH, bottom / height, width / WIDTH, of_panel / height)
        ax = figure.add_axes(place)
        _draw(ax, bars, rows, side)
        ax.set(xlim=(low - margin, high + margin))
        bottom -= _BELOW
    both = "the changed column is bold" if len(sides) > 1 else "no row found on the other side"
    notes = [
        f"medians and frequent categories; {both}",
        "log-odds; dashed line: the threshold" if rows.has_threshold else _NO_THRESHOLD,
    ]
    for number, text in enumerate(notes[::-1]):
        figure.text(0.5, (0.1 + _NOTE * number) / height, text, ha="center", **TEXT)
    return figure


def _bars(table: pd.DataFrame, side: str) -> list[tuple[str, float, bool]]:
    """Return the bars of one side: the largest contributions and the sum of the others.

    A bar is the name of a column with its value, the contribution, and whether the two sides differ
    in this column. A column in which they differ always has its own bar.
    """
    own = table[table["side"] == side]
    values = table.groupby("column")["value"].nunique()
    differs = own["column"].map(values > 1).to_numpy()
    n_named = _MOST_COLUMNS if len(own) > _MOST_COLUMNS + 1 else len(own)
    sizes = own["contribution"].abs().to_numpy()
    named = np.lexsort((-sizes, ~differs))[:n_named]
    names = (own["column"] + " = " + own["value"]).tolist()
    bars = list(zip(names, own["contribution"].tolist(), differs.tolist(), strict=True))
    found = [bars[place] for place in sorted(named.tolist(), key=lambda place: -sizes[place])]
    if len(own) > n_named:
        rest = own["contribution"].sum() - sum(contribution for _, contribution, _ in found)
        found.append((f"{len(own) - n_named} others", float(rest), False))
    return found


def _draw(ax: Axes, bars: list[tuple[str, float, bool]], rows: ThresholdRows, side: str) -> None:
    clean_axes(ax)
    title = f"just {side}: score {rows.scores[side]:z.2f}, threshold {rows.threshold:z.2f}"
    bold = TEXT | {"fontweight": "bold"}
    ax.set_title(title.replace("-", "−"), y=1.0, loc="right", **bold)
    where: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
    ax.text(-0.03, 0, "base value", ha="right", **where, **TEXT | {"color": GREY})
    ax.text(1.02, 0, f"{rows.base_value:z.2f}".replace("-", "−"), **where, **TEXT)
    start = rows.base_value
    ax.plot([start, start], [-0.4, 1], color=GREY, linewidth=1)
    for place, (name, contribution, differs) in enumerate(bars, start=1):
        color = PALETTE[3] if contribution < 0 else PALETTE[0]
        ax.barh(place, contribution, 0.7, left=start, color=color, edgecolor=INK, linewidth=0.6)
        start += contribution
        end = place + (1 if place < len(bars) else 0.4)
        ax.plot([start, start], [place, end], color=GREY, linewidth=1)
        style = TEXT | {"fontweight": "bold" if differs else "normal"}
        ax.text(-0.03, place, cut(name, _BOLD if differs else _NAME), ha="right", **where, **style)
        ax.text(1.02, place, f"{contribution:+z.2f}".replace("-", "−"), **where, **style)
    if np.isfinite(rows.threshold):
        ax.axvline(rows.threshold, color=INK, linewidth=1.4, linestyle="--")
    ax.set(ylim=(len(bars) + 0.5, -0.5), yticks=[])
    ax.xaxis.set_major_locator(MaxNLocator(4))
