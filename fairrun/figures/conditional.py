"""Draws two groups within strata: rates, differences, and what the strata say together."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator, PercentFormatter

from fairrun.figures.style import (
    GREY,
    INK,
    PALETTE,
    TEXT,
    clean_axes,
    cut,
    draw_interval,
    fit,
    lay_out,
    new_figure,
)
from fairrun.metrics import ConditionalParity
from fairrun.text import n_of

__all__ = ["plot_conditional"]

#: The largest number of strata in the figure: those with the largest weight.
_MOST = 14
#: Inches: title, axis and key; a row; a further line of a row.
_AROUND, _ROW, _LINE = 2.1, 0.36, 0.16
_POOLED, _MARGINAL = PALETTE[3], GREY


def plot_conditional(
    found: ConditionalParity, protected: str, metric: str = "statistical_parity"
) -> Figure:
    """Draw the rates of two groups and their difference in each stratum, and pooled.

    Parameters
    ----------
    found : ConditionalParity
        The comparisons. Strata whose numbers are not shown are left out.
    protected : str
        The protected column.
    metric : str
        A difference of rates.

    Returns
    -------
    Figure
        One row for each stratum with rows of both groups, the heaviest ones if there are many; then
        the Mantel–Haenszel difference within strata and the marginal difference of all. The right
        panel has a line at both.
    """
    pooled = found.pooled[
        (found.pooled["protected"] == protected) & (found.pooled["metric"] == metric)
    ].set_index("estimate")
    strata = found.strata[
        (found.strata["protected"] == protected) & (found.strata["metric"] == metric)
    ]
    strata = strata[strata["value"].notna()]
    most = strata.nlargest(_MOST, "weight", keep="first").sort_index()
    a, b = (str(pooled[name].iloc[0]) for name in ("group_a", "group_b"))
    rows = [(_name(str(row["stratum"])), INK, row) for row in most.to_dict("records")]
    for estimate, name, color in (
        ("mantel_haenszel", "within strata", _POOLED),
        ("marginal", "all together", _MARGINAL),
    ):
        rows.append((name, color, pooled.loc[estimate].to_dict()))

    lines = max((name.count("\n") + 1 for name, *_ in rows), default=1)
    title = cut(f"{protected}, among rows with equal {', '.join(found.given)}", 90)
    figure = new_figure(_AROUND + (_ROW + _LINE * (lines - 1)) * len(rows), title)
    left, right = figure.subplots(1, 2, sharey=True)
    for ax in (left, right):
        clean_axes(ax)
        ax.axhline(len(rows) - 2.5, color=GREY, linewidth=0.6)
    for y, (_, color, row) in enumerate(rows):
        if "rate_a" in row:
            left.plot([row["rate_a"], row["rate_b"]], [y, y], color=GREY, linewidth=1, zorder=1)
            left.plot(row["rate_a"], y, "o", color=PALETTE[0], markeredgecolor=INK, markersize=8)
            left.plot(row["rate_b"], y, "s", color=PALETTE[1], markeredgecolor=INK, markersize=8)
        shade = PALETTE[0] if color == INK else color
        if pd.notna(row["ci_low"]):
            draw_interval(right, (row["ci_low"], row["ci_high"]), (y, y), shade)
        if pd.notna(row["value"]):
            marker = "o" if color == INK else "D"
            right.plot(row["value"], y, marker, color=shade, markeredgecolor=INK, markersize=8)
            if color != INK:
                style = "-" if color == _POOLED else "--"
                right.axvline(row["value"], color=color, linestyle=style, linewidth=1, zorder=1)
        else:
            right.text(0, y, " hidden" if row["reason"] else " undefined", va="center", **TEXT)
    right.axvline(0, color=INK, linestyle=":", linewidth=1, zorder=1)
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.set_yticks(range(len(rows)), [name for name, *_ in rows], **TEXT)
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0)
    highest = max([*most["rate_a"], *most["rate_b"]], default=1.0) or 1.0
    left.set_xlim(-0.04 * highest, 1.06 * highest)
    left.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for ax, words in ((left, _rate_of(metric)), (right, fit(f"{a} − {b}", 24))):
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_title(words, **TEXT | {"fontweight": "bold"})
    left.plot([], [], "o", color=PALETTE[0], markeredgecolor=INK, markersize=8, label=cut(a, 24))
    left.plot([], [], "s", color=PALETTE[1], markeredgecolor=INK, markersize=8, label=cut(b, 24))
    right.plot([], [], color=INK, linestyle=":", linewidth=1, label="no difference")
    key = figure.legend(
        loc="outside lower center", ncols=3, fontsize=TEXT["fontsize"], frameon=False
    )
    for text in key.get_texts():
        text.set_color(INK)
    n_left_out = len(strata) - len(most)
    if n_left_out:
        said = n_of(n_left_out, "stratum with less weight is", "strata with less weight are")
        key.set_title(f"{said} not drawn", FontProperties(size=TEXT["fontsize"]))
        key.get_title().set_color(GREY)
    lay_out(figure)
    return figure


def _name(stratum: str) -> str:
    """Return the name of a stratum, with one or two lines for each factor if it is long."""
    if len(stratum) <= 18:
        return stratum.replace(":", " : ")
    return "\n".join(line for part in stratum.split(":") for line in fit(part, 20).split("\n")[:2])


def _rate_of(metric: str) -> str:
    """Return the rate that a difference compares, in words."""
    words = {
        "statistical_parity": "selection rate",
        "equality_of_opportunity_difference": "true positive rate",
    }
    return words.get(metric, metric.removesuffix("_difference").replace("_", " "))
