"""All of it together: what is there, what is not, and twice the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fairrun.explanations import ALL, TOGETHER, explain_model
from fairrun.explanations.costs import rows_to_explain, rows_to_score
from fairrun.inference import InferenceModel, InputError
from tests.explanations.conftest import SEX, fitted


def test_every_column_is_in_every_table(model: InferenceModel, frame: pd.DataFrame) -> None:
    overview = explain_model(model, frame.head(80), SEX)
    columns = set(model.encoder.names)
    reads = columns if model.groups is None else columns | {"sex"}
    assert set(overview.importance["column"]) == reads
    assert set(overview.proxies["column"]) == reads | {TOGETHER}
    assert set(overview.stability["column"]) == reads
    assert set(overview.threshold_rows.table["column"]) == reads
    assert set(overview.partial_dependence["column"]) == columns
    assert set(overview.contributions["column"]) <= reads
    assert overview.groups == SEX.group_names
    assert (overview.n_explained, overview.n_rows) == (80, 80)
    assert overview.sampled == (model.explain(frame.head(1)).standard_errors is not None)


def test_the_same_rows_give_the_same_tables(model: InferenceModel, frame: pd.DataFrame) -> None:
    one, other = (explain_model(model, frame.head(60), SEX) for _ in range(2))
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)
    assert np.array_equal([*one.metrics.values()], [*other.metrics.values()], equal_nan=True)


def test_no_table_holds_a_row_or_its_value(linear: InferenceModel, frame: pd.DataFrame) -> None:
    """Nobody's weight, of which hardly two rows have the same, is in any table."""
    overview = explain_model(linear, frame, SEX)
    weights = {f"{weight:.6g}" for weight in frame["weight"]}
    for table in overview.tables.values():
        for column in table.columns:
            numbers = pd.to_numeric(table[column].astype(str).str.replace(",", ""), errors="coerce")
            large = numbers[numbers.abs() > 10_000]
            assert not weights & {f"{number:.6g}" for number in large}


def test_partial_dependence_is_by_group_where_the_score_reads_it(frame: pd.DataFrame) -> None:
    for name, groups in (
        ("reads the group", ["sex = Male", "sex = Female"]),
        ("decides by group", [""]),
        ("linear", [""]),
    ):
        table = explain_model(fitted(name), frame.head(80), SEX).partial_dependence
        assert table["group"].unique().tolist() == groups


def test_proxies_stand_beside_importance(frame: pd.DataFrame) -> None:
    overview = explain_model(fitted("reads the group"), frame, SEX)
    proxies = overview.proxies.set_index("column")
    everybody = overview.importance[overview.importance["group"] == ALL].set_index("column")
    assert proxies["importance"].drop(TOGETHER).equals(everybody["importance"])
    own = proxies.loc["sex"]
    assert np.isnan(own["roc_auc"])
    assert own["tells"] == ""
    by_group = overview.importance.pivot(
        index="column", columns="group", values="mean_contribution"
    )
    expected = by_group["Male"] - by_group["Female"]
    assert overview.metrics["log_odds_difference"] == pytest.approx(expected.sum())
    assert proxies["difference"].drop(TOGETHER).to_dict() == pytest.approx(expected.to_dict())


def test_a_model_without_explanations_says_so(linear: InferenceModel, frame: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="a version without explanations; train it again"):
        explain_model(replace(linear, background=None), frame, SEX)


def test_costlier_models_are_explained_for_fewer_rows() -> None:
    names = ("linear", "trees", "sampled")
    explained = [rows_to_explain(fitted(name)) for name in names]
    assert explained == sorted(explained, reverse=True)
    assert explained[0] > 9_045  # all test rows of Adult
    assert explained[-1] >= 32
    assert rows_to_score(fitted("linear"), 10) > rows_to_score(fitted("linear"), 1000) >= 32
