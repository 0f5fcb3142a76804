"""Histograms of contributions against counting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.explanations import FEWEST
from fairrun.explanations.contributions import contribution_histograms
from fairrun.explanations.rows import explain_rows
from tests.explanations.conftest import fitted
from tests.explanations.test_importance import codes


@pytest.mark.parametrize("name", ["linear", "trees", "reads the group"])
@pytest.mark.parametrize("n_rows", [900, 300])
def test_bins_are_counts_of_rows(name: str, n_rows: int, frame: pd.DataFrame) -> None:
    model = fitted(name)
    rows = explain_rows(model, frame, codes(frame), n_rows)
    table = contribution_histograms(rows, model.encoder)
    assert table["n_explained"].min() >= FEWEST
    first, last = table["low"].min(), table["high"].max()
    for column, own in table.groupby("column"):
        values = rows.explained.contributions[:, rows.explained.columns.index(column)]
        for row in own.itertuples():
            low = -np.inf if row.low == first else row.low
            high = np.inf if row.high == last else row.high
            inside = (values >= low) & (values < high)
            # The outermost bins may have too few rows in every column, and not be there.
            if np.isfinite(low) and np.isfinite(high):
                assert inside.sum() == row.n_explained
                assert rows.weights[inside].sum() == pytest.approx(row.share)
        assert own["share"].sum() <= 1 + 1e-9


def test_nearly_all_rows_are_drawn_and_nothing_has_a_bin_around_0(frame: pd.DataFrame) -> None:
    model = fitted("linear")
    table = contribution_histograms(explain_rows(model, frame, codes(frame), 900), model.encoder)
    assert (table.groupby("column")["share"].sum() > 0.85).all()
    width = (table["high"] - table["low"]).to_numpy()
    np.testing.assert_allclose(width, width[0])
    offsets = (table["low"] / width[0]) % 1
    np.testing.assert_allclose(offsets, 0.5)


def test_the_colour_is_the_rank_of_the_values(frame: pd.DataFrame) -> None:
    """A linear score: what contributes more has higher values, or lower ones, strictly."""
    model = fitted("linear")
    rows = explain_rows(model, frame, codes(frame), 900)
    table = contribution_histograms(rows, model.encoder)
    ranks = table[table["column"] == "age"]["value_rank"]
    assert ranks.is_monotonic_increasing
    assert ranks.iloc[0] < 0.1 < 0.9 < ranks.iloc[-1]
    assert table[table["column"] == "job"]["value_rank"].isna().all()
    share = table[table["column"] == "age"]["share"]
    whole = share.sum()
    assert (ranks * share).sum() / whole == pytest.approx(0.5, abs=0.05)
