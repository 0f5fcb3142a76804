"""What can be measured: some metrics need the true labels, and some need scores."""

from __future__ import annotations

from collections.abc import Mapping

from fairrun.metrics.bias import BIAS_METRICS, BiasMetric
from fairrun.metrics.inequality import INEQUALITY_METRICS
from fairrun.metrics.performance import PERFORMANCE_METRICS
from fairrun.metrics.rates import GROUP_RATES, Rate, selection_rate

__all__ = [
    "NEEDS_LABELS",
    "NEEDS_SCORES",
    "bias_metrics",
    "group_rates",
    "not_measured",
    "of_predictions",
]

#: Why a metric was not measured.
NEEDS_LABELS = "it needs the true labels, which were not given"
NEEDS_SCORES = "it needs scores, which were not given"

#: The metrics of scores. They need the true labels, too.
_OF_SCORES = (
    *("roc_auc", "brier_score", "calibration_in_the_large", "squared_calibration_error"),
    *("roc_auc_difference", "abroca", "average_precision", "log_loss", "accuracy_over_threshold"),
)


def group_rates(*, labelled: bool) -> Mapping[str, Rate]:
    """Return the rates of a group that can be computed, with or without true labels."""
    return GROUP_RATES if labelled else {selection_rate.name: selection_rate}


def bias_metrics(*, labelled: bool) -> Mapping[str, BiasMetric]:
    """Return the comparisons of two groups that can be computed, with or without true labels."""
    if labelled:
        return BIAS_METRICS
    return {name: metric for name, metric in BIAS_METRICS.items() if of_predictions(metric.rates)}


def of_predictions(rates: tuple[Rate, ...]) -> bool:
    """Return whether a metric of these rates needs predictions alone, and no true labels."""
    return rates == (selection_rate,)


def not_measured(*, labelled: bool, scored: bool) -> dict[str, str]:
    """Return the metrics that were not measured, with the reason.

    Parameters
    ----------
    labelled, scored : bool
        Whether the rows have true labels, and scores.

    Examples
    --------
    >>> not_measured(labelled=True, scored=False)["roc_auc"]
    'it needs scores, which were not given'
    >>> "selection_rate" in not_measured(labelled=False, scored=False)
    False
    """
    reasons: dict[str, str] = {}
    if not labelled:
        names = [*PERFORMANCE_METRICS, *GROUP_RATES, *BIAS_METRICS, *INEQUALITY_METRICS]
        names += ["accuracy_over_majority", *_OF_SCORES]
        kept = {*group_rates(labelled=False), *bias_metrics(labelled=False)}
        reasons |= {name: NEEDS_LABELS for name in names if name not in kept}
    if not scored:
        both = "it needs the true labels and scores, which were not given"
        reasons |= dict.fromkeys(_OF_SCORES, NEEDS_SCORES if labelled else both)
    return reasons
