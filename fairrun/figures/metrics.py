"""Draws all metrics in one figure, with intervals, parity and the range that a gate allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from fairrun.figures.comparison import FOUR_FIFTHS, ratio_ticks
from fairrun.figures.style import (
    BAND,
    GREY,
    INK,
    PALETTE,
    TEXT,
    WIDTH,
    clean_axes,
    fit,
    new_figure,
    wrap,
)
from fairrun.gate import GateResult, Judgement, Term, Verdict, overall
from fairrun.metrics import BIAS_METRICS, PERFORMANCE_METRICS, Audit

__all__ = ["plot_metrics"]

_MARKERS = "osD^v"
#: The largest number of protected columns and crossings in the figure. The tables have all.
_MOST_COMPARED = 4
_COMPARED = (
    *(m.name for m in BIAS_METRICS.values() if m.kind == "ratio"),
    *(m.name for m in BIAS_METRICS.values() if m.kind == "difference"),
    "roc_auc_difference",
    "abroca",
)
_PERFORMANCE = (*PERFORMANCE_METRICS, "roc_auc", "brier_score")
_SHOWN = ("metric", "protected", "value", "ci_low", "ci_high")
_RATIO, _DIFFERENCE, _RATE = "ratios (1 at parity)", "differences (0 at parity)", "performance"
_WORDS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.INSUFFICIENT_EVIDENCE: "insufficient",
}
#: The largest number of characters in a line of a metric's name.
_NAME = 22
#: Heights in inches: a lane, the texts above and below a panel, a line of text.
_LANE, _ABOVE, _BELOW, _LINE = 0.22, 0.42, 0.36, 0.22
#: In inches: the title of the figure, the names on the left, the verdicts on the right.
_TITLE, _LEFT, _RIGHT = 0.5, 2.2, 1.25


@dataclass(frozen=True)
class _Lane:
    """One interval of one metric.

    Attributes
    ----------
    metric : str
        The metric.
    protected : str
        The protected column or crossing; empty for all rows.
    value, low, high : float
        The metric and its interval.
    term : Term or None
        The term of the gate that checks this interval.
    verdict : Verdict or None
        The verdict of that term.
    of_gate : bool
        Whether the interval comes from the gate, and is not one of the evaluation's own.
    """

    metric: str
    protected: str
    value: float
    low: float
    high: float
    term: Term | None = None
    verdict: Verdict | None = None
    of_gate: bool = False


def plot_metrics(audited: Audit, gate: GateResult | None = None) -> Figure:
    """Draw all metrics with their 95 % intervals, parity and the range that a gate allows.

    Parameters
    ----------
    audited : Audit
        The figure shows the differences and ratios of group_a and group_b in `compared`, and the
        performance over all rows in `rates`.
    gate : GateResult, optional
        A grey band with a thick line at each threshold shows the range that the gate allows. The
        verdict is next to it. If a term checks another pair than group_a and group_b, or each of
        several groups, the deciding check is drawn as well, with an empty marker.

    Returns
    -------
    Figure
        One panel for ratios, one for differences and one for performance. If the gate checks a
        metric on another scale (`cohen_d`, `2sd_rule`), the metric has its own panel.
    """
    about = audited.compared[["protected", "group_a", "group_b"]].drop_duplicates("protected")
    protected = about["protected"].tolist()[:_MOST_COMPARED]
    panels: dict[str, dict[str, list[_Lane]]] = {}
    for lane in _lanes(audited, protected, gate):
        panels.setdefault(_scale_of(lane.metric), {}).setdefault(lane.metric, []).append(lane)

    notes = [
        (fit(f"{name}: {a} against {b}", 54), PALETTE[i], _MARKERS[i])
        for i, (name, a, b) in enumerate(about.to_numpy()[:_MOST_COMPARED])
    ]
    if gate is not None:
        notes.append(("range that the gate allows", BAND, "s"))
        notes.append(("check of another pair, or of one of several groups", "white", "o"))
    heights = [sum(map(_height, metrics.values())) for metrics in panels.values()]
    below = 0.1 + _LINE * sum(1 + text.count("\n") for text, *_ in notes)
    height = _TITLE + sum(heights) + (_ABOVE + _BELOW) * len(panels) + below
    figure = new_figure(height, "Metrics with 95 % intervals")
    # The sizes of the names are known, and a layout engine would take longer than everything else.
    figure.set_layout_engine("none")
    width = WIDTH - _LEFT - (_RIGHT if gate is not None else 0.25)
    bottom = height - _TITLE
    for (title, metrics), of_panel in zip(panels.items(), heights, strict=True):
        bottom -= _ABOVE + of_panel
        place = (_LEFT / WIDTH, bottom / height, width / WIDTH, of_panel / height)
        _draw_panel(figure.add_axes(place), title, metrics, protected)
        bottom -= _BELOW
    _write_notes(figure, notes, bottom)
    return figure


def _lanes(audited: Audit, protected: Sequence[str], gate: GateResult | None) -> list[_Lane]:
    """Return all lanes: comparisons, performance, and the gate's checks of other intervals."""
    lanes = []
    every = ((audited.compared, protected, _COMPARED), (audited.rates, [""], _PERFORMANCE))
    for table, of, metrics in every:
        rows = table[table["protected"].isin(of) & table["metric"].isin(metrics)]
        order = sorted(rows.to_dict("records"), key=lambda row: metrics.index(row["metric"]))
        lanes += [_Lane(*(row[name] for name in _SHOWN)) for row in order]
    for demand in _demands(gate) if gate is not None else ():
        for place, lane in enumerate(lanes):
            if lane.term is None and replace(lane, term=demand.term, verdict=demand.verdict) == (
                replace(demand, of_gate=False)
            ):
                lanes[place] = replace(demand, of_gate=False)
                break
        else:
            lanes.append(demand)
    return lanes


def _demands(gate: GateResult) -> list[_Lane]:
    """Return the deciding check of each term for each protected column."""
    found: dict[tuple[Term, str], list[Judgement]] = {}
    for judgement in gate.judgements:
        found.setdefault((judgement.term, judgement.protected), []).append(judgement)
    lanes = []
    for (term, protected), judgements in found.items():
        verdict = overall(each.verdict for each in judgements)
        # The deciding check has the worst verdict, and then the interval farthest out of range.
        deciding = min(judgements, key=lambda each: (math.isnan(each.value), *_margin(each)))
        limits = (deciding.value, deciding.ci_low, deciding.ci_high)
        lanes.append(_Lane(term.metric.name, protected, *limits, term, verdict, of_gate=True))
    return lanes


def _margin(judgement: Judgement) -> tuple[int, float]:
    """Return the key to sort checks by: the verdict, then the distance to the threshold."""
    term = judgement.term
    margin = term.bound(judgement.ci_low, judgement.ci_high) - term.threshold
    return [*Verdict].index(judgement.verdict), margin if term.at_least else -margin


def _scale_of(metric: str) -> str:
    """Return the title of the panel that shows a metric."""
    compares = BIAS_METRICS.get(metric)
    if compares is not None and compares.kind == "other":
        return metric.replace("_", " ")
    if metric in _COMPARED:
        return _RATIO if compares is not None and compares.kind == "ratio" else _DIFFERENCE
    return _RATE


def _height(lanes: Sequence[_Lane]) -> float:
    """Return the height of a metric in inches: its lanes or the lines of its name."""
    lines = max(wrap(lanes[0].metric.replace("_", " "), _NAME).count("\n") + 1, len(lanes))
    return 0.1 + _LANE * lines


def _draw_panel(
    ax: Axes, title: str, metrics: Mapping[str, list[_Lane]], protected: Sequence[str]
) -> None:
    """Draw the metrics of one panel from top to bottom. The vertical axis is in inches."""
    clean_axes(ax)
    ax.set_title(title, y=1.0, loc="left", **TEXT | {"fontweight": "bold"})
    beside: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
    ends = np.cumsum([0.0, *map(_height, metrics.values())])
    lanes, places = [], []
    for (name, of_metric), top, end in zip(metrics.items(), ends[:-1], ends[1:], strict=True):
        middle = (top + end) / 2
        lanes += of_metric
        places += [middle + _LANE * (i - (len(of_metric) - 1) / 2) for i in range(len(of_metric))]
        words = wrap(name.replace("_", " "), _NAME)
        ax.text(-0.03, middle, words, ha="right", **beside, **TEXT)
    ax.hlines(ends[1:-1], 0, 1, GREY, linewidth=0.6, transform=ax.get_yaxis_transform())
    y = np.array(places)
    limits = np.array([(lane.value, lane.low, lane.high) for lane in lanes])
    allowed = np.array([lane.term.allowed if lane.term else (np.nan, np.nan) for lane in lanes])
    low, high = _scale(ax, title, np.concatenate([limits.ravel(), allowed.ravel()]))
    ax.set_ylim(ends[-1], 0)
    if title != _RATE:
        ax.axvline(1 if title == _RATIO else 0, color=INK, linewidth=1, zorder=1.5)

    band = np.clip(allowed, low, high)
    ax.hlines(y, band[:, 0], band[:, 1], BAND, linewidth=72 * _LANE, zorder=1)
    for of_side in allowed.T:
        ax.vlines(of_side, y - _LANE / 2, y + _LANE / 2, INK, linewidth=2.5, zorder=2)
    # Values beyond the axis are drawn at its end.
    limits = np.clip(limits, low, high)
    styles = [_style(lane, protected) for lane in lanes]
    colors = [color for color, *_ in styles]
    ax.hlines(y, limits[:, 1], limits[:, 2], colors=colors, linewidth=2.5, zorder=3)
    for style in sorted({*styles}):
        of_style = [i for i, each in enumerate(styles) if each == style]
        color, marker, of_gate = style
        face = "white" if of_gate else color
        points = ax.plot(limits[of_style, 0], y[of_style], marker, mfc=face, mec=INK, markersize=7)
        points[0].set(zorder=4, clip_on=False)
    for lane, place in zip(lanes, y, strict=True):
        if lane.verdict is not None:
            ax.text(1.04, place, _WORDS[lane.verdict], **beside, **TEXT)


def _style(lane: _Lane, protected: Sequence[str]) -> tuple[str, str, bool]:
    """Return the colour and the marker of a lane, and whether the marker is empty."""
    if lane.protected not in protected:
        return GREY, "o", lane.of_gate
    place = protected.index(lane.protected)
    return PALETTE[place], _MARKERS[place], lane.of_gate


def _scale(ax: Axes, title: str, numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Scale the axis to the numbers and to parity, and return its limits."""
    is_ratio = title == _RATIO
    numbers = numbers[np.isfinite(numbers) & ((numbers > 0) | (not is_ratio))]
    numbers = np.append(numbers, {_RATIO: FOUR_FIFTHS, _DIFFERENCE: (-0.1, 0.1)}.get(title, (0, 1)))
    scaled = np.log(numbers) if is_ratio else numbers
    margin = 0.04 * np.ptp(scaled)
    ends = np.array([scaled.min() - margin, scaled.max() + margin])
    low, high = np.exp(ends) if is_ratio else ends
    if is_ratio:
        ax.set_xscale("log")
        ticks = ratio_ticks(low, high, room=0.15)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.set(xlim=(low, high), yticks=[])
    return float(low), float(high)


def _write_notes(figure: Figure, notes: Sequence[tuple[str, str, str]], top: float) -> None:
    """Write the key of the markers at the bottom."""
    height = figure.get_figheight()
    for text, color, marker in notes:
        y = (top - _LINE * (text.count("\n") + 1) / 2) / height
        line = Line2D([0.04], [y], marker=marker, color=color, mec=INK, markersize=7)
        figure.add_artist(line)
        figure.text(0.07, y, text, va="center", **TEXT)
        top -= _LINE * (text.count("\n") + 1)
