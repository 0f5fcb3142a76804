"""Histograms of contributions. A histogram does not publish single rows."""

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

#: The number of bins, which grows with the number of rows.
_MOST_BINS, _FEWEST_BINS, _ROWS_A_BIN = 48, 12, 40
#: The share of the contributions of all columns below the first and above the last bin edge.
_BEYOND = 0.002


def contribution_histograms(rows: ExplainedRows, encoder: Encoder) -> pd.DataFrame:
    """Return histograms of each column's contributions, with the mean rank of the values.

    A beeswarm plot draws a point for each row, at its contribution and in the colour of its value.
    The points of one row can be combined across the columns, so such a plot publishes rows. A bin
    describes at least `FEWEST` rows.

    Parameters
    ----------
    rows : ExplainedRows
        The explained rows.
    encoder : Encoder
        The encoder that reads the values of the rows.

    Returns
    -------
    DataFrame
        One row for each column and bin with enough rows. `column`; `low` and `high`, the limits of
        the bin in log-odds; `n_explained`; `share`, of all rows; and `value_rank`, the mean rank of
        the rows' values among the explained rows, from 0 (lowest) to 1 (highest), or NaN if the
        column is not numeric. All columns have the same bins. The outermost bins include everything
        beyond them. The most important column comes first.
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
    """Return the edges of equal bins over the range of nearly all contributions."""
    if not len(contributions):
        return np.linspace(-1.0, 1.0, _FEWEST_BINS + 1)
    low, high = np.quantile(contributions, (_BEYOND, 1 - _BEYOND))
    n_bins = int(np.clip(len(contributions) // _ROWS_A_BIN, _FEWEST_BINS, _MOST_BINS))
    width = (high - low) / n_bins or 1.0
    # 0 is in the middle of a bin, so that rows with no contribution have a bin of their own.
    first, last = np.floor(low / width - 0.5), np.ceil(high / width + 0.5)
    return np.asarray((np.arange(first, last) + 0.5) * width)


def _ranks(rows: ExplainedRows, encoder: Encoder) -> dict[str, Floats]:
    """Return the ranks of numeric values, from 0 (lowest) to 1 (highest). Ties get the mean."""
    read = encoder.read(rows.frame)
    return {
        column.name: (rankdata(values) - 0.5) / max(len(values), 1)
        for column, values in zip(encoder.columns, read.columns, strict=True)
        if isinstance(column, Numeric)
    }
