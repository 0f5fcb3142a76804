"""Draws the importance of each column, over all rows and in each group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.explanations import ALL
from fairrun.figures.column_figure import MOST_COLUMNS, Key, column_figure, left_out
from fairrun.figures.style import BAND, INK, PALETTE, TEXT
from fairrun.metrics import normal_quantile

__all__ = ["plot_column_importance"]

_MARKERS = "os"


def plot_column_importance(
    importance: pd.DataFrame, protected: str, groups: tuple[str, str]
) -> Figure:
    """Draw the mean size of each column's contributions, over all rows and in each group.

    Parameters
    ----------
    importance : DataFrame
        The table `Overview.importance`.
    protected : str
        The protected column.
    groups : tuple of (str, str)
        The names of group_a and group_b.

    Returns
    -------
    Figure
        A bar for all rows, and a marker with its 95 % interval for each group. If there are many
        columns, the least important ones are left out and counted.
    """
    everybody = importance[importance["group"] == ALL]
    names = everybody["column"].tolist()[:MOST_COLUMNS]
    n_explained = importance.groupby("group")["n_explained"].first()
    key = [Key(f"{n_explained[ALL]:,} rows explained: all groups", "s", BAND)]
    key += [
        Key(f"{n_explained[group]:,} rows explained: {protected} {group}", marker, color, INK)
        for group, marker, color in zip(groups, _MARKERS, PALETTE, strict=False)
    ]
    key += left_out(len(everybody) - len(names))
    figure, (ax,) = column_figure("Importance of each column", names, 0.36, [""], key)
    places = np.arange(len(names))
    ax.barh(places, everybody["importance"].to_numpy()[: len(names)], 0.8, color=BAND)
    highest = float(everybody["importance"].max())
    z = normal_quantile(0.95)
    for group, offset, color, marker in zip(groups, (-0.18, 0.18), PALETTE, _MARKERS, strict=False):
        own = importance[importance["group"] == group].set_index("column").loc[names]
        value, half = own["importance"].to_numpy(), z * own["standard_error"].to_numpy()
        ax.hlines(places + offset, value - half, value + half, color=color, linewidth=2.5)
        style: dict[str, Any] = {
            "color": color,
            "markeredgecolor": INK,
            "markersize": 7,
            "clip_on": False,
        }
        ax.plot(value, places + offset, marker, zorder=3, **style)
        highest = max(highest, *np.nan_to_num(value + half).tolist())
    ax.set_xlim(0, 1.05 * highest or 1.0)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set_xlabel("mean size of the contribution, log-odds", **TEXT)
    return figure
