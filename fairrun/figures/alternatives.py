"""Draws the candidates for a less discriminatory alternative, compared with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.figures.style import (
    BAND,
    GREY,
    INK,
    PALETTE,
    TEXT,
    clean_axes,
    draw_interval,
    lay_out,
    new_figure,
    wrap,
)
from fairrun.sweep.alternatives import Alternative, Baseline, Finding
from fairrun.sweep.criteria import MARGIN, Criteria

__all__ = ["plot_alternatives"]

#: Where the number of a trial is beside its mark, the first place that is free; how far away, and
#: how much room it needs, as shares of the axes.
_SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1))
_AWAY, _ROOM = np.array([0.035, 0.045]), np.array([0.045, 0.045])

#: The marker and colour of models that do not read a protected column in prediction, and of those
#: that do.
_STYLES = {False: ("o", PALETTE[0]), True: ("^", PALETTE[3])}
_NAMES = {False: "does not read the protected column", True: "reads it in prediction"}


def plot_alternatives(
    found: Sequence[Alternative], criteria: Criteria, baseline: Baseline
) -> Figure:
    """Draw the change of performance against the change of the distance from parity.

    Parameters
    ----------
    found : sequence of Alternative
        The candidates. One without an interval is left out, and a note gives their number.
    criteria : Criteria
        The metrics, of which the first distance is drawn.
    baseline : Baseline
        The baseline, which is the point (0, 0).

    Returns
    -------
    Figure
        A filled marker says that the candidate is shown to be an alternative. Both of its intervals
        are then inside the shaded area.
    """
    drawn = [each for each in found if each.finding is not Finding.NOT_MEASURED]
    figure = new_figure(6.4, f"Candidates and the baseline, trial {baseline.trial}")
    ax = figure.subplots()
    clean_axes(ax)
    for each in drawn:
        _draw(ax, each)
    ax.scatter(0, 0, s=15**2, marker="*", color=INK, zorder=5)
    _limit(ax, drawn)
    _number(ax, drawn)
    left, top = ax.get_xlim()[0], ax.get_ylim()[1]
    ax.fill_between([left, 0], -MARGIN, top, color=BAND, linewidth=0, zorder=0)
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    ax.axhline(0, color=GREY, linewidth=1, zorder=1)
    ax.axhline(-MARGIN, color=GREY, linewidth=1.2, linestyle="--", zorder=1)
    first = criteria.distances[0].key.replace("_", " ")
    text = f"change of the distance from parity\n{wrap(f'{first} (further left is fairer)', 52)}"
    if left_out := len(found) - len(drawn):
        text += f"\n{left_out} without an interval: not drawn"
    ax.set_xlabel(text, **TEXT)
    ax.set_ylabel(f"change of {criteria.performance.key.replace('_', ' ')}", **TEXT)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_locator(MaxNLocator(6))
    _legend(figure, ax, {each.reads_group for each in drawn}, criteria)
    lay_out(figure)
    return figure


def _draw(ax: Axes, each: Alternative) -> None:
    marker, color = _STYLES[each.reads_group]
    across, up = each.distances[0], each.performance
    draw_interval(ax, [across.low, across.high], [up.value] * 2, color, zorder=2)
    draw_interval(ax, [across.value] * 2, [up.low, up.high], color, zorder=2)
    shown = each.finding is Finding.ALTERNATIVE
    ax.scatter(
        across.value,
        up.value,
        s=11**2,
        marker=marker,
        facecolor=color if shown else "white",
        edgecolor=color,
        linewidth=2,
        zorder=3,
    )


def _number(ax: Axes, drawn: Sequence[Alternative]) -> None:
    """Write the numbers of the trials, alternatives first, where they hide nothing."""
    size = np.ptp([ax.get_xlim(), ax.get_ylim()], axis=1)
    points = [np.array([each.distances[0].value, each.performance.value]) / size for each in drawn]
    taken = [np.zeros(2), *points]
    order = sorted(range(len(drawn)), key=lambda i: drawn[i].finding is not Finding.ALTERNATIVE)
    for i in order:
        for side in _SIDES:
            place = points[i] + np.array(side) * _AWAY
            others = [other for other in taken if other is not points[i]]
            if all((np.abs(place - other) > _ROOM).any() for other in others):
                taken.append(place)
                x, y = (place * size).tolist()
                ax.text(x, y, str(drawn[i].trial), ha="center", va="center", **TEXT)
                break


def _limit(ax: Axes, drawn: Sequence[Alternative]) -> None:
    """Set limits that hold all intervals, the baseline and some of the shaded area."""
    both = [(each.distances[0], each.performance) for each in drawn]
    ends = np.array([(x.low, x.high, y.low, y.high) for x, y in both] or [(0.0,) * 4])
    for set_limits, low, high, least in (
        (ax.set_xlim, ends[:, 0].min(), ends[:, 1].max(), (-0.02, 0.01)),
        (ax.set_ylim, ends[:, 2].min(), ends[:, 3].max(), (-2 * MARGIN, MARGIN)),
    ):
        low, high = min(low, least[0]), max(high, least[1])
        set_limits(low - 0.06 * (high - low), high + 0.08 * (high - low))


def _legend(figure: Figure, ax: Axes, kinds: set[bool], criteria: Criteria) -> None:
    for reads_group in sorted(kinds):
        marker, color = _STYLES[reads_group]
        style: dict[str, Any] = {"marker": marker, "edgecolor": color, "linewidth": 2}
        ax.scatter([], [], s=11**2, facecolor="white", label=_NAMES[reads_group], **style)
    ax.scatter([], [], s=11**2, color=GREY, marker="s", label="filled: shown to be an alternative")
    ax.scatter([], [], s=15**2, marker="*", color=INK, label="the baseline")
    ax.fill_between([], [], color=BAND, label=f"shaded: fairer, {criteria.as_good}")
    legend = figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside lower left",
        ncols=1,
        fontsize=TEXT["fontsize"],
        frameon=False,
    )
    for words in legend.get_texts():
        words.set_color(INK)
        words.set_parse_math(False)
