"""Differences between two models, from counts of both on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.grouping import Grouping, everybody, group_a_and_b, one_and_two_way, values_of
from fairrun.metrics.intervals import draw_replicates, percentile_limits, smooth
from fairrun.metrics.paired import PairedCounts
from fairrun.metrics.rates import GROUP_RATES, FloatArray

__all__ = ["ModelDifferences", "compare_models"]


@dataclass(frozen=True, eq=False)
class ModelDifferences:
    """Differences between the metrics of two models: long tables with one value in each row.

    Both tables have the columns protected, metric, model_a and model_b (the metric of each model),
    value (the difference, model A − model B), ci_low and ci_high.

    Attributes
    ----------
    rates : DataFrame
        The rates of each group, with the column group.
    compared : DataFrame
        The bias metrics of group_a against group_b of each protected column and each crossing, with
        the columns group_a and group_b.
    """

    rates: pd.DataFrame
    compared: pd.DataFrame


def compare_models(
    paired: PairedCounts, *, confidence: float = 0.95, n_replicates: int = 2000, seed: int = 0
) -> ModelDifferences:
    """Estimate the differences between the metrics of two models.

    The bootstrap draws each row with both predictions, so errors that the models share cancel, and
    the interval of the difference is narrower than the interval of either value. The limits are
    percentiles of the replicates. Replicates are smoothed for a group with few rows in a cell,
    because two models often differ in a few rows only.

    Parameters
    ----------
    paired : PairedCounts
        The counts of both models on the same rows.
    confidence : float, default 0.95
        Confidence level of each interval.
    n_replicates, seed : int
        The number of replicates of the counts, and the seed of their random numbers.

    Returns
    -------
    ModelDifferences

    Examples
    --------
    >>> from fairrun.groups import ProtectedColumn
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> table = [[[[90, 5], [5, 50]], [[20, 5], [5, 80]]]] * 3
    >>> rates = compare_models(PairedCounts((sex,), table)).rates.set_index("metric")
    >>> rates.loc["selection_rate", "value"].tolist()
    [0.0, 0.0, 0.0]
    """
    columns = paired.columns
    drawn = draw_replicates(paired.cells, n_replicates, seed)

    def models(grouping: Grouping) -> list[tuple[NDArray[np.int64], FloatArray]]:
        """Return (counts, replicates) of the groups, for model A and for model B."""
        tables = paired.grouped(grouping)
        replicates = smooth(tables, grouping.sum(drawn, n_outcomes=3), seed + 1)
        return [(tables.sum(axis=axis), replicates.sum(axis=axis)) for axis in (-1, -2)]

    def difference(values: list[tuple[FloatArray, FloatArray]]) -> dict[str, FloatArray]:
        (a, draws_a), (b, draws_b) = values
        low, high = percentile_limits(a - b, draws_a - draws_b, confidence)
        return {"model_a": a, "model_b": b, "value": a - b, "ci_low": low, "ci_high": high}

    rates, compared = [], []
    all_values = [values_of(columns, *names) for names in one_and_two_way(columns)]
    for grouping in (everybody(columns), *all_values):
        both = models(grouping)
        for name, rate in GROUP_RATES.items():
            values = difference([(rate(t), rate(r)) for t, r in both])
            about = {"protected": grouping.protected, "group": grouping.groups, "metric": name}
            rates.append(pd.DataFrame(about | values))
    for names in one_and_two_way(columns):
        grouping = group_a_and_b(columns, *names)
        a, b = grouping.groups
        both = models(grouping)
        for name, metric in BIAS_METRICS.items():
            f = metric.function
            values = difference([(f(t[None]), f(r[:, None])) for t, r in both])
            about = {"protected": grouping.protected, "group_a": a, "group_b": b, "metric": name}
            compared.append(pd.DataFrame(about | values))
    return ModelDifferences(
        pd.concat(rates, ignore_index=True), pd.concat(compared, ignore_index=True)
    )
