"""The same predictions give the same numbers, to the bit, whichever way they are audited.

All numbers are shown, `min_cell=1`, so that all are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrun.data import Dataset, DecisionsRequest, load_source
from fairrun.groups import Protected, ProtectedColumn
from fairrun.metrics import evaluate_predictions
from fairrun.models.any_model import open_any_model
from fairrun.runs.audit import run_audit
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.evaluator import FairnessEvaluator
from fairrun.tracking.metric_names import loggable
from tests.contract.conftest import make_case

# MLflow's evaluation handles the data with calls that pandas 3 warns of.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop"),
]


@dataclass(frozen=True)
class Audited:
    """A model, and a file of rows with labels."""

    uri: str
    file: Path
    target: str
    positive: str
    groups: tuple[Protected, ...]

    @property
    def request(self) -> DecisionsRequest:
        return DecisionsRequest(
            str(self.file),
            target=self.target,
            positive=self.positive,
            protected=[each.column for each in self.groups],
            privileged=[str(each.privileged) for each in self.groups],
            unprivileged=[str(each.unprivileged or "rest") for each in self.groups],
        )


def _pipeline(folder: Path) -> Audited:
    """A plain pipeline of scikit-learn on the embedded census, logged by MLflow."""
    census = load_source("census").frame.iloc[:3000]
    numbers, texts = ["age", "hours-per-week"], ["workclass", "marital-status"]
    x, y = census[[*numbers, *texts]].iloc[:1000], census["class"].iloc[:1000]
    x = x.astype(dict.fromkeys(numbers, float) | dict.fromkeys(texts, "str"))
    columns = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
    )
    fitted = make_pipeline(columns, LogisticRegression()).fit(x, y)
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            fitted,
            name="model",
            signature=infer_signature(x, y),
            serialization_format="pickle",
            pip_requirements=["mlflow"],
        )
    census.iloc[1000:].to_parquet(folder / "census.parquet")
    groups = (Protected("sex", "Male", "Female"), Protected("race", "White"))
    return Audited(logged.model_uri, folder / "census.parquet", "class", ">50K", groups)


def _own(folder: Path, people: Dataset) -> Audited:
    """A mitigated model of fairrun, which reads the group."""
    told = {"mitigator": "group_thresholds", "mitigator_params": {"confidence": 0.5}}
    test, spec = people.splits["test"], people.spec
    labels = np.where(test.label == 1, spec.positive, "low")
    test.frame.assign(**{spec.target: labels}).to_parquet(folder / "people.parquet")
    uri = make_case(people, told).uri
    return Audited(uri, folder / "people.parquet", spec.target, spec.positive, spec.protected)


@pytest.fixture(params=["scikit-learn", "fairrun"])
def audited(request: pytest.FixtureRequest, people: Dataset, store: str, tmp_path: Path) -> Audited:
    return _pipeline(tmp_path) if request.param == "scikit-learn" else _own(tmp_path, people)


def of_run(run_id: str) -> dict[str, float]:
    """The metrics of a run, of which SQLite keeps every bit."""
    about_the_run = ("n_rows_dropped",)
    metrics = mlflow.get_run(run_id).data.metrics
    return {name: value for name, value in metrics.items() if name not in about_the_run}


def by_library(audited: Audited, answers: pd.DataFrame) -> dict[str, float]:
    rows = pd.read_parquet(audited.file)
    columns = [ProtectedColumn.from_frame(rows, each, min_frequency=1) for each in audited.groups]
    evaluation = evaluate_predictions(
        columns,
        [column.positions(rows) for column in columns],
        rows[audited.target] == audited.positive,
        answers["prediction"],
        answers["probability"],
    )
    return loggable(evaluation.metrics, columns[0].name)


def by_plugin(audited: Audited) -> dict[str, float]:
    config = {
        "protected": [each.column for each in audited.groups],
        "privileged": audited.request.privileged,
        "unprivileged": audited.request.unprivileged,
        "positive": audited.positive,
        "min_cell": 1,
    }
    with mlflow.start_run() as run:
        mlflow.models.evaluate(
            audited.uri,
            pd.read_parquet(audited.file),
            targets=audited.target,
            model_type="classifier",
            evaluators="fairrun",
            evaluator_config={"fairrun": config},
        )
    return of_run(run.info.run_id)


def by_table(audited: Audited, answers: pd.DataFrame) -> dict[str, float]:
    """The answers as columns of a table, of which nobody says that a model made them."""
    decided = pd.read_parquet(audited.file).reset_index(drop=True).join(answers)
    path = audited.file.with_name("decided.parquet")
    decided.to_parquet(path)
    request = audited.request
    found = run_audit(
        DecisionsRequest(
            str(path),
            prediction="prediction",
            score="probability",
            target=request.target,
            positive=request.positive,
            protected=request.protected,
            privileged=request.privileged,
            unprivileged=request.unprivileged,
        ),
        report=False,
        min_cell=1,
    )
    return of_run(found.run_id)


def test_every_way_gives_the_same_bits(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    # As an installed package registers it; see tests/runs/test_evaluator.py.
    monkeypatch.setitem(_model_evaluation_registry._registry, "fairrun", FairnessEvaluator)
    model = open_any_model(audited.uri)
    answers = model.predict(pd.read_parquet(audited.file), audited.positive)
    answers = answers.reset_index(drop=True)
    expected = by_library(audited, answers)
    assert len(expected) > 90
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "a model through audit": lambda: of_run(
            run_audit(audited.request, model, report=False, min_cell=1).run_id
        ),
        "a table through audit": lambda: by_table(audited, answers),
        "the plugin": lambda: by_plugin(audited),
    }
    if model.mitigator:
        ways["evaluate"] = lambda: of_run(
            run_evaluate(audited.uri, str(audited.file), report=False, min_cell=1).run_id
        )
    for way, measured in ways.items():
        found = measured()
        # A flip test needs a model that reads the group, which only some ways have.
        flips = {name for name in found if "flip" in name}
        assert {*found} - flips == {*expected}, way
        differing = [name for name in expected if found[name] != expected[name]]
        assert not differing, way
