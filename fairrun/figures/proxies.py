"""Draws how well each column tells the groups apart, and what it contributes to the score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fairrun.explanations import TOGETHER
from fairrun.figures.column_figure import MOST_COLUMNS, Key, column_figure, left_out
from fairrun.figures.style import GREY, INK, PALETTE, cut
from fairrun.metrics import normal_quantile

__all__ = ["plot_proxies"]


def plot_proxies(proxies: pd.DataFrame, protected: str, groups: tuple[str, str]) -> Figure:
    """Draw how well each column tells the groups apart, and what it contributes to the score.

    Parameters
    ----------
    proxies : DataFrame
        The table `Overview.proxies`.
    protected : str
        The protected column.
    groups : tuple of (str, str)
        The names of group_a and group_b.

    Returns
    -------
    Figure
        Three panels: the importance; the area under the ROC curve if the column is used to tell
        group_a from group_b, with its 95 % interval and a line at chance; and the mean contribution
        in group_a minus that in group_b, with its 95 % interval.
    """
    features = proxies[proxies["column"] != TOGETHER]
    names = features["column"].tolist()[:MOST_COLUMNS]
    shown = pd.concat([features.head(MOST_COLUMNS), proxies[proxies["column"] == TOGETHER]])
    a, b = groups
    key = [
        Key("mean size of the contribution, log-odds", "s", PALETTE[0], INK),
        Key(f"area under the ROC curve of {a} against {b}; 0.5 is chance", "o", PALETTE[3], INK),
        Key(f"mean contribution for {a} minus that for {b}, log-odds", "D", PALETTE[2], INK),
    ]
    key += left_out(len(features) - len(names))
    figure, (left, middle, right) = column_figure(
        cut(f"Proxies of {protected}", 44),
        [*names, "all together"],
        0.34,
        ["importance", "tells groups\napart", "contribution\na − b"],
        key,
    )
    places, z = np.arange(len(shown)), normal_quantile(0.95)
    left.barh(places, shown["importance"], 0.7, color=PALETTE[0], edgecolor=INK, linewidth=0.6)
    left.set_xlim(0, None)
    middle.axvline(0.5, color=GREY, linestyle=":", linewidth=1)
    middle.hlines(
        places, shown["roc_auc_ci_low"], shown["roc_auc_ci_high"], color=PALETTE[3], linewidth=2.5
    )
    middle.plot(shown["roc_auc"], places, "o", color=PALETTE[3], markeredgecolor=INK, markersize=7)
    middle.set_xlim(min(0.42, float(shown["roc_auc_ci_low"].min()) - 0.03), 1.03)
    middle.set_xticks([0.5, 0.75, 1.0], ["0.5", "0.75", "1"])
    right.axvline(0, color=GREY, linestyle=":", linewidth=1)
    half = z * shown["difference_error"]
    low, high = shown["difference"] - half, shown["difference"] + half
    right.hlines(places, low, high, color=PALETTE[2], linewidth=2.5)
    right.plot(
        shown["difference"], places, "D", color=PALETTE[2], markeredgecolor=INK, markersize=6
    )
    right.margins(x=0.12)
    for ax in (left, right):
        ax.xaxis.set_major_locator(MaxNLocator(2))
    return figure
