"""Draws the figures of a sweep: trials and frontier, parameters, importance of parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fairrun.figures.style import (
    GREY,
    INK,
    PALETTE,
    TEXT,
    clean_axes,
    draw_interval,
    lay_out,
    new_figure,
    wrap,
)

__all__ = ["MOST_BARS", "Axis", "plot_importance", "plot_parameters", "plot_sweep", "trial_styles"]

_UNMITIGATED = "none"
_MARKERS = "osD^vPX<>p"
_PEER_MARKERS = "dh8H*"
#: Trials far below this quantile of the vertical axis are left out, because they would leave little
#: room for the others.
_LEFT_OUT = 0.25
#: The intervals of at most this number of trials are drawn.
MOST_BARS = 6

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Attributes
    ----------
    key : str
        The column of the table. The limits of its interval are `<key>_low` and `<key>_high`.
    label : str
        The label of the axis.
    lower_is_better : bool
        Whether lower values are better.
    """

    key: str
    label: str
    lower_is_better: bool


def trial_styles(mitigators: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the marker and colour of each mitigator, the same in every figure of a sweep."""
    styles = zip(cycle(_MARKERS), cycle(PALETTE), strict=False)
    names = sorted(set(mitigators), key=lambda name: (name != _UNMITIGATED, name))
    return {name: ("*", INK) if name == _UNMITIGATED else next(styles) for name in names}


def plot_sweep(
    points: pd.DataFrame,
    axes: tuple[Axis, Axis],
    groups: tuple[str, ...],
    *,
    limit: float | None = None,
    peers: Mapping[str, pd.DataFrame] | None = None,
    title: str = "All trials and their frontier",
) -> Figure:
    """Draw all trials, the frontier with its intervals, the chosen and the unmitigated model.

    Parameters
    ----------
    points : pandas.DataFrame
        One row per trial: mitigator, frontier, chosen, and the column and limits of each axis.
    axes : tuple of (Axis, Axis)
        The vertical and the horizontal axis.
    groups : tuple of str
        The names of group_a and group_b; empty for the worst pair of several groups.
    limit : float, optional
        The threshold that the constraint sets for the horizontal axis.
    peers : mapping of str to DataFrame, optional
        Points of other methods by name, with the columns of the axes.
    title : str
        The title.

    Returns
    -------
    Figure
        Points far below the frontier on the vertical axis are left out. A note gives their number.
    """
    up, flat = axes
    styles = trial_styles(list(points["mitigator"]))
    peers = peers or {}
    figure = new_figure(5.6 + 0.24 * (len(styles) + len(peers) + 2), title)
    ax = figure.subplots()
    clean_axes(ax)
    lowest = _cut_off(points, up)
    left_out = sum(int((table[up.key] < lowest).sum()) for table in (points, *peers.values()))
    shown = points[points[up.key] >= lowest]
    for name, (marker, color) in styles.items():
        of_name = shown[shown["mitigator"] == name]
        for part, size, alpha in (
            (of_name[~of_name["frontier"]], 5.5, 0.4),
            (of_name[of_name["frontier"]], 8, 1.0),
        ):
            ax.scatter(
                part[flat.key],
                part[up.key],
                s=(size + 3 * (marker == "*")) ** 2,
                marker=marker,
                color=color,
                alpha=alpha,
                edgecolor=INK if alpha == 1 else "none",
                linewidth=0.8,
                zorder=3 + alpha,
            )
        ax.scatter([], [], s=8**2, marker=marker, color=color, edgecolor=INK, label=name)
    frontier = shown[shown["frontier"]].sort_values(flat.key)
    barred = _with_bars(frontier)
    _draw_intervals(ax, barred, axes)
    ax.step(
        frontier[flat.key],
        frontier[up.key],
        where="post" if flat.lower_is_better else "pre",
        color=GREY,
        linewidth=1.4,
        zorder=2,
        label="frontier (bars: 95 % intervals)",
    )
    for (name, table), marker in zip(peers.items(), cycle(_PEER_MARKERS), strict=False):
        near = table[table[up.key] >= lowest]
        ax.scatter(
            near[flat.key],
            near[up.key],
            s=8**2,
            marker=marker,
            facecolor="white",
            edgecolor=INK,
            linewidth=1.4,
            zorder=3.5,
            label=name,
        )
    _draw_unmitigated(ax, points, axes)
    chosen = points[points["chosen"]]
    ring: dict[str, Any] = {"facecolor": "none", "edgecolor": PALETTE[3], "linewidth": 2.4}
    ax.scatter(chosen[flat.key], chosen[up.key], s=19**2, zorder=6, **ring)
    ax.scatter([], [], s=11**2, label="chosen", **ring)
    if limit is not None:
        ax.axvline(limit, color=PALETTE[3], linewidth=1.4, linestyle="--", label="constraint")
    ax.set_ylabel(up.label, **TEXT)
    about = _about(flat, groups)
    if left_out:
        note = f"{left_out} points with {up.label} below {lowest:.3f} are not drawn"
        about = f"{about}\n{wrap(note, 56)}"
    if len(barred) < len(frontier):
        note = f"intervals of {len(barred)} of the {len(frontier)} trials on the frontier are drawn"
        about = f"{about}\n{wrap(note, 56)}"
    ax.set_xlabel(about, **TEXT)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_locator(MaxNLocator(6))
    _legend(figure, ax)
    lay_out(figure)
    return figure


def _cut_off(points: pd.DataFrame, up: Axis) -> float:
    """Return the value of the vertical axis below which trials are left out.

    Such trials would leave little room for the frontier.
    """
    kept = points[points["frontier"] | points["chosen"] | (points["mitigator"] == _UNMITIGATED)]
    values = [kept[up.key].min(), points[up.key].quantile(_LEFT_OUT)]
    best, low = float(points[up.key].max()), float(min(values))
    return low - 0.1 * (best - low) - 1e-9


def _about(axis: Axis, groups: tuple[str, ...]) -> str:
    better = "smaller" if axis.lower_is_better else "larger"
    between = f", {groups[0]} and {groups[1]}" if groups else ""
    return f"{wrap(axis.label + between, 56)}\n({better} is closer to parity)"


def _with_bars(frontier: pd.DataFrame) -> pd.DataFrame:
    """Return the trials whose intervals are drawn: the chosen one, and some along the frontier.

    The bars of all trials of a long frontier would look like a grid, and hide the points.
    """
    if len(frontier) <= MOST_BARS:
        return frontier
    places = np.linspace(0, len(frontier) - 1, MOST_BARS).round().astype(int)
    chosen = np.flatnonzero(frontier["chosen"])
    # The chosen trial takes the place of the nearest one, unless it is outside the frontier.
    for place in chosen[:1]:
        places[np.abs(places - place).argmin()] = place
    return frontier.iloc[places]


def _draw_intervals(ax: Axes, frontier: pd.DataFrame, axes: tuple[Axis, Axis]) -> None:
    up, flat = axes
    for row in frontier.to_dict("records"):
        color, zorder = (PALETTE[3], 2.8) if row["chosen"] else (GREY, 2.5)
        ends = [row[f"{flat.key}_low"], row[f"{flat.key}_high"]]
        draw_interval(ax, ends, [row[up.key]] * 2, color, zorder)
        ends = [row[f"{up.key}_low"], row[f"{up.key}_high"]]
        draw_interval(ax, [row[flat.key]] * 2, ends, color, zorder)


def _draw_unmitigated(ax: Axes, points: pd.DataFrame, axes: tuple[Axis, Axis]) -> None:
    """Draw a line at the best value of the unmitigated models."""
    up, _ = axes
    unmitigated = points[points["mitigator"] == _UNMITIGATED]
    if len(unmitigated):
        best = unmitigated[up.key].max()
        ax.axhline(
            best, color=INK, linestyle=":", linewidth=1.2, label="best unmitigated", zorder=1
        )


def _legend(figure: Figure, ax: Axes) -> None:
    legend = figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside lower left",
        ncols=2,
        fontsize=TEXT["fontsize"],
        frameon=False,
    )
    for words in legend.get_texts():
        words.set_color(INK)
        words.set_parse_math(False)


def plot_parameters(
    trials: pd.DataFrame,
    parameters: Sequence[str],
    axes: Sequence[Axis],
    logarithmic: Collection[str] = (),
) -> Figure:
    """Draw each trial as a line through its parameters and metrics (parallel coordinates).

    The axes are below each other: first the parameters, then the metrics. Each axis goes from the
    smallest value on the left to the largest on the right. If a parameter does not apply to a
    trial, the line passes beyond the right end of the axis. The colour gives the mitigator.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row per trial: mitigator, frontier, the parameters, and the columns of the axes.
    parameters : sequence of str
        The parameters to draw. Parameters with a single value are left out.
    axes : sequence of Axis
        The metrics.
    logarithmic : collection of str
        The parameters whose axis has a log scale.
    """
    tried = [n for n in parameters if n in trials]  # few trials may not have all
    drawn = [n for n in tried if n != "mitigator" and trials[n].nunique() > 1]
    names = [*drawn, *(axis.key for axis in axes)]
    labels = [*(_parameter_label(name) for name in drawn), *(axis.label for axis in axes)]
    styles = trial_styles(list(trials["mitigator"]))
    height = 1.4 + 0.85 * len(names) + 0.24 * len(styles)
    figure = new_figure(height, "Parameters and metrics of all trials")
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_ylim(len(names) - 0.3, -0.4)
    ax.set_xlim(-0.06, 1.14)
    readable = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    places = np.empty((len(trials), len(names)))
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        places[:, row], ticks = _place(trials[name], name in logarithmic)
        ax.plot([0, 1], [row, row], color=GREY, linewidth=1, zorder=1)
        bold = TEXT | {"fontweight": "bold", "bbox": readable, "zorder": 4}
        ax.text(0, row - 0.1, label, va="bottom", **bold)
        for place, text in ticks.items():
            ax.plot([place] * 2, [row - 0.06, row + 0.06], color=GREY, linewidth=1, zorder=1)
            grey = TEXT | {"color": GREY, "bbox": readable, "zorder": 4}
            ax.text(place, row + 0.1, text, ha="center", va="top", **grey)
    rows = np.arange(len(names))
    order = np.argsort(trials["frontier"].to_numpy(), kind="stable")
    for i in order:
        _, color = styles[str(trials["mitigator"].iloc[i])]
        kept = bool(trials["frontier"].iloc[i])
        ax.plot(
            places[i],
            rows,
            color=color,
            alpha=0.8 if kept else 0.2,
            linewidth=1.5 if kept else 0.8,
            zorder=3 if kept else 2,
        )
    for name, (_, color) in styles.items():
        ax.plot([], [], color=color, linewidth=3, label=name)
    ax.plot([], [], color=GREY, linewidth=0.8, alpha=0.5, label="pale: not on the frontier")
    ax.plot([], [], " ", label="far right: does not apply")
    _legend(figure, ax)
    lay_out(figure)
    return figure


def _parameter_label(name: str) -> str:
    owner, dot, own = name.rpartition(".")
    return f"{own} ({owner})" if dot else own


def _place(column: pd.Series[Any], log: bool) -> tuple[_Array, dict[float, str]]:
    """Return the positions of values on an axis from 0 to 1, and the texts of its ticks."""
    absent = column.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(column.dropna().infer_objects()):
        values = column.astype(np.float64).to_numpy()
        scaled = np.log(values) if log else values
        places = (scaled - np.nanmin(scaled)) / (np.nanmax(scaled) - np.nanmin(scaled) or 1.0)
        ends = (np.nanmin(values), np.nanmax(values))
        ticks = {float(end > ends[0]): f"{end:.3g}" for end in ends}
    else:
        words = sorted(column.dropna().astype(str).unique())
        at = {word: i / max(1, len(words) - 1) for i, word in enumerate(words)}
        places = np.array([at.get(str(value), 0.0) for value in column])
        ticks = {place: wrap(word, 14) for word, place in at.items()}
    return np.where(absent, 1.1, places), ticks


def plot_importance(importance: pd.DataFrame) -> Figure:
    """Draw the importance of each parameter for each objective.

    Parameters
    ----------
    importance : pandas.DataFrame
        One row for each parameter and objective: parameter, objective, share (of the variance) and
        n_trials.
    """
    names = list(dict.fromkeys(importance["parameter"]))
    objectives = list(dict.fromkeys(importance["objective"]))
    figure = new_figure(
        1.6 + len(names) * (0.28 + 0.22 * len(objectives)), "Importance of each parameter"
    )
    ax = figure.subplots()
    clean_axes(ax)
    height = 0.8 / len(objectives)
    for place, objective in enumerate(objectives):
        of = importance[importance["objective"] == objective].set_index("parameter")["share"]
        rows = np.arange(len(names)) + (place - (len(objectives) - 1) / 2) * height
        widths = [float(of.get(name, np.nan)) for name in names]
        ax.barh(rows, widths, height=height * 0.9, color=PALETTE[place], label=objective)
        for row, width in zip(rows, widths, strict=True):
            if np.isfinite(width):
                ax.text(width + 0.01, row, f"{width:.2f}", va="center", **TEXT)
    counts = importance.drop_duplicates("parameter").set_index("parameter")["n_trials"]
    ticks = [f"{wrap(name.replace('.', ' '), 22)}\n({counts[name]} trials)" for name in names]
    ax.set_yticks(range(len(names)), ticks, **TEXT)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0, 1.15)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    text = "share of the variance (fANOVA) among trials with this parameter"
    ax.set_xlabel(wrap(text, 40), **TEXT)
    _legend(figure, ax)
    lay_out(figure)
    return figure
