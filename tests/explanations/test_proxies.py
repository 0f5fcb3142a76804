"""Proxies against closed forms of the area under the ROC curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fairrun.explanations import TOGETHER
from fairrun.explanations.proxies import proxy_table
from fairrun.groups import Protected
from fairrun.inference import InferenceModel
from fairrun.training import FairClassifier

NAMES = ("a", "b")
N = 4000


def people(seed: int = 0, n: int = N) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = (rng.random(n) < 0.35).astype(np.int8)
    in_b = groups == 1
    far = np.where(in_b, rng.choice([-2.0, 2.0], n), 0.0)  # no higher in either, and yet telling
    frame = pd.DataFrame(
        {
            "shifted": rng.normal(np.where(in_b, 1.0, 0.0)),
            "two sided": far + rng.normal(0, 0.5, n),
            "noise": rng.normal(size=n),
            "word": np.where(rng.random(n) < np.where(in_b, 0.2, 0.7), "yes", "no"),
            "copy": np.where(in_b, "of b", "of a"),
            "group": np.where(in_b, "b", "a"),
        }
    )
    return frame, groups


def model_of(frame: pd.DataFrame) -> InferenceModel:
    label = (frame["noise"] > 0).astype(int)
    return FairClassifier(Protected("group", "a", "b")).fit(frame, label).inference_


def table_of(frame: pd.DataFrame, groups: np.ndarray) -> pd.DataFrame:
    return proxy_table(model_of(frame), frame, groups, NAMES).set_index("column")


def test_areas_are_those_of_the_best_classifier_of_each_column() -> None:
    frame, groups = people()
    table = table_of(frame, groups)
    of_word = [(frame["word"][groups == g] == "yes").mean() for g in (0, 1)]
    # The likelihood ratio of |x| is monotone, and P(|x_b| > |x_a|) is its area.
    rng = np.random.default_rng(1)
    of_a, of_b = rng.normal(0, 0.5, 200_000), 2 + rng.normal(0, 0.5, 200_000)
    expected = {
        "shifted": norm.cdf(1 / np.sqrt(2)),
        "two sided": np.mean(np.abs(of_b) > np.abs(of_a)),
        "noise": 0.5,
        "word": 0.5 + abs(of_word[0] - of_word[1]) / 2,
        "copy": 1.0,
    }
    for column, area in expected.items():
        assert table.loc[column, "roc_auc"] == pytest.approx(area, abs=0.02), column
        assert table.loc[column, "roc_auc_ci_low"] - 0.02 <= area, column
        assert area <= table.loc[column, "roc_auc_ci_high"] + 0.02, column
    assert table.loc[TOGETHER, "roc_auc"] == pytest.approx(1.0)


def test_it_says_which_way() -> None:
    table = table_of(*people())
    assert table.loc["shifted", "tells"] == "higher: b"
    assert table.loc["copy", "tells"] in ("of a: a", "of b: b")
    assert table.loc["word", "tells"] in ("yes: a", "no: b")


def test_together_they_tell_more() -> None:
    frame, groups = people()
    frame = frame.drop(columns=["copy", "two sided"])
    table = table_of(frame, groups)
    assert table.loc[TOGETHER, "roc_auc"] > table.drop(TOGETHER)["roc_auc"].max() + 0.03


def test_the_groups_change_places_and_the_areas_stay() -> None:
    frame, groups = people(n=600)
    model = model_of(frame)
    one = proxy_table(model, frame, groups, NAMES)
    other = proxy_table(model, frame, 1 - groups, ("b", "a"))
    columns = ["roc_auc", "roc_auc_ci_low", "roc_auc_ci_high"]
    np.testing.assert_allclose(one[columns], other[columns], atol=1e-6)
    assert one["tells"].tolist() == other["tells"].tolist()


def test_rows_in_neither_group_do_not_count() -> None:
    frame, groups = people(n=600)
    model = model_of(frame)
    more = pd.concat([frame, frame.assign(shifted=100.0, word="never seen")], ignore_index=True)
    unknown = np.concatenate([groups, np.full(len(groups), -1, dtype=np.int8)])
    pd.testing.assert_frame_equal(
        proxy_table(model, frame, groups, NAMES), proxy_table(model, more, unknown, NAMES)
    )


def test_categories_that_training_did_not_see_are_one_of_their_own() -> None:
    """Only b has them: they tell as much as any."""
    frame, groups = people()
    model = model_of(frame)
    new = np.where((groups == 1) & (np.arange(N) % 2 == 0), "never seen", frame["word"])
    table = proxy_table(model, frame.assign(word=new), groups, NAMES).set_index("column")
    assert table.loc["word", "roc_auc"] == pytest.approx(0.5 + (0.5 + 0.5 * 0.5) / 2, abs=0.02)


@pytest.mark.parametrize("n_b", [0, 9])
def test_too_few_rows_of_a_group_are_undefined(n_b: int) -> None:
    frame, groups = people(n=400)
    model = model_of(frame)
    kept = np.concatenate([np.flatnonzero(groups == 0), np.flatnonzero(groups == 1)[:n_b]])
    table = proxy_table(model, frame.iloc[kept], groups[kept], NAMES)
    assert table.drop(columns=["column", "tells"]).isna().all(axis=None)
    assert not table["tells"].any()
