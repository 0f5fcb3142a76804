"""The evaluation of a model's predictions: performance, bias between groups, and audits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.groups import NEITHER_NAME, ProtectedColumn
from fairrun.metrics.audit import Audit, audit
from fairrun.metrics.audit_scores import audit_scores
from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.cluster_scores import without_intervals
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.counts import Counts
from fairrun.metrics.effects import over_majority
from fairrun.metrics.grouping import Grouping, group_a_and_b
from fairrun.metrics.histograms import ScoreHistogram, WeightedScoreHistogram
from fairrun.metrics.impact_audits import (
    count_above_median,
    four_fifths_table,
    local_law_144_table,
)
from fairrun.metrics.inequality import INEQUALITY_METRICS
from fairrun.metrics.measurable import not_measured
from fairrun.metrics.over_threshold import accuracy_over_threshold
from fairrun.metrics.performance import score_metrics
from fairrun.metrics.rates import (
    divide,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from fairrun.metrics.rows import flip_test, largest_flip
from fairrun.metrics.suppression import NOTHING_HIDDEN, Hidden
from fairrun.metrics.threshold_frontier import ThresholdFrontier, threshold_frontier
from fairrun.metrics.weighted import AnyCounts, WeightedCounts, count_rows

__all__ = ["Evaluation", "bias_table", "confusion_table", "evaluate_predictions"]

_OVER_MAJORITY = ("accuracy_over_majority_ci_low", "accuracy_over_majority_ci_high")
_OVER_THRESHOLD = [f"accuracy_over_threshold{end}" for end in ("", "_ci_low", "_ci_high")]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All metrics and tables that describe one set of predictions.

    Attributes
    ----------
    metrics : dict of str to float
        The values by name. The names and their order depend only on the protected columns.
        Undefined values are NaN.
    counts : Counts or WeightedCounts
        The counts from which the metrics of labels are computed. For weighted rows they are sums of
        weights, and every metric, table and interval below is weighted.
    scores : ScoreHistogram, WeightedScoreHistogram or None
        The histogram of scores by protected values and label; None without scores.
    audit : Audit
        The rates of every group and the differences of every pair, with the metrics of scores.
    impact_audits : dict of str to DataFrame
        "four_fifths" is the table of `four_fifths_table`. "local_law_144" is the table of
        `local_law_144_table` for selection, followed by the one for scoring if there are scores.
        It is left out for weighted rows, because the rule counts people.
    frontier : ThresholdFrontier or None
        The accuracy and statistical parity of single thresholds on the same scores, for the first
        protected column. None if one of its groups is empty.
    flips : DataFrame or None
        The table of `flip_test`. None if `with_flips` was not called.
    hidden : Hidden
        The groups that are not shown; see `show`. By default every number is shown.
    not_measured : dict of str to str
        The metrics that need true labels or scores that the rows do not have, with the reason.
    """

    metrics: dict[str, float]
    counts: AnyCounts
    scores: ScoreHistogram | WeightedScoreHistogram | None
    audit: Audit
    impact_audits: dict[str, pd.DataFrame]
    frontier: ThresholdFrontier | None
    flips: pd.DataFrame | None = None
    hidden: Hidden = NOTHING_HIDDEN
    not_measured: dict[str, str] = field(default_factory=dict)

    @property
    def labelled(self) -> bool:
        """Return whether the true labels of the rows are known."""
        return self.counts.labelled

    @property
    def protected(self) -> ProtectedColumn:
        """Return the first protected column; metrics without a suffix describe this column."""
        return self.counts.columns[0]

    def with_flips(
        self,
        predict: Callable[[pd.DataFrame], ArrayLike],
        frame: pd.DataFrame,
        weight: ArrayLike | None = None,
    ) -> Evaluation:
        """Return the evaluation with the flip test of the first protected column added.

        Parameters
        ----------
        predict : callable
            A function of a DataFrame of rows that returns their labels, 0 or 1.
        frame : DataFrame
            The evaluated rows.
        weight : array of shape (n_rows,), optional
            The weights of the rows.

        Returns
        -------
        Evaluation
            A copy with `flips` and the metrics `flip_rate`, `flip_rate_ci_low` and
            `flip_rate_ci_high`. The flip rate is the share of rows whose label changes when only
            the protected value changes, for the pair of values with the largest share. Its interval
            allows for the choice of the pair (`largest_flip`). Clustered rows have no such
            interval.
        """
        column = self.protected
        names = column.examples
        flips = flip_test(predict, frame, column.name, [*names], weight)
        if column.ranges:  # a number stands for each range
            flips = flips.assign(**{end: flips[end].map(names) for end in ("from", "to")})
        if self.audit.clusters is not None:
            flips = flips.assign(ci_low=np.nan, ci_high=np.nan)
        names_of_metric = ("flip_rate", "flip_rate_ci_low", "flip_rate_ci_high")
        found = dict(zip(names_of_metric, largest_flip(flips), strict=True))
        return replace(self, flips=flips, metrics=self.metrics | found)


def evaluate_predictions(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    probability: ArrayLike | None,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    seed: int = 0,
    justification: str | None = None,
) -> Evaluation:
    """Compute performance over all rows and bias between groups, with 95 % intervals.

    Parameters
    ----------
    protected : sequence of ProtectedColumn
        The protected columns.
    positions : sequence of arrays of int of shape (n_rows,)
        For each column the rows' positions in its values; -1 for none of them.
    y_true : array of shape (n_rows,), or None
        The labels, 0 or 1, where 1 is the favourable outcome; None if they are not known. Then only
        metrics of predictions are computed, such as selection rates.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1.
    probability : array of shape (n_rows,), or None
        The predicted probability of label 1, before any decision; None if there are no scores.
    weight : array of shape (n_rows,), optional
        The weight of each row. Every metric is then a weighted one, and its interval allows for the
        weights. Metrics that depend on the number of rows are NaN, and `audit` has the reason.
    cluster : array of shape (n_rows,), optional
        The cluster of each row, such as its household: numbers or text. The values stay the same.
        The intervals of labels then come from clusters; metrics of scores have none.
    seed : int, default 0
        The seed of the random numbers from which intervals are computed.
    justification : str, optional
        The reason to leave small categories out of impact ratios; see `local_law_144_table`.

    Returns
    -------
    Evaluation
        Its metrics are those of `Audit.metrics`, average_precision, log_loss, the inequality
        metrics, n_rows, neither_share (the share of rows in neither group of the first protected
        column) and accuracy_over_threshold with its limits. The last one is the accuracy minus the
        accuracy of the best single threshold whose |statistical parity| is not larger; the
        threshold is chosen on other rows than it is measured on. accuracy_over_majority, the
        accuracy minus the share of the more frequent label, follows. For weighted rows,
        sum_of_weights and effective_n (Kish's effective number of rows) follow n_rows. For
        clustered rows, n_clusters follows.

    Raises
    ------
    RequestError
        If the lengths differ, a label is neither 0 nor 1, a code is neither a position nor −1, a
        probability is not in [0, 1], a weight is negative or not finite, or a cluster is null.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> evaluation = evaluate_predictions(
    ...     [sex], [[0, 0, 1, 1, -1]], y_true=[1, 0, 1, 0, 1], y_pred=[1, 0, 0, 0, 1],
    ...     probability=[0.9, 0.2, 0.4, 0.3, 0.8])
    >>> evaluation.metrics["statistical_parity"], evaluation.metrics["neither_share"]
    (0.5, 0.2)
    """
    counts = count_rows(protected, positions, y_true, y_pred, weight)
    first = counts.columns[0]
    sizes = _sizes(counts)
    clusters = None
    if cluster is not None:
        clusters = ClusterTables.from_arrays(
            protected, positions, y_true, y_pred, cluster, weight=weight
        )
        sizes["n_clusters"] = float(clusters.n_clusters)
    audited = audit(counts, seed=seed, clusters=clusters)
    confusion = confusion_table(counts)
    frontier = None
    of_scores: dict[str, float] = {}
    over_threshold: dict[str, float] = {}
    if y_true is not None and probability is not None:
        audited = _with_scores(audited, protected, positions, y_true, probability, weight)
        of_scores = score_metrics(y_true, probability, weight)
        over_threshold = dict.fromkeys(_OVER_THRESHOLD, np.nan)
        if confusion["n"][:2].all():
            groups = first.group_of_position[np.asarray(positions[0])]
            frontier = threshold_frontier(groups, y_true, probability, weight)
            found = accuracy_over_threshold(groups, y_true, y_pred, probability, weight, seed=seed)
            over_threshold = dict(zip(_OVER_THRESHOLD, found, strict=True))
    metrics = audited.metrics(first.name) | of_scores
    if counts.labelled:
        metrics |= {name: float(of(counts.total)) for name, of in INEQUALITY_METRICS.items()}
    metrics |= sizes | {"neither_share": float(divide(confusion["n"].iloc[-1], counts.n))}
    metrics |= over_threshold
    if counts.labelled:
        metrics |= over_majority(counts)
    if clusters is not None:  # these intervals take rows as independent
        without = {*_OVER_THRESHOLD[1:], *_OVER_MAJORITY} & {*metrics}
        metrics |= dict.fromkeys(without, np.nan)
    impact_audits = {"four_fifths": four_fifths_table(counts, audited)}
    if isinstance(counts, Counts):
        tables = [local_law_144_table(counts, justification=justification)]
        if probability is not None:
            above = count_above_median(protected, positions, probability)
            tables.append(local_law_144_table(above, "scoring", justification=justification))
        impact_audits["local_law_144"] = pd.concat(tables, ignore_index=True)
    return Evaluation(
        *(metrics, counts, _histogram(protected, positions, y_true, probability, weight), audited),
        *(impact_audits, frontier),
        not_measured=not_measured(labelled=counts.labelled, scored=probability is not None),
    )


def _sizes(counts: AnyCounts) -> dict[str, float]:
    """Return the number of rows, and of weighted rows the sum of weights and effective number."""
    sizes = {"n_rows": float(counts.n_rows)}
    if isinstance(counts, WeightedCounts):
        sizes |= {"sum_of_weights": counts.n, "effective_n": counts.effective_n}
    return sizes


def _with_scores(
    audited: Audit,
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike,
    probability: ArrayLike,
    weight: ArrayLike | None,
) -> Audit:
    """Return an audit with the metrics of scores added."""
    tables = audit_scores(protected, positions, y_true, probability, weight=weight)
    if audited.clusters is not None:
        tables = (without_intervals(tables[0]), without_intervals(tables[1]))
    rates, compared = tables
    return replace(
        audited,
        rates=pd.concat([audited.rates, rates], ignore_index=True),
        compared=pd.concat([audited.compared, compared], ignore_index=True),
    )


def _histogram(
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    probability: ArrayLike | None,
    weight: ArrayLike | None,
) -> ScoreHistogram | WeightedScoreHistogram | None:
    """Return the histogram of scores; None without scores."""
    if probability is None:
        return None
    labels = np.zeros(len(np.asarray(probability)), np.uint8) if y_true is None else y_true
    table: ScoreHistogram | WeightedScoreHistogram
    if weight is None:
        table = ScoreHistogram.from_arrays(protected, positions, labels, probability)
    else:
        table = WeightedScoreHistogram.from_arrays(
            protected, positions, labels, probability, weight
        )
    return replace(table, labelled=y_true is not None)


def bias_table(audited: Audit, protected: str) -> pd.DataFrame:
    """Return the bias metrics of two groups in the form of holisticai's table.

    Parameters
    ----------
    audited : Audit
        The audit of an `Evaluation`.
    protected : str
        The protected column or crossing.

    Returns
    -------
    DataFrame
        One row for each metric, with the columns Metric (holisticai's names, in its order), Value
        (differences a − b, ratios a / b), Reference (the value at parity), ci_low, ci_high, group_a
        and group_b. holisticai calls the last row, ROC AUC Difference, ABROCA. Elsewhere that is
        the area between the two curves, as in the metric `abroca`.
    """
    compared = audited.compared[audited.compared["protected"] == protected]
    compared = compared[compared["metric"] != "abroca"]
    metrics = [BIAS_METRICS.get(name) for name in compared["metric"]]
    return pd.DataFrame(
        {
            "Metric": [metric.title if metric else "ROC AUC Difference" for metric in metrics],
            "Value": compared["value"].to_numpy(),
            "Reference": [metric.reference if metric else 0 for metric in metrics],
            **{name: compared[name].to_numpy() for name in ("ci_low", "ci_high")},
            **{name: compared[name].to_numpy() for name in ("group_a", "group_b")},
        }
    )


def confusion_table(counts: AnyCounts) -> pd.DataFrame:
    """Return the confusion matrix and rates of each group of the first protected column.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows. If they are weighted, the numbers are sums of weights.

    Returns
    -------
    DataFrame
        One row for group_a, group_b and the rows in neither, with the columns group, n,
        true_negatives, false_positives, false_negatives, true_positives, selection_rate,
        true_positive_rate and false_positive_rate. Undefined rates are NaN. Without true labels,
        the columns are group, n and selection_rate.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[2, 2], [0, 4]], [[6, 0], [1, 1]], [[0, 0], [0, 0]]])
    >>> confusion_table(counts)[["group", "n", "selection_rate"]]
           group  n  selection_rate
    0       Male  8           0.750
    1     Female  8           0.125
    2  (neither)  0             NaN
    """
    two = group_a_and_b(counts.columns, counts.columns[0].name)
    # The rows in neither group are summed, not subtracted, so that rounding leaves no remainder.
    others = two.members.sum(axis=0) == 0
    neither = Grouping(two.protected, (NEITHER_NAME,), others[np.newaxis].astype(np.int64))
    tables = np.concatenate([counts.tables_of(two), counts.tables_of(neither)])
    table = pd.DataFrame(
        {
            "group": [*two.groups, NEITHER_NAME],
            "n": tables.sum(axis=(1, 2)),
            "true_negatives": tables[:, 0, 0],
            "false_positives": tables[:, 0, 1],
            "false_negatives": tables[:, 1, 0],
            "true_positives": tables[:, 1, 1],
            "selection_rate": selection_rate(tables),
            "true_positive_rate": true_positive_rate(tables),
            "false_positive_rate": false_positive_rate(tables),
        }
    )
    return table if counts.labelled else table[["group", "n", "selection_rate"]]
