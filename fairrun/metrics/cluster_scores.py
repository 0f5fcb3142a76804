"""Metrics of scores for rows that come in clusters: values without intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["NOT_BY_CLUSTER", "without_intervals"]

#: Why a metric of scores has no interval.
NOT_BY_CLUSTER = (
    "metrics of scores have no interval if rows are in clusters; metrics of labels, such as "
    "accuracy, have one"
)


def without_intervals(audited: pd.DataFrame) -> pd.DataFrame:
    """Return a table of metrics of scores without its intervals, which take rows as independent.

    Parameters
    ----------
    audited : DataFrame
        A table of `audit_scores`.

    Returns
    -------
    DataFrame
        A table whose limits are NaN. The reason is `NOT_BY_CLUSTER` where a value is defined. The
        number of rows is in the column n_rows, too.
    """
    without = audited.assign(ci_low=np.nan, ci_high=np.nan, method="")
    without["reason"] = audited["reason"].where(audited["reason"] != "", NOT_BY_CLUSTER)
    if "n" in without and "n_rows" not in without:
        without["n_rows"] = without["n"]
    return without.drop(columns="effective_n", errors="ignore")
