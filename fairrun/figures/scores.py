"""Draws the ROC curve and the calibration of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fairrun.figures.style import GREY, INK, PALETTE, TEXT, WIDTH, clean_axes, fit, new_figure
from fairrun.metrics import (
    CALIBRATION_BINS,
    AnyCounts,
    ScoreHistogram,
    WeightedScoreHistogram,
    divide,
    false_positive_rate,
    is_hidden_reason,
    normal_quantile,
    true_positive_rate,
    values_of,
    wilson_limits,
)
from fairrun.text import with_interval

__all__ = ["FEWEST_IN_A_BIN", "plot_calibration", "plot_roc"]

#: A bin with fewer rows has no point in the calibration plot.
FEWEST_IN_A_BIN = 10

_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_MARKERS = "osD^v"
#: The largest number of groups in a panel, and of panels. More would not be legible.
_MOST_GROUPS = 5
_MOST_COLUMNS = 3

#: In inches: the side of a panel, the texts around it, a line of text.
_SIDE, _TITLE, _ABOVE, _BELOW, _LEFT, _LINE = 2.2, 0.5, 0.4, 0.62, 0.95, 0.2
#: The largest number of characters in a line of a group's name.
_NAME = 24

_Array = NDArray[np.float64]
#: The scores of rows, weighted or not.
Histogram = ScoreHistogram | WeightedScoreHistogram


def plot_roc(scores: Histogram, counts: AnyCounts, rates: pd.DataFrame) -> Figure:
    """Draw the ROC curve of each group, and the model's decisions as points.

    Parameters
    ----------
    scores : ScoreHistogram or WeightedScoreHistogram
        The scores of the rows before any decision.
    counts : Counts or WeightedCounts
        The counts of the model's predictions on the same rows.
    rates : DataFrame
        The table `Audit.rates`, which has the area under the curve of each group.

    Returns
    -------
    Figure
        One panel for each protected column. The point of a group is the true and the false positive
        rate of its decisions. If the point is not on the curve, the decisions depend on more than
        one threshold.
    """
    figure, panels = _panels(scores, "ROC curve and decisions by group", rates)
    for ax, (name, groups, n_left_out) in panels:
        grouping = values_of(scores.columns, name)
        tables, _, _ = scores.moments_of(grouping.take(groups))
        decisions = counts.tables_of(grouping.take(groups))
        # The sum from the highest score down is the number selected by a threshold at this bin.
        selected = np.cumsum(tables[..., ::-1], axis=-1)
        shares = divide(selected, selected[..., -1:])
        points = false_positive_rate(decisions), true_positive_rate(decisions)
        for i, (false_positive, true_positive) in enumerate(shares):
            x, y = (np.append(0.0, line) for line in (false_positive, true_positive))
            turns = np.append(True, (np.diff(x) > 0) | (np.diff(y) > 0))
            ax.plot(x[turns], y[turns], linestyle=_LINES[i], color=PALETTE[i], linewidth=2)
            _mark(ax, i, points[0][i], points[1][i])
        _finish(ax, name, "false positive rate", "true positive rate", n_left_out)
        _name_groups(ax, [grouping.groups[i] for i in groups], name, "roc_auc", "AUC", rates)
    return figure


def plot_calibration(scores: Histogram, rates: pd.DataFrame) -> Figure:
    """Draw the share of label 1 against the mean score of each group, in bins of the score.

    Parameters
    ----------
    scores : ScoreHistogram or WeightedScoreHistogram
        The scores of the rows before any decision.
    rates : DataFrame
        The table `Audit.rates`, which has the calibration in the large of each group: its mean
        score minus its share of label 1.

    Returns
    -------
    Figure
        One panel for each protected column, with Wilson's 95 % intervals. Bins with fewer than
        `FEWEST_IN_A_BIN` rows are left out.
    """
    figure, panels = _panels(scores, "Calibration by group, with 95 % intervals", rates)
    n_bins = scores.n_bins
    middle = (np.arange(n_bins) + 0.5) / n_bins
    for ax, (name, groups, n_left_out) in panels:
        grouping = values_of(scores.columns, name)
        tables, squares, rows = scores.moments_of(grouping.take(groups))
        both = tables.sum(axis=-2)
        n, total, positive, of_squares, n_rows = (
            table.reshape(-1, CALIBRATION_BINS, n_bins // CALIBRATION_BINS).sum(axis=-1)
            for table in (both, both * middle, tables[:, 1], squares.sum(-2), rows.sum(-2))
        )
        x, y = divide(total, n), divide(positive, n)
        # Kish's effective number of rows; for unweighted rows it is their number.
        effective = n if scores.table.dtype == np.int64 else np.nan_to_num(divide(n**2, of_squares))
        low, high = wilson_limits(y, effective, normal_quantile(0.95))
        for i, enough in enumerate((n_rows >= FEWEST_IN_A_BIN) & (n > 0)):
            color = PALETTE[i]
            ax.plot(x[i, enough], y[i, enough], linestyle=_LINES[i], color=color, linewidth=1.5)
            ax.vlines(x[i, enough], low[i, enough], high[i, enough], color=color, linewidth=1.5)
            _mark(ax, i, x[i, enough], y[i, enough])
        _finish(ax, name, "mean score", "share of label 1", n_left_out)
        names = [grouping.groups[i] for i in groups]
        _name_groups(ax, names, name, "calibration_in_the_large", "gap", rates)
    return figure


def _panels(
    scores: Histogram, title: str, rates: pd.DataFrame
) -> tuple[Figure, Iterator[tuple[Axes, tuple[str, list[int], int]]]]:
    """Return a figure, and for each of the first protected columns a panel and its content.

    The content is the name of the column, the indices of its largest groups, and the number of
    groups left out. Groups whose area under the curve must not be shown are no part of it.
    """
    of_scores = rates[rates["metric"] == "roc_auc"]
    is_hidden = of_scores["reason"].map(is_hidden_reason).to_numpy(dtype=bool)
    hidden = {*map(tuple, of_scores.loc[is_hidden, ["protected", "group"]].to_numpy())}
    contents, heights = [], []
    for column in scores.columns[:_MOST_COLUMNS]:
        grouping = values_of(scores.columns, column.name)
        sizes = scores.moments_of(grouping)[0].sum(axis=(-2, -1))
        drawn = [(column.name, group) not in hidden for group in grouping.groups]
        sizes = np.where(drawn, sizes, 0)
        order = np.argsort(-sizes, kind="stable")[: min(_MOST_GROUPS, (sizes > 0).sum())]
        groups = sorted(order.tolist())
        contents.append((column.name, groups, int((sizes > 0).sum()) - len(groups)))
        names = sum(_room(grouping.groups[i]) for i in groups)
        heights.append(_ABOVE + max(_SIDE + _BELOW, names))
    height = _TITLE + sum(heights)
    figure = new_figure(height, title)
    # The positions of the panels are known, and a layout engine would take a while.
    figure.set_layout_engine("none")
    bottoms = height - _TITLE - np.cumsum([0, *heights[:-1]]) - _ABOVE - _SIDE
    places = [(_LEFT / WIDTH, y / height, _SIDE / WIDTH, _SIDE / height) for y in bottoms]
    return figure, zip(map(figure.add_axes, places), contents, strict=True)


def _room(group: str) -> float:
    """Return the height in inches of a group's name and value next to a panel."""
    return 0.12 + _LINE * (2 + fit(group, _NAME).count("\n"))


def _mark(ax: Axes, i: int, x: float | _Array, y: float | _Array) -> None:
    ax.plot(x, y, _MARKERS[i], color=PALETTE[i], mec=INK, markersize=8, zorder=3 + i)


def _finish(ax: Axes, name: str, x: str, y: str, n_left_out: int) -> None:
    """Give both axes the same scale from 0 to 1, and draw the diagonal."""
    clean_axes(ax)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, zorder=1)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ticks, texts = (0, 0.5, 1), ("0%", "50%", "100%")
    ax.set_xticks(ticks, texts)
    ax.set_yticks(ticks, texts)
    ax.set_xlabel(x, **TEXT)
    ax.set_ylabel(y, **TEXT)
    more = f": the {_MOST_GROUPS} largest groups" if n_left_out else ""
    ax.set_title(fit(name + more, 32), y=1.0, loc="left", **TEXT | {"fontweight": "bold"})


def _name_groups(
    ax: Axes, groups: list[str], protected: str, metric: str, title: str, rates: pd.DataFrame
) -> None:
    """Write each group's line style, name and value to the right of the panel."""
    about = (rates["protected"] == protected) & (rates["metric"] == metric)
    found = {
        row["group"]: (row["value"], row["ci_low"], row["ci_high"])
        for row in rates[about].to_dict("records")
    }
    rooms = [_room(group) / _SIDE for group in groups]
    top = min(1.0, 0.5 + sum(rooms) / 2)
    middles = top - np.cumsum(rooms) + np.array(rooms) / 2
    for i, (group, y) in enumerate(zip(groups, middles.tolist(), strict=True)):
        value, low, high = found[group]
        number = with_interval(value, low, high, 2) if np.isfinite(low) else f"{value:.3f}"
        number = "undefined" if np.isnan(value) else number
        where: dict[str, Any] = {
            "transform": ax.transAxes,
            "clip_on": False,
            "color": PALETTE[i],
        }
        ax.plot([1.06, 1.22], [y, y], linestyle=_LINES[i], linewidth=2, **where)
        ax.plot([1.14], [y], _MARKERS[i], mec=INK, markersize=8, **where)
        words = f"{fit(group, _NAME)}\n{title} {number}"
        ax.text(1.27, y, words, transform=ax.transAxes, va="center", **TEXT)
