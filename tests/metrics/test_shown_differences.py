"""What a comparison of two models does not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import (
    TO_FAVOURABLE,
    PairedCounts,
    changed_sides,
    compare_models,
    differences_in_words,
    show_differences,
    verdict_of,
)
from tests.metrics.samples import COLUMNS, SEX

#: (sex, label, A, B)
TABLE = np.array(
    [
        [[[300, 20], [30, 100]], [[100, 10], [10, 200]]],
        [[[200, 2], [30, 100]], [[100, 10], [10, 200]]],
        [[[0, 0], [0, 0]], [[0, 0], [0, 0]]],
    ]
)


def shown(table: Any, min_cell: int = 5, columns: Any = (SEX,)) -> Any:
    paired = PairedCounts(columns, table)
    return show_differences(compare_models(paired, n_replicates=10), paired, min_cell)


def test_changes_are_counted_from_b_to_a() -> None:
    changed = changed_sides(PairedCounts((SEX,), TABLE))
    rows = changed.query("group == 'Female'").set_index(["label", "change"])["changed"]
    assert rows["any", TO_FAVOURABLE] == 30 + 10
    assert rows["0", TO_FAVOURABLE] == 30
    assert rows["0"].sum() == 32
    assert changed.query("protected == '' and label == 'any'")["changed"].tolist() == [80, 42]


def test_few_changes_of_one_label_hide_the_split_by_label() -> None:
    table = shown(TABLE).changed
    female = table.query("group == 'Female'").set_index("label")
    assert female.loc["any", "changed"].tolist() == [40, 12]
    assert female.loc["0", "changed"].isna().all()
    # The other group would give it away, because all rows together are shown.
    male = table.query("group == 'Male'").set_index("label")
    assert male.loc["0", "changed"].isna().all()
    assert "give away" in male.loc["0", "reason"].iloc[0]
    assert table.query("group == '(all)' and label == '0'")["changed"].tolist() == [60, 22]
    assert shown(TABLE, 1).changed["changed"].notna().all()


def test_few_changes_of_one_label_hide_the_other_label_of_all_rows_too() -> None:
    table = TABLE.copy()
    table[:2, 0, 0, 1] = table[:2, 0, 1, 0] = (1, 2)  # 3 changes of label 0 each way
    found = shown(table).changed.query("protected == ''").set_index("label")["changed"]
    assert found["any"].notna().all()
    assert found[["0", "1"]].isna().all()


def test_few_changes_of_all_rows_are_hidden() -> None:
    table = np.zeros((3, 2, 2, 2), dtype=int)
    table[:2, :, 0, 0] = table[:2, :, 1, 1] = 50
    table[0, 0, 1, 0] = 2
    found = shown(table).changed
    assert found.query("protected == ''and label == 'any'")["changed"].isna().all()
    assert "fewer than 5 rows" in found["reason"].iloc[0]


@pytest.mark.parametrize("seed", range(12))
def test_no_small_number_is_shown_or_is_what_is_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = np.zeros((3, 4, 2, 2, 2), dtype=int)
    table[:2, :3] = rng.poisson(rng.choice([0.2, 1, 3]), size=(2, 3, 2, 2, 2))
    min_cell = int(rng.integers(2, 6))
    found = shown(table, min_cell, COLUMNS).changed
    numbers = found["changed"].dropna()
    assert not ((numbers > 0) & (numbers < min_cell)).any()
    truth = changed_sides(PairedCounts(COLUMNS, table))["changed"]
    total = found[found["protected"] == ""].set_index(["label", "change"])["changed"]
    for (_, label, change), rows in found.groupby(["protected", "label", "change"]):
        if pd.isna(total[label, change]):
            continue
        left = truth[rows.index[rows["changed"].isna()]].sum()
        assert left == 0 or left >= min_cell


def test_a_hidden_group_has_no_difference() -> None:
    table = TABLE.copy()
    table[1] = 0
    table[1, 0, 0, 0] = 3
    found = shown(table)
    female = found.rates.query("group == 'Female'")
    assert female[["model_a", "value", "ci_low"]].isna().all(axis=None)
    assert (female["reason"] == "hidden: fewer than 5 rows").all()
    assert found.compared["value"].isna().all()
    words = differences_in_words(found).query("protected == 'sex'")
    assert (words["verdict"] == "").all()


def test_min_cell_is_a_number_of_rows() -> None:
    with pytest.raises(RequestError, match="min_cell=0"):
        shown(TABLE, 0)


@pytest.mark.parametrize(
    ("sign", "low", "high", "expected"),
    [
        (1, 0.1, 0.2, "A is better"),
        (1, -0.2, -0.1, "A is worse"),
        (-1, 0.1, 0.2, "A is worse"),
        (-1, -0.2, 0.0, "no difference shown"),
        (0, 0.1, 0.2, ""),
        (1, np.nan, np.nan, ""),
    ],
)
def test_verdicts(sign: int, low: float, high: float, expected: str) -> None:
    assert verdict_of(sign, low, high) == expected


def test_a_bias_metric_is_better_nearer_to_parity() -> None:
    # Model A selects 30 of 100 men and 30 of 100 women, and model B 60 of 100 men.
    table = np.zeros((3, 2, 2, 2), dtype=int)
    table[0, 0], table[1, 0] = [[400, 300], [0, 300]], [[700, 0], [0, 300]]
    words = differences_in_words(shown(table)).set_index(["protected", "metric"])
    row = words.loc[("sex", "statistical_parity")]
    assert row["value"] == pytest.approx(-0.3)
    assert row["verdict"] == "A is better"
    assert words.loc[("", "selection_rate"), "verdict"] == ""
