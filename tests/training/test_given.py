"""Rows and labels of any type: the same model, or one line that says what to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from fairrun.groups import Protected
from fairrun.training import FairClassifier

X = pd.DataFrame(
    {
        "age": np.arange(60.0) % 37,
        "job": np.array(["clerk", "sales", "other"])[np.arange(60) % 3],
        "sex": np.array(["Male", "Female"])[np.arange(60) // 2 % 2],
    }
)
Y = (X["age"] > 15).to_numpy().astype(int)
EXPECTED = FairClassifier(Protected("sex", "Male")).fit(X, Y).decision_function(X)


class Polars:
    """A table of another library, which offers a conversion to pandas."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.columns = frame, frame.columns.tolist()

    def to_pandas(self) -> pd.DataFrame:
        return self.frame


@pytest.mark.parametrize(
    "give",
    [
        lambda frame: frame.set_axis(range(100, 160), axis="index"),
        pa.Table.from_pandas,
        Polars,
        lambda frame: frame.to_dict("records"),
    ],
)
def test_tables_with_names(give: Callable[[pd.DataFrame], Any]) -> None:
    model = FairClassifier(Protected("sex", "Male")).fit(give(X), Y)
    assert model.feature_names_in_.tolist() == ["age", "job", "sex"]
    assert model.n_features_in_ == 3
    assert model.decision_function(give(X)).tobytes() == EXPECTED.tobytes()
    with pytest.raises(ValueError, match="X has no column names, but the classifier was fitted"):
        model.predict(X.to_numpy())


@pytest.mark.parametrize(
    "give",
    [
        lambda frame: frame.to_numpy(),
        lambda frame: frame.to_numpy().tolist(),
        lambda frame: [*frame.to_numpy()],
        lambda frame: frame.set_axis(range(3), axis="columns"),
    ],
)
def test_tables_without_names(give: Callable[[pd.DataFrame], Any]) -> None:
    model = FairClassifier(Protected("2", "Male"), changeable=[0]).fit(give(X), Y)
    assert not hasattr(model, "feature_names_in_")
    assert model.inference_.columns == ("0", "1")
    assert model.decision_function(give(X)).tobytes() == EXPECTED.tobytes()
    with pytest.raises(ValueError, match=r"X has 2 features, but .* expecting 3 features as input"):
        model.predict(X[["age", "job"]].to_numpy())


def test_a_second_fit_forgets_the_names() -> None:
    model = FairClassifier(Protected("2", "Male"))
    model.fit(X.set_axis(list("012"), axis="columns"), Y)
    assert model.feature_names_in_.tolist() == ["0", "1", "2"]
    assert not hasattr(model.fit(X.to_numpy(), Y), "feature_names_in_")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (X.assign(other=1)[["age", "age", "sex"]], "the column 'age' stands more than once in X"),
        (X.set_axis([1, "1", "sex"], axis="columns"), "the column '1' stands more than once"),
        (pd.concat({"a": X}, axis="columns"), "the columns of X have several levels"),
        (X["age"], "X is of type Series; give a DataFrame with column names"),
        ("rows.csv", "X is of type str"),
        (None, "X is of type NoneType"),
        (X["age"].to_numpy(), "X has 1 dimension, and 2 are needed"),
        (X["age"].tolist(), "X has 1 dimension, and 2 are needed"),
        ([["Male", 1], ["Female"]], "the lists in X have different lengths"),
        (["ab", "cd"], "the lists in X have different lengths or are text"),
        (csr_array(np.eye(60)), "X is sparse, and dense rows are required"),
        (X.head(0), "X has 0 sample"),
        (X[["sex"]], "X has 1 feature.s. .sex., and each is protected, dropped or the row key"),
        (X[[]], "X has 0 feature"),
    ],
)
def test_rows_that_are_refused(rows: Any, said: str) -> None:
    n = 60 if not hasattr(rows, "__len__") or isinstance(rows, (str, list)) else rows.shape[0]
    with pytest.raises(ValueError, match=said):
        FairClassifier(Protected("sex", "Male")).fit(rows, Y[: len(rows)] if n < 60 else Y)


@pytest.mark.parametrize(
    "labels",
    [
        Y.tolist(),
        Y.astype(bool),
        Y.astype(float),
        pd.Series(Y, index=range(60, 0, -1)),
        pd.Series(Y, dtype="Int64"),
        pd.Series(Y.astype(bool), dtype=pd.ArrowDtype(pa.bool_())),
        pd.Series(Y, dtype="category"),
    ],
)
def test_labels(labels: Any) -> None:
    model = FairClassifier(Protected("sex", "Male")).fit(X, labels)
    assert model.decision_function(X).tobytes() == EXPECTED.tobytes()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.where(Y, "yes", "no"), "the labels are text, .* give 1 for the favourable outcome"),
        (pd.Series(Y).astype(str), "the labels are text"),
        (pd.Series(Y).where(X["age"] > 1), r"4 of 60 labels are null \(NaN\)"),
        (pd.Series(Y, dtype="Int64").where(X["age"] > 1), "4 of 60 labels are null"),
        (Y + 1, "a label is neither 0 nor 1"),
        (Y * 0.5, "a label is neither 0 nor 1"),
        (Y + 0j, "a label is neither 0 nor 1"),
        ([[1]] * 60, r"the labels have shape \(60, 1\)"),
        (Y[:50], r"the labels have shape \(50,\), but there are 60 rows"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_that_are_refused(labels: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FairClassifier(Protected("sex", "Male")).fit(X, labels)


def test_numbers_of_numpy_are_parameters() -> None:
    parameters: dict[str, Any] = {
        "mitigator": "correlation_remover",
        "mitigator_params": {"alpha": np.float32(0.5)},
        "estimator_params": {"C": np.float64(2.0), "max_iter": np.int64(50)},
        "drop": np.array(["job"]),
        "seed": np.uint8(3),
        "min_frequency": np.int16(2),
    }
    recipe = clone(FairClassifier(Protected("sex", "Male"), **parameters)).fit(X, Y).recipe()
    assert recipe.to_parameters() == {
        "mitigator.name": "correlation_remover",
        "mitigator.alpha": 0.5,
        "estimator.name": "logistic_regression",
        "estimator.C": 2.0,
        "estimator.max_iter": 50,
        "estimator.class_weight": None,
        "estimator.resample": "none",
        "estimator.seed": 3,
    }
    assert {type(value) for value in recipe.to_parameters().values()} <= {
        *(str, float, int),
        type(None),
    }
