"""A subset of rows, and what is said of all rows by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.explanations.rows import ExplainedRows, choose_rows, weights_of
from fairrun.inference import Explanations

GROUPS = st.lists(st.sampled_from([-1, 0, 1]), min_size=0, max_size=60).map(
    lambda codes: np.array(codes, dtype=np.int8)
)


@given(GROUPS, st.integers(0, 80), st.integers(0, 5))
def test_as_many_rows_as_asked_for_and_of_each_group_alike(groups, n_rows, seed):
    chosen = choose_rows(groups, n_rows, seed)
    assert len(chosen) == min(n_rows, len(groups))
    assert (np.diff(chosen) > 0).all()
    sizes = {group: np.sum(groups == group) for group in (-1, 0, 1)}
    of_chosen = {group: np.sum(groups[chosen] == group) for group in sizes}
    # Who has fewer than another has given all, up to what cannot be divided.
    for group, n in of_chosen.items():
        if n < sizes[group]:
            assert n >= max(of_chosen.values()) - 2
    assert np.array_equal(chosen, choose_rows(groups, n_rows, seed))


@given(GROUPS, st.integers(3, 80))
def test_weights_give_each_group_its_share(groups, n_rows):
    chosen = groups[choose_rows(groups, n_rows)]
    sizes = {group: int(np.sum(groups == group)) for group in (-1, 0, 1)}
    weights = weights_of(chosen, sizes)
    for group, size in sizes.items():
        assert weights[chosen == group].sum() == pytest.approx(size / max(len(groups), 1))


def rows_of(groups, chosen, values):
    sizes = {group: int(np.sum(groups == group)) for group in (0, 1, -1)}
    columns = tuple("abcdefgh"[: values.shape[1]])
    explained = Explanations(columns, 0.0, values[chosen], None, None)
    return ExplainedRows(pd.DataFrame(index=range(len(chosen))), groups[chosen], sizes, explained)


def test_means_are_unbiased_and_their_errors_right():
    """Over many choices: the mean of the means is that of all rows, their variance the stated."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, -1], [600, 90, 10]).astype(np.int8)
    values = rng.gamma(1.0 + (groups[:, None] == 1), 1.0, (700, 2))
    means, errors = [], []
    for seed in range(600):
        rows = rows_of(groups, choose_rows(groups, 100, seed), values)
        mean, error = rows.mean(rows.explained.contributions)
        means.append(mean)
        errors.append(error)
    spread = np.std(means, axis=0)
    off = (np.mean(means, axis=0) - values.mean(axis=0)) / (spread / np.sqrt(600))
    assert (np.abs(off) < 4).all()
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(errors), axis=0)), spread, rtol=0.1)


def test_all_rows_have_no_error_and_nobody_has_no_mean():
    groups = np.array([0, 0, 0, -1], dtype=np.int8)
    values = np.array([[1.0], [2.0], [6.0], [7.0]])
    rows = rows_of(groups, np.arange(4), values)
    assert [x.tolist() for x in rows.mean(values)] == [[4.0], [0.0]]
    assert [x.tolist() for x in rows.mean(values, (0,))] == [[3.0], [0.0]]
    assert np.isnan(rows.mean(values, (1,))).all()
