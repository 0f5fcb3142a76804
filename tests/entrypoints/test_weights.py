"""A weight column from the command line to the model, the metrics, the gate and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run

from tests.entrypoints.conftest import ABOUT
from tests.people import make_raw

Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People of whom some stand for many others."""
    frame = make_raw(1200, seed=3)
    heavy = (np.arange(1200) % 7 == 0) & (frame["sex"] == "Female")
    frame["weight"] = np.where(heavy, 5000.0, 250.0)
    path = tmp_path_factory.mktemp("survey") / "survey.parquet"
    frame.to_parquet(path, index=False)
    return path


def last_run(**tags: str) -> Run:
    client = mlflow.MlflowClient()
    experiments = [each.experiment_id for each in client.search_experiments()]
    query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    return client.search_runs(experiments, query, order_by=["attributes.start_time DESC"])[0]


def artifact(run: Run, name: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=name))


def test_weights_reach_model_metrics_gate_and_report(run: Invoke, survey: Path) -> None:
    given = ["--data", survey, *ABOUT, "--weight", "weight"]
    trained = run("train", *given, "--mitigator", "reweighing")
    assert trained.exit_code == 0, trained.output
    (uri,) = re.findall(r"-P model=(\S+)", trained.output)
    params = last_run().data.params
    assert params["data.weight"] == "weight"
    # The model never needs the weight, and does not read it.
    model = mlflow.pyfunc.load_model(uri)
    assert "weight" not in model.metadata.signature.inputs.input_names()
    frame = pd.read_parquet(survey).drop(columns=["weight", "paid"])
    assert len(model.predict(frame.astype({"age": float}))) == len(frame)

    gate = "accuracy>=0.5; statistical_parity<=0.9; accuracy>=0.5 @ sex; min_count=30"
    evaluated = run("evaluate", "--model", uri, "--gate", gate)
    assert evaluated.exit_code == 5, evaluated.output
    logged = last_run()
    weight = json.loads(artifact(logged, "counts.json").read_text("utf-8"))
    assert weight["kind"] == "weighted counts"
    n_rows, total, effective = (
        logged.data.metrics[name] for name in ("n_rows", "sum_of_weights", "effective_n")
    )
    assert effective < n_rows < total
    judged = mlflow.load_table("gate.json", run_ids=[logged.info.run_id])
    women = judged[(judged["group_a"] == "Female") & (judged["term"] == "accuracy>=0.5 @ sex")]
    assert women["verdict"].tolist() == ["insufficient_evidence"]
    assert women["effective_n"].item() < 30 < women["n"].item()
    assert "weighted rows, fewer than min_count=30" in women["reason"].item()
    report = artifact(logged, "report.html").read_text("utf-8")
    assert f"The effective number of rows is {effective:,.1f}" in report
    assert "effective rows" in report
    assert "Local Law 144 were not made" in report

    # Another file without the column is measured, and a line says so.
    other = survey.with_name("other.parquet")
    pd.read_parquet(survey).drop(columns="weight").to_parquet(other, index=False)
    evaluated = run("evaluate", "--model", uri, "--data", other)
    assert evaluated.exit_code == 0, evaluated.output
    assert "the data has no column weight" in evaluated.output
    assert last_run().data.params["evaluate.weight"] == "none"
    assert "effective_n" not in last_run().data.metrics
    evaluated = run("evaluate", "--model", uri, "--data", survey)
    assert last_run().data.metrics["n_rows"] == 1200
    assert last_run().data.metrics["sum_of_weights"] == pd.read_parquet(survey)["weight"].sum()


def test_preprocess_keeps_the_weights(run: Invoke, survey: Path) -> None:
    given = ["--data", survey, *ABOUT, "--weight", "weight"]
    assert run("preprocess", *given).exit_code == 0
    prepared = last_run().info.run_id
    one = run("train", "--data", prepared)
    assert one.exit_code == 0, one.output
    from_splits = last_run().data.metrics
    assert run("train", *given).exit_code == 0
    direct = last_run().data.metrics
    timed = {name for name in direct if "seconds" in name or "bytes" in name}
    assert {k: v for k, v in from_splits.items() if k not in timed} == {
        k: v for k, v in direct.items() if k not in timed
    }


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (
            "train",
            ["--mitigator", "calibrated_equalized_odds"],
            "mitigator=calibrated_equalized_odds cannot use weights",
        ),
        ("main", ["--mitigators", "none,ml_debiaser"], "mitigator=ml_debiaser cannot use weights"),
        ("train", ["--resample", "under"], "resample=under cannot use weights"),
        (
            "sweep",
            ["--space", "mitigator=none,exponentiated_gradient", "--trials", "2", "--workers", "1"],
            "mitigator=exponentiated_gradient cannot use weights",
        ),
    ],
)
def test_methods_without_weights_are_refused_before_the_first_fit(
    run: Invoke, survey: Path, command: str, arguments: list[str], message: str
) -> None:
    result = run(command, "--data", survey, *ABOUT, "--weight", "weight", *arguments)
    assert result.exit_code == 2
    assert f"error: {message}" in result.output
    assert "fitting" not in result.output


def test_a_sweep_measures_and_chooses_by_weighted_rows(run: Invoke, survey: Path) -> None:
    given = ["--data", survey, *ABOUT, "--weight", "weight", "--workers", "1", "--trials", "2"]
    result = run("sweep", *given, "--space", "mitigator=none,reweighing", "--method", "grid")
    assert result.exit_code == 0, result.output
    trial = last_run(**{"sweep.trial": "0"})
    counts = json.loads(artifact(trial, "counts.json").read_text("utf-8"))
    assert counts["kind"] == "weighted counts"
    assert counts["table"][0][0][0][1] > trial.data.metrics["n_rows"]  # Σw², not a number of rows
    assert "gives other labels" not in result.output
