"""Importance against averages over all rows, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.explanations import ALL
from fairrun.explanations.importance import importance_table
from fairrun.explanations.rows import explain_rows
from fairrun.inference import InferenceModel
from tests.explanations.conftest import SEX, fitted


def codes(frame: pd.DataFrame) -> np.ndarray:
    return frame["sex"].map({"Male": 0, "Female": 1}).fillna(-1).to_numpy(dtype=np.int8)


def test_of_all_rows_it_is_the_plain_average(frame: pd.DataFrame) -> None:
    model = fitted("reads the group")
    rows = explain_rows(model, frame, codes(frame), len(frame))
    table = importance_table(rows, SEX.group_names)
    explained = model.explain(frame)
    for group, own in (
        (ALL, frame["sex"].notna() | True),
        ("Male", frame["sex"] == "Male"),
        ("Female", frame["sex"] == "Female"),
    ):
        part = table[table["group"] == group].set_index("column")
        by_column = dict(zip(explained.columns, explained.contributions[own].T, strict=True))
        assert part["n_explained"].unique().tolist() == [own.sum()]
        for column, values in by_column.items():
            assert part.loc[column, "importance"] == pytest.approx(np.abs(values).mean())
            assert part.loc[column, "mean_contribution"] == pytest.approx(values.mean())
        assert part["share"].sum() == pytest.approx(1)
        assert not part[["standard_error", "mean_contribution_error"]].any(axis=None)
    assert table[table["group"] == ALL]["importance"].is_monotonic_decreasing


def test_the_differences_of_the_groups_add_up_to_that_of_their_scores(
    model: InferenceModel, frame: pd.DataFrame
) -> None:
    frame = frame.head(60)
    rows = explain_rows(model, frame, codes(frame), len(frame))
    means = importance_table(rows, SEX.group_names).groupby("group")["mean_contribution"].sum()
    scores = pd.Series(model.log_odds(frame)).groupby(frame["sex"]).mean()
    assert means["Male"] - means["Female"] == pytest.approx(scores["Male"] - scores["Female"])


def test_what_was_sampled_is_less_certain(frame: pd.DataFrame) -> None:
    model, frame = fitted("sampled"), frame.head(12)
    rows = explain_rows(model, frame, codes(frame), 12)
    everybody = importance_table(rows, SEX.group_names).head(len(rows.explained.columns))
    assert rows.explained.standard_errors is not None
    errors = dict(
        zip(rows.explained.columns, rows.explained.standard_errors.mean(axis=0), strict=True)
    )
    assert everybody["standard_error"].tolist() == pytest.approx(
        [errors[name] for name in everybody["column"]]
    )


def test_groups_of_a_few_people_are_not_told(linear: InferenceModel, frame: pd.DataFrame) -> None:
    few = pd.concat(
        [frame[frame["sex"] == "Male"].head(40), frame[frame["sex"] == "Female"].head(9)]
    )
    table = importance_table(explain_rows(linear, few, codes(few), 49), SEX.group_names)
    undefined = table.groupby("group")["importance"].apply(lambda own: own.isna().all())
    assert undefined.to_dict() == {ALL: False, "Male": False, "Female": True}
    assert table["n_explained"].unique().tolist() == [49, 40, 9]
