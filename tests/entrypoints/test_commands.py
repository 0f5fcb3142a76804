"""What each command logs and prints, and how it refuses."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run
from mlflow.models import Model

from fairrun.inference import InferenceModel, ModelError, load_model
from fairrun.metrics import Counts, ScoreHistogram, audit
from fairrun.metrics.histograms import histogram_roc_auc
from fairrun.models.open import fetch_model
from fairrun.tracking.metric_names import metrics_by_name
from tests.conftest import ROOT
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]

#: The same with another column.
TWO_PROTECTED = [*ABOUT[:4], "--protected", "sex,job", "--privileged", "Male,clerk"]

METRICS = {
    *("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "overall/log_loss"),
    *("disparate_impact", "statistical_parity"),
    *("equality_of_opportunity_difference", "average_odds_difference"),
}

#: What train and evaluate log of the rows they measured.
MEASURED = {
    *("bias_metrics.json", "confusion_matrices.json", "counts.json", "score_histogram.json"),
    "threshold_frontier.json",
    *(f"audit/{name}.csv" for name in ("rates", "compared", "pairs", "together", "worst")),
    *("audit/four_fifths.csv", "audit/local_law_144.csv"),
    "data_notes.json",
}

#: The tables of what the model looks at.
EXPLAINED = (
    *("importance", "contributions", "threshold_rows", "partial_dependence"),
    *("proxies", "stability"),
)


def runs() -> list[Run]:
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, order_by=["attributes.start_time ASC"]))


def measured(run: Run) -> dict[str, float]:
    """Return the metrics of a run by their names inside fairrun."""
    return metrics_by_name(run.data.metrics, "sex")


def artifacts(run_id: str, path: str = "") -> set[str]:
    found = set()
    for item in mlflow.MlflowClient().list_artifacts(run_id, path):
        found |= artifacts(run_id, item.path) if item.is_dir else {item.path}
    return found


def table(run_id: str, name: str) -> pd.DataFrame:
    return mlflow.load_table(name, run_ids=[run_id])


def succeed(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("source", "built", "project"),
    [
        ("/some where", {}, "'/some where' --env-manager local"),
        ("git://host/p.git", {"mlflow.project.env": "virtualenv"}, "git://host/p.git"),
        ("git://host/p.git", {"mlflow.project.env": "uv"}, "git://host/p.git --env-manager uv"),
    ],
)
def test_the_next_command_names_the_project(
    run: Invoke,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    built: dict[str, str],
    project: str,
) -> None:
    tags = {
        "mlflow.source.name": source,
        "mlflow.source.type": "PROJECT",
    } | built  # as mlflow run does
    with mlflow.start_run(tags=tags) as started:
        pass
    monkeypatch.setenv("MLFLOW_RUN_ID", started.info.run_id)
    output = succeed(run("preprocess", "--data", table, *ABOUT))
    assert f" mlflow run {project} -e train -P data={started.info.run_id}" in output


def test_a_command_collects_garbage(run: Invoke) -> None:
    """Which importing the commands had turned off."""
    gc.disable()
    assert run("evaluate", "--model", "nowhere").exit_code == 2
    assert gc.isenabled()


def test_without_mlflow_run_the_next_command_is_for_the_checkout(run: Invoke, table: Path) -> None:
    output = succeed(run("preprocess", "--data", table, *ABOUT))
    assert f" mlflow run {ROOT} --env-manager local -e train -P data=" in output
    assert f"MLFLOW_TRACKING_URI={mlflow.get_tracking_uri()} mlflow run" in output


@pytest.mark.usefixtures("drawn")
def test_preprocess_train_evaluate(run: Invoke, table: Path) -> None:
    output = succeed(run("preprocess", "--data", table, *ABOUT, "--missing", "keep"))
    (done,) = runs()
    assert artifacts(done.info.run_id) == {
        *("data/train.parquet", "data/validation.parquet", "data/test.parquet"),
        *("data/dataset.json", "dataset.json", "label_group_counts.json"),
        *("data/data_notes.json", "data_notes.json"),
        "plots/label_group_counts.png",
    }
    inputs = {i.tags[0].value: i.dataset for i in done.inputs.dataset_inputs}
    spec = mlflow.artifacts.load_dict(f"runs:/{done.info.run_id}/dataset.json")
    assert {name: d.digest for name, d in inputs.items()} == spec["digests"]
    assert spec["target"] == "paid"
    assert spec["missing"] == "keep"

    # The next command to type is printed, with the id in it.
    (data,) = re.findall(r"-e train -P data=(\w+)", output)
    params = ["--mitigator", "correlation_remover", "--mitigator-params", '{"alpha": 0.5}']
    output = succeed(run("train", "--data", data, *params, "--min-frequency", 3))
    train = runs()[-1]
    assert train.data.params["model.min_frequency"] == "3"
    assert train.data.metrics.keys() >= METRICS | {"fit_seconds", "predict_seconds", "model_bytes"}
    assert train.data.params["mitigator.alpha"] == "0.5"
    assert train.data.tags["mitigator"] == "correlation_remover"
    assert train.data.tags["protected"] == "sex"
    assert train.data.tags["dataset.digest"] == spec["digests"]["train"]
    documented = {"label_group_counts.json", "before_after.json"}
    assert artifacts(train.info.run_id) == {"dataset.json", *MEASURED, *documented}

    (model,) = re.findall(r"-P model=(\S+)", output)
    succeed(run("evaluate", "--model", model, "--purpose", "May it rank applications?"))
    evaluate = runs()[-1]
    assert evaluate.data.metrics.keys() >= METRICS
    check_an_evaluation_can_be_compared(train, evaluate)
    of_data = "`people` (predicts if `paid` is `high`; compares the groups of `sex`)"
    for each, begins, goes_on in (
        (done, f"Split {of_data}, and stored", f"-P data={done.info.run_id}"),
        (train, "Trained `logistic_regression` with the mitigator `correlation_remover`", model),
        (evaluate, f"Measured the model `{model}` (mitigator `correlation_remover`)", "-P gate="),
    ):
        said = each.data.tags["mlflow.note.content"]
        assert said.startswith(begins)
        assert goes_on in said.partition("```bash")[2]
        assert "paid" in said
    assert evaluate.data.params["evaluate.purpose"] == "May it rank applications?"
    page = mlflow.artifacts.load_text(f"runs:/{evaluate.info.run_id}/report.html")
    started = datetime.fromtimestamp(evaluate.info.start_time / 1000, tz=UTC)
    assert f"{started.day} {started:%B %Y}, by {evaluate.data.tags['mlflow.user']}, " in page
    assert "Purpose: May it rank applications?" in page
    assert f"mlflow run . --env-manager local -e evaluate -P model={model} " in page
    assert "-P &#39;purpose=May it rank applications?&#39;" in page
    (rows,) = evaluate.inputs.dataset_inputs
    assert rows.dataset.digest == spec["digests"]["test"]
    assert evaluate.data.metrics["n_rows"] == done.data.metrics["n_rows_test"]
    assert artifacts(evaluate.info.run_id) == MEASURED | {
        "dataset.json",
        *("plots/confusion_matrices.png", "plots/groups.png", "plots/threshold_frontier.png"),
        *("plots/metrics.png", "plots/roc.png", "plots/calibration.png"),
        *("plots/unknown_groups.png", "audit/unknown_groups.csv"),  # some rows have no sex
        *("report.html", "model_card.html", "model_card.md"),
        *("audit/flips.csv", "audit/local_law_144_publication.csv"),
        *(f"plots/{name}.png" for name in ("column_importance", "contributions", "proxies")),
        *("plots/threshold_rows.png", "plots/partial_dependence.png"),
        *(f"explanations/{name}.json" for name in EXPLAINED),
        *("annex_iv.json", "annex_iv.html", "reference.json"),
    }
    assert evaluate.data.metrics["explanation/n_rows_explained"] == done.data.metrics["n_rows_test"]
    for name in EXPLAINED:
        logged = mlflow.load_table(f"explanations/{name}.json", run_ids=[evaluate.info.run_id])
        assert len(logged)
    flips = mlflow.artifacts.load_text(f"runs:/{evaluate.info.run_id}/audit/flips.csv")
    assert flips.startswith("from,to,n_rows")
    limits = [measured(evaluate)[f"flip_rate{end}"] for end in ("", "_ci_low", "_ci_high")]
    assert limits == [float(number) for number in flips.strip().split(",")[-3:]]


def check_an_evaluation_can_be_compared(train: Run, evaluate: Run) -> None:
    """By the parameters of its model, under the same names, which MLflow's compare view needs."""
    of_model = {
        name: value
        for name, value in train.data.params.items()
        if name.startswith(("mitigator.", "estimator.", "model.", "data."))
    }
    assert of_model.keys() >= {"mitigator.name", "mitigator.alpha", "estimator.C", "data.name"}
    assert of_model.items() <= evaluate.data.params.items()
    for name in ("mitigator", "mitigator.stage", "estimator", "dataset.name", "dataset.digest"):
        assert evaluate.data.tags[name] == train.data.tags[name]
    (made,) = mlflow.get_run(train.info.run_id).outputs.model_outputs
    (used,) = mlflow.get_run(evaluate.info.run_id).inputs.model_inputs
    assert used.model_id == made.model_id


def test_metrics_are_of_the_logged_model(trained: str) -> None:
    (train,) = runs()
    (model,) = mlflow.search_logged_models(output_format="list")
    logged = {metric.key: metric.value for metric in model.metrics}
    assert logged.keys() >= METRICS - {"overall/log_loss"}  # headline metrics alone
    assert logged["accuracy"] == train.data.metrics["accuracy"]
    assert {metric.dataset_name for metric in model.metrics if metric.key in METRICS} == {"people"}


def test_the_bias_table_is_holisticais_and_agrees_with_the_metrics(trained: str) -> None:
    (train,) = runs()
    bias = mlflow.load_table("bias_metrics.json", run_ids=[train.info.run_id])
    values = dict(zip(bias["Metric"], bias["Value"], strict=True))
    assert values["Disparate Impact"] == pytest.approx(train.data.metrics["disparate_impact"])
    assert values["Statistical Parity"] == pytest.approx(train.data.metrics["statistical_parity"])
    assert dict(zip(bias["Metric"], bias["Reference"], strict=True))["Disparate Impact"] == 1
    limits = bias.set_index("Metric").loc["Disparate Impact", ["ci_low", "ci_high"]]
    for end, limit in limits.items():
        assert limit == pytest.approx(train.data.metrics[f"disparate_impact_{end}"])


def test_any_label_metric_comes_from_the_counts_without_a_row(run: Invoke, table: Path) -> None:
    succeed(run("train", "--data", table, *TWO_PROTECTED, "--min-cell", 1))
    (train,) = runs()
    uri = f"runs:/{train.info.run_id}"
    counts = Counts.from_dict(mlflow.artifacts.load_dict(f"{uri}/counts.json"))
    for name, value in audit(counts).metrics("sex").items():
        if np.isfinite(value):
            assert measured(train)[name] == value
    scores = ScoreHistogram.from_dict(mlflow.artifacts.load_dict(f"{uri}/score_histogram.json"))
    area, error = histogram_roc_auc(scores.cells.sum(axis=0))
    assert abs(area - train.data.metrics["roc_auc"]) <= error


@pytest.mark.usefixtures("drawn")
def test_every_protected_column_is_measured(run: Invoke, table: Path) -> None:
    output = succeed(run("train", "--data", table, *TWO_PROTECTED))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    succeed(run("evaluate", "--model", uri))
    train, evaluate = runs()
    for metrics in (measured(train), measured(evaluate)):
        for part in ("", "/job", "/sex:job"):
            assert {f"disparate_impact{end}{part}" for end in ("", "_ci_low", "_worst")} <= set(
                metrics
            )
        assert all(map(np.isfinite, metrics.values()))
    saved = mlflow.models.get_model_info(uri).metadata["fairrun"]["protected"]
    assert [column["name"] for column in saved] == ["sex", "job"]
    # "rare" has fewer than 5 training rows, so it has no name.
    assert saved[1]["group_b"] == ["sales", "Ärztin"]
    audited = pd.read_csv(
        mlflow.artifacts.download_artifacts(f"runs:/{evaluate.info.run_id}/audit/rates.csv")
    )
    undefined = audited["value"].isna()
    assert (undefined == audited["reason"].notna()).all()
    # Repeated to the bit.
    succeed(run("evaluate", "--model", uri))
    assert runs()[-1].data.metrics == evaluate.data.metrics


@pytest.mark.usefixtures("drawn")
def test_a_model_that_only_knows_the_groups_of_its_first_column_is_measured(
    run: Invoke, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As models were logged before there were several columns."""

    def fetch_old(uri: str) -> tuple[Path, Model]:
        folder, metadata = fetch_model(uri)
        ours = metadata.metadata["fairrun"]
        del ours["protected"]
        ours["groups"] = {"column": "sex", "group_a": ["Male"], "group_b": ["Female"]}
        return folder, metadata

    succeed(run("evaluate", "--model", trained))
    monkeypatch.setattr("fairrun.models.open.fetch_model", fetch_old)
    succeed(run("evaluate", "--model", trained))
    assert runs()[-1].data.metrics == runs()[-2].data.metrics


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("old", "the model was saved by a version without explanations"),
        ("new", "the model has format 99"),
        ("other", "rows differently than the model&#39;s own code"),
    ],
)
def test_a_model_that_cannot_be_explained_is_measured_all_the_same(
    run: Invoke, trained: str, monkeypatch: pytest.MonkeyPatch, reason: str, said: str
) -> None:
    """Saved before there were explanations, in another format, or scored otherwise."""

    def load_other(folder: Path) -> InferenceModel:
        if reason == "new":
            raise ModelError("the model has format 99")
        model = load_model(folder)
        if reason == "old":
            return replace(model, background=None)
        scorer = model.scorer
        return replace(model, scorer=replace(scorer, intercept=scorer.intercept + 1e-9))

    monkeypatch.setattr("fairrun.models.open.load_model", load_other)
    succeed(run("evaluate", "--model", trained))
    evaluated = runs()[-1]
    assert evaluated.data.metrics.keys() >= METRICS
    assert not [name for name in artifacts(evaluated.info.run_id) if "explanations" in name]
    report = mlflow.artifacts.load_text(f"runs:/{evaluated.info.run_id}/report.html")
    assert said in report


@pytest.mark.usefixtures("drawn")
def test_a_column_of_any_name_is_part_of_a_metrics_name(
    run: Invoke, table: Path, tmp_path: Path
) -> None:
    raw = pd.read_parquet(table)
    raw.assign(**{"job / (main)": raw["job"]}).to_parquet(tmp_path / "odd.parquet")
    said = [*TWO_PROTECTED[:4], "--protected", "sex,job / (main)", *TWO_PROTECTED[6:]]
    succeed(run("train", "--data", tmp_path / "odd.parquet", *said, "--drop", "job"))
    found = [name for name in runs()[-1].data.metrics if name.startswith("job")]
    assert re.fullmatch("job _ _main_-[0-9a-f]{8}/abroca", min(found, key=len))


def test_too_many_crossings_are_refused_before_anything_is_fitted(
    run: Invoke, table: Path, tmp_path: Path
) -> None:
    raw = pd.read_parquet(table)
    rank = raw["weight"].rank(method="first")
    raw.assign(a=rank % 50, b=rank // 25 % 45).to_parquet(tmp_path / "many.parquet")
    said = ["--protected", "sex,a,b", "--privileged", "Male,0,0"]
    result = run("train", "--data", tmp_path / "many.parquet", *ABOUT, *said)
    assert result.exit_code == 2, result.output
    assert "too many combinations of values (sex: 2, a: 50, b: 45" in result.output


def test_metrics_are_printed_with_their_intervals(run: Invoke, table: Path) -> None:
    output = succeed(run("train", "--data", table, *ABOUT))
    metrics = runs()[-1].data.metrics
    low, high = (metrics[f"disparate_impact_ci_{end}"] for end in ("low", "high"))
    rows = {line.split("|")[1].strip(): line for line in output.splitlines() if "|" in line}
    assert (
        f"{metrics['disparate_impact']:.3f} | {low:.3f} to {high:.3f}" in rows["disparate_impact"]
    )
    assert not any(name.endswith(("_ci_low", "_worst")) for name in rows)
    assert "audit/*.csv" in output


def test_the_model_has_signature_example_and_pinned_requirements(run: Invoke, table: Path) -> None:
    output = succeed(run("train", "--data", table, *ABOUT, "--mitigator", "correlation_remover"))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    info = mlflow.models.get_model_info(uri)
    assert info.signature.inputs.input_names() == ["age", "weight", "job", "gain", "sex"]
    assert info.signature.outputs.input_names() == [
        *("prediction", "probability", "decision_probability")
    ]
    folder = Path(mlflow.artifacts.download_artifacts(uri))
    for line in (folder / "requirements.txt").read_text("utf-8").split():
        assert re.fullmatch(r"[a-z-]+==[0-9.]+", line)
    example = pd.read_json(folder / "input_example.json", orient="split")
    raw = pd.read_parquet(table)
    assert len(example) == 1
    assert example["job"].item() == raw["job"].mode()[0]
    answers = mlflow.pyfunc.load_model(uri).predict(example)
    assert len(answers) == 1


def test_what_is_changeable_goes_with_the_model(run: Invoke, table: Path) -> None:
    output = succeed(run("train", "--data", table, *ABOUT, "--changeable", "age, job"))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    model = mlflow.pyfunc.load_model(uri)
    assert model.metadata.metadata["fairrun"]["dataset"]["changeable"] == ["age", "job"]
    rows = pd.read_parquet(table).head(40)
    hints = model.predict(rows, params={"counterfactuals": True})["counterfactuals"]
    assert {hint["column"] for own in hints for hint in own} == {"age", "job"}
    succeed(run("evaluate", "--model", uri))


def test_evaluate_on_other_rows_uses_all_of_them(run: Invoke, table: Path, tmp_path: Path) -> None:
    output = succeed(run("train", "--data", table, *ABOUT))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    other = tmp_path / "other.csv"
    pd.read_parquet(table).head(300).to_csv(other, index=False)
    succeed(run("evaluate", "--model", uri, "--data", other))
    assert runs()[-1].data.metrics["n_rows"] == 300
    by_path = mlflow.artifacts.download_artifacts(uri)
    output = succeed(run("evaluate", "--model", by_path, "--data", other))
    evaluated = runs()[-1]
    assert f"run {evaluated.info.run_id} has report.html" in output
    said = evaluated.data.tags["mlflow.note.content"]
    assert "on other labelled rows (300 rows), which are read as those of `people`" in said
    assert runs()[-1].data.metrics == runs()[-2].data.metrics


def test_evaluate_refuses_data_that_changed(run: Invoke, table: Path, tmp_path: Path) -> None:
    changing = tmp_path / "changing.parquet"
    raw = pd.read_parquet(table)
    raw.to_parquet(changing)
    output = succeed(run("train", "--data", changing, *ABOUT))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    raw.assign(age=raw["age"] + 1).to_parquet(changing)
    result = run("evaluate", "--model", uri)
    assert result.exit_code == 2
    assert "their digests differ" in result.output
    assert runs()[-1].info.status == "FAILED"


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("train", ["--mitigator", "reweighting"], "mitigator=reweighting is not known"),
        ("train", ["--mitigator", "reweighing+none"], "cannot be combined"),
        ("train", ["--changeable", "sex"], "changeable names 'sex', which is the target, protect"),
        ("train", ["--changeable", "hobby"], "changeable=hobby is not a column of the data"),
        ("train", ["--C", "abc"], "C=abc is not a number; give a number, or auto for the default"),
        ("train", ["--C", "-1"], "C=-1.0 is not possible; give a number from 1e-10 to"),
        ("train", ["--C", "nan"], "C=nan is not possible"),
        ("train", ["--C", "inf"], "C=inf is not possible"),
        ("train", ["--max-iter", "0"], "max_iter=0.0 is not possible; give a whole number"),
        ("train", ["--learning-rate", "0.1"], "takes no parameter 'learning_rate'"),
        ("train", ["--estimator", "forest"], "estimator=forest is not known; give one of"),
        ("train", ["--mitigator-params", "{"], 'JSON object; give one such as {"alpha": 0.5}'),
        ("train", ["--read", "{"], 'JSON object; give one such as {"delimiter": ";"}'),
        ("train", ["--mitigator-params", "[1]"], "is not a JSON object"),
        ("train", ["--mitigator-params", "[" * 10_000], "[[[… is not a JSON object"),
        ("train", ["--min-frequency", "0"], "min_frequency=0 is not possible; give a whole"),
        ("train", ["--test-size", "0.9"], "not shares that leave rows to train on"),
        ("train", ["--test-size", "nan"], "not shares that leave rows to train on"),
        ("train", ["--data", "nowhere.csv"], "needs target, positive, protected as well"),
        ("train", ["--data", "nowhere.csv", *ABOUT], "is not a file; give census, adult"),
        ("train", ["--data", "0" * 32], f"there is no run {'0' * 32}; give the id of a run"),
        (
            "train",
            ["--mitigator", "correlation_remover", "--mitigator-params", '{"alpha": 2}'],
            "alpha=2 is not possible; give a number from 0 to 1",
        ),
        ("main", ["--mitigators", "none,reweighting"], "mitigator=reweighting is not known"),
        ("evaluate", ["--model", "runs:/nosuch/model"], "has no run nosuch; check the id"),
        ("evaluate", ["--model", "models:/nosuch/1"], "has no registered model 'nosuch'"),
        ("evaluate", ["--model", "nowhere"], "because there is no such folder"),
        ("evaluate", ["--model", "nowhere", "--purpose", "a\nb"], "is not one line of 1 to 300"),
        ("evaluate", [], "model is missing; give --model"),
        ("check", ["--plan", "sex: a at 0.3, b at 0.2"], "give gate, such as"),
        ("check", ["--gate", "disparate_impact>=0.8"], "gate is only for a plan here"),
        (
            "check",
            ["--plan", "sex: a at 0.3", "--gate", "disparate_impact>=0.8"],
            "give two or more, each once",
        ),
        (
            "check",
            ["--plan", "sex: a at 0.3, b at 0.2", "--gate", "accuracy>=0.8", "--data", "adult"],
            "leave the data out",
        ),
    ],
)
def test_a_bad_request_is_refused_in_a_line(
    run: Invoke, command: str, arguments: list[str], said: str
) -> None:
    result = run(command, *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert len(result.output.strip().splitlines()[-1]) < 400
    # Whatever was begun is marked, and has no model.
    assert {r.info.status for r in runs()} <= {"FAILED"}
    assert not mlflow.search_logged_models(output_format="list")


BAD_DATA = {
    "no such target": ({}, ["--target", "wage"], "target=wage is not a column of the data"),
    "target not binary": ({"paid": range(1200)}, [], "has 1200 values"),
    "no such positive": ({}, ["--positive", "yes"], "positive='yes' is not a value of 'paid'"),
    "no such protected": ({}, ["--protected", "gender"], "protected=gender is not a column"),
    "no such privileged": (
        {},
        ["--privileged", "Q"],
        "'Q' is not a value of the protected column 'sex'",
    ),
    "two protected, one privileged": (
        {},
        ["--protected", "sex,job"],
        "give one group for each column",
    ),
    "a handful of rows": ({}, ["--protected", "job", "--privileged", "rare"], "too few to split"),
    "mostly missing": ({"gain": [1.0, 2.0, *[None] * 1198]}, [], "give drop=gain, missing=keep or"),
    "one group": ({"sex": "Male"}, [], "has only one value, so that there is no group_b"),
}


def test_check_says_how_many_rows_a_plan_needs(run: Invoke) -> None:
    plan = "sex: Male 5000 at 0.3, Female 2000 at 0.27"
    result = run("check", "--plan", plan, "--gate", "disparate_impact>=0.8")
    assert result.exit_code == 0, result.output
    assert "| rows_needed |" in result.output
    (logged,) = runs()
    table = mlflow.load_table("check/plan.json", run_ids=[logged.info.run_id])
    assert table["group"].tolist() == ["Male", "Female"]
    assert table["planned_rows"].tolist() == [5000, 2000]


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_is_refused_in_a_line(run: Invoke, table: Path, tmp_path: Path, name: str) -> None:
    columns, arguments, said = BAD_DATA[name]
    pd.read_parquet(table).assign(**columns).to_parquet(tmp_path / "bad.parquet")
    result = run("train", "--data", tmp_path / "bad.parquet", *ABOUT, *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert {r.info.status for r in runs()} <= {"FAILED"}
    assert not mlflow.search_logged_models(output_format="list")


def test_a_table_of_one_row_is_refused(run: Invoke, table: Path, tmp_path: Path) -> None:
    pd.read_parquet(table).head(1).to_parquet(tmp_path / "one.parquet")
    result = run("train", "--data", tmp_path / "one.parquet", *ABOUT)
    assert result.exit_code == 2
    assert "the target 'paid' has 1 value;" in result.output


def test_a_model_that_is_not_ours_is_refused(run: Invoke) -> None:
    class Other(mlflow.pyfunc.PythonModel):
        def predict(self, context: object, model_input: pd.DataFrame) -> pd.DataFrame:
            return model_input

    mlflow.pyfunc.save_model("other", python_model=Other(), pip_requirements=[])
    result = run("evaluate", "--model", "other")
    assert result.exit_code == 2
    assert "fairrun did not make this model" in result.output
    assert "so data, target, positive, protected, privileged must be given" in result.output


def test_a_model_that_was_changed_is_refused(
    run: Invoke, trained: str, table: Path, tmp_path: Path
) -> None:
    folder = Path(mlflow.artifacts.download_artifacts(trained, dst_path=str(tmp_path / "copy")))
    described = folder / "artifacts" / "inference" / "model.json"
    described.write_text(
        described.read_text("utf-8").replace('"ignore"', '"error"'), encoding="utf-8"
    )
    result = run("evaluate", "--model", folder, "--data", table)
    assert result.exit_code == 2
    assert (
        "is refused: artifacts/inference/model.json of the model is missing or was changed"
        in result.output
    )


def test_rows_without_the_models_columns_are_refused(
    run: Invoke, trained: str, table: Path, tmp_path: Path
) -> None:
    raw = pd.read_parquet(table)
    for column in ("age", "sex", "paid"):
        raw.drop(columns=column).to_parquet(tmp_path / "less.parquet")
        result = run("evaluate", "--model", trained, "--data", tmp_path / "less.parquet")
        assert result.exit_code == 2, result.output
        assert column in result.output
        assert "Traceback" not in result.output
    raw.assign(age=raw["job"]).to_parquet(tmp_path / "other.parquet")
    result = run("evaluate", "--model", trained, "--data", tmp_path / "other.parquet")
    assert result.exit_code == 2
    assert "age: 0 of 1,200 values are numbers" in result.output


def test_a_model_that_selects_nobody_says_so(run: Invoke, table: Path, tmp_path: Path) -> None:
    raw = pd.read_parquet(table)
    rare = raw.assign(paid=np.where(np.arange(len(raw)) % 100 == 0, "high", "low"))
    rare.to_parquet(tmp_path / "rare.parquet")
    output = succeed(run("train", "--data", tmp_path / "rare.parquet", *ABOUT))
    assert "warning: 0.0% of the rows are selected; check roc_auc" in output
    for more in (["--class-weight", "balanced"], ["--resample", "over"], ["--resample", "under"]):
        output = succeed(run("train", "--data", tmp_path / "rare.parquet", *ABOUT, *more))
        assert "rows are selected" not in output


def test_two_runs_are_the_same_to_the_bit(run: Invoke, table: Path) -> None:
    arguments = ["--data", table, *ABOUT, "--mitigator", "disparate_impact_remover"]
    for _ in range(2):
        succeed(run("train", *arguments))
    one, other = (
        {k: v for k, v in r.data.metrics.items() if not k.endswith("_seconds")} for r in runs()
    )
    assert one.keys() >= METRICS
    assert one == other
    folders = [
        Path(mlflow.artifacts.download_artifacts(f"runs:/{r.info.run_id}/model")) for r in runs()
    ]
    manifests = [
        json.loads((folder / "artifacts" / "inference" / "manifest.json").read_text("utf-8"))
        for folder in folders
    ]
    assert manifests[0] == manifests[1]
    frame = pd.read_parquet(table)
    answers = [mlflow.pyfunc.load_model(str(folder)).predict(frame) for folder in folders]
    pd.testing.assert_frame_equal(*answers, check_exact=True)


def test_no_row_and_no_protected_value_in_what_is_printed(
    run: Invoke, table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = succeed(run("train", "--data", table, *ABOUT))
    weights: Any = np.char.mod("%.3f", pd.read_parquet(table)["weight"].to_numpy())
    for text in (output, caplog.text):
        assert not any(weight in text for weight in weights[:200])
