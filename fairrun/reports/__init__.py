"""What people look at: plots and tables."""

from fairrun.reports.comparison_plots import plot_fairness_accuracy, plot_metric_bars
from fairrun.reports.frontier_plot import plot_threshold_frontier
from fairrun.reports.group_plot import plot_groups
from fairrun.reports.plots import plot_confusion_matrices, plot_label_group_counts
from fairrun.reports.style import lay_out
from fairrun.reports.terminal import format_table, with_interval

__all__ = [
    "format_table",
    "lay_out",
    "plot_confusion_matrices",
    "plot_fairness_accuracy",
    "plot_groups",
    "plot_label_group_counts",
    "plot_metric_bars",
    "plot_threshold_frontier",
    "with_interval",
]
