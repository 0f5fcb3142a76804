"""What is fitted where a penalty, weights or a fold leave rows of one label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairrun.groups import Protected
from fairrun.inference import load_model, save_model
from fairrun.training import FairClassifier, resolve_estimator
from fairrun.training.estimators import ESTIMATORS
from fairrun.training.resampling import resample_rows

SEX = Protected("sex", "M", "F")


def people(n_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    sex = np.where(np.arange(n_rows) % 2, "F", "M")
    return pd.DataFrame({"sex": sex, "hours": rng.normal(size=n_rows)})


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("only", [0, 1])
def test_one_label_that_counts_gives_a_constant(estimator: str, only: int) -> None:
    """scikit-learn refuses one class, and its boosted trees would score it as label 0."""
    matrix, label = np.random.default_rng(1).normal(size=(49, 3)), np.full(49, only)
    fitted = resolve_estimator(estimator, {})
    expected = np.full(49, np.log(99) * (1 if only else -1))
    assert (fitted.fit(matrix, label).score(matrix) == expected).all()
    # A row without weight does not count.
    label[0], weight = 1 - only, np.ones(49)
    weight[0] = 0.0
    assert (fitted.fit(matrix, label, weight).score(matrix) == expected).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_penalty_that_leaves_one_label(estimator: str, tmp_path: Path) -> None:
    """Here the label is the group, so that only constants are fair."""
    frame = people(40)
    label = (frame["sex"] == "M").astype(int)
    model = FairClassifier(
        SEX,
        mitigator="exponentiated_gradient",
        mitigator_params={"eps": 0.001, "max_iter": 6},
        estimator=estimator,
    ).fit(frame, label)
    answers = model.inference_.predict(frame)
    assert np.isfinite(answers["probability"]).all()
    share = answers["decision_probability"].groupby(frame["sex"]).mean()
    assert abs(share["M"] - share["F"]) < 0.05
    save_model(model.inference_, tmp_path / "model")
    again = load_model(tmp_path / "model").predict(frame)
    pd.testing.assert_frame_equal(again, answers)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("resample", ["none", "over", "under"])
def test_a_fold_with_one_label(estimator: str, resample: str) -> None:
    """The only row with label 1 is held out of one fold."""
    frame = people(40)
    label = (np.arange(40) == 4).astype(int)
    model = FairClassifier(
        SEX,
        mitigator="group_thresholds",
        estimator=estimator,
        resample=resample,  # type: ignore[arg-type]
    ).fit(frame, label)
    assert np.isfinite(model.decision_function(frame)).all()


def test_boosted_trees_with_one_row_of_a_label() -> None:
    """With so many rows they hold some out to stop early, which needs two of each label."""
    matrix = np.random.default_rng(2).normal(size=(10_001, 1))
    label = (np.arange(10_001) == 0).astype(np.int64)
    fitted = resolve_estimator("hist_gradient_boosting", {"max_iter": 2})
    assert np.isfinite(fitted.fit(matrix, label).score(matrix)).all()


@pytest.mark.parametrize("how", ["over", "under"])
def test_one_label_cannot_be_balanced(how: str) -> None:
    rows = resample_rows(np.ones(3, dtype=np.int64), how, seed=0)  # type: ignore[arg-type]
    assert rows.tolist() == [0, 1, 2]
