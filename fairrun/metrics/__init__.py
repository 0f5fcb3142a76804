"""Counts of predictions, and every metric that is computed from them.

Tables: `Counts` holds the number of rows for each combination of group, label and prediction.
`WeightedCounts` does the same for weighted rows, `PairedCounts` for two models on the same rows.
Metrics: `rates` describes one group, `bias` compares two groups, `performance` describes all rows.
`scores`, `calibration` and `roc_curves` need scores, `rows` needs the rows themselves, `inequality`
compares individuals, and `impact_audits` makes the tables that two rules on hiring ask for.
Intervals: `counted` adds limits to the metrics of counts and `estimates` to those of other tables.
`binomial` and `closed_form` have the formulas, `intervals` the replicates for metrics without a
formula, and `worst` the interval of the worst of many pairs.
Closer looks: `conditional` compares groups within strata of legitimate factors, and
`unknown_groups` bounds comparisons if protected values are missing.
All metrics at once: `audit` and `audit_scores` take a table, `evaluate_predictions` takes arrays.
Subgroups that nobody named: `scan_subgroups` searches crossings and tests what it finds.
What is shown: `hidden_groups` finds groups with too few rows, `show` leaves their numbers out.
"""

from fairrun.metrics.audit import (
    MOST_COMPARED,
    Audit,
    audit,
    estimates_of,
    largest_groups,
)
from fairrun.metrics.audit_scores import (
    audit_scores,
)
from fairrun.metrics.before_after import (
    before_after_table,
)
from fairrun.metrics.bias import (
    BIAS_METRICS,
    BiasMetric,
)
from fairrun.metrics.binomial import (
    clopper_pearson_limits,
    tail_of_pairs,
)
from fairrun.metrics.calibration import (
    CALIBRATION_BINS,
    calibration_in_the_large,
    squared_calibration_error,
)
from fairrun.metrics.changed_sides import (
    TO_FAVOURABLE,
    TO_UNFAVOURABLE,
    changed_sides,
)
from fairrun.metrics.closed_form import (
    normal_quantile,
    wilson_limits,
)
from fairrun.metrics.cluster_scores import (
    NOT_BY_CLUSTER,
)
from fairrun.metrics.cluster_tables import (
    ClusterTables,
)
from fairrun.metrics.clustered import (
    ClusterReplicates,
)
from fairrun.metrics.compare import (
    ModelDifferences,
    PairedRows,
    compare_models,
    compare_paired,
    compare_predictions,
    distances_of_pairs,
    paired_rows,
)
from fairrun.metrics.conditional import (
    ConditionalParity,
    conditional_parity,
    measure_conditional,
)
from fairrun.metrics.conditional_shown import (
    show_conditional,
)
from fairrun.metrics.counted import (
    Counted,
)
from fairrun.metrics.counts import (
    Counts,
)
from fairrun.metrics.effects import (
    FEW_CHANGES,
    FEW_ROWS,
    Effect,
    EffectKind,
    compare_with_none,
    effect_kinds,
    effect_sentence,
    majority_label,
    over_majority,
    with_enough_rows,
)
from fairrun.metrics.estimates import (
    GroupEstimates,
)
from fairrun.metrics.evaluation import (
    Evaluation,
    bias_table,
    confusion_table,
    evaluate_predictions,
)
from fairrun.metrics.folds import (
    FoldInterval,
    fold_interval,
)
from fairrun.metrics.grouping import (
    Grouping,
    everybody,
    group_a_and_b,
    one_and_two_way,
    values_of,
)
from fairrun.metrics.histograms import (
    ScoreHistogram,
    WeightedScoreHistogram,
)
from fairrun.metrics.impact_audits import (
    four_fifths_table,
    local_law_144_table,
)
from fairrun.metrics.inequality import (
    INEQUALITY_METRICS,
)
from fairrun.metrics.intervals import (
    Intervals,
)
from fairrun.metrics.linearised import (
    NOT_WEIGHTED,
    Linearised,
)
from fairrun.metrics.measurable import (
    NEEDS_LABELS,
    NEEDS_SCORES,
    group_rates,
    of_predictions,
)
from fairrun.metrics.paired import (
    AnyPairedCounts,
    PairedCounts,
    WeightedPairedCounts,
    count_pairs,
)
from fairrun.metrics.paired_limits import (
    PairedEstimates,
)
from fairrun.metrics.performance import (
    PERFORMANCE_METRICS,
    score_metrics,
)
from fairrun.metrics.publication import (
    NO_PUBLICATION,
    Publication,
    read_publication,
    with_publication,
)
from fairrun.metrics.rates import (
    GROUP_RATES,
    Rate,
    accuracy,
    divide,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from fairrun.metrics.roc_curves import (
    area_between_roc_curves,
)
from fairrun.metrics.rows import (
    consistency_score,
    flip_test,
)
from fairrun.metrics.scores import (
    brier_score,
    roc_auc,
)
from fairrun.metrics.shown import (
    MARGINAL,
    show,
    shown_confusion,
)
from fairrun.metrics.shown_differences import (
    differences_in_words,
    show_differences,
    verdict_of,
)
from fairrun.metrics.signs import (
    has_only_upper_limit,
    has_sign,
)
from fairrun.metrics.subgroups import (
    MAX_DEPTH,
    SubgroupScan,
    scan_subgroups,
)
from fairrun.metrics.suppression import (
    MIN_CELL,
    NOTHING_HIDDEN,
    Hidden,
    both_hidden,
    check_min_cell,
    hidden_groups,
    hidden_parts,
    is_hidden_reason,
)
from fairrun.metrics.threshold_frontier import (
    ThresholdFrontier,
    threshold_frontier,
)
from fairrun.metrics.unknown_groups import (
    UnknownGroups,
    measure_unknown_groups,
    show_unknown_groups,
    unknown_groups,
)
from fairrun.metrics.weighted import (
    AnyCounts,
    WeightedCounts,
    count_rows,
    counts_from_dict,
    sizes_of,
    why_no_interval,
)
from fairrun.metrics.worst import (
    worst_of,
)

__all__ = [
    "BIAS_METRICS",
    "CALIBRATION_BINS",
    "FEW_CHANGES",
    "FEW_ROWS",
    "GROUP_RATES",
    "INEQUALITY_METRICS",
    "MARGINAL",
    "MAX_DEPTH",
    "MIN_CELL",
    "MOST_COMPARED",
    "NEEDS_LABELS",
    "NEEDS_SCORES",
    "NOTHING_HIDDEN",
    "NOT_BY_CLUSTER",
    "NOT_WEIGHTED",
    "NO_PUBLICATION",
    "PERFORMANCE_METRICS",
    "TO_FAVOURABLE",
    "TO_UNFAVOURABLE",
    "AnyCounts",
    "AnyPairedCounts",
    "Audit",
    "BiasMetric",
    "ClusterReplicates",
    "ClusterTables",
    "ConditionalParity",
    "Counted",
    "Counts",
    "Effect",
    "EffectKind",
    "Evaluation",
    "FoldInterval",
    "GroupEstimates",
    "Grouping",
    "Hidden",
    "Intervals",
    "Linearised",
    "ModelDifferences",
    "PairedCounts",
    "PairedEstimates",
    "PairedRows",
    "Publication",
    "Rate",
    "ScoreHistogram",
    "SubgroupScan",
    "ThresholdFrontier",
    "UnknownGroups",
    "WeightedCounts",
    "WeightedPairedCounts",
    "WeightedScoreHistogram",
    "accuracy",
    "area_between_roc_curves",
    "audit",
    "audit_scores",
    "before_after_table",
    "bias_table",
    "both_hidden",
    "brier_score",
    "calibration_in_the_large",
    "changed_sides",
    "check_min_cell",
    "clopper_pearson_limits",
    "compare_models",
    "compare_paired",
    "compare_predictions",
    "compare_with_none",
    "conditional_parity",
    "confusion_table",
    "consistency_score",
    "count_pairs",
    "count_rows",
    "counts_from_dict",
    "differences_in_words",
    "distances_of_pairs",
    "divide",
    "effect_kinds",
    "effect_sentence",
    "estimates_of",
    "evaluate_predictions",
    "everybody",
    "false_positive_rate",
    "flip_test",
    "fold_interval",
    "four_fifths_table",
    "group_a_and_b",
    "group_rates",
    "has_only_upper_limit",
    "has_sign",
    "hidden_groups",
    "hidden_parts",
    "is_hidden_reason",
    "largest_groups",
    "local_law_144_table",
    "majority_label",
    "measure_conditional",
    "measure_unknown_groups",
    "normal_quantile",
    "of_predictions",
    "one_and_two_way",
    "over_majority",
    "paired_rows",
    "read_publication",
    "roc_auc",
    "scan_subgroups",
    "score_metrics",
    "selection_rate",
    "show",
    "show_conditional",
    "show_differences",
    "show_unknown_groups",
    "shown_confusion",
    "sizes_of",
    "squared_calibration_error",
    "tail_of_pairs",
    "threshold_frontier",
    "true_positive_rate",
    "unknown_groups",
    "values_of",
    "verdict_of",
    "why_no_interval",
    "wilson_limits",
    "with_enough_rows",
    "with_publication",
    "worst_of",
]
