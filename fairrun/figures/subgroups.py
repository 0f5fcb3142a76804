"""Draws the subgroups that a scan found, each with its difference from all other rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fairrun.figures.style import (
    GREY,
    INK,
    PALETTE,
    TEXT,
    WIDTH,
    clean_axes,
    draw_interval,
    fit,
    new_figure,
)
from fairrun.metrics import SubgroupScan
from fairrun.text import n_of, with_sign

__all__ = ["plot_subgroups"]

#: The largest number of subgroups of one rate, and if no other rate is drawn.
_MOST, _MOST_ALONE = 4, 8
#: The longest line of a subgroup's name, in characters.
_LINE = 58
#: In inches: a line of text, the strip of an interval, the gap below it, and a heading.
_TEXT, _STRIP, _GAP, _HEADING = 0.21, 0.24, 0.08, 0.36
#: In inches: the space above and below the axes, a line of the key, the left and the right edge.
_ABOVE, _BELOW, _KEY, _EDGE = 0.6, 0.75, 0.24, 0.2
#: The background of a name.
_WHITE = {"facecolor": "white", "edgecolor": "none", "linewidth": 0, "boxstyle": "square,pad=0.1"}
_HIGHER, _LOWER = PALETTE[0], PALETTE[3]


def plot_subgroups(scan: SubgroupScan) -> Figure:
    """Draw the difference between each subgroup and all other rows, with its interval.

    Parameters
    ----------
    scan : SubgroupScan
        The scan. Subgroups without a difference, and those that are hidden, are left out.

    Returns
    -------
    Figure
        A block for each rate, with the subgroups in the order of the table, confirmed ones first.
        The name of a subgroup stands above its interval. A filled marker is a confirmed subgroup.
    """
    table = scan.table[scan.table["value"].notna()]
    rates = sorted(dict.fromkeys(table["metric"]), key=_place)
    most = _MOST if len(rates) > 1 else _MOST_ALONE
    blocks = [(rate, table[table["metric"] == rate].head(most)) for rate in rates]
    drawn = pd.concat([table.head(0), *(rows for _, rows in blocks)])
    keys = [(marker, words) for marker, words in _KEYS if (drawn["confirmed"] == marker).any()]
    n_left_out = len(scan.table) - len(drawn)
    notes = [f"{n_of(n_left_out, 'subgroup is', 'subgroups are')} not drawn"] if n_left_out else []
    if not len(drawn):
        notes.append("no subgroup was found")

    end = _HEADING * len(blocks) + sum(_height(_name(each)) for each in drawn["group_a"]) or 0.5
    height = _ABOVE + end + _BELOW + _KEY * (len(keys) + len(notes))
    figure = new_figure(height, "Subgroups against all other rows")
    figure.set_layout_engine("none")
    bottom = (_BELOW + _KEY * (len(keys) + len(notes))) / height
    place = (_EDGE / WIDTH, bottom, 1 - 2 * _EDGE / WIDTH, end / height)
    ax = figure.add_axes(place)
    clean_axes(ax)
    ax.spines["left"].set_visible(False)
    ax.set(ylim=(end, 0), yticks=[])
    ax.axvline(0, color=GREY, linestyle=":", linewidth=1, zorder=1)
    where = ax.get_yaxis_transform()
    y = 0.0
    for rate, rows in blocks:
        head = rate.replace("_", " ")
        ax.text(0, y + 0.22, head, transform=where, va="center", **TEXT | {"fontweight": "bold"})
        y += _HEADING
        numbers = rows[["value", "ci_low", "ci_high"]].to_numpy(dtype=np.float64)
        for name, confirmed, (value, low, high) in zip(
            map(_name, rows["group_a"]), rows["confirmed"], numbers, strict=True
        ):
            # The white background keeps the line at 0 out of the letters.
            ax.text(*(0, y, name), transform=where, va="top", bbox=_WHITE, zorder=2, **TEXT)
            y += _height(name)
            at = y - _GAP - _STRIP / 2
            color = _HIGHER if value > 0 else _LOWER
            if not np.isnan(low):
                draw_interval(ax, (low, high), (at, at), color, zorder=3)
            face = color if confirmed else "white"
            ax.plot(value, at, "o", color=face, markeredgecolor=color, markersize=8, zorder=4)
    limits = table[["value", "ci_low", "ci_high"]].to_numpy(dtype=np.float64)
    reach = float(np.nanmax(np.abs(limits), initial=0.05))
    ax.set_xlim(-1.08 * reach, 1.08 * reach)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: with_sign(x, 2).replace("-", "−")))
    ax.set_xlabel("rate of the subgroup minus that of all other rows", **TEXT)
    lines: list[tuple[bool | None, str]] = [*keys, *((None, note) for note in notes)]
    for number, (marker, words) in enumerate(lines):
        at = (0.12 + _KEY * (len(keys) + len(notes) - number - 0.5)) / height
        if marker is not None:
            face = INK if marker else "white"
            dot = Line2D([0.32 / WIDTH], [at], marker="o", color=face, markersize=8)
            dot.set(markeredgecolor=INK, linestyle="none", transform=figure.transFigure)
            figure.add_artist(dot)
        x, color = (_EDGE, GREY) if marker is None else (0.46, INK)
        figure.text(x / WIDTH, at, words, va="center", **TEXT | {"color": color})
    return figure


#: What a filled and a hollow marker mean.
_KEYS = (
    (True, "confirmed on rows that were not searched"),
    (False, "found, but not confirmed"),
)


def _name(subgroup: str) -> str:
    """Return the name of a subgroup in lines, which break between conditions where possible.

    Examples
    --------
    >>> print(_name("occupation = Exec-managerial and marital-status = Married and sex = Female"))
    occupation = Exec-managerial and marital-status = Married
    and sex = Female
    """
    lines = [""]
    for number, condition in enumerate(subgroup.split(" and ")):
        words = f"and {condition}" if number else condition
        if lines[-1] and len(lines[-1]) + 1 + len(words) > _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {words}".strip()
    return "\n".join(fit(line, _LINE) for line in lines)


def _height(name: str) -> float:
    """Return the height of a subgroup: the lines of its name and the strip of its interval."""
    return _TEXT * (name.count("\n") + 1) + _STRIP + _GAP


def _place(rate: str) -> tuple[bool, bool, str]:
    """Return the place of a rate: the selection rate first, the accuracy last."""
    return rate != "selection_rate", rate == "accuracy", rate
