"""The promise holds for rules on scores that another model computed, randomised or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from mlflow.pyfunc import PyFuncModel

from fairrun.data import Dataset
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel
from fairrun.models.log import log_model
from fairrun.serving.app import create_app
from fairrun.training import fit_score_rule, resolve_postprocessor
from tests.contract.test_fresh_process import answers_of_new_process

# The tests of all other models, with the fixtures below.
from tests.contract.test_same_answer import (  # noqa: F401
    same,
    test_any_split_into_batches,
    test_asked_twice,
    test_batch_equals_rows_one_by_one,
    test_eight_threads_with_mixed_batches,
    test_memory_layout_and_index_do_not_matter,
    test_order_does_not_matter,
    test_the_logged_model_answers_as_the_fitted_one,
    test_the_three_outputs,
    test_zero_rows_give_zero_predictions,
)
from tests.serving.conftest import records
from tests.serving.running import in_a_thread

#: A rule of each kind, and the column that keys its draws.
RULES = {
    "thresholds": ("group_thresholds", {"confidence": 0.5, "tolerance": 0.0}, None),
    "draws by score": ("equalized_odds", {}, None),
    "draws by row key": ("equalized_odds", {}, "key"),
}


@dataclass(frozen=True)
class Rule:
    """A rule, and where it was logged."""

    model: InferenceModel
    uri: str
    folder: Path
    loaded: PyFuncModel


def scored(frame: pd.DataFrame, label: np.ndarray, seed: int) -> pd.DataFrame:
    """The rows with a score that tells something of the label, and more of one group's."""
    rng = np.random.default_rng(seed)
    log_odds = (2 * label - 1) * np.where(frame["sex"] == "Male", 1.0, 0.5)
    log_odds = log_odds + rng.normal(size=len(frame)) + 0.6 * (frame["sex"] == "Male")
    key = [f"person {row}" for row in range(len(frame))]
    return frame.assign(score=1 / (1 + np.exp(-log_odds)), key=key)


@pytest.fixture(scope="module")
def rows(people: Dataset) -> pd.DataFrame:
    test = people.splits["test"]
    rows = scored(test.frame, test.label, seed=1).head(200)
    rows.loc[:7, "score"] = [0.0, 1.0, 0.5, 5e-324, 1 - 2**-53, 0.25, -0.0, 1e-300]
    rows.loc[3, "sex"] = None
    rows.loc[[5, 17], "sex"] = "unheard of"
    return rows


@pytest.fixture(scope="module")
def cases(people: Dataset, store: str) -> dict[str, Rule]:
    train, protected = people.splits["train"], people.spec.protected[0]
    frame, made = scored(train.frame, train.label, seed=0), {}
    for name, (mitigator, parameters, row_key) in RULES.items():
        mitigation = resolve_postprocessor(mitigator, parameters)
        model = fit_score_rule(frame, train.label, "score", protected, mitigation, row_key=row_key)
        with mlflow.start_run():
            columns = [ProtectedColumn.from_frame(frame, protected)]
            logged = log_model(model, people.spec, columns, mitigator)
        folder = Path(mlflow.artifacts.download_artifacts(logged.uri))
        made[name] = Rule(model, logged.uri, folder, mlflow.pyfunc.load_model(logged.uri))
    return made


@pytest.fixture(scope="module", params=list(RULES))
def case(request: pytest.FixtureRequest, cases: dict[str, Rule]) -> Rule:
    return cases[request.param]


def test_one_rule_draws_and_the_other_does_not(cases: dict[str, Rule], rows: pd.DataFrame) -> None:
    takes = {name: rule.model.columns for name, rule in cases.items()}
    assert takes == {
        "thresholds": ("score", "sex"),
        "draws by score": ("score", "sex"),
        "draws by row key": ("score", "sex", "key"),
    }
    uncertain = {
        name: not rule.model.predict(rows)["decision_probability"].isin((0, 1)).all()
        for name, rule in cases.items()
    }
    assert uncertain == {"thresholds": False, "draws by score": True, "draws by row key": True}


def test_the_probability_is_the_given_score(case: Rule, rows: pd.DataFrame) -> None:
    answered = case.loaded.predict(rows)["probability"].to_numpy()
    assert answered.tobytes() == rows["score"].to_numpy().tobytes()


def test_a_new_process_gives_the_same_answers(
    cases: dict[str, Rule], rows: pd.DataFrame, tmp_path: Path
) -> None:
    for name, answers in answers_of_new_process(cases, rows, tmp_path).items():  # type: ignore[arg-type]
        assert same(answers, cases[name].model.predict(rows)), name


def test_the_app_gives_the_same_answers(case: Rule, rows: pd.DataFrame) -> None:
    some = rows[list(case.model.columns)].iloc[:40].reset_index(drop=True)
    own = case.model.predict(some)
    with in_a_thread(create_app(case.uri, processes=1)) as address:
        together = requests.post(f"{address}/predict", json=records(some), timeout=60).json()
        alone = [
            requests.post(f"{address}/predict", json=record, timeout=60).json()
            for record in records(some)[:5]
        ]
    assert together["predictions"] == own["prediction"].tolist()
    assert together["probabilities"] == own["probability"].tolist()
    assert [one["predictions"][0] for one in alone] == own["prediction"].tolist()[:5]
