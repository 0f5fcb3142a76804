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
from sklearn.svm import LinearSVC

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
        *("--local-law-144", '{"tool": "Screener 3"}'),
    )
    assert found.exit_code == 0, found.output
    assert found.stdout.rstrip().endswith("gate: pass")
    assert "The rule takes the columns score, sex.\n" in found.stdout
    logged = last_run()
    assert logged.data.tags["mitigator"] == "group_thresholds"
    assert logged.data.tags["fairness.gate"] == "pass"
    uri = f"runs:/{logged.info.run_id}/model"
    table = mlflow.artifacts.load_dict(f"runs:/{logged.info.run_id}/before_after.json")
    named = pd.DataFrame(table["data"], columns=table["columns"]).set_index("metric")
    before, after = named.loc["statistical_parity", ["before", "after"]].astype(float)
    assert abs(after) < abs(before) - 0.1
    report = mlflow.artifacts.load_text(f"runs:/{logged.info.run_id}/report.html")
    for words in (
        "Before and after",
        "on which the rule was not fitted",
        "its only feature",
        "Screener 3",
    ):
        assert words in report, words
    assert "on which the model was not trained" not in report
    rule = mlflow.pyfunc.load_model(uri)
    rows = pd.DataFrame({"score": [0.0, 0.5, 1.0], "sex": ["Female"] * 3})
    assert rule.predict(rows)["probability"].tolist() == [0.0, 0.5, 1.0]

    # The same test rows are found again, and measured as in the first run.
    again = run("evaluate", "--model", uri)
    assert again.exit_code == 0, again.output
    report = mlflow.artifacts.load_text(f"runs:/{last_run().info.run_id}/report.html")
    assert "on which the model was not trained" not in report
    for name in ("accuracy", "statistical_parity", "interval/accuracy_difference_ci_low"):
        assert last_run().data.metrics[name] == logged.data.metrics[name], name


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
    assert about["scores_of_id"] == logged.model_id
    assert about["score_scale"] == "probability"
    ask_first = f"Ask the model {logged.model_uri} first: score is the probability"
    assert ask_first in found.stdout
    rule = mlflow.get_logged_model(mlflow.models.get_model_info(uri).model_id)
    assert ask_first in rule.tags["mlflow.note.content"]
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
    one_label = scores.with_name("one_label.parquet")
    nobody = people["paid"].mask(people["sex"] == "Female", "no")
    people.assign(paid=nobody).to_parquet(one_label, index=False)
    nulls = scores.with_name("nulls.parquet")
    people.assign(year=people["year"].mask(people.index < 30)).to_parquet(nulls, index=False)
    men = scores.with_name("men.parquet")
    people.assign(sex="Male").to_parquet(men, index=False)
    before = len(mlflow.search_runs(output_format="list"))
    score = ("--score", "score")
    for data, arguments, said in (
        (scores, (*ABOUT, *score, "--mitigator", "reweighing"), "there are only scores"),
        (scores, ABOUT, "score=COLUMN"),
        (scores, (*ABOUT[2:], *score), "give target=COLUMN"),
        (scores, (*ABOUT, "--score", "odds"), "outside [0, 1]"),
        (scores, (*ABOUT, *score, "--where", "year=1999"), "no row"),
        (text, (*ABOUT, *score), "score"),
        (men, (*ABOUT, *score), "has only one value"),
        (scores, (*ABOUT, *score, "--model", "models:/theirs/1"), "model and score were given"),
    ):
        assert refused(run, data, arguments, said)
    assert len(mlflow.search_runs(output_format="list")) == before  # no run was begun
    equalized = ("--mitigator", "equalized_odds")
    for data, arguments, said in (
        (scores, ("--row-key", "sexx"), "row_key=sexx is not a column"),
        (scores, ("--row-key", "score"), "row_key=score is the score column"),
        (scores, ("--row-key", "paid"), "row_key=paid is the target column"),
        (scores, ("--row-key", "town"), "row_key=town is the protected column"),
        (nulls, ("--row-key", "year"), "row_key=year is null in 30 rows"),
        (constant, (), "are equal"),
        (one_label, equalized, "both labels in each group"),
    ):
        assert refused(run, data, (*ABOUT, *score, *arguments), said)
    statuses = {run_.info.status for run_ in mlflow.search_runs(output_format="list")}
    assert statuses == {"FAILED"}


def refused(run: Invoke, data: Path, arguments: tuple[str, ...], said: str) -> bool:
    """Whether the command is refused in one line that has these words."""
    found = run("postprocess", "--data", data, *arguments)
    lines = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert found.exit_code == 2, (arguments, found.output)
    assert len(lines) == 1, found.stderr
    assert said in lines[0], lines
    return True


def test_a_model_without_probabilities_is_refused(run: Invoke, scores: Path) -> None:
    people = pd.read_parquet(scores)
    model = LinearSVC().fit(people[["hours"]], people["paid"])
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            *(model, "labels"),
            signature=infer_signature(people[["hours"]], people["paid"]),
            pip_requirements=["scikit-learn"],
        )
    asked = ("--model", logged.model_uri, *ABOUT, "--positive", "yes")
    assert refused(run, scores, asked, "answers labels without probabilities")


def test_log_odds_of_rows_that_a_filter_chose(run: Invoke, scores: Path) -> None:
    spec = {
        "source": str(scores),
        "target": "paid",
        "positive": "yes",
        "protected": [{"column": "sex", "privileged": "Male"}],
        "changeable": ["hours"],  # a feature, and a rule has none but the score
    }
    data = scores.with_name("spec.yaml")
    data.write_text(json.dumps(spec), encoding="utf-8")
    found = run(
        *("postprocess", "--data", data, "--where", "year=2025"),
        *("--score", "odds", "--score-scale", "log_odds"),
        *("--mitigator", "equalized_odds", "--row-key", "hours"),
    )
    assert found.exit_code == 0, found.output
    uri = f"runs:/{last_run().info.run_id}/model"
    rule = mlflow.pyfunc.load_model(uri)
    assert list(rule.metadata.get_input_schema().input_names()) == ["odds", "sex", "hours"]
    assert rule.metadata.metadata["fairrun"]["score_scale"] == "log_odds"
    rows = pd.DataFrame({"odds": [0.0, 800.0], "sex": ["Male"] * 2, "hours": [1.5, 2.5]})
    assert rule.predict(rows)["probability"].tolist() == [0.5, 1.0]
    again = run("evaluate", "--model", uri)
    assert again.exit_code == 2
    assert "its rows were chosen with where=year=2025; give data=" in again.stderr
