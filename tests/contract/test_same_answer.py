"""A row gets the same answer, to the bit, whatever stands beside it and whoever asks."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.inference import OUTPUT_COLUMNS
from tests.contract.conftest import Case


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return all(one[name].to_numpy().tobytes() == other[name].to_numpy().tobytes() for name in one)


def test_batch_equals_rows_one_by_one(case: Case, rows: pd.DataFrame) -> None:
    batch = case.model.predict(rows)
    alone = [case.model.predict(rows.iloc[[place]]) for place in range(len(rows))]
    assert same(batch, pd.concat(alone, ignore_index=True))


def test_the_logged_model_answers_as_the_fitted_one(case: Case, rows: pd.DataFrame) -> None:
    answers = case.loaded.predict(rows)
    assert list(answers.columns) == list(OUTPUT_COLUMNS)
    assert same(case.model.predict(rows), answers)


def test_order_does_not_matter(case: Case, rows: pd.DataFrame) -> None:
    order = np.random.default_rng(0).permutation(len(rows))
    batch = case.loaded.predict(rows)
    shuffled = case.loaded.predict(rows.iloc[order])
    assert same(batch.iloc[order], shuffled)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_split_into_batches(case: Case, rows: pd.DataFrame, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows) - 1), max_size=12)))
    edges = [0, *cuts, len(rows)]
    parts = [case.model.predict(rows.iloc[start:stop]) for start, stop in itertools.pairwise(edges)]
    assert same(case.model.predict(rows), pd.concat(parts, ignore_index=True))


def test_asked_twice(case: Case, rows: pd.DataFrame) -> None:
    assert same(case.loaded.predict(rows), case.loaded.predict(rows))


def test_memory_layout_and_index_do_not_matter(case: Case, rows: pd.DataFrame) -> None:
    copied = rows.iloc[::2].copy()
    strided = rows.iloc[::2]
    relabelled = copied.set_axis(np.arange(len(copied)) * 7 + 3)
    assert same(case.model.predict(copied), case.model.predict(strided))
    assert same(case.model.predict(copied), case.model.predict(relabelled))


def test_eight_threads_with_mixed_batches(case: Case, rows: pd.DataFrame) -> None:
    whole = case.loaded.predict(rows)
    rng = np.random.default_rng(4)
    batches = [
        np.sort(rng.choice(len(rows), rng.integers(1, 60), replace=False)) for _ in range(96)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: case.loaded.predict(rows.iloc[batch]), batches))
    assert all(
        same(whole.iloc[batch], answer) for batch, answer in zip(batches, answers, strict=True)
    )


def test_zero_rows_give_zero_predictions(case: Case, rows: pd.DataFrame) -> None:
    answers = case.loaded.predict(rows.iloc[:0])
    assert list(answers.columns) == list(OUTPUT_COLUMNS)
    assert len(answers) == 0


def test_the_three_outputs(case: Case, rows: pd.DataFrame) -> None:
    answers = case.model.predict(rows)
    assert answers["prediction"].dtype == np.int64
    assert set(answers["prediction"]) == {0, 1}
    assert answers["probability"].between(0, 1).all()
    decided = answers["decision_probability"]
    assert decided.between(0, 1).all()
    certain = decided.isin((0, 1))
    assert (decided == answers["prediction"])[certain].all()
    assert certain.all() or case.model.draws is not None


def test_group_matters_exactly_where_the_registry_says(case: Case, rows: pd.DataFrame) -> None:
    reads_group = case.classifier.recipe().mitigation.group_at_serving
    assert ("sex" in case.model.columns) == reads_group
    flipped = rows.assign(sex=rows["sex"].map({"Male": "Female", "Female": "Male"}))
    assert same(case.model.predict(rows), case.model.predict(flipped)) == (not reads_group)


def test_labels_are_drawn_exactly_where_the_registry_says(case: Case) -> None:
    steps = case.classifier.recipe().mitigation.steps.values()
    said = {step.mitigator.randomised for step in steps}
    expected = any(step.parameters.get("decision") == "expected" for step in steps)
    draws = "yes" in said or ("by default" in said and not expected)
    assert (case.model.draws is not None) == draws
