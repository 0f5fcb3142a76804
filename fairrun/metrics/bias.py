"""The bias metrics of labels, as functions of the counts of two groups.

Names, directions and values are those of holisticai's table of classification metrics: group_a is
the privileged group, differences are a − b, and ratios are a / b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairrun.metrics.rates import (
    FloatArray,
    Rate,
    Tables,
    accuracy,
    divide,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)

__all__ = ["BIAS_METRICS", "BiasMetric"]


def _mean_difference(a: list[FloatArray], b: list[FloatArray]) -> FloatArray:
    return np.asarray(sum(x - y for x, y in zip(a, b, strict=True)) / len(a))


def _ratio(a: list[FloatArray], b: list[FloatArray]) -> FloatArray:
    return divide(a[0], b[0])


@dataclass(frozen=True)
class BiasMetric:
    """One row of the table of bias metrics.

    Attributes
    ----------
    title : str
        The name in holisticai's table.
    kind : {"difference", "ratio", "other"}
        "difference" is a − b of a rate, "ratio" is a / b of a rate, and "other" is neither.
    reference : int
        The value at parity.
    rates : tuple of Rate
        The rates that the metric compares.
    formula : str
        The formula in terms of the groups' rates.
    source : str
        The paper or rule that defines the metric.
    of_rates : callable
        A function of two lists of arrays, the rates of a and the rates of b. The default is the
        mean of their differences.
    of_tables : callable or None
        A function with the argument of `function`. It replaces `of_rates` for metrics that need
        more than rates, such as numbers of rows.
    undefined : str
        The reason that the metric is undefined although its rates are defined, with {a} and {b} in
        place of the groups' names.
    signed : bool
        Whether exchanging a and b changes the value. Only signed metrics have intervals. (For the
        four-fifths rule, use the interval of the disparate impact.)
    scale_free : bool
        Whether the value stays the same when all counts are doubled. A metric that is not
        scale-free means nothing for sums of weights.
    """

    title: str
    kind: Literal["difference", "ratio", "other"]
    reference: int
    rates: tuple[Rate, ...]
    formula: str
    source: str
    of_rates: Callable[[list[FloatArray], list[FloatArray]], FloatArray] = _mean_difference
    of_tables: Callable[[Tables], FloatArray] | None = None
    undefined: str = ""
    signed: bool = True
    scale_free: bool = True

    @property
    def name(self) -> str:
        """Return the title in snake_case, as it is used in logged metrics and gates."""
        return self.title.lower().replace(" ", "_")

    def function(self, tables: Tables) -> FloatArray:
        """Compute the metric of two groups.

        Parameters
        ----------
        tables : array of shape (..., n_groups, 2, 2)
            Tables by group, label and prediction, with group_a first and group_b second.

        Returns
        -------
        array of shape (...)
            The values; undefined ones are NaN.
        """
        if self.of_tables is not None:
            return self.of_tables(tables)
        a, b = tables[..., 0, :, :], tables[..., 1, :, :]
        return self.of_rates([rate(a) for rate in self.rates], [rate(b) for rate in self.rates])

    def undefined_reason(self, tables: Tables, group_a: str, group_b: str) -> str:
        """Return why the value is NaN; empty if it is not NaN.

        Parameters
        ----------
        tables : array of shape (2, 2, 2)
            Tables by group, label and prediction, with group_a first and group_b second.
        group_a, group_b : str
            The names of the groups.

        Examples
        --------
        >>> tables = np.array([[[2, 2], [0, 4]], [[6, 0], [0, 0]]])
        >>> BIAS_METRICS["average_odds_difference"].undefined_reason(tables, "Male", "Female")
        'no row of Female has label 1'
        >>> BIAS_METRICS["disparate_impact"].undefined_reason(tables, "Male", "Female")
        'no row of Female is predicted 1'
        """
        if not np.isnan(self.function(tables)):
            return ""
        for rate in self.rates:
            for table, group in zip(tables, (group_a, group_b), strict=True):
                if reason := rate.undefined_reason(table, group):
                    return reason
        return self.undefined.format(a=group_a, b=group_b)


def _four_fifths_rule(tables: Tables) -> FloatArray:
    rates = selection_rate(tables[..., :2, :, :])
    return divide(rates.min(axis=-1), rates.max(axis=-1))


def _cohen_d(tables: Tables) -> FloatArray:
    n = selection_rate.size(tables[..., :2, :, :])
    rates = selection_rate(tables[..., :2, :, :])
    squares = (n - 1) * rates * (1 - rates)
    pooled_variance = divide(squares.sum(axis=-1), n.sum(axis=-1) - 2)
    # Smoothed replicates hold fractions of rows. For a group with one row, rounding can make the
    # variance slightly negative.
    return divide(rates[..., 0] - rates[..., 1], np.sqrt(np.maximum(pooled_variance, 0)))


def _two_sd_rule(tables: Tables) -> FloatArray:
    n = selection_rate.size(tables[..., :2, :, :])
    rates = selection_rate(tables[..., :2, :, :])
    pooled_rate = selection_rate(tables[..., :2, :, :].sum(axis=-3))
    variance = pooled_rate * (1 - pooled_rate) * divide(1, n).sum(axis=-1)
    return divide(rates[..., 0] - rates[..., 1], np.sqrt(variance))


_METRICS = (
    BiasMetric(
        title="Statistical Parity",
        kind="difference",
        reference=0,
        rates=(selection_rate,),
        formula="selection_rate_a - selection_rate_b",
        source="Calders and Verwer (2010), Three naive Bayes approaches for discrimination-free "
        "classification, Data Mining and Knowledge Discovery 21",
    ),
    BiasMetric(
        title="Disparate Impact",
        kind="ratio",
        reference=1,
        of_rates=_ratio,
        rates=(selection_rate,),
        formula="selection_rate_a / selection_rate_b",
        source="Feldman et al. (2015), Certifying and removing disparate impact, KDD "
        "(there the unprivileged group's rate is divided by the privileged one's)",
        undefined="no row of {b} is predicted 1",
    ),
    BiasMetric(
        title="Four Fifths Rule",
        kind="other",
        reference=1,
        of_tables=_four_fifths_rule,
        rates=(selection_rate,),
        formula="min(selection_rate_a, selection_rate_b) / max(selection_rate_a, selection_rate_b)",
        source="Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D)",
        undefined="no row of {a} or {b} is predicted 1",
        signed=False,
    ),
    BiasMetric(
        title="Cohen D",
        kind="other",
        reference=0,
        of_tables=_cohen_d,
        rates=(selection_rate,),
        formula="(p_a - p_b) / sqrt(((n_a - 1) p_a (1 - p_a) + (n_b - 1) p_b (1 - p_b)) "
        "/ (n_a + n_b - 2)), where p is the selection rate",
        source="Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2",
        undefined="all rows of {a} have the same prediction, and so do all rows of {b}",
        scale_free=False,
    ),
    BiasMetric(
        title="2SD Rule",
        kind="other",
        reference=0,
        of_tables=_two_sd_rule,
        rates=(selection_rate,),
        formula="(p_a - p_b) / sqrt(p (1 - p) (1 / n_a + 1 / n_b)), "
        "where p_a and p_b are the selection rates of the groups, and p is that of both together",
        source="Morris (2001), Sample size required for adverse impact analysis, "
        "Applied HRM Research 6",
        undefined="all rows of {a} and {b} have the same prediction",
        scale_free=False,
    ),
    BiasMetric(
        title="Equality of Opportunity Difference",
        kind="difference",
        reference=0,
        rates=(true_positive_rate,),
        formula="true_positive_rate_a - true_positive_rate_b",
        source="Hardt, Price and Srebro (2016), Equality of opportunity in supervised learning, "
        "NeurIPS, definition 2.2",
    ),
    BiasMetric(
        title="False Positive Rate Difference",
        kind="difference",
        reference=0,
        rates=(false_positive_rate,),
        formula="false_positive_rate_a - false_positive_rate_b",
        source="Chouldechova (2017), Fair prediction with disparate impact, Big Data 5 "
        "(error rate balance)",
    ),
    BiasMetric(
        title="Average Odds Difference",
        kind="difference",
        reference=0,
        rates=(true_positive_rate, false_positive_rate),
        formula="((true_positive_rate_a - true_positive_rate_b) "
        "+ (false_positive_rate_a - false_positive_rate_b)) / 2",
        source="Bellamy et al. (2018), AI Fairness 360, arXiv:1810.01943",
    ),
    BiasMetric(
        title="Accuracy Difference",
        kind="difference",
        reference=0,
        rates=(accuracy,),
        formula="accuracy_a - accuracy_b",
        source="Berk et al. (2021), Fairness in criminal justice risk assessments, "
        "Sociological Methods & Research 50 (overall accuracy equality)",
    ),
)

#: The bias metrics of labels by name, in the order of holisticai's table.
BIAS_METRICS: dict[str, BiasMetric] = {metric.name: metric for metric in _METRICS}
