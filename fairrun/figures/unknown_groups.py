"""Draws how far differences can be from their value among the rows with a known group."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.figures.style import (
    GREY,
    INK,
    PALETTE,
    TEXT,
    clean_axes,
    cut,
    draw_interval,
    fit,
    lay_out,
    new_figure,
)
from fairrun.metrics import BIAS_METRICS, UnknownGroups

__all__ = ["plot_unknown_groups"]

_AROUND, _ROW = 2.0, 0.75
_BAR = "#bfbfbf"


def plot_unknown_groups(found: UnknownGroups, protected: str) -> Figure:
    """Draw for each difference the known value, the bounds and the value with membership.

    Parameters
    ----------
    found : UnknownGroups
        The bounds.
    protected : str
        The protected column.

    Returns
    -------
    Figure
        One row for each difference of rates. A grey bar goes from the lower to the upper bound, and
        thin lines from the bounds to their limits.
    """
    differences = [name for name, metric in BIAS_METRICS.items() if metric.kind == "difference"]
    table = found.table[
        (found.table["protected"] == protected) & found.table["metric"].isin(differences)
    ]
    rows = table.to_dict("records")
    share = found.shares[protected]
    title = f"{protected}: {share:.1%} unknown, and what this can change"
    figure = new_figure(_AROUND + _ROW * len(rows), title)
    ax = figure.subplots()
    clean_axes(ax)
    ax.axvline(0, color=INK, linestyle=":", linewidth=1, zorder=1)
    for y, row in enumerate(rows):
        if np.isfinite(row["lower"]):
            width = row["upper"] - row["lower"]
            ax.barh(y, width, 0.5, row["lower"], color=_BAR, edgecolor=GREY, zorder=1)
        else:
            ax.text(0, y + 0.42, " bounds not shown", va="center", **TEXT | {"color": GREY})
        if np.isfinite(row["ci_low"]):
            for ends in ((row["ci_low"], row["lower"]), (row["upper"], row["ci_high"])):
                ax.plot(ends, [y, y], color=GREY, linewidth=1.5, zorder=1)
        for name, shift, color, marker in (
            ("known", -0.12, PALETTE[0], "o"),
            ("membership", 0.12, PALETTE[3], "D"),
        ):
            low, high = row[f"{name}_ci_low"], row[f"{name}_ci_high"]
            if np.isfinite(low):
                draw_interval(ax, (low, high), (y + shift, y + shift), color)
            if np.isfinite(row[name]):
                ax.plot(
                    row[name], y + shift, marker, color=color, markeredgecolor=INK, markersize=7
                )
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    names = [fit(str(row["metric"]).replace("_", " "), 22) for row in rows]
    ax.set_yticks(range(len(rows)), names, **TEXT)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    if rows:
        a, b = rows[0]["group_a"], rows[0]["group_b"]
        ax.set_xlabel(cut(f"difference, {a} − {b}", 60), **TEXT)
    ax.plot([], [], "o", color=PALETTE[0], markeredgecolor=INK, label="known rows")
    ax.barh(0, 0, 0, 0, color=_BAR, edgecolor=GREY, label="bounds for all rows")
    if any(np.isfinite(row["membership"]) for row in rows):
        ax.plot([], [], "D", color=PALETTE[3], markeredgecolor=INK, label="by membership")
    key = figure.legend(
        loc="outside lower center", ncols=3, fontsize=TEXT["fontsize"], frameon=False
    )
    for text in key.get_texts():
        text.set_color(INK)
    lay_out(figure)
    return figure
