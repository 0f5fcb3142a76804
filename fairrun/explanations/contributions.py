"""How contributions are distributed: histograms, so that no point is a row."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from fairrun.explanations.importance import rank_columns
from fairrun.explanations.rows import FEWEST, ExplainedRows
from fairrun.inference import Encoder, Numeric

__all__ = ["contribution_histograms"]

Floats = NDArray[np.float64]

#: More rows allow for finer bins.
_MOST_BINS, _FEWEST_BINS, _ROWS_A_BIN = 48, 12, 40
#: The shares of contributions, of all columns together, that lie below and above the bins' ends.
_BEYOND = 0.002


def contribution_histograms(rows: ExplainedRows, encoder: Encoder) -> pd.DataFrame:
    """Count rows by what a column contributes to their scores, and average their values.

    A beeswarm draws a point for each row, at its contribution and in the colour of its value: read
    together along the columns, the points are rows of the data. A bin says the same of at least
    `FEWEST` rows.

    Parameters
    ----------
    rows : ExplainedRows
        The explained rows.
    encoder : Encoder
        Reads their values.

    Returns
    -------
    DataFrame
        One row for each column and bin with rows enough: column, low and high (the bin's limits, in
        log-odds; the same bins for all columns, the outer ones hold what lies beyond), n_explained,
        share (of all rows) and value_rank (of a numeric column the mean rank of the rows' values
        among the explained rows, 0 the lowest to 1 the highest; NaN of others). The most important
        column comes first.
    """
    explained, weights = rows.explained, rows.weights
    edges = _edges(explained.contributions)
    places = np.digitize(explained.contributions, edges[1:-1])
    ranks = _ranks(rows, encoder)
    tables = []
    for column in rank_columns(rows):
        name, own = explained.columns[column], places[:, column]
        counts = np.bincount(own, minlength=len(edges) - 1)
        shares = np.bincount(own, weights, minlength=len(edges) - 1)
        enough = counts >= FEWEST
        table = pd.DataFrame(
            {"low": edges[:-1], "high": edges[1:], "n_explained": counts, "share": shares}
        )
        if name in ranks:
            total = np.bincount(own, weights * ranks[name], minlength=len(edges) - 1)
            table["value_rank"] = np.divide(total, shares, out=np.zeros_like(total), where=enough)
        else:
            table["value_rank"] = np.nan
        table.insert(0, "column", name)
        tables.append(table[enough])
    return pd.concat(tables, ignore_index=True)


def _edges(contributions: Floats) -> Floats:
    """Cut the range of nearly all contributions into equal bins, around 0."""
    if not len(contributions):
        return np.linspace(-1.0, 1.0, _FEWEST_BINS + 1)
    low, high = np.quantile(contributions, (_BEYOND, 1 - _BEYOND))
    n_bins = int(np.clip(len(contributions) // _ROWS_A_BIN, _FEWEST_BINS, _MOST_BINS))
    width = (high - low) / n_bins or 1.0
    # 0 is in the middle of a bin: what contributes nothing has a strip of its own.
    first, last = np.floor(low / width - 0.5), np.ceil(high / width + 0.5)
    return np.asarray((np.arange(first, last) + 0.5) * width)


def _ranks(rows: ExplainedRows, encoder: Encoder) -> dict[str, Floats]:
    """Rank the values of numeric columns, 0 the lowest to 1 the highest; ties share their mean."""
    read = encoder.read(rows.frame)
    return {
        column.name: (rankdata(values) - 0.5) / max(len(values), 1)
        for column, values in zip(encoder.columns, read.columns, strict=True)
        if isinstance(column, Numeric)
    }
