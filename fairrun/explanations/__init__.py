"""Explains a model over a whole data set.

This package computes tables and metrics. `fairrun.figures` draws them, and `fairrun.tracking` logs
them.
"""

from fairrun.explanations.importance import ALL
from fairrun.explanations.overview import Overview, explain_model
from fairrun.explanations.proxies import TOGETHER
from fairrun.explanations.rows import FEWEST
from fairrun.explanations.stability import MOST_TOP_CHANGES, MOVED_BY
from fairrun.explanations.threshold_rows import ABOVE, BELOW, ThresholdRows

__all__ = [
    "ABOVE",
    "ALL",
    "BELOW",
    "FEWEST",
    "MOST_TOP_CHANGES",
    "MOVED_BY",
    "TOGETHER",
    "Overview",
    "ThresholdRows",
    "explain_model",
]
