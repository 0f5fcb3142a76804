"""Defines the style of all figures.

All figures are `WIDTH` inches wide and differ only in height. No text is smaller than `TEXT_SIZE`
points, so that a letter is ten pixels high in a thumbnail of 400 pixels. Each artist gets its
colours and sizes directly. matplotlib's global settings are neither changed nor used, because they
would affect other figures and threads, and because a notebook may have a dark theme.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from fairrun.text import shortened

__all__ = [
    "BAND",
    "GREY",
    "INK",
    "PALETTE",
    "TEXT",
    "TEXT_SIZE",
    "clean_axes",
    "cut",
    "draw_interval",
    "fit",
    "lay_out",
    "new_figure",
    "to_png",
    "wrap",
]

WIDTH = 6.5
DPI = 150
TEXT_SIZE = 12.0
#: The longest text in a figure, over all its lines.
_LONGEST = 200

INK = "#000000"
GREY = "#595959"
BAND = "#e6e6e6"

#: Okabe and Ito's colours without black, because text and reference points are black
#: (M. Okabe and K. Ito, Color Universal Design, 2008).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")

#: Properties of all text. Group names and labels are data, so "$" must not start a formula.
TEXT: dict[str, Any] = {"fontsize": TEXT_SIZE, "color": INK, "parse_math": False}


def new_figure(height: float, title: str) -> Figure:
    """Return an empty white figure of the common width, `height` inches high, with its title."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(wrap(title, 48), **TEXT | {"fontsize": TEXT_SIZE + 2, "fontweight": "bold"})
    return figure


def lay_out(figure: Figure) -> None:
    """Give the axes of a figure of `new_figure` their final size.

    Saving would do this as well, but it would then draw everything twice.
    """
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")


def to_png(figure: Figure) -> bytes:
    """Return a figure of `new_figure` as PNG, with a palette of at most 64 colours.

    This takes half the time of `savefig`, which draws twice, and gives a third of the bytes.
    """
    lay_out(figure)
    canvas: Any = figure.canvas
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    picture = picture.quantize(64, Image.Quantize.FASTOCTREE)
    # A colour of the palette is a mean. White mixed with the edges of letters gives 254, not 255.
    picture.putpalette([255 if part >= 250 else part for part in picture.getpalette() or ()])
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def clean_axes(ax: Axes) -> None:
    """Give `ax` a white background, two thin spines and legible ticks."""
    ax.set_facecolor("white")
    ax.grid(visible=False)
    ax.tick_params(labelsize=TEXT_SIZE, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)


def draw_interval(
    ax: Axes, x: Sequence[float], y: Sequence[float], color: str, zorder: float = 2
) -> None:
    """Draw an interval as a line with a cap at each end, so that it does not look like a grid.

    Parameters
    ----------
    ax : Axes
        The axes.
    x, y : sequence of float, length 2
        The ends of the interval; both are the same on one of the axes.
    color : str
        The colour.
    zorder : float
        The layer.
    """
    cap = "_" if x[0] == x[1] else "|"
    ax.plot(
        x,
        y,
        color=color,
        linewidth=2,
        marker=cap,
        markersize=8,
        markeredgewidth=2,
        zorder=zorder,
    )


def wrap(text: str, width: int) -> str:
    """Break `text` into lines of at most `width` characters.

    Lines break at spaces or, if there are none, before "+". A single longer word is not broken.

    Examples
    --------
    >>> print(wrap("reweighing+group_thresholds", 20))
    reweighing
    +group_thresholds
    """
    text = shortened(text, _LONGEST)
    if " " not in text:
        return wrap(text.replace("+", " +"), width).replace(" +", "+") if "+" in text else text
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def fit(text: str, width: int) -> str:
    """Break `text` as `wrap` does, and cut lines that are still too long.

    Examples
    --------
    >>> print(fit("a word_that_is_longer_than_a_line", 18))
    a
    word_that_is_long…
    """
    return "\n".join(cut(line, width) for line in wrap(text, width).split("\n"))


def cut(text: str, width: int) -> str:
    """Cut `text` to one line of `width` characters.

    Examples
    --------
    >>> cut("Married-civ-spouse", 12)
    'Married-civ…'
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
