"""Differences between two models as they are shown: numbers about too few rows are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.compare import ModelDifferences
from fairrun.metrics.paired import AnyPairedCounts
from fairrun.metrics.shown import MARGINAL
from fairrun.metrics.suppression import (
    MIN_CELL,
    Hidden,
    both_hidden,
    hidden_changes,
    hidden_groups,
)

__all__ = ["differences_in_words", "show_differences", "verdict_of"]

_VALUES = ["model_a", "model_b", "value", "ci_low", "ci_high"]
#: The metrics that are better the larger they are (1) or the smaller they are (−1).
_BETTER = dict.fromkeys(
    ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc"), 1
) | {"brier_score": -1}
#: What is said of two models whose distances from parity are not shown to differ.
_AS_NEAR = "neither is shown to be nearer"


def show_differences(
    found: ModelDifferences,
    paired: AnyPairedCounts,
    min_cell: int = MIN_CELL,
    *,
    unknown: bool = False,
) -> ModelDifferences:
    """Return differences without the numbers that must not be shown.

    Parameters
    ----------
    found : ModelDifferences
        The differences with all numbers.
    paired : PairedCounts or WeightedPairedCounts
        The counts from which they were computed.
    min_cell, unknown
        See `hidden_groups`.

    Returns
    -------
    ModelDifferences
        A copy in which a number that is not shown is missing, and the column reason says why. What
        is not shown of one of the two models is not shown of their difference either.

    Raises
    ------
    RequestError
        If `min_cell` is below 1.
    """
    both = [hidden_groups(paired.model(which), min_cell, unknown=unknown) for which in "ab"]
    hidden = both_hidden(*both)
    of_changes = hidden_changes(paired, hidden, min_cell, unknown=unknown)
    return replace(
        found,
        rates=_without(found.rates, ["group"], hidden),
        compared=_without(found.compared, ["group_a", "group_b"], hidden),
        distances=_without(found.distances, ["group_a", "group_b"], hidden),
        changed=_changed(found.changed, hidden, of_changes, min_cell),
    )


def verdict_of(sign: int, low: float, high: float, *, alike: str = "no difference shown") -> str:
    """Return what an interval of model A − model B says about model A.

    Parameters
    ----------
    sign : int
        1 if larger values are better, −1 if smaller ones are, and 0 if neither is.
    low, high : float
        The limits; NaN without an interval.
    alike : str
        What is said if the interval holds 0.

    Examples
    --------
    >>> verdict_of(1, 0.1, 0.2), verdict_of(-1, 0.1, 0.2), verdict_of(1, -0.1, 0.2)
    ('A is better', 'A is worse', 'no difference shown')
    """
    if not sign or np.isnan(low):
        return ""
    if low <= 0 <= high:
        return alike
    return "A is better" if (low > 0) == (sign > 0) else "A is worse"


def differences_in_words(found: ModelDifferences) -> pd.DataFrame:
    """Return the differences of all rows, and the bias metrics of each column, with a verdict.

    Parameters
    ----------
    found : ModelDifferences
        The differences, as they are shown.

    Returns
    -------
    DataFrame
        The columns protected, groups, metric, model_a, model_b, value, ci_low, ci_high, verdict and
        reason. A bias metric is better if it is nearer to parity: its verdict is that of the
        interval in `ModelDifferences.distances`. A metric that is neither better nor worse, such as
        the selection rate, has no verdict.
    """
    overall = found.rates[found.rates["protected"] == ""].copy()
    # These rates are listed under the names that performance has for them, or are their opposites.
    twice = ("true_positive_rate", "positive_predictive_value", "false_negative_rate")
    overall = overall[~overall["metric"].isin(twice)].assign(groups="all rows")
    order = [*_BETTER, *overall["metric"]]
    overall = overall.sort_values("metric", key=lambda names: names.map(order.index), kind="stable")
    overall["verdict"] = [
        verdict_of(_BETTER.get(str(name), 0), float(low), float(high))
        for name, low, high in overall[["metric", "ci_low", "ci_high"]].to_numpy()
    ]
    names = ["protected", "group_a", "group_b", "metric"]
    limits = found.distances.set_index(names)[["ci_low", "ci_high"]]
    compared = found.compared[
        found.compared["metric"].map(lambda n: BIAS_METRICS[n].kind != "other")
    ]
    compared = compared.assign(
        groups=[" and ".join(each) for each in compared[["group_a", "group_b"]].to_numpy()],
        verdict=[
            verdict_of(-1, *limits.loc[tuple(each)], alike=_AS_NEAR)
            for each in compared[names].to_numpy()
        ],
    )
    columns = ["protected", "groups", "metric", *_VALUES, "verdict", "reason"]
    return pd.concat([overall[columns], compared[columns]], ignore_index=True)


def _without(table: pd.DataFrame, groups: Sequence[str], hidden: Hidden) -> pd.DataFrame:
    if not hidden:
        return table.copy()
    reasons = np.array(
        [
            hidden.reason(
                row["protected"],
                *(row[each] for each in groups),
                joint=row["metric"] not in MARGINAL,
            )
            for row in table.to_dict("records")
        ],
        dtype=object,
    )
    gone = reasons != ""
    shown = table.assign(reason=np.where(gone, reasons, table["reason"]))
    shown.loc[gone, _VALUES] = np.nan
    return shown.assign(method=shown["method"].mask(gone, ""))


def _changed(
    table: pd.DataFrame, hidden: Hidden, of_changes: Hidden, min_cell: int
) -> pd.DataFrame:
    """Return the table of changes without numbers of few rows."""
    few = table["changed"].between(1, min_cell - 1)
    # Both directions of all rows are hidden, if one of them has few changes.
    of_all = few.groupby([table["protected"], table["group"], table["label"]]).transform("any")
    # The changes of one label are those of any label without those of the other one.
    by_label = table["label"] != "any"
    either = (of_all & by_label).groupby([table["protected"], table["group"]]).transform("any")
    of_all |= by_label & either
    reasons = [
        hidden.reason(row["protected"], row["group"])
        or of_changes.reason(row["protected"], row["group"], joint=row["label"] != "any")
        or (f"hidden: fewer than {min_cell} rows" if row["protected"] == "" and of_row else "")
        for row, of_row in zip(table.to_dict("records"), of_all, strict=True)
    ]
    no_size = [bool(hidden.rows(p, g)) for p, g in table[["protected", "group"]].to_numpy()]
    gone = np.array([bool(reason) for reason in reasons])
    shown = table.assign(
        n=table["n"].astype("Int64").mask(np.array(no_size)),
        changed=table["changed"].astype("Int64").mask(gone),
        reason=[new or old for new, old in zip(reasons, table["reason"], strict=True)],
    )
    shown.loc[gone, ["share", "ci_low", "ci_high"]] = np.nan
    return shown
