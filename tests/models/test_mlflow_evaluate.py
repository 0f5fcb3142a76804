"""MLflow's own evaluation of our models, as docs/metrics.md shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from fairrun.data import Dataset
from tests.conftest import ROOT
from tests.contract.conftest import Case

# What MLflow and the plots of its evaluators warn of.
pytestmark = pytest.mark.filterwarnings("ignore")

_SECTION = re.compile(r"## With mlflow\.models\.evaluate\n.*?```python\n(.*?)```", re.S)


def test_the_way_of_the_docs_works(
    case: Case, people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = people.splits["test"]
    frame = test.frame.assign(**{"class": np.where(test.label == 1, ">50K", "<=50K")})
    monkeypatch.chdir(tmp_path)
    frame.to_csv("people.csv", index=False)
    found = _SECTION.search((ROOT / "docs" / "metrics.md").read_text("utf-8"))
    assert found is not None
    said: dict[str, Any] = {}
    with mlflow.start_run():
        exec(found[1].replace("models:/income/3", case.uri), said)  # noqa: S102
    metrics = said["result"].metrics
    answers = case.model.predict(test.frame)
    assert metrics["accuracy_score"] == accuracy_score(test.label, answers["prediction"])
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(test.label, answers["probability"]))
    assert metrics["log_loss"] == pytest.approx(log_loss(test.label, answers["probability"]))
    assert {*metrics} == {
        *("accuracy_score", "precision_score", "recall_score", "f1_score", "example_count"),
        *("true_positives", "false_positives", "true_negatives", "false_negatives"),
        *("roc_auc", "log_loss"),
    }
    assert [*said["result"].artifacts] == ["confusion_matrix"]
    logged = mlflow.get_logged_model(case.loaded.metadata.model_id).metrics
    assert "f1_score" in {metric.key for metric in logged}


@pytest.mark.parametrize("predictions", [None, "prediction"])
def test_a_plain_call_still_fails_as_the_docs_say(
    case: Case, people: Dataset, predictions: str | None
) -> None:
    """If MLflow mends this, the docs can say something simpler."""
    test = people.splits["test"]
    data = test.frame.assign(label=test.label)
    with mlflow.start_run(), pytest.raises(ValueError, match="same number of dimensions"):
        mlflow.models.evaluate(
            case.uri, data, targets="label", predictions=predictions, model_type="classifier"
        )


def test_a_function_works_without_probabilities(case: Case, people: Dataset) -> None:
    test = people.splits["test"]
    with mlflow.start_run():
        result = mlflow.models.evaluate(
            lambda rows: case.loaded.predict(rows)["prediction"],
            test.frame.assign(label=test.label),
            targets="label",
            model_type="classifier",
            evaluator_config={"log_model_explainability": False},
        )
    assert "accuracy_score" in result.metrics
    assert "roc_auc" not in result.metrics
