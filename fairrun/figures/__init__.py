"""Figures. Each function returns a figure, and none writes a file."""

from fairrun.figures.alternatives import (
    plot_alternatives,
)
from fairrun.figures.comparison import (
    metric_direction,
    plot_fairness_accuracy,
    plot_metric_bars,
)
from fairrun.figures.conditional import (
    plot_conditional,
)
from fairrun.figures.counts import (
    plot_confusion_matrices,
    plot_label_group_counts,
)
from fairrun.figures.evaluation import (
    Plot,
    draw_evaluation,
)
from fairrun.figures.explanations import (
    draw_explanations,
)
from fairrun.figures.frontier import (
    plot_threshold_frontier,
)
from fairrun.figures.groups import (
    plot_groups,
)
from fairrun.figures.metrics import (
    plot_metrics,
)
from fairrun.figures.model_differences import (
    plot_model_differences,
)
from fairrun.figures.scores import (
    plot_calibration,
    plot_roc,
)
from fairrun.figures.style import (
    to_png,
)
from fairrun.figures.subgroups import (
    plot_subgroups,
)
from fairrun.figures.sweep import (
    MOST_BARS,
    Axis,
    plot_importance,
    plot_parameters,
    plot_sweep,
    trial_styles,
)
from fairrun.figures.unknown_groups import (
    plot_unknown_groups,
)

__all__ = [
    "MOST_BARS",
    "Axis",
    "Plot",
    "draw_evaluation",
    "draw_explanations",
    "metric_direction",
    "plot_alternatives",
    "plot_calibration",
    "plot_conditional",
    "plot_confusion_matrices",
    "plot_fairness_accuracy",
    "plot_groups",
    "plot_importance",
    "plot_label_group_counts",
    "plot_metric_bars",
    "plot_metrics",
    "plot_model_differences",
    "plot_parameters",
    "plot_roc",
    "plot_subgroups",
    "plot_sweep",
    "plot_threshold_frontier",
    "plot_unknown_groups",
    "to_png",
    "trial_styles",
]
