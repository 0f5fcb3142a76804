"""Draws figures with a row for each column of the data: names on the left, panels side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fairrun.figures.style import GREY, TEXT, WIDTH, clean_axes, cut, new_figure

__all__ = ["MOST_COLUMNS", "Key", "column_figure", "left_out"]

#: A figure shows at most this number of columns, the most important ones.
MOST_COLUMNS = 14

#: Heights in inches: the title, a line of text, the ticks with their label, the lower edge.
_TITLE, _LINE, _TICKS, _END = 0.55, 0.22, 0.62, 0.12
#: Widths in inches: the names, the gap between panels, the right edge.
_LEFT, _GAP, _RIGHT = 2.1, 0.25, 0.3
#: The largest number of characters in a name and in a line of the key.
_NAME, _LINE_OF_KEY = 17, 62


@dataclass(frozen=True)
class Key:
    """A line of the key below the panels.

    Attributes
    ----------
    text : str
        The text.
    marker : str
        The marker that the text explains; empty for a text without a marker.
    color, edge : str
        The colours of the marker and of its edge.
    """

    text: str
    marker: str = ""
    color: str = GREY
    edge: str = GREY


def left_out(n_columns: int) -> list[Key]:
    """Return a line of the key for columns that are not drawn, if there are any."""
    return [Key(f"{n_columns} less important columns are not drawn")] if n_columns else []


def column_figure(
    title: str,
    names: Sequence[str],
    row: float,
    heads: Sequence[str],
    key: Sequence[Key],
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a row for each name. The y positions are 0, 1, 2, … from the top.

    Parameters
    ----------
    title : str
        The title of the figure.
    names : sequence of str
        The names on the left. A name is cut if there is no room.
    row : float
        The height of a row in inches.
    heads : sequence of str
        The heading of each panel, which may have several lines.
    key : sequence of Key
        The lines of the key below the panels.

    Returns
    -------
    figure, panels : Figure and list of Axes
        The figure and its panels. The figure has no layout engine, because the sizes of the texts
        are known, and a layout engine would take longer than everything else.
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
