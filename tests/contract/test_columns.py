"""Rows parsed from JSON get the answers of the same rows in a DataFrame, to the bit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.inference import OUTPUT_COLUMNS, Categorical, Columns, InputError
from tests.contract.conftest import Case
from tests.contract.test_input_policy import CANARY
from tests.each import check_each


def as_columns(frame: pd.DataFrame) -> Columns:
    """Write rows as JSON has them: null as None, and whole numbers as integers."""

    def value(cell: Any) -> Any:
        if pd.isna(cell):
            return None
        return int(cell) if isinstance(cell, float) and abs(cell) < 1e15 and cell % 1 == 0 else cell

    return Columns({name: [*map(value, frame[name])] for name in frame}, len(frame))


def check(case: Case, frame: pd.DataFrame, expected: pd.DataFrame) -> None:
    answers = case.model.answer(as_columns(frame))
    for name in OUTPUT_COLUMNS:
        assert getattr(answers, name).tobytes() == expected[name].to_numpy().tobytes()
        assert getattr(answers, name).dtype == expected[name].dtype


def test_all_rows(case: Case, rows: pd.DataFrame) -> None:
    check(case, rows, case.model.predict(rows))


def test_each_row(case: Case, rows: pd.DataFrame) -> None:
    """Another test says that a frame of one row gets the answer that the row has in a batch."""
    expected = case.model.predict(rows)
    for place in range(len(rows)):
        check(case, rows.iloc[[place]], expected.iloc[[place]])


@settings(max_examples=25)
@given(st.data())
def test_any_batch(case: Case, rows: pd.DataFrame, data: st.DataObject) -> None:
    chosen = rows.iloc[data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=12))]
    check(case, chosen, case.model.predict(chosen))


def test_more_rows_than_are_scored_together(case: Case, rows: pd.DataFrame) -> None:
    many = pd.concat([rows] * 10, ignore_index=True)
    answers, once = case.model.answer(as_columns(many)), case.model.answer(as_columns(rows))
    for name in OUTPUT_COLUMNS:
        assert getattr(answers, name).tobytes() == 10 * getattr(once, name).tobytes()
    assert answers.unseen == {column: 10 * n for column, n in once.unseen.items()}


def test_unseen_values_are_counted(case: Case, rows: pd.DataFrame) -> None:
    (job,) = (c for c in case.model.encoder.columns if isinstance(c, Categorical))
    unseen = {"job": int((~rows["job"].isin(job.categories)).sum())}
    assert (unseen["job"] > 1) == job.pooled
    if case.model.groups is not None:
        unseen["sex"] = int((~rows["sex"].isin(["Male", "Female"])).sum())
    assert case.model.answer(rows).unseen == unseen
    assert case.model.answer(as_columns(rows)).unseen == unseen


REFUSED: list[tuple[str, Any]] = [
    ("age", CANARY),
    ("age", np.inf),
    ("age", 10**400),
    ("age", None),
    ("age", [1.0]),
    ("job", float(CANARY)),
    ("job", None),
    ("job", {"x": CANARY}),
]


def test_refused_in_the_same_words(case: Case, rows: pd.DataFrame) -> None:
    check_each(
        product((1, 3), REFUSED),
        lambda tried: check_refused(case, rows, tried[0], *tried[1]),
    )


def check_refused(case: Case, rows: pd.DataFrame, n_rows: int, column: str, value: Any) -> None:
    bad = rows.iloc[20 : 20 + n_rows].reset_index(drop=True).astype({column: object})
    bad.at[n_rows - 1, column] = value
    sent = as_columns(bad.drop(columns=column))
    sent = Columns({**sent.values, column: [*bad[column]]}, n_rows)
    with pytest.raises(InputError) as of_columns:
        case.model.answer(sent)
    with pytest.raises(InputError) as of_frame:
        case.model.predict(bad)
    assert str(of_columns.value) == str(of_frame.value)
    assert (of_columns.value.column, of_columns.value.row) == (column, n_rows - 1)
    assert CANARY not in str(of_columns.value)
