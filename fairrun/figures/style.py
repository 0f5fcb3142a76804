"""The look of every figure, in one place.

All figures are `WIDTH` inches wide and grow downwards only, and no text is smaller than
`TEXT_SIZE` points: scaled down to a thumbnail of 400 pixels, a letter is still ten pixels high.
Colours and sizes are given to each artist rather than to matplotlib's global settings, so nothing
leaks into another figure or thread, and a notebook's dark theme does not leak in.
"""

from __future__ import annotations

import io
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

__all__ = [
    "BAND",
    "GREY",
    "INK",
    "PALETTE",
    "TEXT",
    "TEXT_SIZE",
    "clean_axes",
    "cut",
    "fit",
    "lay_out",
    "new_figure",
    "to_png",
    "wrap",
]

WIDTH = 6.5
DPI = 150
TEXT_SIZE = 12.0

INK = "#000000"
GREY = "#595959"
BAND = "#e6e6e6"

#: Okabe and Ito's colours without their black, which is kept for text and for reference points
#: (M. Okabe and K. Ito, Color Universal Design, 2008).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")

#: Properties of all text. Group names and labels are data: "$" in them starts no formula.
TEXT: dict[str, Any] = {"fontsize": TEXT_SIZE, "color": INK, "parse_math": False}


def new_figure(height: float, title: str) -> Figure:
    """Return an empty white figure of the common width, `height` inches high, with its title."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(wrap(title, 48), **TEXT | {"fontsize": TEXT_SIZE + 2, "fontweight": "bold"})
    return figure


def lay_out(figure: Figure) -> None:
    """Give the axes of a figure of `new_figure` their final size, which saving would do as well.

    Saving draws everything twice, if it has to lay out: once for that, and once for the picture.
    """
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")


def to_png(figure: Figure) -> bytes:
    """Draw a figure of `new_figure` and write it as PNG, with a palette of at most 64 colours.

    Half the work of `savefig`, which draws twice, and a third of the bytes.
    """
    lay_out(figure)
    canvas: Any = figure.canvas
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    picture = picture.quantize(64, Image.Quantize.FASTOCTREE)
    # A colour of the palette is a mean: of the white ground and of letters' edges 254.
    picture.putpalette([255 if part >= 250 else part for part in picture.getpalette() or ()])
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def clean_axes(ax: Axes) -> None:
    """Give `ax` a white ground, two thin spines and legible ticks."""
    ax.set_facecolor("white")
    ax.grid(visible=False)
    ax.tick_params(labelsize=TEXT_SIZE, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)


def wrap(text: str, width: int) -> str:
    """Break `text` into lines of at most `width` characters: at spaces or, if none, before "+".

    A single word that is longer stays whole.

    Examples
    --------
    >>> print(wrap("reweighing+group_thresholds", 20))
    reweighing
    +group_thresholds
    """
    if " " not in text:
        return wrap(text.replace("+", " +"), width).replace(" +", "+") if "+" in text else text
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def fit(text: str, width: int) -> str:
    """Break `text` as `wrap` does, and cut what is longer still, where there is no more room.

    Examples
    --------
    >>> print(fit("a word_that_is_longer_than_a_line", 18))
    a
    word_that_is_long…
    """
    return "\n".join(cut(line, width) for line in wrap(text, width).split("\n"))


def cut(text: str, width: int) -> str:
    """Cut `text` where there is room for one line of `width` characters only.

    Examples
    --------
    >>> cut("Married-civ-spouse", 12)
    'Married-civ…'
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
