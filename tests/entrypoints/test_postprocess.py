"""`postprocess` from a file or a model to a rule that is served."""

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
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from tests.entrypoints.test_effects import last_run

Invoke = Callable[..., Result]
ABOUT = ("--target", "paid", "--protected", "sex,town", "--privileged", "Male,A")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    sex, town = rng.choice(["Male", "Female"], 3000), rng.choice(["A", "B"], 3000)
    log_odds = 1.5 * rng.normal(size=3000) + 0.8 * (sex == "Male")
    probability = 1 / (1 + np.exp(-log_odds))
    people = pd.DataFrame(
        {
            "hours": log_odds + rng.normal(size=3000),
            "sex": sex,
            "town": town,
            "paid": np.where(rng.uniform(size=3000) < probability, "yes", "no"),
            "score": probability,
            "odds": log_odds,
            "year": np.where(rng.uniform(size=3000) < 0.8, 2025, 2024),
        }
    )
    path = tmp_path_factory.mktemp("scores") / "scores.parquet"
    people.to_parquet(path, index=False)
    return path


def test_scores_of_a_file_become_a_rule(run: Invoke, scores: Path) -> None:
    found = run(
        *("postprocess", "--data", scores, "--score", "score", *ABOUT),
        *("--gate", "statistical_parity<=0.2 @ sex"),
    )
    assert found.exit_code == 0, found.output
    assert found.stdout.rstrip().endswith("gate: pass")
    assert "the rule takes the columns score, sex\n" in found.stdout
    logged = last_run()
    assert logged.data.tags["mitigator"] == "group_thresholds"
    assert logged.data.tags["fairness.gate"] == "pass"
    uri = f"runs:/{logged.info.run_id}/model"
    table = mlflow.artifacts.load_dict(f"runs:/{logged.info.run_id}/before_after.json")
    named = pd.DataFrame(table["data"], columns=table["columns"]).set_index("metric")
    before, after = named.loc["statistical_parity", ["before", "after"]].astype(float)
    assert abs(after) < abs(before) - 0.1
    report = mlflow.artifacts.load_text(f"runs:/{logged.info.run_id}/report.html")
    assert "Before and after" in report
    rule = mlflow.pyfunc.load_model(uri)
    rows = pd.DataFrame({"score": [0.0, 0.5, 1.0], "sex": ["Female"] * 3})
    assert rule.predict(rows)["probability"].tolist() == [0.0, 0.5, 1.0]

    # The same test rows are found again, and measured as in the first run.
    again = run("evaluate", "--model", uri)
    assert again.exit_code == 0, again.output
    for name in ("accuracy", "statistical_parity", "interval/accuracy_difference_ci_low"):
        assert last_run().data.metrics[name] == logged.data.metrics[name], name


def test_log_odds_decide_like_their_probabilities(run: Invoke, scores: Path) -> None:
    metrics = []
    for more in (("--score", "score"), ("--score", "odds", "--score-scale", "log_odds")):
        found = run("postprocess", "--data", scores, *more, *ABOUT)
        assert found.exit_code == 0, found.output
        metrics.append(last_run().data.metrics)
    for name in ("selection_rate", "accuracy", "statistical_parity", "disparate_impact"):
        assert metrics[0][name] == metrics[1][name]


def test_answers_of_a_model_become_scores(run: Invoke, scores: Path) -> None:
    people = pd.read_parquet(scores)
    model = LogisticRegression().fit(people[["hours"]], people["paid"])
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            *(model, "theirs"),
            signature=infer_signature(people[["hours"]], people["paid"]),
            pip_requirements=["scikit-learn"],
        )
    asked = ("--data", scores, "--model", logged.model_uri, *ABOUT, "--positive", "yes")
    found = run("postprocess", *asked)
    assert found.exit_code == 0, found.output
    ended = last_run()
    uri = f"runs:/{ended.info.run_id}/model"
    about = mlflow.models.get_model_info(uri).metadata["fairrun"]
    assert about["scores_of"] == logged.model_uri
    note = ended.data.tags["mlflow.note.content"]
    assert re.search("the scores of the model .*models:/m-", note)
    # The scores are not in the file, so the rows cannot be read again from it.
    again = run("evaluate", "--model", uri)
    assert again.exit_code == 2
    assert f"its scores are the answers of the model {logged.model_uri}; give data=" in again.stderr
    scored = people.assign(score=model.predict_proba(people[["hours"]])[:, 1])
    scored.to_parquet(scores.with_name("scored.parquet"), index=False)
    again = run("evaluate", "--model", uri, "--data", scores.with_name("scored.parquet"))
    assert again.exit_code == 0, again.output


def test_bad_requests_are_one_line(run: Invoke, scores: Path) -> None:
    constant = scores.with_name("constant.parquet")
    people = pd.read_parquet(scores)
    people.assign(score=0.5).to_parquet(constant, index=False)
    text = scores.with_name("text.parquet")
    people.assign(score="high").to_parquet(text, index=False)
    score = ("--score", "score")
    for data, arguments, said in (
        (scores, (*ABOUT, *score, "--mitigator", "reweighing"), "there are only scores"),
        (scores, ABOUT, "score=COLUMN"),
        (scores, (*ABOUT[2:], *score), "give target=COLUMN"),
        (scores, (*ABOUT, "--score", "odds"), "outside [0, 1]"),
        (scores, (*ABOUT, *score, "--row-key", "sexx"), "row_key=sexx is not a column"),
        (scores, (*ABOUT, *score, "--row-key", "sex"), "row_key=sex has another role"),
        (scores, (*ABOUT, *score, "--where", "year=1999"), "no row"),
        (constant, (*ABOUT, *score), "are equal"),
        (text, (*ABOUT, *score), "score"),
    ):
        found = run("postprocess", "--data", data, *arguments)
        assert found.exit_code == 2, (arguments, found.output)
        lines = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, found.stderr
        assert said in lines[0], (said, lines)
    statuses = {run_.info.status for run_ in mlflow.search_runs(output_format="list")}
    assert statuses <= {"FAILED"}


def test_rows_chosen_by_a_filter_are_not_read_again(run: Invoke, scores: Path) -> None:
    found = run(
        *("postprocess", "--data", scores, "--score", "score", *ABOUT, "--where", "year=2025"),
        *("--mitigator", "equalized_odds", "--row-key", "hours"),
        *("--mitigator-params", json.dumps({})),
    )
    assert found.exit_code == 0, found.output
    uri = f"runs:/{last_run().info.run_id}/model"
    again = run("evaluate", "--model", uri)
    assert again.exit_code == 2
    assert "its rows were chosen with where=year=2025; give data=" in again.stderr
