"""What people look at: plots, tables and the report of an evaluation."""

from fairrun.reports.comparison_plots import plot_fairness_accuracy, plot_metric_bars
from fairrun.reports.evaluation_plots import Plot, draw_evaluation
from fairrun.reports.explanation_plots import draw_explanations
from fairrun.reports.frontier_plot import plot_threshold_frontier
from fairrun.reports.group_plot import plot_groups
from fairrun.reports.metrics_plot import plot_metrics
from fairrun.reports.plots import plot_confusion_matrices, plot_label_group_counts
from fairrun.reports.report import Origin, render_report
from fairrun.reports.score_plots import plot_calibration, plot_roc
from fairrun.reports.style import to_png
from fairrun.reports.terminal import format_table, with_interval

__all__ = [
    "Origin",
    "Plot",
    "draw_evaluation",
    "draw_explanations",
    "format_table",
    "plot_calibration",
    "plot_confusion_matrices",
    "plot_fairness_accuracy",
    "plot_groups",
    "plot_label_group_counts",
    "plot_metric_bars",
    "plot_metrics",
    "plot_roc",
    "plot_threshold_frontier",
    "render_report",
    "to_png",
    "with_interval",
]
