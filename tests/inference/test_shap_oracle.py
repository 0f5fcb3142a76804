"""The shap library says the same of linear models and of boosted trees."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from fairrun.inference import InferenceModel
from fairrun.training import ESTIMATORS, FairClassifier
from fairrun.training.shared_values import pool
from tests.people import SPEC, make_raw

with warnings.catch_warnings(action="ignore"):  # shap's own, of what it imports
    shap = pytest.importorskip("shap")

TOLERANCE = {"rtol": 0, "atol": 1e-9}


@pytest.fixture(scope="module")
def people() -> tuple[pd.DataFrame, np.ndarray]:
    raw = make_raw(1500, seed=3)
    return raw, (raw.pop("paid") == "high").to_numpy().astype(int)


def fit(people: tuple[pd.DataFrame, np.ndarray], **told: object) -> InferenceModel:
    frame, label = people
    return FairClassifier(SPEC.protected[0], **told).fit(frame, label).inference_  # type: ignore[arg-type]


def by_raw_column(model: InferenceModel, encoded: np.ndarray) -> np.ndarray:
    sizes = [len(column.encoded_names) for column in model.encoder.columns]
    return np.add.reduceat(encoded, np.cumsum([0, *sizes[:-1]]), axis=1)


def test_linear(people: tuple[pd.DataFrame, np.ndarray]) -> None:
    model, frame = fit(people), people[0]
    matrix = model.encoder.encode(frame)
    theirs = LogisticRegression()
    theirs.coef_ = model.scorer.coefficients[np.newaxis]  # type: ignore[attr-defined]
    theirs.intercept_ = np.array([model.scorer.intercept])  # type: ignore[attr-defined]
    background = matrix.mean(axis=0, keepdims=True)
    with warnings.catch_warnings(action="ignore"):
        explainer = shap.LinearExplainer(theirs, shap.maskers.Independent(background))
        expected = explainer.shap_values(matrix[:200])
    explained = model.explain(frame.head(200))
    np.testing.assert_allclose(explained.contributions, by_raw_column(model, expected), **TOLERANCE)
    assert explained.base_value == pytest.approx(float(explainer.expected_value), abs=1e-9)


def test_boosted_trees(people: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, label = people
    told = {"max_iter": 15, "max_leaf_nodes": 12}
    model = fit(people, estimator="hist_gradient_boosting", estimator_params=told)
    matrix = model.encoder.encode(frame)
    theirs = HistGradientBoostingClassifier(random_state=0, **told).fit(pool(matrix), label)
    ours = ESTIMATORS["hist_gradient_boosting"].read(theirs)
    np.testing.assert_array_equal(ours.score(matrix), model.scorer.score(matrix))
    with warnings.catch_warnings(action="ignore"):
        explainer = shap.TreeExplainer(theirs, feature_perturbation="tree_path_dependent")
        expected = explainer.shap_values(matrix[:200])
    explained = model.explain(frame.head(200))
    np.testing.assert_allclose(explained.contributions, by_raw_column(model, expected), **TOLERANCE)
    assert explained.base_value == pytest.approx(float(np.ravel(explainer.expected_value)[0]))
