"""Draws the rates of each group with their intervals."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from fairrun.figures.style import GREY, INK, PALETTE, TEXT, WIDTH, clean_axes, fit, new_figure, wrap
from fairrun.metrics import is_hidden_reason
from fairrun.text import n_of

__all__ = ["plot_groups"]

_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")
_MARKERS = "osD^v"
#: The largest number of groups of one protected column or crossing, and in the whole figure.
_MOST_OF_ONE = 6
_MOST = 16
#: In inches: a row; above and below the panels; the note; the names, the right edge, a gap.
_ROW, _ABOVE, _BELOW, _NOTE, _LEFT, _RIGHT, _GAP = 0.27, 1.2, 0.4, 0.3, 2.55, 0.1, 0.2


def plot_groups(rates: pd.DataFrame) -> Figure:
    """Draw selection rate, true and false positive rate of each group, with their intervals.

    Parameters
    ----------
    rates : DataFrame
        One row per group and metric, as in `Audit.rates`; columns protected, group, n, metric,
        value, ci_low, ci_high and reason. A group whose n is missing is left out.

    Returns
    -------
    Figure
        One panel per rate that the table has, and one block of groups per protected column or
        crossing. A block shows the groups with the most rows. A note gives the number of groups
        left out. A dotted line is the rate of all rows.
    """
    drawn = [name for name in _RATES if name in {*rates["metric"]}]
    is_hidden = rates["n"].isna()
    n_hidden = len(rates.loc[is_hidden, ["protected", "group"]].drop_duplicates())
    rates = rates[~is_hidden]
    why = rates["reason"].map(is_hidden_reason).to_numpy(dtype=bool)
    hidden = {*map(tuple, rates.loc[why, ["protected", "group", "metric"]].to_numpy())}
    about = zip(*(rates[name] for name in ("protected", "group", "metric")), strict=True)
    limits = rates[["value", "ci_low", "ci_high"]].to_numpy(dtype=np.float64)
    found = dict(zip(about, limits, strict=True))
    sizes: dict[str, dict[str, float]] = {}
    for protected, group, n in zip(rates["protected"], rates["group"], rates["n"], strict=True):
        if protected and n > 0:
            sizes.setdefault(protected, {})[group] = n
    blocks: list[tuple[str, list[str]]] = []
    n_shown = 0
    for protected, n_rows in sizes.items():
        n_most = min(_MOST_OF_ONE, _MOST - n_shown)
        most = set(sorted(n_rows, key=n_rows.__getitem__, reverse=True)[:n_most])
        if most:
            blocks.append((protected, [group for group in n_rows if group in most]))
            n_shown += len(most)
    n_left_out = sum(map(len, sizes.values())) - n_shown
    notes = []
    if n_left_out:
        said = n_of(n_left_out, "group with fewer rows is", "groups with fewer rows are")
        notes.append(f"{said} not drawn")
    if n_hidden:
        notes.append(f"{n_of(n_hidden, 'group is', 'groups are')} not shown, for privacy")

    # A label with two lines needs more height than one row.
    labels: list[str] = []
    places: list[float] = []
    end = 0.0
    for protected, groups in blocks:
        for label in (
            fit(protected, 21),
            *(fit(group.replace(":", " : "), 24) for group in groups),
        ):
            height = 1 + 0.7 * label.count("\n")
            labels.append(label)
            places.append(end + height / 2)
            end += height
    end = max(end, 1.0)  # a table without groups has an empty panel
    headings = np.cumsum([0, *(1 + len(groups) for _, groups in blocks)])[:-1]
    height = _ABOVE + _ROW * end + _BELOW + (_NOTE if notes else 0)
    figure = new_figure(height, "Rates by group, 95 % intervals")
    # The sizes of the names are known, and a layout engine would take longer than everything else.
    figure.set_layout_engine("none")
    width = (WIDTH - _LEFT - _RIGHT) / len(drawn) - _GAP
    bottom = height - _ABOVE - _ROW * end
    panels = [
        figure.add_axes(
            (
                *((_LEFT + i * (width + _GAP)) / WIDTH, bottom / height),
                *(width / WIDTH, _ROW * end / height),
            )
        )
        for i in range(len(drawn))
    ]
    for ax, metric in zip(panels, drawn, strict=True):
        clean_axes(ax)
        ax.set_title(wrap(metric.replace("_", " "), 9), y=1.0, **TEXT | {"fontweight": "bold"})
        _draw_rates(ax, metric, found, blocks, np.array(places), hidden)
        for heading in headings[1:]:
            ax.axhline(places[heading] - 0.5, color=GREY, linewidth=0.6)
        # Names are not tick labels, because each panel would repeat them.
        ax.set(ylim=(end, 0), yticks=[])
    where = panels[0].get_yaxis_transform()
    for row, (label, place) in enumerate(zip(labels, places, strict=True)):
        weight = {"fontweight": "bold" if row in headings else "normal"}
        panels[0].text(
            -0.06, place, label, transform=where, ha="right", va="center", **TEXT | weight
        )
    if notes:
        figure.text(0.02, 0.1 / height, "; ".join(notes), **TEXT | {"color": GREY})
    return figure


def _draw_rates(
    ax: Axes,
    metric: str,
    found: Mapping[tuple[str, str, str], NDArray[np.float64]],
    blocks: list[tuple[str, list[str]]],
    places: NDArray[np.float64],
    hidden: Collection[tuple[str, str, str]],
) -> None:
    """Draw one rate of all groups at their places, from top to bottom."""
    row = 0
    highest = 0.0
    for block, (protected, groups) in enumerate(blocks):
        value, low, high = np.array([found[protected, group, metric] for group in groups]).T
        rows = places[row + 1 : row + 1 + len(groups)]
        color, marker = PALETTE[block % len(PALETTE)], _MARKERS[block % len(_MARKERS)]
        ax.hlines(rows, low, high, color=color, linewidth=2.5)
        ax.plot(value, rows, marker, color=color, markeredgecolor=INK, markersize=7, zorder=3)
        for y in rows[np.isnan(value)]:
            place = groups[[*rows].index(y)]
            words = " hidden" if (protected, place, metric) in hidden else " undefined"
            ax.text(0, y, words, va="center", **TEXT | {"color": GREY})
        highest = max(highest, *np.nan_to_num([*value, *high]))
        row += 1 + len(groups)
    overall = found["", "(all)", metric][0]
    if np.isfinite(overall):
        ax.axvline(overall, color=INK, linestyle=":", linewidth=1, zorder=1)
    end = min(1.0, highest) or 1.0
    ax.set_xlim(-0.04 * end, 1.06 * end)
    ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
