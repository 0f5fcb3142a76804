"""The plugin of MLflow's own evaluation: when it takes part, what it logs, and what it returns."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import MetricThreshold, infer_signature
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry
from mlflow.models.evaluation.validation import ModelValidationFailedException
from sklearn.linear_model import LogisticRegression

from fairrun.errors import RequestError
from fairrun.runs.evaluator import FairnessEvaluator
from tests.conftest import ROOT

pytestmark = [
    # MLflow's evaluation handles the data with calls that pandas 3 warns of.
    pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop"),
    # MLflow says to those who log a function that it guesses its signature.
    pytest.mark.filterwarnings("ignore:.*type hint.*:UserWarning"),
]

_CONFIG = {"protected": "sex", "privileged": "m"}


@pytest.fixture
def evaluation(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A store, and the plugin as an installed package registers it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    location = (tmp_path / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("e", artifact_location=location))
    monkeypatch.setitem(_model_evaluation_registry._registry, "fairrun", FairnessEvaluator)
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Men are selected in 60 of 100 rows, women in 40 of 100; three of four labels are right."""
    sex = np.repeat(["m", "f"], 100)
    decided = np.r_[np.repeat([1, 0], [60, 40]), np.repeat([1, 0], [40, 60])]
    label = np.where(np.arange(200) % 4 == 0, 1 - decided, decided)
    return pd.DataFrame({"sex": sex, "x": decided.astype(float), "label": label})


@pytest.mark.parametrize(
    ("model_type", "config", "takes_part"),
    [
        ("classifier", {"protected": "sex"}, True),
        ("classifier", {"fairrun": {"protected": ["sex"]}}, True),
        ("classifier", {}, False),
        ("classifier", None, False),
        ("classifier", {"log_model_explainability": False}, False),
        ("classifier", {"fairrun": {"privileged": "m"}}, False),
        ("regressor", {"protected": "sex"}, False),
        (None, {"protected": "sex"}, False),
    ],
)
def test_it_takes_part_only_if_it_is_asked(
    model_type: str | None, config: dict[str, Any] | None, takes_part: bool
) -> None:
    found = FairnessEvaluator.can_evaluate(model_type=model_type, evaluator_config=config)
    assert found is takes_part


def _plain(rows: pd.DataFrame) -> tuple[Any, set[str], set[str]]:
    """Evaluate as somebody does who has never heard of us."""
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(
            data=rows,
            targets="label",
            predictions="x",
            model_type="classifier",
            evaluator_config={"log_model_explainability": False},
        )
    files = {each.path for each in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)}
    return result.metrics, {*mlflow.get_run(run.info.run_id).data.metrics}, files


def test_a_plain_call_is_the_same_with_the_plugin(
    evaluation: None, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = _plain(rows)
    monkeypatch.delitem(_model_evaluation_registry._registry, "fairrun")
    assert _plain(rows) == registered


def test_a_table_is_measured_beside_mlflows_own_metrics(
    evaluation: None, rows: pd.DataFrame, tmp_path: Path
) -> None:
    # By the name of a data set that fairrun knows, whose columns are others.
    data = mlflow.data.from_pandas(rows, name="adult", targets="label", predictions="x")
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(
            data=data,
            model_type="classifier",
            evaluator_config={
                "default": {"log_model_explainability": False},
                "fairrun": _CONFIG | {"gate": "statistical_parity<=0.5", "min_cell": 1},
            },
        )
    assert result.metrics["statistical_parity"] == pytest.approx(0.2)
    assert result.metrics["disparate_impact"] == pytest.approx(1.5)
    assert result.metrics["accuracy"] == result.metrics["accuracy_score"] == 0.75
    logged = mlflow.get_run(run.info.run_id)
    assert logged.data.tags["fairness.gate"] == "pass"
    for name in ("statistical_parity", "statistical_parity_ci_low", "statistical_parity_ci_high"):
        assert logged.data.metrics[name] == result.metrics[name]
    files = {each.path for each in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)}
    assert {"audit", "plots", "bias_metrics.json", "counts.json", "report.html"} <= files
    assert "Statistical Parity" in {*result.tables["bias_metrics"]["Metric"]}
    assert "mlflow.models.evaluate" in result.artifacts["report"].content
    result.save(tmp_path / "saved")
    assert type(result).load(tmp_path / "saved").metrics == result.metrics


def test_validation_decides_by_the_limits_of_the_interval(
    evaluation: None, rows: pd.DataFrame
) -> None:
    """0.2 is under 0.25, but 200 rows do not show it; from below, the limit is signed."""
    model = mlflow.pyfunc.log_model(
        name="model", python_model=lambda model_input: model_input["x"], pip_requirements=["mlflow"]
    )
    config = _CONFIG | {"privileged": "f", "min_cell": 1}  # so that the difference is negative
    with mlflow.start_run():
        result = mlflow.models.evaluate(
            model.model_uri,
            rows,
            targets="label",
            model_type="classifier",
            evaluators="fairrun",
            evaluator_config={"fairrun": config},
        )
    assert result.metrics["statistical_parity"] == pytest.approx(-0.2)
    limits = [result.metrics[f"statistical_parity_ci_{end}"] for end in ("low", "high")]
    assert limits[0] < -0.25 < -0.2 < limits[1] < 0

    def thresholds(most: float) -> dict[str, MetricThreshold]:
        return {
            "statistical_parity_ci_high": MetricThreshold(threshold=most, greater_is_better=False),
            "statistical_parity_ci_low": MetricThreshold(threshold=-most, greater_is_better=True),
        }

    mlflow.validate_evaluation_results(thresholds(0.4), result)
    with pytest.raises(ModelValidationFailedException, match="statistical_parity_ci_low"):
        mlflow.validate_evaluation_results(thresholds(0.25), result)
    # The model's page has the headline metrics, by the model's id.
    metrics = mlflow.get_logged_model(model.model_id).metrics or []
    assert "statistical_parity" in {metric.key for metric in metrics}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protect": "sex"}, "no protect for fairrun; did you mean protected?"),
        ({"protected": "gender"}, "protected=gender is not a column of the data"),
        ({"privileged": None}, "1 protected column and 0 privileged groups"),
        ({"gate": "fairness>=1"}, "fairness"),
        ({"min_cell": "few"}, "min_cell in evaluator_config is no whole number"),
    ],
)
def test_a_wrong_configuration_is_one_line(
    evaluation: None, rows: pd.DataFrame, changes: dict[str, Any], said: str
) -> None:
    with mlflow.start_run() as run, pytest.raises(RequestError, match=said):
        mlflow.models.evaluate(
            data=rows,
            targets="label",
            predictions="x",
            model_type="classifier",
            evaluators="fairrun",
            evaluator_config=_CONFIG | changes,
        )
    assert mlflow.artifacts.list_artifacts(run_id=run.info.run_id) == []


def test_rows_without_names_are_refused(evaluation: None, rows: pd.DataFrame) -> None:
    with mlflow.start_run(), pytest.raises(RequestError, match="give a DataFrame"):
        mlflow.models.evaluate(
            lambda given: given[:, 0],
            rows[["x"]].to_numpy(),
            targets=rows["label"].to_numpy(),
            model_type="classifier",
            evaluators="fairrun",
            evaluator_config=_CONFIG,
        )


def test_the_example_of_the_docs_runs(
    evaluation: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "any_model.md").read_text("utf-8")
    (lines,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"sex": rng.choice(["Male", "Female"], 2000), "age": rng.normal(size=2000)})
    rich = rows["age"] + 0.3 * (rows["sex"] == "Male") + rng.normal(size=2000) > 0
    rows["class"] = np.where(rich, ">50K", "<=50K")
    fitted = LogisticRegression().fit(rows[["age"]], rows["class"])
    model = mlflow.sklearn.log_model(
        fitted,
        name="model",
        signature=infer_signature(rows[["age"]], rows["class"]),
        serialization_format="pickle",
        pip_requirements=["mlflow"],
    )
    monkeypatch.chdir(tmp_path)
    rows.to_csv("people.csv", index=False)
    said: dict[str, Any] = {}
    exec(lines.replace("models:/income/3", model.model_uri), said)  # noqa: S102
    assert said["result"].metrics["accuracy"] > 0.6
    # As the page says of the names.
    named = re.findall(r"`((?:interval/|race/)?\w+_(?:ci_low|ci_high|impact))`", page)
    assert {name for name in named if "race" not in name} <= {*said["result"].metrics}


def test_the_entry_point_is_found_by_mlflow(tmp_path: Path) -> None:
    """As in a site-packages, with the metadata of pyproject.toml; MLflow warns if it cannot load.

    `tests/ways/test_wheel.py` does the same with a wheel.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installed = tmp_path / "fairrun-0.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: fairrun\nVersion: 0.0\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (installed / "entry_points.txt").write_text("\n".join(lines))
    # What the plugin must not bring into the process of everybody who imports MLflow.
    asked = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import mlflow.models;"
        "print(mlflow.models.list_evaluators());"
        "print([name for name in sys.modules if name.startswith('fairrun.')])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error:Failure attempting", "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    evaluators, modules = done.stdout.splitlines()[-2:]
    assert "'fairrun'" in evaluators
    assert modules == "['fairrun.runs', 'fairrun.runs.evaluator']"
