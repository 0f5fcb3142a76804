from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit, four_fifths_table, local_law_144_table
from fairrun.metrics.impact_audits import count_above_median
from tests.metrics.samples import COLUMNS, SEX, People, draw_people, tables

SMALL = ProtectedColumn("race", ("White", "Black", "Inuit"), ("White",), ("Black", "Inuit"))
#: One category of 1 % of the rows has the highest rate.
ONE_PERCENT: Any = [[[300, 200], [0, 0]], [[340, 150], [0, 0]], [[1, 9], [0, 0]], [[0, 0]] * 2]


@pytest.fixture(scope="module")
def people() -> People:
    return draw_people(0, 5000)


def frame_of(people: People) -> pd.DataFrame:
    """The rows as text, as somebody without counts would have them."""
    sex, race = (
        np.array(column.labels, dtype=object)[codes]
        for column, codes in zip(COLUMNS, people.codes, strict=True)
    )
    return pd.DataFrame({"sex": sex, "race": race, "y": people.y_pred, "score": people.probability})


def counts_of(people: People) -> Counts:
    return Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)


@pytest.mark.parametrize("protected", ["sex", "race"])
def test_four_fifths_agree_with_the_rows(people: People, protected: str) -> None:
    counts = counts_of(people)
    table = four_fifths_table(counts, audit(counts)).query(f"protected == '{protected}'")
    rows = frame_of(people)
    expected = rows[rows[protected] != "(missing)"].groupby(protected)["y"].agg(["size", "sum"])
    expected = expected.loc[table["group"]]
    rate = expected["sum"] / expected["size"]
    np.testing.assert_array_equal(table["n"], expected["size"])
    np.testing.assert_array_equal(table["selected"], expected["sum"])
    np.testing.assert_allclose(table["selection_rate"], rate)
    np.testing.assert_allclose(table["impact_ratio"], rate / rate.max())
    assert set(table["highest_group"]) == {rate.idxmax()}
    np.testing.assert_array_equal(table["below_four_fifths"], rate / rate.max() < 0.8)
    assert (table["ci_low"] <= table["selection_rate"]).all()
    assert (table["selection_rate"] <= table["ci_high"]).all()
    others = table[table["group"] != rate.idxmax()]
    assert (others["ratio_ci_low"] < others["impact_ratio"]).all()
    assert (others["impact_ratio"] < others["ratio_ci_high"]).all()
    assert (table["reason"] == "").all()
    assert (table["source"] == "29 CFR 1607.4 D").all()


def test_two_groups_may_share_the_highest_rate() -> None:
    even = [[[300, 200], [0, 0]], [[600, 400], [0, 0]], [[400, 100], [0, 0]], [[0, 0]] * 2]
    counts = Counts((SMALL,), even)
    table = four_fifths_table(counts, audit(counts)).set_index("group")
    assert set(table["highest_group"]) == {"White"}
    second = table.loc["Black"]
    assert second["ratio_ci_low"] < 1 == second["impact_ratio"] < second["ratio_ci_high"]


@settings(max_examples=30, deadline=None)
@given(tables(3, 4, 2, 2, largest=2))
def test_a_missing_number_comes_with_a_reason(table: Any) -> None:
    counts = Counts(COLUMNS, table)
    found = four_fifths_table(counts, audit(counts, n_replicates=50))
    assert len(found) == 2 + 3
    assert ((found["reason"] != "") == found["impact_ratio"].isna()).all()
    assert (found["below_four_fifths"].isna() == found["impact_ratio"].isna()).all()
    is_top = found["group"] == found["highest_group"]
    assert (found["ratio_ci_low"].isna() == (is_top | found["impact_ratio"].isna())).all()


@pytest.mark.parametrize("basis", ["selection", "scoring"])
def test_local_law_144_agrees_with_the_rows(people: People, basis: Any) -> None:
    rows = frame_of(people)
    if basis == "selection":
        counts = counts_of(people)
    else:
        rows["y"] = rows["score"] > rows["score"].median()
        counts = count_above_median(COLUMNS, people.codes, people.probability)
    table = local_law_144_table(counts, basis)
    assert list(table["protected"].unique()) == ["sex", "race", "sex:race"]
    assert set(table["basis"]) == {basis}
    for names in (["sex"], ["race"], ["sex", "race"]):
        part = table[table["protected"] == ":".join(names)].set_index("category")
        known = rows[(rows[names] != "(missing)").all(axis=1)]
        expected = known.groupby(known[names].agg(":".join, axis=1))["y"].agg(["size", "sum"])
        unknown = part.loc["(missing)"]
        assert unknown["n"] == len(rows) - len(known)
        assert np.isnan(unknown["rate"])
        part = part.drop("(missing)").loc[expected.index]
        rate = expected["sum"] / expected["size"]
        np.testing.assert_array_equal(part["n"], expected["size"])
        np.testing.assert_array_equal(part["selected"], expected["sum"])
        np.testing.assert_allclose(part["share"], expected["size"] / len(rows))
        np.testing.assert_allclose(part["rate"], rate)
        np.testing.assert_allclose(part["impact_ratio"], rate / rate.max())
        assert set(part["most_selected"]) == {rate.idxmax()}


def test_a_category_under_two_percent_is_left_out_only_with_a_justification() -> None:
    counts = Counts((SMALL,), ONE_PERCENT)
    table = local_law_144_table(counts).set_index("category")
    assert set(table["most_selected"].dropna()) == {"Inuit"}
    assert table.loc["Inuit", "note"] == "under 2 % of the rows: may be left out"
    without = local_law_144_table(counts, justification="ten rows say little").set_index("category")
    left_out = without.loc["Inuit"]
    assert np.isnan(left_out["impact_ratio"])
    assert (left_out["n"], left_out["rate"]) == (10, 0.9)
    assert left_out["note"] == "under 2 % of the rows: ten rows say little"
    assert set(without["most_selected"].dropna()) == {"White"}
    assert without.loc["Black", "impact_ratio"] == pytest.approx((150 / 490) / (200 / 500))


def test_it_has_no_pass_mark() -> None:
    table = local_law_144_table(Counts((SMALL,), ONE_PERCENT))
    assert list(table) == [
        *("basis", "protected", "category", "n", "share", "selected", "rate"),
        *("impact_ratio", "most_selected", "note", "source"),
    ]


@settings(max_examples=30)
@given(tables(3, 4, 2, 2, largest=2))
def test_whatever_is_empty_every_category_is_listed(table: Any) -> None:
    counts = Counts(COLUMNS, table)
    for justification in (None, "few"):
        found = local_law_144_table(counts, justification=justification)
        assert len(found) == (2 + 1) + (3 + 1) + (6 + 1)
        by = found.groupby("protected")["n"].sum()
        assert (by == counts.n).all()
        ratios = found["impact_ratio"].dropna()
        assert ratios.between(0, 1).all()


def test_without_a_row_there_is_no_median() -> None:
    empty = count_above_median([SEX], [np.array([], dtype=int)], np.array([]))
    assert empty.n == 0
    assert (local_law_144_table(empty)["n"] == 0).all()
