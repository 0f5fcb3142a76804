"""One small problem, and one logged model for each row of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.pyfunc import PyFuncModel

from fairrun.data import Dataset, prepare
from fairrun.groups import group_lookup
from fairrun.inference import InferenceModel
from fairrun.mitigation import MITIGATORS
from fairrun.model import FairClassifier
from fairrun.packaging import log_model
from tests.people import SPEC, make_raw

#: Label, mitigator, parameters: each with its defaults, and halfway where it has a level.
CASES = [(name, name, {}) for name in MITIGATORS] + [
    (f"{name}, {p.name} halfway", name, {p.name: 0.5})
    for name, mitigator in MITIGATORS.items()
    for p in mitigator.parameters
    if (p.low, p.high) == (0, 1)
]


@dataclass(frozen=True)
class Case:
    """A mitigator, what was fitted, and where it was logged."""

    name: str
    classifier: FairClassifier
    uri: str
    folder: Path
    loaded: PyFuncModel

    @property
    def model(self) -> InferenceModel:
        return self.classifier.inference_


@pytest.fixture(scope="session")
def people() -> Dataset:
    return prepare(SPEC, make_raw(3000, seed=1))


@pytest.fixture(scope="session")
def rows(people: Dataset) -> pd.DataFrame:
    """Rows to predict: with unseen and null groups and an unseen category."""
    frame = people.splits["test"].frame.head(240).copy()
    frame.loc[3, "sex"] = None
    frame.loc[[5, 17], "sex"] = "unheard of"
    frame.loc[8, "job"] = "unheard of"
    frame.loc[9, "gain"] = 1e308
    return frame


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tracking store of its own."""
    before = mlflow.get_tracking_uri()
    uri = f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    folder = tmp_path_factory.mktemp("artifacts")
    mlflow.set_experiment(
        experiment_id=mlflow.create_experiment("contract", artifact_location=folder.as_uri())
    )
    yield uri
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="session")
def cases(people: Dataset, store: str) -> dict[str, Case]:
    """Every case, fitted and logged, by its label."""
    return {label: make_case(people, name, parameters) for label, name, parameters in CASES}


@pytest.fixture(scope="session", params=[label for label, _, _ in CASES])
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


def make_case(people: Dataset, name: str, parameters: dict[str, float]) -> Case:
    train = people.splits["train"]
    protected = people.spec.protected[0]
    classifier = FairClassifier(protected, mitigator=name, mitigator_params=parameters)
    classifier.fit(train.frame, train.label)
    with mlflow.start_run():
        lookup = group_lookup(train.frame, protected)
        logged = log_model(classifier.inference_, people.spec, lookup, name)
    folder = Path(mlflow.artifacts.download_artifacts(logged.uri))
    return Case(name, classifier, logged.uri, folder, mlflow.pyfunc.load_model(logged.uri))
