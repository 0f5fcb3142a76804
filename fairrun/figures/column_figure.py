"""Figures with a row for each column of the data: names on the left, panels beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fairrun.figures.style import GREY, TEXT, WIDTH, clean_axes, cut, new_figure

__all__ = ["MOST_COLUMNS", "Key", "column_figure", "left_out"]

#: More columns are not drawn; the most important ones are.
MOST_COLUMNS = 14

#: In inches: the title, the texts above panels, ticks and their label, a line of the key, its end.
_TITLE, _LINE, _TICKS, _END = 0.55, 0.22, 0.62, 0.12
#: The names, between panels, and the right edge.
_LEFT, _GAP, _RIGHT = 2.1, 0.25, 0.3
#: Characters that there is room for: in a name, in a line of the key.
_NAME, _LINE_OF_KEY = 17, 62


@dataclass(frozen=True)
class Key:
    """A line below the panels: a text, and the marker and colour that it is about, if any."""

    text: str
    marker: str = ""
    color: str = GREY
    edge: str = GREY


def left_out(n_columns: int) -> list[Key]:
    """Say that so many columns are not drawn, if any."""
    return [Key(f"{n_columns} columns that matter less are not drawn")] if n_columns else []


def column_figure(
    title: str,
    names: Sequence[str],
    row: float,
    heads: Sequence[str],
    key: Sequence[Key],
) -> tuple[Figure, list[Axes]]:
    """Make a figure with a row for each name, from the top at 0, 1, 2, ...

    Parameters
    ----------
    title : str
        The figure's.
    names : sequence of str
        What stands on the left; cut if there is no room.
    row : float
        The height of a row in inches.
    heads : sequence of str
        What stands above each panel, of several lines if need be.
    key : sequence of Key
        What stands below.

    Returns
    -------
    figure, panels : Figure and list of Axes
        Without a layout engine: the names are texts whose room is known, and finding it out would
        take longer than all else.
    """
    above = _LINE * max((head.count("\n") + 1 for head in heads if head), default=0)
    rows = row * max(len(names), 1)
    below = _TICKS + _LINE * len(key) + _END
    height = _TITLE + above + rows + below
    figure = new_figure(height, title)
    figure.set_layout_engine("none")
    width = (WIDTH - _LEFT - _RIGHT + _GAP) / len(heads) - _GAP
    panels = []
    for number, head in enumerate(heads):
        left = _LEFT + number * (width + _GAP)
        place = (left / WIDTH, below / height, width / WIDTH, rows / height)
        ax = figure.add_axes(place)
        clean_axes(ax)
        ax.set(ylim=(max(len(names), 1) - 0.5, -0.5), yticks=[])
        ax.set_title(head, y=1.0, **TEXT | {"fontweight": "bold"})
        panels.append(ax)
    for place_of_row, name in enumerate(names):
        y = (below + rows - row * (place_of_row + 0.5)) / height
        x = (_LEFT - 0.12) / WIDTH
        figure.text(x, y, cut(name, _NAME), ha="right", va="center", **TEXT)
    for number, line in enumerate(key):
        y = (_END + _LINE * (len(key) - number - 0.5)) / height
        if line.marker:
            mark = Line2D([0.35 / WIDTH], [y], marker=line.marker, color=line.color, markersize=8)
            mark.set(markeredgecolor=line.edge, linestyle="none", transform=figure.transFigure)
            figure.add_artist(mark)
        color = TEXT["color"] if line.marker else GREY
        x = (0.5 if line.marker else 0.25) / WIDTH
        figure.text(x, y, cut(line.text, _LINE_OF_KEY), va="center", **TEXT | {"color": color})
    return figure, panels
