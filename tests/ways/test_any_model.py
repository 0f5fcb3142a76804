"""Models that MLflow logged, of three libraries, audited on UCI Adult as people type it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from mlflow.models import infer_signature
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.ways.conftest import Caller, given

pytestmark = [
    pytest.mark.slow,
    # A signature with integers says that they have no missing values.
    pytest.mark.filterwarnings("ignore:.*integer column:UserWarning"),
]

_NUMBERS = ["age", "education-num", "hours-per-week", "capital-gain"]
_TEXTS = ["workclass", "occupation", "marital-status"]
_TRAINED = 30_000

#: A fitted model, its flavour, its columns, and its probabilities and decisions for rows.
Fitted = tuple[Any, Any, list[str], Callable[[pd.DataFrame], tuple[NDArray[Any], NDArray[Any]]]]


def _scikit_learn(train: pd.DataFrame) -> Fitted:
    columns = make_column_transformer(
        (StandardScaler(), _NUMBERS), (OneHotEncoder(handle_unknown="ignore"), _TEXTS)
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=500))
    model.fit(train[_NUMBERS + _TEXTS], train["class"])  # ">50K" is the second class
    return (
        *(model, mlflow.sklearn, _NUMBERS + _TEXTS),
        lambda rows: (model.predict_proba(rows)[:, 1], model.predict(rows) == ">50K"),
    )


def _xgboost(train: pd.DataFrame) -> Fitted:
    data = xgboost.DMatrix(train[_NUMBERS], label=train["class"] == ">50K")
    model = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 20)

    def answers(rows: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
        score = model.predict(xgboost.DMatrix(rows))
        return score, score >= 0.5

    return model, mlflow.xgboost, _NUMBERS, answers


def _lightgbm(train: pd.DataFrame) -> Fitted:
    model = lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1)
    model.fit(train[_NUMBERS], (train["class"] == ">50K").astype(int))
    return (
        *(model, mlflow.lightgbm, _NUMBERS),
        lambda rows: (model.predict_proba(rows)[:, 1], model.predict(rows)),
    )


@pytest.mark.parametrize("fit", [_scikit_learn, _xgboost, _lightgbm])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_audit_on_adult(
    project: Path,
    caller: Caller,
    track_at: Callable[[str], None],
    adult_file: Path,
    fit: Callable[[pd.DataFrame], Fitted],
    kind: str,
) -> None:
    adult = pd.read_parquet(adult_file).sample(frac=1, random_state=0)
    train, test = adult.iloc[:_TRAINED], adult.iloc[_TRAINED:].reset_index(drop=True)
    model, flavor, columns, answer = fit(train)
    options = {} if flavor is mlflow.xgboost else {"serialization_format": "pickle"}
    track_at(caller.store)
    mlflow.set_experiment(experiment_id=caller.experiment)
    with mlflow.start_run() as run:
        flavor.log_model(
            model,
            name="model",
            signature=infer_signature(train[columns], np.zeros(2)),
            pip_requirements=["mlflow"],
            **options,
        )
    file = caller.folder / f"test.{kind}"
    test.to_csv(file, index=False) if kind == "csv" else test.to_parquet(file)
    said = caller.succeed(
        *("mlflow", "run", project, "--env-manager", "local", "-e", "audit"),
        *given(
            model=f"runs:/{run.info.run_id}/model",
            data=file,
            target="class",
            positive=">50K",
            protected="sex,race",
            privileged="Male,White",
        ),
    )
    assert f"flavour {flavor.__name__.removeprefix('mlflow.')}" in said
    audited = caller.runs()[-1]
    score, decision = answer(test[columns])
    rates = pd.Series(decision).groupby(test["sex"]).mean()
    metrics = audited.data.metrics
    assert metrics["n_rows"] == len(test)
    assert metrics["statistical_parity"] == pytest.approx(rates["Male"] - rates["Female"])
    assert metrics["disparate_impact"] == pytest.approx(rates["Male"] / rates["Female"])
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(test["class"] == ">50K", score))
    assert metrics["accuracy"] == pytest.approx((decision == (test["class"] == ">50K")).mean())
