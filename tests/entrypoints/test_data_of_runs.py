"""The data set of a run is the data of another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run

from fairrun.data import Rows
from fairrun.tracking.datasets import log_input
from tests.entrypoints.conftest import ABOUT
from tests.people import SPEC

Invoke = Callable[..., Result]


def last_run() -> Run:
    (experiment,) = [e for e in mlflow.search_experiments() if e.name == "commands"]
    found = mlflow.search_runs(
        [experiment.experiment_id], order_by=["attributes.start_time ASC"], output_format="list"
    )
    return found[-1]


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    run_id: str = last_run().info.run_id
    return run_id


def digest() -> str:
    tag: str = last_run().data.tags["dataset.digest"]
    return tag


def spec(run_id: str) -> dict[str, object]:
    found: dict[str, object] = mlflow.artifacts.load_dict(f"runs:/{run_id}/dataset.json")
    return found


def test_a_model_is_not_measured_on_the_labels_of_another_target(
    run: Invoke, trained: str, table: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.parquet"
    pd.read_parquet(table).rename(columns={"paid": "hired"}).to_parquet(other)
    hired = done(run("preprocess", "--data", other, "--target", "hired", *ABOUT[2:]))
    turned = done(run("preprocess", "--data", table, *ABOUT[:2], "--positive", "low", *ABOUT[4:]))
    name = ("--name", "m", "--gate", "accuracy>=0.5")
    assert run("promote", "--model", trained, *name).exit_code == 0
    model = run("train", "--data", mlflow.models.get_model_info(trained).run_id, "--C", "0.5")
    assert model.exit_code == 0, model.output
    candidate = f"runs:/{last_run().info.run_id}/model"
    for data, what in ((hired, "target is 'hired'"), (turned, "positive is 'low'")):
        for command in (("evaluate",), ("promote", *name)):
            refused = run(command[0], "--model", candidate, "--data", data, *command[1:])
            assert refused.exit_code == 2, refused.output
            assert f"its {what}, but the model was trained with" in refused.stderr


def test_the_data_set_of_any_run_is_opened_again(run: Invoke, table: Path) -> None:
    trained = done(run("train", "--data", table, *ABOUT, "--missing", "keep"))
    expected = digest()
    model = f"runs:/{trained}/model"
    evaluated = done(run("evaluate", "--model", model))
    for data in (trained, f"runs:/{trained}", evaluated):
        again = done(run("train", "--data", data))
        assert digest() == expected
        assert spec(again) == spec(trained)
    stored = done(run("preprocess", "--data", trained))
    assert spec(stored)["digests"] == spec(trained)["digests"]
    done(run("train", "--data", f"runs:/{stored}/data"))
    assert digest() == expected


def test_other_rows_are_opened_without_the_digests_of_the_models_data(
    run: Invoke, trained: str, table: Path
) -> None:
    evaluated = done(run("evaluate", "--model", trained, "--data", table))
    assert spec(evaluated)["digests"] == {}
    done(run("train", "--data", evaluated))


def test_what_is_given_beside_a_run_changes_its_spec(run: Invoke, trained: str) -> None:
    run_id, expected = last_run().info.run_id, digest()
    again = done(run("train", "--data", run_id, "--drop", "weight"))
    assert spec(again)["drop"] == ["weight"]
    assert spec(again)["protected"] == spec(run_id)["protected"]
    assert digest() != expected


def test_stored_splits_cannot_be_changed(run: Invoke, table: Path) -> None:
    stored = done(run("preprocess", "--data", table, *ABOUT))
    trained = done(run("train", "--data", stored))
    assert spec(trained)["source"] == f"runs:/{stored}/data"
    for data in (stored, f"runs:/{stored}/data", trained):
        result = run("train", "--data", data, "--drop", "weight", "--missing", "keep")
        assert result.exit_code == 2
        assert "splits that preprocess stored, so nothing can change drop, missing" in result.output
    done(run("train", "--data", trained))
    assert spec(last_run().info.run_id)["digests"] == spec(stored)["digests"]


def test_an_artifact_of_a_run_is_a_file(run: Invoke, table: Path) -> None:
    with mlflow.start_run() as started:
        mlflow.log_artifact(str(table))
    source = f"runs:/{started.info.run_id}/{table.name}"
    trained = done(run("train", "--data", source, *ABOUT))
    assert spec(trained)["source"] == source
    done(run("evaluate", "--model", f"runs:/{trained}/model"))
    # A run that is not ours has no data set.
    result = run("train", "--data", started.info.run_id)
    assert result.exit_code == 2
    assert "has no dataset.json; give the id of a run of fairrun" in result.output


@pytest.mark.parametrize("command", ["train", "main", "preprocess"])
def test_a_password_is_neither_printed_nor_kept(
    run: Invoke, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    result = run(command, "--data", "postgresql://reader:geheim@db/people", *ABOUT)
    assert result.exit_code == 2
    assert "reader:***@db" in result.output
    assert "geheim" not in result.output + caplog.text
    for found in mlflow.search_runs(search_all_experiments=True, output_format="list"):
        assert "geheim" not in str(found.to_dictionary())


@pytest.mark.parametrize(
    "source",
    [
        *("census", "a b/of, 2024.csv.gz", "folder", "file:///a%20b/people.csv", "people.xlsx"),
        *("https://example.org/people.csv?token=${TOKEN}", "s3://bucket/people.csv"),
        *("memory://people.csv", "abfs://store@host/people.csv", "sqlite:///people.db"),
        *("postgresql://reader:${PW}@db/people", f"runs:/{'0' * 32}/people.csv", "0" * 32),
    ],
)
def test_every_kind_of_source_is_recorded(run: Invoke, source: str) -> None:
    """MLflow does not know all of them, and none may fail a run or warn."""
    rows = Rows(pd.DataFrame({"age": [1.0], "sex": ["Male"]}), np.array([1]))
    with mlflow.start_run():
        log_input(rows, replace(SPEC, source=source), context="train")
    inputs = last_run().inputs
    assert inputs is not None
    (logged,) = inputs.dataset_inputs
    assert source in logged.dataset.source
