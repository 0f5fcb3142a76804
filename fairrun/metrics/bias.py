"""The bias metrics of labels, as functions of the counts of two groups.

Names, directions and values are those of holisticai's table of classification metrics: group_a is
the privileged group, differences are a - b, ratios a / b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairrun.metrics.counts import Counts
from fairrun.metrics.performance import (
    FloatArray,
    Tables,
    accuracy,
    divide,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)

__all__ = ["BIAS_METRICS", "BiasMetric", "bias_metrics"]


@dataclass(frozen=True)
class BiasMetric:
    """One row of the table of bias metrics.

    Parameters
    ----------
    title : str
        holisticai's name.
    kind : {"difference", "ratio", "other"}
        "difference" is a - b of a rate, "ratio" is a / b; "other" is neither.
    reference : int
        The value at parity.
    function : callable
        Takes tables of shape (..., n_groups, 2, 2), indexed by group, label and prediction, with
        group_a first and group_b second, and returns values of shape (...). Undefined ones are NaN.
    formula : str
        The function, in rates of the groups.
    source : str
        Where it was proposed.
    """

    title: str
    kind: Literal["difference", "ratio", "other"]
    reference: int
    function: Callable[[Tables], FloatArray]
    formula: str
    source: str

    @property
    def name(self) -> str:
        """The title in snake_case, as in logged metrics, gates and constraints."""
        return self.title.lower().replace(" ", "_")


def _difference(rate: Callable[[Tables], FloatArray], tables: Tables) -> FloatArray:
    rates = rate(tables)
    return rates[..., 0] - rates[..., 1]


def _statistical_parity(tables: Tables) -> FloatArray:
    return _difference(selection_rate, tables)


def _disparate_impact(tables: Tables) -> FloatArray:
    rates = selection_rate(tables)
    return divide(rates[..., 0], rates[..., 1])


def _four_fifths_rule(tables: Tables) -> FloatArray:
    rates = selection_rate(tables)[..., :2]
    return divide(rates.min(axis=-1), rates.max(axis=-1))


def _cohen_d(tables: Tables) -> FloatArray:
    n = tables.sum(axis=(-2, -1))[..., :2]
    rates = selection_rate(tables)[..., :2]
    squares = (n - 1) * rates * (1 - rates)
    pooled_variance = divide(squares.sum(axis=-1), n.sum(axis=-1) - 2)
    return divide(_statistical_parity(tables), np.sqrt(pooled_variance))


def _two_sd_rule(tables: Tables) -> FloatArray:
    n_a, n_b = (tables[..., group, :, :].sum(axis=(-2, -1)) for group in (0, 1))
    pooled_rate = selection_rate(tables[..., :2, :, :].sum(axis=-3))
    variance = pooled_rate * (1 - pooled_rate) * (divide(1, n_a) + divide(1, n_b))
    return divide(_statistical_parity(tables), np.sqrt(variance))


def _equality_of_opportunity_difference(tables: Tables) -> FloatArray:
    return _difference(true_positive_rate, tables)


def _false_positive_rate_difference(tables: Tables) -> FloatArray:
    return _difference(false_positive_rate, tables)


def _average_odds_difference(tables: Tables) -> FloatArray:
    return (_difference(true_positive_rate, tables) + _difference(false_positive_rate, tables)) / 2


def _accuracy_difference(tables: Tables) -> FloatArray:
    return _difference(accuracy, tables)


_METRICS = (
    BiasMetric(
        title="Statistical Parity",
        kind="difference",
        reference=0,
        function=_statistical_parity,
        formula="selection_rate_a - selection_rate_b",
        source="Calders and Verwer (2010), Three naive Bayes approaches for discrimination-free "
        "classification, Data Mining and Knowledge Discovery 21",
    ),
    BiasMetric(
        title="Disparate Impact",
        kind="ratio",
        reference=1,
        function=_disparate_impact,
        formula="selection_rate_a / selection_rate_b",
        source="Feldman et al. (2015), Certifying and removing disparate impact, KDD "
        "(there the unprivileged group's rate is divided by the privileged one's)",
    ),
    BiasMetric(
        title="Four Fifths Rule",
        kind="other",
        reference=1,
        function=_four_fifths_rule,
        formula="min(selection_rate_a, selection_rate_b) / max(selection_rate_a, selection_rate_b)",
        source="Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4(D)",
    ),
    BiasMetric(
        title="Cohen D",
        kind="other",
        reference=0,
        function=_cohen_d,
        formula="(p_a - p_b) / sqrt(((n_a - 1) p_a (1 - p_a) + (n_b - 1) p_b (1 - p_b)) "
        "/ (n_a + n_b - 2)), where p is the selection rate",
        source="Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2",
    ),
    BiasMetric(
        title="2SD Rule",
        kind="other",
        reference=0,
        function=_two_sd_rule,
        formula="(p_a - p_b) / sqrt(p (1 - p) (1 / n_a + 1 / n_b)), "
        "where p is the selection rate, without index that of both groups together",
        source="Morris (2001), Sample size required for adverse impact analysis, "
        "Applied HRM Research 6",
    ),
    BiasMetric(
        title="Equality of Opportunity Difference",
        kind="difference",
        reference=0,
        function=_equality_of_opportunity_difference,
        formula="true_positive_rate_a - true_positive_rate_b",
        source="Hardt, Price and Srebro (2016), Equality of opportunity in supervised learning, "
        "NeurIPS, definition 2.2",
    ),
    BiasMetric(
        title="False Positive Rate Difference",
        kind="difference",
        reference=0,
        function=_false_positive_rate_difference,
        formula="false_positive_rate_a - false_positive_rate_b",
        source="Chouldechova (2017), Fair prediction with disparate impact, Big Data 5 "
        "(error rate balance)",
    ),
    BiasMetric(
        title="Average Odds Difference",
        kind="difference",
        reference=0,
        function=_average_odds_difference,
        formula="((true_positive_rate_a - true_positive_rate_b) "
        "+ (false_positive_rate_a - false_positive_rate_b)) / 2",
        source="Bellamy et al. (2018), AI Fairness 360, arXiv:1810.01943",
    ),
    BiasMetric(
        title="Accuracy Difference",
        kind="difference",
        reference=0,
        function=_accuracy_difference,
        formula="accuracy_a - accuracy_b",
        source="Berk et al. (2021), Fairness in criminal justice risk assessments, "
        "Sociological Methods & Research 50 (overall accuracy equality)",
    ),
)

#: The bias metrics of labels by name, in the order of holisticai's table.
BIAS_METRICS: dict[str, BiasMetric] = {metric.name: metric for metric in _METRICS}


def bias_metrics(counts: Counts) -> dict[str, float]:
    """Compute the bias metrics of labels between the first two groups.

    Rows in neither group play no part.

    Parameters
    ----------
    counts : Counts
        The counts of the rows, group_a first and group_b second.

    Returns
    -------
    dict of str to float
        The metrics of `BIAS_METRICS`: differences a - b, ratios a / b. NaN where undefined, such as
        all of them if a group is empty, the true positive rates' difference if a group has no
        positive label, or the disparate impact if nobody in group_b was selected.

    Examples
    --------
    >>> counts = Counts(("Male", "Female", "(neither)"), "sex",
    ...                 [[[2, 2], [0, 4]], [[6, 0], [1, 1]], [[0, 1], [1, 0]]])
    >>> values = bias_metrics(counts)
    >>> values["statistical_parity"], values["disparate_impact"], values["four_fifths_rule"]
    (0.625, 6.0, 0.16666666666666666)
    """
    return {name: float(metric.function(counts.table)) for name, metric in BIAS_METRICS.items()}
