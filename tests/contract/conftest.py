"""One small problem, and one logged model for each way to be fair."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.pyfunc import PyFuncModel

from fairrun.data import Dataset, prepare
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel
from fairrun.models.log import log_model
from fairrun.training import FairClassifier, Parameter
from fairrun.training.mitigation import MITIGATORS
from tests.people import SPEC, make_raw

#: Label, and what FairClassifier is told: every row of the registry with its defaults and halfway
#: where it has a level; the other estimator; and compositions of every pair of stages.
CASES: dict[str, dict[str, Any]] = {name: {"mitigator": name} for name in MITIGATORS}
#: With its default margin, group thresholds would leave these few people one threshold.
BY_GROUP = {"confidence": 0.5, "tolerance": 0.0}
CASES["group_thresholds"]["mitigator_params"] = BY_GROUP
#: Within its default tolerance these people need no margin, and the group would not matter.
CASES["reject_option_classification"]["mitigator_params"] = {"tolerance": 0.01}
CASES |= {
    f"{name}, {p.name} halfway": {"mitigator": name, "mitigator_params": {p.name: 0.5}}
    for name, mitigator in MITIGATORS.items()
    for p in mitigator.parameters
    if isinstance(p, Parameter) and (p.low, p.high) == (0, 1)
}
_BOOSTED = {"estimator": "hist_gradient_boosting", "estimator_params": {"max_iter": 20}}
_FEW_ROUNDS = {"max_iter": 8}
CASES |= {
    "boosted": {**_BOOSTED},
    "boosted correlation_remover+group_thresholds": {
        "mitigator": "correlation_remover+group_thresholds",
        "mitigator_params": {f"group_thresholds.{name}": value for name, value in BY_GROUP.items()},
        **_BOOSTED,
    },
    "boosted exponentiated_gradient": {
        "mitigator": "exponentiated_gradient",
        "mitigator_params": _FEW_ROUNDS,
        **_BOOSTED,
    },
    "exponentiated_gradient, expected": {
        "mitigator": "exponentiated_gradient",
        "mitigator_params": {"decision": "expected", **_FEW_ROUNDS},
    },
    "correlation_remover+exponentiated_gradient": {
        "mitigator": "correlation_remover+exponentiated_gradient",
        "mitigator_params": _FEW_ROUNDS,
    },
    "exponentiated_gradient+equalized_odds": {
        "mitigator": "exponentiated_gradient+equalized_odds",
        "mitigator_params": {"decision": "expected", **_FEW_ROUNDS},
    },
    "reweighing+group_thresholds": {
        "mitigator": "reweighing+group_thresholds",
        "mitigator_params": BY_GROUP | {"constraint": "equality_of_opportunity_difference"},
    },
    "boosted grid_search": {"mitigator": "grid_search", **_BOOSTED},
    "correlation_remover+prejudice_remover+equalized_odds": {
        "mitigator": "correlation_remover+prejudice_remover+equalized_odds"
    },
    "disparate_impact_remover+meta_fair_classifier": {
        "mitigator": "disparate_impact_remover+meta_fair_classifier"
    },
    "equalized_odds by row key": {"mitigator": "equalized_odds", "row_key": "key"},
    # No other case has a category with so few rows.
    "rare jobs pooled": {"min_frequency": 40},
}


def cases_with(word: str) -> list[str]:
    """The labels of the cases whose mitigator's name has the word in it."""
    return [label for label, told in CASES.items() if word in told.get("mitigator", "")]


@dataclass(frozen=True)
class Case:
    """What was fitted, and where it was logged."""

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
    return frame.assign(key=[f"person {row}" for row in range(len(frame))])


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[str]:
    """A tracking store of its own."""
    before = mlflow.get_tracking_uri()
    uri = f"sqlite:///{shutil.copy(empty_store, tmp_path_factory.mktemp('store'))}"
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
    return {label: make_case(people, told) for label, told in CASES.items()}


@pytest.fixture(scope="session", params=list(CASES))
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    return cases[request.param]


def make_case(people: Dataset, told: dict[str, Any]) -> Case:
    train = people.splits["train"]
    protected = people.spec.protected[0]
    classifier = FairClassifier(protected, changeable=people.spec.changeable, **told)
    frame = train.frame
    if "row_key" in told:
        frame = frame.assign(key=[f"trained on {row}" for row in range(len(frame))])
    classifier.fit(frame, train.label)
    with mlflow.start_run():
        columns = [ProtectedColumn.from_frame(train.frame, protected)]
        logged = log_model(classifier.inference_, people.spec, columns, classifier.mitigator)
    folder = Path(mlflow.artifacts.download_artifacts(logged.uri))
    return Case(classifier, logged.uri, folder, mlflow.pyfunc.load_model(logged.uri))
