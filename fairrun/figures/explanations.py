"""Draws all plots of explanations, for the artifacts of the run and for its report."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from fairrun.explanations import ALL, Overview
from fairrun.figures.contributions import plot_contributions
from fairrun.figures.evaluation import Plot
from fairrun.figures.importance import plot_column_importance
from fairrun.figures.partial_dependence import plot_partial_dependence
from fairrun.figures.proxies import plot_proxies
from fairrun.figures.style import to_png
from fairrun.figures.waterfall import plot_waterfalls

__all__ = ["draw_explanations"]


def draw_explanations(overview: Overview) -> dict[str, Plot]:
    """Return the plots of the explanations of a model.

    Parameters
    ----------
    overview : Overview
        The explanations over a data set.

    Returns
    -------
    dict of str to Plot
        `column_importance`, `contributions`, `proxies`, `threshold_rows` and
        `partial_dependence`.
    """
    everybody = overview.importance[overview.importance["group"] == ALL]
    largest = ", ".join(
        f"{name} {value:.2f}"
        for name, value in everybody[["column", "importance"]].head(4).itertuples(index=False)
    )
    best = overview.proxies.dropna(subset="roc_auc").sort_values("roc_auc", ascending=False).head(4)
    telling = ", ".join(
        f"{name} {value:.2f}" for name, value in best[["column", "roc_auc"]].itertuples(index=False)
    )
    a, b = overview.groups
    scores = overview.threshold_rows.scores
    figures: dict[str, tuple[Callable[[], Figure], str]] = {
        "column_importance": (
            lambda: plot_column_importance(
                overview.importance, overview.protected, overview.groups
            ),
            f"Mean size of the contribution of each column, in log-odds, for all rows, {a} and "
            f"{b}. The largest for all rows: {largest}.",
        ),
        "contributions": (
            lambda: plot_contributions(overview.contributions, overview.n_explained),
            "Distribution of the contributions of each column, the most important column first, "
            "coloured from low to high values.",
        ),
        "proxies": (
            lambda: plot_proxies(overview.proxies, overview.protected, overview.groups),
            "Importance of each column, area under the ROC curve when it is used to tell "
            f"{a} from {b}, and the difference between its mean contributions to {a} and {b}. The "
            f"largest areas: {telling or 'undefined, because there are too few rows'}.",
        ),
        "threshold_rows": (
            lambda: plot_waterfalls(overview.threshold_rows),
            "Contributions to the scores of invented rows next to the threshold: "
            + ", ".join(f"{side} it at {score:.2f}" for side, score in scores.items())
            + f"; the threshold is at {overview.threshold_rows.threshold:.2f}.",
        ),
        "partial_dependence": (
            lambda: plot_partial_dependence(overview.partial_dependence),
            "Mean probability of the favourable label if all rows get the same value of "
            f"a column: {', '.join(overview.partial_dependence['column'].unique())}.",
        ),
    }
    return {name: Plot(to_png(draw()), alt) for name, (draw, alt) in figures.items()}
