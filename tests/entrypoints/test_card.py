"""The model card that `evaluate` leaves, and what it takes from the run of training."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import Result

from tests.conftest import ROOT
from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_commands import artifacts, runs, succeed

Invoke = Callable[..., Result]


def card_of(run_id: str) -> str:
    return mlflow.artifacts.load_text(f"runs:/{run_id}/model_card.md")


def test_a_card_says_where_the_model_comes_from(run: Invoke, table: Path, tmp_path: Path) -> None:
    answers = tmp_path / "card.yaml"
    answers.write_text("name: Pay *planner*\nintended_use: Proposes salaries.\n", encoding="utf-8")
    output = succeed(run("train", "--data", table, *ABOUT, "--mitigator", "correlation_remover"))
    (train,) = runs()
    (uri,) = re.findall(r"-P model=(\S+)", output)
    succeed(run("evaluate", "--model", uri, "--card", answers, "--gate", "accuracy>=0.5"))
    evaluate = runs()[-1]
    text = card_of(evaluate.info.run_id)
    assert "# Model card: Pay \\*planner\\*" in text
    lock = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    for said in (
        *("Proposes salaries.", f"Run of training: {train.info.run_id}", "from people.parquet"),
        *(
            f"rows: train 718, validation {train.data.metrics['n_rows_validation']:.0f}",
            train.data.tags["dataset.digest"],
            lock[:16],
        ),
        *("the model reads sex", "Estimator: logistic_regression", "alpha=1.0"),
    ):
        assert said in text
    assert str(tmp_path) not in text.replace(str(answers), "")
    # What mitigation did is that of the validation rows of the run of training.
    before = mlflow.load_table("before_after.json", run_ids=[train.info.run_id])
    row = before.set_index("metric").loc["accuracy"]
    assert row["after"] == pytest.approx(train.data.metrics["accuracy"])
    assert f"| accuracy | {row['before']:.3f} (" in text
    counts = mlflow.load_table("label_group_counts.json", run_ids=[train.info.run_id])
    assert counts[counts["split"] == "train"]["count"].sum() == 718
    tags = evaluate.data.tags
    assert tags["model_card.intended_use"] == "Proposes salaries."
    assert f"{tags['model_card.missing']} answers are missing" in text
    assert "`model_card.html` describes the model for others" in tags["mlflow.note.content"]


def test_a_model_without_mitigation_and_without_its_run_has_a_card_too(
    trained: str, run: Invoke, table: Path, tmp_path: Path
) -> None:
    succeed(run("evaluate", "--model", trained))
    text = card_of(runs()[-1].info.run_id)
    assert "trained without mitigation" in text
    assert "before_after.json" not in artifacts(trained.split("/")[1])
    folder = mlflow.artifacts.download_artifacts(trained, dst_path=str(tmp_path / "model"))
    mlflow.MlflowClient().delete_run(trained.split("/")[1])
    succeed(run("evaluate", "--model", folder, "--data", table))
    text = card_of(runs()[-1].info.run_id)
    assert "looks better here than on new rows" in text


def test_a_bad_card_is_refused_before_anything_is_measured(
    trained: str, run: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("intended-use: ranks\n", encoding="utf-8")
    n_runs = len(runs())
    result = run("evaluate", "--model", trained, "--card", path)
    assert result.exit_code == 2
    assert "did you mean intended_use?" in result.output
    assert len(runs()) == n_runs


def test_a_card_is_the_same_if_it_is_made_again(trained: str, run: Invoke) -> None:
    texts = []
    for _ in range(2):
        succeed(run("evaluate", "--model", trained))
        run_id = runs()[-1].info.run_id
        text = card_of(run_id).replace(run_id, "RUN")
        texts.append(re.sub(r"this is look \d+", "this is look", text))
    assert texts[0] == texts[1]
