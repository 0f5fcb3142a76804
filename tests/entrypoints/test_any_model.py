"""`evaluate` and `audit` with a model that fairrun did not make, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import Result
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_gate import last_run

Invoke = Callable[..., Result]


@pytest.fixture
def model(tmp_path: Path, table: Path) -> str:
    """A plain classifier of scikit-learn with text labels, as a folder."""
    rows = pd.read_parquet(table)
    x, y = rows[["age", "gain"]], rows["paid"]
    mlflow.sklearn.save_model(
        LogisticRegression().fit(x, y),
        tmp_path / "model",
        signature=infer_signature(x, y),
        serialization_format="pickle",
        pip_requirements=["mlflow"],
    )
    return str(tmp_path / "model")


def test_evaluate_and_audit_measure_the_same(run: Invoke, model: str, table: Path) -> None:
    metrics = []
    for entry in ("evaluate", "audit"):
        result = run(entry, "--model", model, "--data", table, *ABOUT, "--where", "age>=30")
        assert result.exit_code == 0, result.output
        metrics.append(last_run().data.metrics)
        assert last_run().info.run_name == "sklearn · audit"
        if entry == "evaluate":
            n_rows = int((pd.read_parquet(table)["age"] >= 30).sum())
            assert f"measured {n_rows:,} rows of {table}" in result.output
    assert metrics[0] == metrics[1]


def test_the_gate_decides_the_exit_code(run: Invoke, model: str, table: Path) -> None:
    gate = ("--gate", "accuracy>=0.999")
    result = run("evaluate", "--model", model, "--data", table, *ABOUT, *gate)
    assert result.exit_code == 4, result.output
    assert result.output.splitlines()[-1].startswith("gate: fail")
    report = mlflow.artifacts.load_text(f"runs:/{last_run().info.run_id}/report.html")
    assert "sklearn model" in report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "so data, target, positive, protected, privileged must be given"),
        (
            ["--data", "TABLE", "--protected", "sex"],
            "so target, positive, privileged must be given",
        ),
        (["--data", "0" * 32, *ABOUT], "is a run, whose rows are prepared for models of fairrun"),
        (["--data", "TABLE", *ABOUT, "--where", "age>=1000"], "no row of 1,200 is left"),
        (["--data", "WITHOUT_AGE", *ABOUT], "the data has no column age, which the model needs"),
    ],
)
def test_what_is_missing_is_named(
    run: Invoke, model: str, table: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    other = tmp_path / "other.parquet"
    pd.read_parquet(table).drop(columns="age").to_parquet(other)
    places = {"TABLE": str(table), "WITHOUT_AGE": str(other)}
    given = [places.get(word, word) for word in arguments]
    result = run("evaluate", "--model", model, *given)
    assert result.exit_code == 2, result.output
    assert said in result.output
    for left in mlflow.search_runs(search_all_experiments=True, output_format="list"):
        assert left.info.status == "FAILED"
        assert mlflow.artifacts.list_artifacts(run_id=left.info.run_id) == []


def test_our_own_model_says_itself_what_others_must_be_told(run: Invoke, table: Path) -> None:
    trained = run("train", "--data", table, *ABOUT)
    uri = f"runs:/{last_run().info.run_id}/model"
    assert trained.exit_code == 0, trained.output
    result = run("evaluate", "--model", uri, "--target", "paid", "--where", "age>=30")
    assert result.exit_code == 2
    assert "leave target, where out, or measure it with -e audit" in result.output
