"""Draws all plots of an evaluation, for the artifacts of the run and for its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fairrun.figures.counts import plot_confusion_matrices
from fairrun.figures.frontier import plot_threshold_frontier
from fairrun.figures.groups import plot_groups
from fairrun.figures.metrics import plot_metrics
from fairrun.figures.scores import plot_calibration, plot_roc
from fairrun.figures.style import to_png
from fairrun.gate import GateResult
from fairrun.groups import without_empty_neither
from fairrun.metrics import Evaluation, shown_confusion

__all__ = ["Plot", "draw_evaluation"]


#: Metrics in words, if their names do not say what they are.
_WORDS = {
    "roc_auc": "area under the curve",
    "calibration_in_the_large": "mean score minus share of label 1",
}


@dataclass(frozen=True)
class Plot:
    """A figure as a picture.

    Attributes
    ----------
    png : bytes
        The picture.
    alt : str
        The text alternative, for people who cannot see the picture.
    """

    png: bytes
    alt: str


def draw_evaluation(evaluation: Evaluation, gate: GateResult | None = None) -> dict[str, Plot]:
    """Return the plots of an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        The metrics to draw. Groups that `Evaluation.hidden` names are left out.
    gate : GateResult, optional
        The result of a gate.

    Returns
    -------
    dict of str to Plot
        `metrics` and `groups`; with true labels also `confusion_matrices`; with true labels and
        scores also `roc`, `calibration` and, if both groups of the first protected column have
        rows, `threshold_frontier`.
    """
    audited = evaluation.audit
    of_columns = ", ".join(column.name for column in evaluation.counts.columns)
    groups = " and ".join(evaluation.protected.group_names)
    rates = "Selection rate"
    if evaluation.labelled:
        rates += ", true and false positive rate"
    figures: dict[str, tuple[Callable[[], Figure], str]] = {
        "metrics": (
            lambda: plot_metrics(audited, gate),
            "Every metric with its 95 % interval and the value at parity"
            + (", the range that the gate allows, and its verdicts." if gate else "."),
        ),
        "groups": (
            lambda: plot_groups(audited.rates),
            f"{rates} of each group, with 95 % intervals. "
            + _said(audited.rates, "selection_rate", evaluation.protected.name),
        ),
    }
    scores = evaluation.scores
    if evaluation.labelled:
        confusion = without_empty_neither(shown_confusion(evaluation), "n")
        figures["confusion_matrices"] = (
            lambda: plot_confusion_matrices(confusion),
            f"Confusion matrices of {groups}: counts and shares of actual and predicted labels.",
        )
    if evaluation.labelled and scores is not None:
        figures["roc"] = (
            lambda: plot_roc(scores, evaluation.counts, audited.rates),
            f"ROC curves by {of_columns}, and the model's decisions as points. "
            + _said(audited.rates, "roc_auc", evaluation.protected.name),
        )
        figures["calibration"] = (
            lambda: plot_calibration(scores, audited.rates),
            f"Share of label 1 against the mean score by {of_columns}, in ten bins. "
            + _said(audited.rates, "calibration_in_the_large", evaluation.protected.name),
        )
    frontier = evaluation.frontier
    if frontier is not None:
        accuracy, parity = (evaluation.metrics[n] for n in ("accuracy", "statistical_parity"))
        figures["threshold_frontier"] = (
            lambda: plot_threshold_frontier(
                frontier.table, accuracy, parity, evaluation.protected.group_names
            ),
            f"Accuracy against the absolute statistical parity of {groups}: the model at "
            f"{accuracy:.3f} and {abs(parity):.3f}, and all single thresholds on its scores.",
        )
    return {name: Plot(to_png(draw()), alt) for name, (draw, alt) in figures.items()}


def _said(rates: pd.DataFrame, metric: str, protected: str) -> str:
    """Return a sentence with the rate of each group of one protected column."""
    of_metric = rates[(rates["metric"] == metric) & (rates["protected"] == protected)]
    groups = zip(of_metric["group"], of_metric["value"], strict=True)
    said = [
        f"{group} {'not known' if np.isnan(value) else f'{value:z.3f}'}" for group, value in groups
    ]
    words = _WORDS.get(metric, metric.replace("_", " "))
    return f"{words.capitalize()}: {', '.join(said[:6])}."
