"""FairClassifier: a scikit-learn classifier on raw rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrun.errors import RequestError
from fairrun.groups import Protected, group_lookup
from fairrun.training import ESTIMATORS, FairClassifier, deal_folds
from fairrun.training.mitigation import MITIGATORS
from fairrun.training.recipe import FOLDS
from tests.people import SPEC, make_raw

SEX = Protected("sex", "Male", "Female")


@pytest.fixture(scope="module")
def raw() -> tuple[pd.DataFrame, np.ndarray]:
    frame = make_raw(1500, seed=11)
    label = (frame.pop("paid") == SPEC.positive).to_numpy().astype(int)
    return frame, label


def test_unmitigated_it_is_scikit_learns_logistic_regression(
    raw: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = raw
    numeric, text = ["age", "weight", "gain"], ["job"]
    pipeline = make_pipeline(
        make_column_transformer((StandardScaler(), numeric), (OneHotEncoder(), text)),
        LogisticRegression(solver="newton-cholesky", tol=1e-6),
    ).fit(X, y)
    ours = FairClassifier(SEX).fit(X, y)
    # The columns stand in another order.
    expected = pipeline.decision_function(X)
    np.testing.assert_allclose(ours.decision_function(X), expected, atol=1e-8)
    np.testing.assert_array_equal(ours.predict(X), pipeline.predict(X))


@pytest.mark.parametrize("mitigator", MITIGATORS)
def test_clone_gives_the_same_model(raw: tuple[pd.DataFrame, np.ndarray], mitigator: str) -> None:
    X, y = raw
    row = MITIGATORS[mitigator]
    own_model = row.stage == "in" and not row.wraps_estimator
    one = FairClassifier(
        SEX, mitigator=mitigator, estimator_params={} if own_model else {"C": 0.3}, seed=5
    )
    other = clone(one)
    assert other is not one
    assert other.get_params() == one.get_params()
    scores = [model.fit(X, y).decision_function(X) for model in (one, other)]
    assert scores[0].tobytes() == scores[1].tobytes()


def test_probabilities_and_labels_belong_together(raw: tuple[pd.DataFrame, np.ndarray]) -> None:
    X, y = raw
    model = FairClassifier(SEX).fit(X, y)
    probability = model.predict_proba(X)
    assert probability.sum(axis=1) == pytest.approx(1)
    assert ((probability[:, 1] > 0.5) == model.predict(X)).all()
    assert ((model.decision_function(X) > 0) == model.predict(X)).all()


def test_protected_and_dropped_columns_are_no_features(
    raw: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = raw
    model = FairClassifier(SEX, drop=["weight"]).fit(X, y)
    assert model.inference_.columns == ("age", "job", "gain")


def test_rows_with_missing_features_are_not_fitted_on(
    raw: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = raw
    holes = X.copy()
    holes.loc[:9, "age"] = None
    scores = [
        FairClassifier(SEX).fit(a, b).decision_function(X)
        for a, b in ((holes, y), (X[10:], y[10:]))
    ]
    assert (scores[0] == scores[1]).all()


def test_it_must_be_fitted_first(raw: tuple[pd.DataFrame, np.ndarray]) -> None:
    with pytest.raises(NotFittedError):
        FairClassifier(SEX).predict(raw[0])


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"estimator_params": {"C": 0}}, "C=0 is not possible"),
        ({"estimator_params": {"C": float("nan")}}, "C=nan is not possible"),
        ({"estimator_params": {"C": "1"}}, "C='1' is not possible"),
        (
            {"estimator_params": {"learning_rate": 0.1}},
            "logistic_regression takes no parameter 'learning_rate'",
        ),
        ({"estimator": "magic"}, "estimator=magic is not known"),
        (
            {"estimator": "hist_gradient_boosting", "estimator_params": {"C": 1.0}},
            "takes no parameter 'C'; it takes",
        ),
        (
            {"mitigator": "exponentiated_gradient", "class_weight": "balanced"},
            "sets the weights of the training rows itself",
        ),
        (
            {"mitigator": "prejudice_remover", "estimator_params": {"C": 1.0}},
            "trains its own model and uses no estimator; leave C out",
        ),
        (
            {"mitigator": "prejudice_remover", "estimator": "hist_gradient_boosting"},
            "leave estimator=hist_gradient_boosting out",
        ),
        (
            {"mitigator": "equalized_odds", "row_key": "id"},
            "row_key=id is not a column of the data",
        ),
        ({"estimator_params": {"max_iter": 0}}, "max_iter=0 is not possible"),
        ({"class_weight": "some"}, "class_weight='some' is not known"),
        ({"missing": "guess"}, "missing='guess' is not known"),
        ({"unseen": "guess"}, "unseen='guess' is not known"),
        ({"mitigator": "magic"}, "mitigator=magic is not known"),
        ({"unseen": ["ignore"]}, "unseen=.'ignore'. is not known"),
        (
            {"protected": Protected("gender", "Male")},
            "protected=gender is not a column of the data; its columns are age, weight",
        ),
        ({"protected": "sex"}, "protected='sex' is not a Protected; give one such as Prot"),
        ({"mitigator": 5}, "mitigator=5 is not text"),
        ({"estimator_params": "C"}, "estimator_params='C' is not a mapping"),
        ({"estimator_params": {"c": 1}}, "no parameter 'c'; did you mean C\\?"),
        ({"estimator_params": {"max_itre": 1}}, "'max_itre'; did you mean max_iter?"),
        ({"mitigator_params": [("tolerance", 0.1)]}, "mitigator_params=.* is not a mapping"),
        ({"estimator_params": {"C": True}}, "C=True is not possible"),
        ({"seed": -1}, "seed=-1 is not possible; give a whole number from 0 to 4294967295"),
        ({"seed": 1.5}, "seed=1.5 is not possible"),
        ({"seed": True}, "seed=True is not possible"),
        ({"seed": None}, "seed=None is not possible"),
        ({"min_frequency": 0}, "min_frequency=0 is not possible; give a whole number from 1"),
        ({"drop": "weight"}, "drop='weight' is not a list of columns; give drop=.'weight'."),
        ({"drop": None}, "drop=None is not a list of columns"),
        ({"drop": ["wieght"]}, "drop=wieght is not a column of the data; did you mean weight?"),
        ({"drop": ["age", "job", "weight", "gain"]}, "X has 5 feature.s. .*each is protected"),
        ({"changeable": "age"}, "changeable='age' is not a list of columns"),
        ({"changeable": ["aeg"]}, "changeable names 'aeg', which is not a feature; did you mean"),
        ({"row_key": "agee"}, "row_key=agee is not a column of the data; did you mean age?"),
        ({"row_key": ["age"]}, "row_key=.'age'. is not the name of a column"),
        ({"protected": Protected("sex", "Q")}, "'Q' is not a value of the protected column 'sex'"),
    ],
)
def test_what_cannot_be_is_refused(
    raw: tuple[pd.DataFrame, np.ndarray], parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        FairClassifier(**{"protected": SEX} | parameters).fit(*raw)


def test_labels_that_cannot_be_fitted_are_refused(raw: tuple[pd.DataFrame, np.ndarray]) -> None:
    X, y = raw
    model = FairClassifier(SEX)
    with pytest.raises(RequestError, match="a label is neither 0 nor 1"):
        model.fit(X, y + 1)
    with pytest.raises(RequestError, match="the labels have shape"):
        model.fit(X, y[:-1])
    with pytest.raises(RequestError, match="have the same label"):
        model.fit(X, np.zeros_like(y))
    no_woman_is_whole = X.assign(age=X["age"].where(X["sex"] != "Female"))
    with pytest.raises(RequestError, match="'Female' is not a value of the protected column 'sex'"):
        model.fit(no_woman_is_whole, y)
    with pytest.raises(
        RequestError, match="'age' has no value in any row; leave it out with drop=age"
    ):
        FairClassifier(SEX, missing="keep").fit(X.assign(age=None), y)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("mitigator", ["none", "correlation_remover+group_thresholds"])
def test_scikit_learn_validates_and_searches_it(
    raw: tuple[pd.DataFrame, np.ndarray], name: str, mitigator: str
) -> None:
    X, y = raw
    model = FairClassifier(
        SEX, mitigator=mitigator, estimator=name, estimator_params={"max_iter": 15}
    )
    scored = cross_validate(model, X, y, cv=3, scoring=["accuracy", "roc_auc"], error_score="raise")
    assert (scored["test_roc_auc"] > 0.6).all()
    varied = {"logistic_regression": "C", "hist_gradient_boosting": "learning_rate"}[name]
    search = GridSearchCV(
        model.set_params(estimator_params=None),
        {"estimator_params": [{varied: 0.01}, {varied: 0.1}]},
        cv=2,
        error_score="raise",
    )
    assert search.fit(X, y).predict(X).shape == y.shape
    assert search.best_params_["estimator_params"][varied] in (0.01, 0.1)


def test_folds_keep_the_shares_of_label_and_group(raw: tuple[pd.DataFrame, np.ndarray]) -> None:
    """Each fold has its share of every label and group, up to one row for each of them."""
    X, y = raw
    lookup = group_lookup(X, SEX)
    groups = lookup.groups(X)
    fold = deal_folds(y, groups, FOLDS, seed=3)
    table = pd.crosstab([y, groups], fold)
    assert (table.max(axis=1) - table.min(axis=1) <= 1).all()
    assert len(table.columns) == FOLDS


def test_the_decision_is_fitted_on_rows_the_score_did_not_see(
    raw: tuple[pd.DataFrame, np.ndarray],
) -> None:
    """A feature that only noise relates to the label separates in-sample scores, not these."""
    X, _ = raw
    rng = np.random.default_rng(0)
    y = (rng.random(len(X)) < 0.5).astype(int)
    noise = X[["sex"]].assign(name=[f"n{row}" for row in range(len(X))])
    model = FairClassifier(
        SEX, mitigator="group_thresholds", estimator_params={"C": 1e3}, min_frequency=1
    )
    model.fit(noise, y)
    # In-sample the scores are perfect, and any threshold between would be as good; out-of-fold
    # every name is new, and all rows of a fold have one score.
    assert ((model.decision_function(noise) > 0) == y).all()
    (thresholds,) = model.inference_.decision.to_arrays().values()
    assert np.abs(thresholds).max() < 3
