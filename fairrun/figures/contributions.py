"""Where contributions lie and which values have them: histograms in place of a beeswarm."""

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
#: From the lowest values to the highest, and for text, which has no order.
_LOW, _MIDDLE, _HIGH, _TEXT = PALETTE[0], "#d9d9d9", PALETTE[3], GREY
#: A picture has 64 colours in all.
_SHADES = 9


def plot_contributions(contributions: pd.DataFrame, n_explained: int) -> Figure:
    """Plot how each column's contributions are distributed, coloured by the values that have them.

    A beeswarm would draw a point for each row. These strips are as wide as the share of rows that a
    bin holds: bins with few rows are not drawn, and no row can be told.

    Parameters
    ----------
    contributions : DataFrame
        As in `Overview.contributions`.
    n_explained : int
        How many rows were explained.

    Returns
    -------
    Figure
        One strip a column, the widest of each equally wide; on the right of the line what speaks
        for the favourable label. Columns that contribute least are left out if there are many.
    """
    every = list(dict.fromkeys(contributions["column"]))
    names = every[:_MOST_COLUMNS]
    key = [
        Key("low values of the column", "s", _LOW),
        Key("high values", "s", _HIGH),
        Key("text, which has no order", "s", _TEXT),
        Key(f"{n_explained:,} rows explained; bins with fewer than {FEWEST} are not drawn,"),
        Key("and the outer ones hold what lies beyond"),
    ]
    key += left_out(len(every) - len(names))
    figure, (ax,) = column_figure("How columns move scores", names, 0.46, [""], key)
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
    """Give each mean rank its colour, and what has none that of text."""
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
