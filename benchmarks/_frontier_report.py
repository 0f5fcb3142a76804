"""The tables and the figure of the frontier benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from _frontier_choice import RATIO, cells
from _frontier_problem import ESTIMATORS, PRIVILEGED
from _frontier_tables import details, summary
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from scipy.stats import t as student

from fairrun.figures.style import GREY, PALETTE, TEXT, TEXT_SIZE, clean_axes, new_figure

#: The cells that the tables show. The figure shows all cells.
SHOWN = ("0.1", "0.05", "0.02", RATIO)
#: fairrun's method with a setting chosen like the peers' settings, and with its default setting.
OURS = "group_thresholds, confidence 0.5"
DEFAULT = "group_thresholds, confidence 0.95, asked for the limit"
_COLOURS = {
    "group_thresholds": PALETTE[0],
    "threshold_optimizer": PALETTE[1],
    "error_parity": PALETTE[2],
    "exponentiated_gradient": PALETTE[3],
    "grid_search": PALETTE[4],
    "reweighing": PALETTE[5],
}


def is_ours(method: str) -> bool:
    """Return whether a method is one of fairrun's."""
    return method.startswith("group_thresholds")


def mean_and_half_width(values: pd.Series) -> tuple[float, float]:
    """Return the mean over seeds and half its 95 % Student interval, which is NaN for one seed."""
    n = len(values)
    error = float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(student.ppf(0.975, max(n - 1, 1)) * error)


def holds(rows: pd.DataFrame, protected: str, cell: str) -> bool:
    """Return whether the mean over the test sets meets the constraint of the cell."""
    return bool(parity(rows, cell) <= cells(protected)[cell])


def parity(rows: pd.DataFrame, cell: str) -> float:
    """Return the distance from parity of the mean over seeds.

    The mean comes first, so that a bias shows but random differences between seeds cancel.
    """
    if cell == RATIO:
        ratio = float(np.exp(np.log(rows["ratio"]).mean()))
        return 1 - min(ratio, 1 / ratio)
    return abs(float(rows["difference"].mean()))


def summary_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row per cell: fairrun chosen, the best peer, fairrun's default."""
    found = []
    for protected, estimator in problems(table):
        problem = _problem(table, protected, estimator)
        for cell in (cell for cell in SHOWN if cell in set(problem["cell"])):
            rows = problem[problem["cell"] == cell].set_index("seed")
            by_method = dict(list(rows.groupby("method")))
            peers = {
                method: group
                for method, group in by_method.items()
                if not is_ours(method)
                and len(group) == len(by_method[OURS])
                and holds(group, protected, cell)
            }
            best = max(peers, key=lambda method: peers[method]["accuracy"].mean())
            gap = by_method[OURS]["accuracy"] - peers[best]["accuracy"]
            mean, half = mean_and_half_width(gap)
            found.append(
                {
                    "protected": protected,
                    "estimator": estimator,
                    "cell": cell,
                    "ours": figures(by_method[OURS], protected, cell),
                    "best_peer": best,
                    "peer": figures(peers[best], protected, cell),
                    "gap": mean,
                    "gap_half_width": half,
                    "default": figures(by_method[DEFAULT], protected, cell),
                }
            )
    return found


def detail_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row for each problem, method and cell."""
    found = []
    for protected, estimator in problems(table):
        problem = _problem(table, protected, estimator)
        shown = [cell for cell in SHOWN if cell in set(problem["cell"])]
        for method in problem["method"].unique():
            rows = problem[problem["method"] == method]
            n = int(rows["seed"].nunique())
            of = {"protected": protected, "estimator": estimator, "method": method, "seeds": n}
            for cell in shown:
                mine = figures(rows[rows["cell"] == cell], protected, cell)
                found.append(of | {"cell": cell} | mine)
    return found


def plot_frontiers(table: pd.DataFrame) -> Figure:
    """Plot mean test accuracy against mean test difference, one line per method."""
    figure = new_figure(8.2, "Adult: accuracy against statistical parity")
    panels = figure.subplots(2, 2)
    for ax, (protected, estimator) in zip(panels.flat, problems(table), strict=False):
        clean_axes(ax)
        title = f"{protected}, {estimator.replace('_', ' ').removeprefix('hist ')}"
        ax.set_title(title, **TEXT | {"fontweight": "bold"})
        problem = _problem(table, protected, estimator)
        _draw(ax, problem[problem["cell"] != RATIO])
    for ax in panels[:, 0]:
        ax.set_ylabel("accuracy", **TEXT)
    for ax in panels[1]:
        ax.set_xlabel("|statistical parity|", **TEXT)
    handles = [
        Line2D([], [], color=colour, **_look(name == "group_thresholds"), label=name)
        for name, colour in _COLOURS.items()
    ]
    handles.append(Line2D([], [], color=GREY, linestyle="--", label="with the group as a column"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=TEXT_SIZE
    )
    return figure


def _draw(ax: Axes, problem: pd.DataFrame) -> None:
    means = problem.groupby(["method", "cell"])[["accuracy", "difference"]].mean().reset_index()
    means["parity"] = means["difference"].abs()
    for method, line in means.sort_values("parity").groupby("method"):
        name, _, with_group = method.partition(" + ")
        if method == OURS:
            name = "group_thresholds"
        elif name not in _COLOURS:
            continue
        points = line.drop_duplicates("parity")
        ax.plot(
            points["parity"],
            points["accuracy"],
            color=_COLOURS[name],
            linestyle="--" if with_group else "-",
            zorder=4 if method == OURS else 2,
            **_look(method == OURS),
        )
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.3f}"))


def _look(mine: bool) -> dict[str, Any]:
    return {"linewidth": 2.4, "marker": "o"} if mine else {"linewidth": 1.2, "marker": "."}


def tables(table: pd.DataFrame) -> str:
    """Return the summary, followed by one table per problem with every method."""
    parts, rows = [summary(summary_rows(table))], detail_rows(table)
    for problem in problems(table):
        mine = [row for row in rows if (row["protected"], row["estimator"]) == problem]
        parts += [f"{', '.join(problem)}:", details(mine)]
    return "\n\n".join(parts) + "\n"


def problems(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the problems that are in the table."""
    every = [(protected, estimator) for protected in PRIVILEGED for estimator in ESTIMATORS]
    return [problem for problem in every if not _problem(table, *problem).empty]


def _problem(table: pd.DataFrame, protected: str, estimator: str) -> pd.DataFrame:
    return table[(table["protected"] == protected) & (table["estimator"] == estimator)]


def figures(rows: pd.DataFrame, protected: str, cell: str) -> dict[str, Any]:
    """Compute what a method came to in a cell."""
    mean, half = mean_and_half_width(rows["accuracy"])
    where = parity(rows, cell)
    if cell == RATIO:
        where = float(np.exp(np.log(rows["ratio"]).mean()))
    return {
        "accuracy": mean,
        "half_width": half,
        "parity": where,
        "holds": holds(rows, protected, cell),
    }
