"""Counts of predictions, and the metrics of bias and performance computed from them."""

from fairrun.metrics.audit import Audit, audit
from fairrun.metrics.audit_scores import audit_scores
from fairrun.metrics.bias import BIAS_METRICS, BiasMetric
from fairrun.metrics.columns import ProtectedColumn
from fairrun.metrics.compare import ModelDifferences, compare_models
from fairrun.metrics.counts import Counts
from fairrun.metrics.evaluation import (
    Evaluation,
    bias_table,
    confusion_table,
    evaluate_predictions,
)
from fairrun.metrics.folds import FoldInterval, fold_interval
from fairrun.metrics.gate import GateResult, Verdict, decide
from fairrun.metrics.gate_terms import GATE_METRICS, Gate, parse_gate, read_gate
from fairrun.metrics.grouping import (
    Grouping,
    everybody,
    group_a_and_b,
    one_and_two_way,
    values_of,
)
from fairrun.metrics.histograms import ScoreHistogram
from fairrun.metrics.impact_audits import four_fifths_table, local_law_144_table
from fairrun.metrics.inequality import INEQUALITY_METRICS
from fairrun.metrics.paired import PairedCounts
from fairrun.metrics.performance import PERFORMANCE_METRICS, score_metrics
from fairrun.metrics.rates import GROUP_RATES, Rate
from fairrun.metrics.rows import consistency_score, flip_test
from fairrun.metrics.threshold_frontier import ThresholdFrontier, threshold_frontier
from fairrun.metrics.weighted import WeightedCounts
from fairrun.metrics.worst import largest_difference, smallest_ratio

__all__ = [
    "BIAS_METRICS",
    "GATE_METRICS",
    "GROUP_RATES",
    "INEQUALITY_METRICS",
    "PERFORMANCE_METRICS",
    "Audit",
    "BiasMetric",
    "Counts",
    "Evaluation",
    "FoldInterval",
    "Gate",
    "GateResult",
    "Grouping",
    "ModelDifferences",
    "PairedCounts",
    "ProtectedColumn",
    "Rate",
    "ScoreHistogram",
    "ThresholdFrontier",
    "Verdict",
    "WeightedCounts",
    "audit",
    "audit_scores",
    "bias_table",
    "compare_models",
    "confusion_table",
    "consistency_score",
    "decide",
    "evaluate_predictions",
    "everybody",
    "flip_test",
    "fold_interval",
    "four_fifths_table",
    "group_a_and_b",
    "largest_difference",
    "local_law_144_table",
    "one_and_two_way",
    "parse_gate",
    "read_gate",
    "score_metrics",
    "smallest_ratio",
    "threshold_frontier",
    "values_of",
]
