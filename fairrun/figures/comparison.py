"""Draws figures that compare mitigators: fairness against accuracy, and bars of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from fairrun.errors import RequestError
from fairrun.figures.labels import label_points
from fairrun.figures.style import (
    BAND,
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
from fairrun.metrics import BIAS_METRICS, BiasMetric

__all__ = ["metric_direction", "plot_fairness_accuracy", "plot_metric_bars", "ratio_ticks"]

#: The range of ratios that meet the four-fifths rule (29 CFR 1607.4 D), in either direction.
FOUR_FIFTHS = (0.8, 1.25)

#: The unmitigated model, with which the other mitigators are compared.
_UNMITIGATED = "none"
_MARKERS = "osD^vPX<>p"
#: Ticks of a ratio, the most important first. Ticks are added while there is room.
_RATIO_TICKS = (1, 0.8, 1.25, 2, 0.5, 4, 0.25, 3, 1.5, 10, 0.1, 6, 0.6, 100, 0.01, 1000, 0.001)

_Array = NDArray[np.float64]


#: The rate that a metric compares. The names of the two groups follow this text.
_QUANTITIES = {
    "disparate_impact": "selection rate",
    "statistical_parity": "selection rate",
    "equality_of_opportunity_difference": "true positive rate",
    "false_positive_rate_difference": "false positive rate",
    "average_odds_difference": "mean of true and false positive rate,",
    "accuracy_difference": "accuracy",
}


def plot_fairness_accuracy(
    table: pd.DataFrame, metric: str, group_a: str, group_b: str, title: str | None = None
) -> Figure:
    """Draw the accuracy of each mitigator against its fairness.

    A line marks parity. For the disparate impact, a band marks the four-fifths rule, 0.8 to 1.25.
    The mitigator "none" is a black star with a dotted line at its accuracy.

    Parameters
    ----------
    table : DataFrame
        One row per mitigator; columns mitigator, accuracy and `metric`. If it also has the limits
        of an interval (`accuracy_ci_low`, `accuracy_ci_high`, …), they are drawn.
    metric : {"disparate_impact", "statistical_parity"}
        The selection rate of group a divided by that of group b (on a log axis, where r and 1/r
        are equally far from 1), or the selection rate of group a minus that of group b.
    group_a, group_b : str
        Names of the privileged and of the unprivileged group.
    title : str, optional
        The title. The default is "Accuracy and <metric> by mitigator".

    Returns
    -------
    Figure
        A row that the axes cannot show (an undefined value, a ratio of 0 or infinity) is left out,
        and a note in the figure names it.

    Raises
    ------
    RequestError
        If `metric` is neither of the two.
    """
    allowed = ("disparate_impact", "statistical_parity")
    if metric not in allowed:
        raise RequestError(
            f"metric={metric!r} is not drawn against accuracy; give {' or '.join(allowed)}"
        )
    is_ratio = BIAS_METRICS[metric].kind == "ratio"
    names = [str(name) for name in table["mitigator"]]
    x, y = _numbers(table[metric]), _numbers(table["accuracy"])
    placed = _has_place(x, is_ratio)
    drawn = placed & np.isfinite(y)
    x_limits, y_limits = _intervals(table, metric, is_ratio), _intervals(table, "accuracy")

    words = metric.replace("_", " ")
    figure = new_figure(4.2 + 0.2 * len(names), title or f"Accuracy and {words} by mitigator")
    ax = figure.subplots()
    clean_axes(ax)
    ax.set_xlabel(_direction(metric, group_a, group_b, 52, f"{words}: "), **TEXT)
    ax.set_ylabel("accuracy (share of correct labels)", **TEXT)
    _scale_fairness(ax, _with_limits(x, x_limits, drawn), is_ratio)
    _scale_accuracy(ax, _with_limits(y, y_limits, drawn))
    notes = []
    if not np.isnan([*x_limits[drawn], *y_limits[drawn]]).all():
        notes.append("The bars are 95 % intervals.")
    if not drawn.all():
        reasons = np.where(placed, "accuracy\xa0undefined", [_value_text(value) for value in x])
        left_out = [f"{names[i]}\xa0({reasons[i]})" for i in np.flatnonzero(~drawn)]
        notes.append(wrap("Not drawn: " + ", ".join(left_out), 58))
    if notes:
        figure.supxlabel("\n".join(notes), x=0.01, ha="left", **TEXT | {"color": GREY})

    styles = zip(cycle(_MARKERS), cycle(PALETTE), strict=False)
    for i, (name, x_i, y_i, is_drawn) in enumerate(zip(names, x, y, drawn, strict=True)):
        unmitigated = name == _UNMITIGATED
        marker, color = ("*", INK) if unmitigated else next(styles)
        if is_drawn:
            size = 15**2 if unmitigated else 9**2
            if not np.isnan(x_limits[i]).any():
                draw_interval(ax, x_limits[i], [y_i, y_i], color)
            if not np.isnan(y_limits[i]).any():
                draw_interval(ax, [x_i, x_i], y_limits[i], color)
            ax.scatter(x_i, y_i, s=size, color=color, marker=marker, edgecolor=INK, zorder=3)
            if unmitigated:
                ax.axhline(y_i, color=GREY, linestyle=":", linewidth=1, zorder=1)

    lay_out(figure)  # the positions of the labels depend on the final size of the axes
    points = np.column_stack([x, y])[drawn]
    label_points(ax, points, [wrap(names[i], 26) for i in np.flatnonzero(drawn)], list(ax.lines))
    return figure


def plot_metric_bars(
    table: pd.DataFrame, metrics: Sequence[str], group_a: str, group_b: str
) -> Figure:
    """Draw one panel per metric with one bar per mitigator.

    For a metric that compares two groups, the bars begin at parity: at 1 for a ratio (on a log
    axis) and at 0 for a difference. A line marks parity, so a longer bar means a larger difference
    between the groups. The bars of other metrics begin at 0.

    Parameters
    ----------
    table : DataFrame
        One row per mitigator; columns mitigator and all of `metrics`. If it also has the limits of
        an interval (`accuracy_ci_low`, `accuracy_ci_high`, …), they are drawn.
    metrics : sequence of str
        The metric of each panel, row by row.
    group_a, group_b : str
        Names of the privileged and of the unprivileged group.

    Returns
    -------
    Figure
        The value is next to each bar. A value without a bar (undefined, infinite, a ratio of 0) is
        next to the line of parity.
    """
    names = [wrap(str(name), 20) for name in table["mitigator"]]
    bar_height = 0.18 + 0.14 * max(1 + name.count("\n") for name in names)
    n_columns = min(2, len(metrics))
    n_rows = math.ceil(len(metrics) / n_columns)
    figure = new_figure(0.5 + n_rows * (1.6 + bar_height * len(names)), "Metrics by mitigator")
    panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
    for ax, metric in zip(panels.flat, metrics, strict=False):
        clean_axes(ax)
        ax.spines["left"].set_visible(False)
        ax.set_title(wrap(metric.replace("_", " "), 18), **TEXT | {"fontweight": "bold"})
        if metric in _QUANTITIES:
            ax.set_xlabel(_direction(metric, group_a, group_b, 20), **TEXT)
        compares = BIAS_METRICS.get(metric)
        limits = _intervals(table, metric, compares is not None and compares.kind == "ratio")
        _draw_bars(ax, names, _numbers(table[metric]), limits, compares)
    panels[0, 0].set_yticks(range(len(names)), names, **TEXT)
    panels[0, 0].set_ylim(len(names) - 0.4, -0.6)
    for ax in panels.flat:
        ax.tick_params(axis="y", length=0)
    for ax in panels.flat[len(metrics) :]:
        ax.remove()
    return figure


def _numbers(column: pd.Series) -> _Array:
    """Return `column` as floats, missing values as NaN."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _has_place(values: _Array, is_ratio: bool) -> NDArray[np.bool_]:
    """Return which values an axis can show: finite values, and for a ratio only those above 0."""
    return np.isfinite(values) & ((values > 0) | (not is_ratio))


def _intervals(table: pd.DataFrame, metric: str, is_ratio: bool = False) -> _Array:
    """Return the limits of each row's interval, shape (n_rows, 2); NaN if there is none."""
    names = [f"{metric}_ci_low", f"{metric}_ci_high"]
    limits = table.reindex(columns=names).to_numpy(dtype=np.float64, na_value=np.nan)
    known = _has_place(limits, is_ratio).all(axis=1, keepdims=True)
    return np.where(known, limits, np.nan)


def _with_limits(values: _Array, limits: _Array, drawn: NDArray[np.bool_]) -> _Array:
    """Return all numbers that the axis must include."""
    numbers = np.append(values[drawn], limits[drawn])
    return numbers[~np.isnan(numbers)]


def metric_direction(metric: str, group_a: str, group_b: str) -> str:
    """Return what a metric compares, and the order of the groups.

    Parameters
    ----------
    metric : str
        A metric of `BIAS_METRICS`.
    group_a, group_b : str
        The names of the groups.

    Examples
    --------
    >>> metric_direction("disparate_impact", "Male", "Female")
    'selection rate Male / Female'
    """
    if metric not in _QUANTITIES:
        return f"{group_a} and {group_b}"
    return _direction(metric, group_a, group_b, 200)


def _direction(metric: str, group_a: str, group_b: str, width: int, before: str = "") -> str:
    """Return the compared rate and the order of the groups, in lines of `width` characters."""
    quantity = before + _QUANTITIES[metric]
    groups = f"{group_a} {'/' if BIAS_METRICS[metric].kind == 'ratio' else '−'} {group_b}"
    one_line = f"{quantity} {groups}"
    return one_line if len(one_line) <= width else f"{wrap(quantity, width)}\n{wrap(groups, width)}"


def _value_text(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:z.3f}".replace("-", "−")


def _limits(values: _Array, pads: tuple[float, float], is_ratio: bool) -> tuple[float, float]:
    """Return limits of an axis with margins, given as shares of the span of `values`.

    For a ratio, the span is that of the logarithms.
    """
    scaled = np.log(values) if is_ratio else values
    span = np.ptp(scaled) or 0.1
    low, high = scaled.min() - pads[0] * span, scaled.max() + pads[1] * span
    return (np.exp(low), np.exp(high)) if is_ratio else (low, high)


def _scale_fairness(ax: Axes, x: _Array, is_ratio: bool) -> None:
    """Scale the horizontal axis to the points and to parity, and draw the line and the band."""
    equal, text = (1, "parity and four-fifths band") if is_ratio else (0, "parity")
    marks = FOUR_FIFTHS if is_ratio else (equal,)
    low, high = _limits(np.append(x, marks), (0.15, 0.15), is_ratio)
    if is_ratio:
        ax.set_xscale("log")
        ticks = ratio_ticks(low, high)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.axvspan(*FOUR_FIFTHS, color=BAND, linewidth=0, zorder=0)
    ax.axvline(equal, color=INK, linewidth=1.2, zorder=1)
    ax.set_xlim(low, high)
    where = ax.get_xaxis_transform()
    ax.text(equal, 1.01, text, transform=where, ha="center", va="bottom", **TEXT)


def ratio_ticks(low: float, high: float, room: float = 0.09) -> list[float]:
    """Return the ticks between `low` and `high` that are not too close to a more important tick.

    `room` is the smallest distance between two ticks, as a share of the axis.
    """
    room *= np.log(high / low)
    ticks: list[float] = []
    for tick in _RATIO_TICKS:
        if low <= tick <= high and all(abs(np.log(tick / other)) >= room for other in ticks):
            ticks.append(tick)
    return ticks


def _scale_accuracy(ax: Axes, y: _Array) -> None:
    """Scale the vertical axis to the points, with a span of 0.02 at least.

    With a smaller span, noise would look like a difference.
    """
    low, high = _limits(y, (0.2, 0.2), is_ratio=False) if len(y) else (0.0, 1.0)
    middle, reach = (low + high) / 2, max(high - low, 0.02) / 2
    ax.set_ylim(middle - reach, middle + reach)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.3f}"))


def _draw_bars(
    ax: Axes, names: Sequence[str], values: _Array, limits: _Array, compares: BiasMetric | None
) -> None:
    """Draw one bar per name from parity, or from 0, with its value next to it."""
    base = compares.reference if compares else 0
    is_ratio = compares is not None and compares.kind == "ratio"
    placed = _has_place(values, is_ratio)
    ends = np.where(placed, values, base)
    colors = [GREY if name == _UNMITIGATED else PALETTE[5] for name in names]
    ax.barh(range(len(names)), ends - base, left=base, height=0.7, color=colors)
    limits = np.where(placed[:, None], limits, np.nan)
    for row, (low, high) in enumerate(limits):
        if not np.isnan(low):
            draw_interval(ax, [low, high], [row, row], INK)
    if is_ratio:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    if compares:
        ax.axvline(base, color=INK, linewidth=1.2)
    ax.set_xticks([base], [str(base)])

    # Values are on the right of the bar, or of the line if the bar goes left. They need a margin.
    pad = 0.6 if placed.all() else 1.0
    reach = np.append(limits[~np.isnan(limits)], [*ends, base])
    ax.set_xlim(_limits(reach, (0.05, pad), is_ratio))
    right = np.fmax(limits[:, 1], np.maximum(ends, base))
    for row, value in enumerate(values):
        place = (right[row], row)
        ax.annotate(
            _value_text(value), place, (4, 0), textcoords="offset points", va="center", **TEXT
        )
