"""Counts of predictions, and the metrics of bias and performance computed from them."""

from fairrun.metrics.bias import BIAS_METRICS, BiasMetric, bias_metrics
from fairrun.metrics.counts import Counts
from fairrun.metrics.evaluation import Evaluation, confusion_table, evaluate_predictions
from fairrun.metrics.holistic import bias_table
from fairrun.metrics.performance import (
    PERFORMANCE_METRICS,
    abroca,
    performance_metrics,
    score_metrics,
)

__all__ = [
    "BIAS_METRICS",
    "PERFORMANCE_METRICS",
    "BiasMetric",
    "Counts",
    "Evaluation",
    "abroca",
    "bias_metrics",
    "bias_table",
    "confusion_table",
    "evaluate_predictions",
    "performance_metrics",
    "score_metrics",
]
