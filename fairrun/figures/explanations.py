"""All plots of what a model looks at, drawn once: for the run's artifacts and for its report."""

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
    """Draw the plots of what a model looks at.

    Parameters
    ----------
    overview : Overview
        What was measured.

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
            "How the contributions of each column are distributed over the rows, from the most "
            "important column down, coloured from low to high values.",
        ),
        "proxies": (
            lambda: plot_proxies(overview.proxies, overview.protected, overview.groups),
            "Importance of each column, area under the ROC curve by which it tells "
            f"{a} from {b}, and what it adds to the scores of {a} beyond those of {b}. The "
            f"largest areas: {telling or 'undefined, for lack of rows'}.",
        ),
        "threshold_rows": (
            lambda: plot_waterfalls(overview.threshold_rows),
            "How the scores of made-up rows of medians beside the threshold come about: "
            + ", ".join(f"{side} it at {score:.2f}" for side, score in scores.items())
            + f", the threshold at {overview.threshold_rows.threshold:.2f}.",
        ),
        "partial_dependence": (
            lambda: plot_partial_dependence(overview.partial_dependence),
            "Mean probability of the favourable label when all rows are given the same value of "
            f"a column: {', '.join(overview.partial_dependence['column'].unique())}.",
        ),
    }
    return {name: Plot(to_png(draw()), alt) for name, (draw, alt) in figures.items()}
