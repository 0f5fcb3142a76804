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
    """What `compare_models` returns: model A − model B, one row a value.

    Both tables have the columns protected, metric, model_a and model_b (the two values), value
    (their difference), ci_low and ci_high.

    Parameters
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
    """Estimate how the metrics of two models differ.

    Rows are drawn with both predictions, so what the models have in common cancels: the interval of
    the difference is narrower than that of either value. Percentiles of replicates, smoothed where
    a group has few rows in a cell, as two models that hardly ever differ have.

    Parameters
    ----------
    paired : PairedCounts
        The counts of both on the same rows.
    confidence : float, default 0.95
        How often an interval shall cover.
    n_replicates, seed : int
        The number of replicates, and the seed they are drawn with.

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
        """Find the groups' counts and replicates of A, and those of B."""
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
