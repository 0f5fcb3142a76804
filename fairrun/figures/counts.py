"""Draws the labels of a data set and the confusion matrices of a model, by group."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from fairrun.figures.style import GREY, INK, PALETTE, TEXT, TEXT_SIZE, clean_axes, new_figure, wrap

__all__ = ["plot_confusion_matrices", "plot_label_group_counts"]

_SPLITS = ("train", "validation", "test")


def plot_label_group_counts(table: pd.DataFrame) -> Figure:
    """Draw the number of rows of each split, group and label.

    Parameters
    ----------
    table : DataFrame
        One row per split, group and label; columns split ("train", "validation" or "test"), group,
        label (text), count (rows) and share (of the rows of the split, 0 to 1). A combination that
        is not in the table counts 0. An optional column instead has the words for numbers that are
        missing because they must not be shown.

    Returns
    -------
    Figure
        One panel per split in `table`. The length of a bar is the share, so that panels can be
        compared. The count and the share are next to the bar.
    """
    splits = [split for split in _SPLITS if split in set(table["split"])]
    groups, labels = list(table["group"].unique()), list(table["label"].unique())
    keys = ["split", "group", "label"]
    every = pd.MultiIndex.from_product([splits, groups, labels], names=keys)
    cells = table.set_index(keys)[["count", "share"]].reindex(every, fill_value=0)
    words = table.get("instead", pd.Series("", table.index))
    words = words.set_axis(pd.MultiIndex.from_frame(table[keys]))
    words = words.reindex(every, fill_value="")

    height = 1.4 + len(splits) * (0.4 + 0.28 * len(groups) * len(labels))
    figure = new_figure(height, "Labels by group and split")
    panels = figure.subplots(len(splits), sharex=True, sharey=True, squeeze=False)[:, 0]
    for ax, split in zip(panels, splits, strict=True):
        clean_axes(ax)
        ax.set_title(
            f"{split}: {cells.loc[split]['count'].sum():,} rows"
            + (" are shown" if any(words.xs(split, level="split")) else ""),
            loc="left",
            **TEXT | {"fontweight": "bold"},
        )
        for i, label in enumerate(labels):
            rows = cells.xs((split, label), level=("split", "label"))
            place = np.arange(len(groups)) + 0.8 * ((i + 0.5) / len(labels) - 0.5)
            shares = rows["share"].fillna(0.0)
            bars = ax.barh(place, shares, 0.8 / len(labels), color=PALETTE[i])
            said = words.xs((split, label), level=("split", "label"))
            texts = [
                word or f"{count:,} ({share:.1%})"
                for word, count, share in zip(said, rows["count"], shares, strict=True)
            ]
            ax.bar_label(bars, texts, padding=4, **TEXT)
    panels[0].set_yticks(range(len(groups)), [wrap(str(group), 20) for group in groups], **TEXT)
    panels[0].set_ylim(len(groups) - 0.5, -0.5)
    most = cells["share"].fillna(0).max()  # a share that is not shown is NaN
    panels[0].set_xlim(0, 1.6 * (most or 1))  # leaves room for the texts
    panels[-1].xaxis.set_major_locator(MaxNLocator(5))
    panels[-1].xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panels[-1].set_xlabel("share of the rows of the split", **TEXT)
    legend = figure.legend(
        [Patch(color=color) for color in PALETTE[: len(labels)]],
        labels,
        loc="outside lower center",
        ncols=len(labels),
        fontsize=TEXT_SIZE,
        frameon=False,
    )
    for text in legend.get_texts():
        text.update(TEXT)
    return figure


def plot_confusion_matrices(table: pd.DataFrame) -> Figure:
    """Draw one confusion matrix per group: actual label by predicted label.

    Parameters
    ----------
    table : DataFrame
        One row per group; columns group, n (rows), true_negatives, false_positives,
        false_negatives, true_positives (rows), selection_rate, true_positive_rate and
        false_positive_rate (0 to 1, NaN if undefined). Of weighted rows, these are sums of weights,
        of type float. An optional column reason says why the numbers of a group are not shown.

    Returns
    -------
    Figure
        One panel per group. A cell shows the count and its share of the rows with the same actual
        label. The share is also the shade of the cell. A group without rows has an empty panel with
        a note.
    """
    n_columns = min(2, len(table))
    n_rows = math.ceil(len(table) / n_columns)
    figure = new_figure(0.5 + 3.4 * n_rows, "Confusion matrix by group")
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax, row in zip(panels.flat, table.to_dict("records"), strict=False):
        _draw_confusion_matrix(ax, row)
    for ax in panels.flat[len(table) :]:
        ax.remove()
    return figure


def _draw_confusion_matrix(ax: Axes, row: dict[Any, Any]) -> None:
    clean_axes(ax)
    ax.set_xlabel("predicted", **TEXT)
    ax.set_ylabel("actual", **TEXT)
    ax.set_xticks((0, 1), ("negative", "positive"), **TEXT)
    ax.set_yticks((0, 1), ("negative", "positive"), rotation=90, va="center", **TEXT)
    ax.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5))
    ax.tick_params(length=0)
    size = "weight" if isinstance(row["n"], float) else "n"
    amount = "" if pd.isna(row["n"]) else f", {size}\xa0=\xa0{_count_text(row['n'])}"
    title = wrap(f"{row['group']}{amount}", 24)
    if row.get("reason"):
        ax.set_title(title, **TEXT)
        words = wrap(row["reason"], 24)
        ax.text(0.5, 0.5, words, ha="center", va="center", **TEXT | {"color": GREY})
        return
    if row["n"] == 0:
        ax.set_title(title, **TEXT)
        ax.text(0.5, 0.5, "no rows", ha="center", va="center", **TEXT | {"color": GREY})
        return
    rates = ("selection_rate", "true_positive_rate", "false_positive_rate")
    lines = [f"{rate.replace('_', ' ')} {_rate_text(row[rate])}" for rate in rates]
    ax.set_title("\n".join([title, *lines]), **TEXT)

    counts = np.array(
        [
            [row["true_negatives"], row["false_positives"]],
            [row["false_negatives"], row["true_positives"]],
        ]
    )
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full((2, 2), np.nan), where=totals > 0)
    shades = colormaps["Blues"](np.nan_to_num(shares))
    for (i, j), count in np.ndenumerate(counts):
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color=shades[i, j], linewidth=0))
        color = "white" if _luminance(shades[i, j]) < 0.179 else INK
        text = f"{_count_text(count)}\n{_rate_text(shares[i, j])}"
        ax.text(j, i, text, ha="center", va="center", **TEXT | {"color": color, "fontsize": 14})


def _count_text(count: float) -> str:
    """Return a number of rows, or a sum of weights with one decimal if it is below 1,000."""
    return f"{count:,.1f}" if count % 1 and count < 1000 else f"{count:,.0f}"


def _rate_text(rate: float) -> str:
    return "undefined" if np.isnan(rate) else f"{rate:.1%}"


def _luminance(color: NDArray[np.float64]) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.2).

    Black text is legible on colours above 0.179.
    """
    channels = color[:3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
