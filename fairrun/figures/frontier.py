"""Draws a model and the frontier of a single threshold on its scores."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fairrun.figures.style import GREY, INK, PALETTE, TEXT, clean_axes, lay_out, new_figure, wrap

__all__ = ["plot_threshold_frontier"]


def plot_threshold_frontier(
    frontier: pd.DataFrame, accuracy: float, statistical_parity: float, groups: tuple[str, str]
) -> Figure:
    """Draw accuracy against |statistical parity| for decisions and for all single thresholds.

    If the decisions are on or below the line, one threshold for everybody would do as well.

    Parameters
    ----------
    frontier : pandas.DataFrame
        The table of a `ThresholdFrontier`.
    accuracy, statistical_parity : float
        The metrics of the decisions on the same rows.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    """
    figure = new_figure(4.4, "The decisions and one threshold for everybody")
    ax = figure.subplots()
    clean_axes(ax)
    distance = frontier["statistical_parity"].abs()
    ax.step(distance, frontier["accuracy"], where="post", color=PALETTE[0], linewidth=2)
    # Thresholds that are less fair than the end of the frontier are not more accurate.
    end = max(float(distance.max()), abs(statistical_parity))
    ax.plot([distance.max(), end], [frontier["accuracy"].max()] * 2, color=PALETTE[0], linewidth=2)
    ax.scatter(
        abs(statistical_parity),
        accuracy,
        s=13**2,
        marker="D",
        color=PALETTE[3],
        edgecolor=INK,
        zorder=3,
        label="the decisions",
    )
    ax.plot([], [], color=PALETTE[0], linewidth=2, label="one threshold for everybody")
    text = f"|statistical parity|: selection rate of {groups[0]} minus that of {groups[1]}"
    ax.set_xlabel(wrap(text, 52), **TEXT)
    ax.set_ylabel("accuracy", **TEXT)
    ax.set_xlim(-0.02 * end if end else -0.01, 1.06 * end if end else 1.0)
    legend = ax.legend(loc="lower right", fontsize=TEXT["fontsize"], frameon=False)
    for words in legend.get_texts():
        words.set_color(INK)
    ax.axvline(0, color=GREY, linewidth=1, linestyle=":")
    lay_out(figure)
    return figure
