"""Resampling balances the labels, and touches the fit alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.groups import Protected
from fairrun.training import FairClassifier, Resample
from fairrun.training.resampling import resample_rows
from tests.people import make_raw

labels = st.lists(st.integers(0, 1), min_size=2, max_size=60).filter(lambda y: len(set(y)) == 2)


@given(label=labels.map(np.array), seed=st.integers(0, 99), how=st.sampled_from(["over", "under"]))
def test_both_labels_are_equally_frequent(label: np.ndarray, seed: int, how: Resample) -> None:
    drawn = resample_rows(label, how, seed)
    counts, before = np.bincount(label[drawn]), np.bincount(label)
    assert counts[0] == counts[1] == (before.max() if how == "over" else before.min())
    assert (np.diff(drawn) >= 0).all()
    assert (drawn == resample_rows(label, how, seed)).all()
    if how == "over":
        assert set(drawn) == set(range(len(label)))
    else:
        assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("mitigator", ["none", "reweighing", "correlation_remover"])
@pytest.mark.parametrize("how", ["over", "under"])
def test_a_balanced_fit_selects_more_of_the_rarer_label(mitigator: str, how: Resample) -> None:
    raw = make_raw(1500, seed=4)
    label = (raw.pop("paid") == "high").to_numpy() & (np.arange(len(raw)) % 3 == 0)
    sex = Protected("sex", "Male", "Female")
    plain, balanced = (
        FairClassifier(sex, mitigator=mitigator, resample=each).fit(raw, label).predict(raw)
        for each in ("none", how)
    )
    assert balanced.mean() > plain.mean() + 0.1
