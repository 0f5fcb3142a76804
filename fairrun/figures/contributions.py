"""Draws the distribution of contributions as histograms, coloured by the values of the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fairrun.explanations import FEWEST
from fairrun.figures.column_figure import Key, column_figure, left_out
from fairrun.figures.style import GREY, PALETTE, TEXT

__all__ = ["plot_contributions"]

_MOST_COLUMNS = 12
#: The colours of the lowest, middle and highest values, and of text, which has no order.
_LOW, _MIDDLE, _HIGH, _TEXT = PALETTE[0], "#d9d9d9", PALETTE[3], GREY
#: The number of shades is small, because a picture has only 64 colours.
_SHADES = 9


def plot_contributions(contributions: pd.DataFrame, n_explained: int) -> Figure:
    """Draw the distribution of each column's contributions, coloured by the column's values.

    The strips are as wide as the share of rows in a bin. A beeswarm would draw a point for each
    row, so it would publish rows. Bins with few rows are not drawn for the same reason.

    Parameters
    ----------
    contributions : DataFrame
        The table `Overview.contributions`.
    n_explained : int
        The number of explained rows.

    Returns
    -------
    Figure
        One strip per column; the widest places of all strips are equally wide. Contributions on the
        right of the line favour label 1. If there are many columns, the least important ones are
        left out.
    """
    every = list(dict.fromkeys(contributions["column"]))
    names = every[:_MOST_COLUMNS]
    key = [
        Key("low values of the column", "s", _LOW),
        Key("high values of the column", "s", _HIGH),
        Key("text column, whose values have no order", "s", _TEXT),
        Key(f"{n_explained:,} rows explained; bins with fewer than {FEWEST} are not drawn,"),
        Key("and the outermost bins include everything beyond them"),
    ]
    key += left_out(len(every) - len(names))
    figure, (ax,) = column_figure("Contributions of each column", names, 0.46, [""], key)
    for place, name in enumerate(names):
        own = contributions[contributions["column"] == name]
        half = 0.42 * np.sqrt(own["share"].to_numpy() / own["share"].max())
        ax.bar(
            own["low"],
            2 * half,
            own["high"] - own["low"],
            bottom=place - half,
            align="edge",
            color=_shades(own["value_rank"].to_numpy()),
            zorder=2,
        )
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel("contribution, log-odds", **TEXT)
    return figure


def _shades(ranks: NDArray[np.float64]) -> list[tuple[float, ...]]:
    """Return the colour of each mean rank. NaN gets the colour of text."""
    low, middle, high, text = (np.array(to_rgb(color)) for color in (_LOW, _MIDDLE, _HIGH, _TEXT))
    colors = []
    for rank in np.round(ranks * (_SHADES - 1)) / (_SHADES - 1):
        if np.isnan(rank):
            color = text
        else:
            far = 2 * rank - 1
            color = middle + abs(far) * ((high if far > 0 else low) - middle)
        colors.append(tuple(color.tolist()))
    return colors
