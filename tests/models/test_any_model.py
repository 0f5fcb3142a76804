"""Models of any MLflow flavour: their decisions, their columns, and those that are refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from fairrun.data import Dataset
from fairrun.errors import RequestError
from fairrun.models.any_model import OWN, AnyModel, open_any_model
from fairrun.models.signature import fit_rows
from tests.contract.conftest import Case

_RNG = np.random.default_rng(0)
_N = 300


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Rows as a file gives them, with a protected column that no model takes."""
    age, work = _RNG.normal(40, 10, _N).round(1), _RNG.choice(["private", "state", None], _N)
    score = (age - 40) / 10 + (work == "state") + _RNG.normal(0, 1, _N)
    return pd.DataFrame(
        {
            "sex": _RNG.choice(["Male", "Female"], _N),
            "age": age,
            "work": pd.Series(work).astype("str"),
            "paid": np.where(score > 0.3, "yes", "no"),
        }
    )


Save = Callable[..., AnyModel]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save a model with MLflow's function of its flavour, and open it."""

    def saved(model: Any, flavor: Any = mlflow.sklearn, **options: Any) -> AnyModel:
        if flavor is mlflow.sklearn:
            options = {"serialization_format": "pickle"} | options
        with _of_saving():
            # With requirements, MLflow does not spend seconds on looking for them.
            flavor.save_model(model, tmp_path / "model", pip_requirements=["mlflow"], **options)
        return open_any_model(str(tmp_path / "model"))

    return saved


@contextmanager
def _of_saving() -> Iterator[None]:
    """Ignore what MLflow says to those who save models, which is not what is tested."""
    with warnings.catch_warnings():
        # Integer columns of a signature have no missing values; pickles can run code.
        warnings.simplefilter("ignore", UserWarning)
        yield


def _pipeline() -> Any:
    encoder = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer((encoder, ["work"]), remainder="passthrough")
    return make_pipeline(columns, LogisticRegression())


@pytest.mark.parametrize(
    ("yes", "no", "positive"),
    [
        (1, 0, None),
        (0, 1, "0"),  # the favourable class is the first column of probabilities
        (True, False, None),
        ("yes", "no", "yes"),
        ("approved", "rejected", "approved"),
    ],
)
def test_a_pipeline_of_scikit_learn(
    rows: pd.DataFrame, save: Save, yes: Any, no: Any, positive: str | None
) -> None:
    x, y = rows[["age", "work"]], np.where(rows["paid"] == "yes", yes, no)
    fitted = _pipeline().fit(x, y)
    model = save(fitted, signature=infer_signature(x, y))
    answers = model.predict(rows, positive)
    assert (model.flavor, model.inputs) == ("sklearn", ("age", "work"))
    assert model.types == {"age": "number", "work": "category"}
    # The plain column of a logistic regression, by the place that classes_ gives it.
    place = int(np.flatnonzero(fitted.classes_ == yes)[0])
    assert answers["probability"].tolist() == fitted.predict_proba(x)[:, place].tolist()
    assert answers["prediction"].tolist() == (fitted.predict(x) == yes).astype(int).tolist()
    again = model.predict(rows[::-1], positive)
    pd.testing.assert_frame_equal(again[::-1], answers)


def test_text_classes_need_positive(rows: pd.DataFrame, save: Save) -> None:
    x, y = rows[["age"]], np.where(rows["paid"] == "yes", "approved", "rejected")
    model = save(LogisticRegression().fit(x, y), signature=infer_signature(x, y))
    with pytest.raises(RequestError, match=r"answers approved, rejected, and .* give positive="):
        model.predict(rows)


def test_probabilities_by_predict_fn(rows: pd.DataFrame, save: Save) -> None:
    x, y = rows[["age"]], rows["paid"]
    fitted = LogisticRegression().fit(x, y)
    model = save(fitted, pyfunc_predict_fn="predict_proba")
    assert model.inputs == ()  # without a signature, the estimator knows its columns
    answers = model.predict(rows, "no")
    assert answers["probability"].tolist() == fitted.predict_proba(x)[:, 0].tolist()
    assert "threshold=0.5 makes the decisions" in answers.attrs["notes"][0]


def _boosted(kind: str, x: pd.DataFrame, y: np.ndarray) -> tuple[Any, Any, np.ndarray]:
    """Fit a model of boosted trees, and return it, its flavour and its probabilities of 1."""
    # One thread, because the machine of the tests may have two cores and eight processes.
    if kind == "xgboost.Booster":
        data = xgboost.DMatrix(x, label=y)
        booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 5)
        return booster, mlflow.xgboost, booster.predict(data)
    if kind == "XGBClassifier":
        fitted = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(x, y)
        return fitted, mlflow.xgboost, fitted.predict_proba(x)[:, 1]
    if kind == "lightgbm.Booster":
        parameters = {"objective": "binary", "num_threads": 1, "verbose": -1}
        booster = lightgbm.train(parameters, lightgbm.Dataset(x, y), 5)
        return booster, mlflow.lightgbm, booster.predict(x)
    fitted = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(x, y)
    return fitted, mlflow.lightgbm, fitted.predict_proba(x)[:, 1]


@pytest.mark.parametrize(
    "kind", ["xgboost.Booster", "XGBClassifier", "lightgbm.Booster", "LGBMClassifier"]
)
@pytest.mark.parametrize("is_signed", [True, False])
def test_boosted_trees(rows: pd.DataFrame, save: Save, kind: str, is_signed: bool) -> None:
    """Without a signature, each library remembers the columns that it was given."""
    x, y = rows[["age"]], (rows["paid"] == "yes").to_numpy().astype(int)
    fitted, flavor, expected = _boosted(kind, x, y)
    options = {"serialization_format": "pickle"} if kind == "LGBMClassifier" else {}
    signature = infer_signature(x, y) if is_signed else None
    model = save(fitted, flavor, signature=signature, **options)
    assert model.inputs == (("age",) if is_signed else ())
    answers = model.predict(rows)
    assert model.flavor == flavor.__name__.removeprefix("mlflow.")
    assert answers["probability"].tolist() == expected.astype(float).tolist()
    assert answers["prediction"].tolist() == (expected >= 0.5).astype(int).tolist()
    other = model.predict(rows, "0", threshold=0.75)
    np.testing.assert_allclose(other["probability"], 1 - expected.astype(float), atol=1e-7)
    assert other["prediction"].tolist() == (other["probability"] >= 0.75).astype(int).tolist()


class _Returns(mlflow.pyfunc.PythonModel):
    """Answer the same to every call."""

    def __init__(self, answers: Any) -> None:
        self.answers = answers

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return self.answers(model_input)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (lambda rows: ["an essay"] + ["another"] * (len(rows) - 2) + ["a third"], "3 different"),
        (lambda rows: np.arange(len(rows)) % 3, "3 different values"),
        (lambda rows: np.full(len(rows), np.nan), "no answer for 300 of 300 rows"),
        (lambda rows: [1], "answers 1 row for 300"),
        (lambda rows: 1 / 0, r"cannot answer these rows \(ZeroDivisionError\)"),
    ],
)
def test_answers_that_are_no_decisions(
    rows: pd.DataFrame, tmp_path: Path, answers: Any, said: str
) -> None:
    with _of_saving():
        mlflow.pyfunc.save_model(
            tmp_path / "model", python_model=_Returns(answers), pip_requirements=["mlflow"]
        )
    model = open_any_model(str(tmp_path / "model"))
    assert (model.flavor, model.inputs) == ("python_function", ())
    with pytest.raises(RequestError, match=said):
        model.predict(rows)


def test_a_model_from_code(rows: pd.DataFrame, tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        "import mlflow\n"
        "class Model(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        old = (model_input['age'] > 40).astype(int)\n"
        "        return model_input.assign(prediction=old, score=0.25 + 0.5 * old)\n"
        "mlflow.models.set_model(Model())\n"
    )
    with _of_saving():
        mlflow.pyfunc.save_model(
            tmp_path / "model", python_model=str(code), pip_requirements=["mlflow"]
        )
    answers = open_any_model(str(tmp_path / "model")).predict(rows)
    assert answers["prediction"].tolist() == (rows["age"] > 40).astype(int).tolist()
    assert {*answers["probability"]} == {0.25, 0.75}


def test_a_pickle_is_announced_once_and_refused_on_request(
    rows: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    x, y = rows[["age"]], rows["paid"]
    with _of_saving():
        mlflow.sklearn.save_model(
            LogisticRegression().fit(x, y),
            *(tmp_path / "model",),
            serialization_format="cloudpickle",
            pip_requirements=["mlflow"],
        )
    open_any_model(str(tmp_path / "model"))
    said = [each for each in caplog.messages if "may run code" in each]
    assert len(said) == 1
    assert "flavour sklearn" in said[0]
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with pytest.raises(RequestError, match="is refused, because its flavour sklearn"):
        open_any_model(str(tmp_path / "model"))


def test_a_missing_package_is_named(rows: pd.DataFrame, save: Save, tmp_path: Path) -> None:
    save(LogisticRegression().fit(rows[["age"]], rows["paid"]))
    path = tmp_path / "model" / "MLmodel"
    path.write_text(path.read_text("utf-8").replace("mlflow.sklearn", "no_such_package"), "utf-8")
    with pytest.raises(RequestError, match="needs the package no_such_package"):
        open_any_model(str(tmp_path / "model"))


def test_a_regression_is_refused(rows: pd.DataFrame, save: Save) -> None:
    x, y = rows[["age"]], rows["age"] * 2
    model = save(LinearRegression().fit(x, y), signature=infer_signature(x, y))
    with pytest.raises(RequestError, match="scores of the model are below 0 or above 1"):
        model.predict(rows)


def test_our_own_models_are_opened_as_such(case: Case, people: Dataset) -> None:
    model = open_any_model(case.uri)
    frame = people.splits["test"].frame
    assert (model.flavor, model.inputs) == (OWN, tuple(case.model.columns))
    assert model.mitigator == case.loaded.metadata.metadata["fairrun"]["mitigator"]
    expected = case.model.predict(frame)[["prediction", "probability"]]
    pd.testing.assert_frame_equal(model.predict(frame), expected, check_dtype=False)


def test_our_own_model_is_not_opened_as_another_if_it_was_changed(
    case: Case, tmp_path: Path
) -> None:
    """Without our entry in MLmodel, a model with our files is refused, and not just asked."""
    import shutil

    import yaml

    folder = tmp_path / "model"
    shutil.copytree(case.folder, folder)
    document = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    del document["metadata"]
    (folder / "MLmodel").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(RequestError, match="is refused"):
        open_any_model(str(folder))


_SCHEMA = Schema(
    [
        ColSpec(DataType.double, "x"),
        ColSpec(DataType.long, "n"),
        ColSpec(DataType.boolean, "b"),
        ColSpec(DataType.string, "t"),
        ColSpec(DataType.float, "f", required=False),
    ]
)


def _given(**columns: Any) -> pd.DataFrame:
    plain = {"x": [1.5, 2], "n": [1.0, 2.0], "b": [0.0, 1.0], "t": ["a", None]}
    return pd.DataFrame(plain | columns)


def test_rows_get_the_types_of_the_signature() -> None:
    names = tuple(map(str, _SCHEMA.input_names()))
    given = _given(sex=["m", "f"], x=[2**53, 1], b=["True", "false"], f=[0.1, 0.5])
    fitted, notes = fit_rows(given, names, _SCHEMA)
    assert [*fitted] == ["x", "n", "b", "t", "f"]
    types = {name: str(column.dtype) for name, column in fitted.items() if name != "t"}
    assert types == {"x": "float64", "n": "int64", "b": "bool", "f": "float32"}
    assert fitted["n"].tolist() == [1, 2]
    assert fitted["b"].tolist() == [True, False]
    assert np.isnan(fitted["t"][1])
    assert notes == ("f is rounded to float32, which the model's signature says",)
    without, notes = fit_rows(_given(), names, _SCHEMA)
    assert ([*without], notes) == (["x", "n", "b", "t"], ())
    # What the rows became is what MLflow accepts.
    signature = ModelSignature(inputs=_SCHEMA)
    mlflow.models.utils._enforce_schema(fitted, signature.inputs)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"n": [1.5, 2]}, "has n as an integer; it has fractions"),
        ({"n": [1, np.nan]}, "has n as an integer; it has missing values"),
        ({"n": [1.0, 2.0**64]}, "has n as an integer; it has numbers outside int64"),
        ({"x": [2**53 + 1, 1]}, "has x as double"),
        ({"b": [0, 2]}, "has b as true or false"),
        ({"t": [1, 2]}, "has t as text; give types=t:category"),
    ],
)
def test_rows_that_do_not_fit_the_signature(columns: dict[str, Any], said: str) -> None:
    names = tuple(map(str, _SCHEMA.input_names()))
    with pytest.raises(RequestError, match=said):
        fit_rows(_given(**columns), names, _SCHEMA)


def test_missing_columns_are_named() -> None:
    names = tuple(map(str, _SCHEMA.input_names()))
    with pytest.raises(RequestError, match="no column n, b, which the model needs"):
        fit_rows(_given().drop(columns=["n", "b"]), names, _SCHEMA)
