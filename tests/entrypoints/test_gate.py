"""Exit code, tag, table and last line say what the gate says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run

from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]

#: Of the small table: men are selected more often, and there are too few rows to be sure of much.
GATES = {
    "pass": ("accuracy>=0.5; statistical_parity<=0.9", 0),
    "fail": ("accuracy>=0.5; accuracy>=0.999; statistical_parity<=0.001", 4),
    "insufficient_evidence": ("accuracy>=0.5; statistical_parity<=0.9; min_count=200", 5),
}


def last_run() -> Run:
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return client.search_runs(experiments, order_by=["attributes.start_time DESC"])[0]


@pytest.mark.parametrize("verdict", GATES)
def test_everything_repeats_the_verdict(run: Invoke, trained: str, verdict: str) -> None:
    gate, code = GATES[verdict]
    result = run("evaluate", "--model", trained, "--gate", gate)
    assert result.exit_code == code, result.output
    last = result.stdout.splitlines()[-1]
    assert last.split(" (")[0] == f"gate: {verdict.replace('_', ' ')}"  # as people read it
    what = "compare mitigators on the same data"
    if verdict == "pass":
        what = "serve the model, or make it the champion of a name first with -e promote"
    assert result.stdout.index("| term") < result.stdout.index(f"\nnext, {what}:\n  ")
    logged = last_run()
    assert logged.data.tags["fairness.gate"] == verdict
    assert logged.info.status == "FINISHED"  # the evaluation is complete, whatever the gate says
    assert "disparate_impact" in logged.data.metrics
    said = {"pass": "passed", "fail": "failed"}.get(verdict, verdict.replace("_", " "))
    assert f"**{said}**:\n\n- pass: `accuracy>=0.5`" in logged.data.tags["mlflow.note.content"]
    judged = mlflow.load_table("gate.json", run_ids=[logged.info.run_id])
    assert verdict in set(judged["verdict"])
    assert verdict != "pass" or set(judged["verdict"]) == {"pass"}
    for row in judged.dropna(subset="value").itertuples():
        assert f"| {row.term}" in result.output
        if row.protected == "":
            assert row.ci_low == pytest.approx(logged.data.metrics["accuracy_ci_low"])
        else:
            assert row.ci_high == pytest.approx(logged.data.metrics["statistical_parity_ci_high"])


def test_the_report_begins_with_the_verdict_and_holds_no_row(
    run: Invoke, trained: str, table: Path
) -> None:
    gate, _ = GATES["fail"]
    run("evaluate", "--model", trained, "--gate", gate)
    logged = last_run().info.run_id
    report = mlflow.artifacts.load_text(f"runs:/{logged}/report.html")
    assert re.search(r"<h1>.*<p class=\"verdict fail\">.*Fail.*<nav", report, re.DOTALL)
    assert logged in report
    assert "this is look 1 at this test split, by 1 model" in report
    judged = mlflow.load_table("gate.json", run_ids=[logged])
    assert {*judged["looks"]} == {*judged["looks_models"]} == {1}
    assert f"-P model={trained} -P protected=sex -P" in report
    assert str(table) not in report
    text = re.sub(r'src="data:[^"]*"', "", report)
    for weight in pd.read_parquet(table)["weight"]:
        assert str(weight) not in text
    plots = mlflow.artifacts.list_artifacts(run_id=logged, artifact_path="plots")
    assert {Path(plot.path).stem for plot in plots} == {
        *("metrics", "groups", "confusion_matrices", "roc", "calibration", "threshold_frontier"),
        *("column_importance", "contributions", "proxies", "threshold_rows", "partial_dependence"),
        "unknown_groups",
    }


def test_some_of_the_protected_columns_are_measured(run: Invoke, table: Path) -> None:
    about = [*ABOUT[:4], "--protected", "sex,job", "--privileged", "Male,clerk"]
    trained = run("train", "--data", table, *about)
    (uri,) = re.findall(r"-P model=(\S+)", trained.output)
    assert run("evaluate", "--model", uri).exit_code == 0
    both = last_run().data
    assert both.params["evaluate.protected"] == "sex,job"
    again = run("evaluate", "--model", uri, "--protected", "job", "--gate", "accuracy>=0.1")
    assert again.exit_code == 0
    assert "this is look 2 at this test split, by 1 model" in again.output
    one = last_run().data
    looks = [each.tags["evaluated.looks"] for each in (both, one)]
    assert looks == ["1", "2"]
    # A model with other features looks at the same rows.
    other = run("train", "--data", table, *about, "--drop", "age")
    (fewer,) = re.findall(r"-P model=(\S+)", other.output)
    looked = run("evaluate", "--model", fewer, "--gate", "accuracy>=0.1").output
    assert "this is look 3 at this test split, by 2 models" in looked
    assert one.tags["protected"] == one.params["evaluate.protected"] == "job"
    assert one.metrics["disparate_impact"] == both.metrics["job/disparate_impact"]
    assert not [name for name in one.metrics if "sex" in name]
    for protected, said in (("job,age", "train with protected=sex,job,age"), ("job,job", "once")):
        result = run("evaluate", "--model", uri, "--protected", protected)
        assert result.exit_code == 2
        assert f"protected={protected} cannot be measured" in result.output
        assert said in result.output


def test_a_dry_run_says_so_and_succeeds(run: Invoke, trained: str) -> None:
    gate, _ = GATES["fail"]
    result = run("evaluate", "--model", trained, "--gate", gate, "--gate-mode", "dry_run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("gate: fail")
    assert last_run().data.tags["fairness.gate"] == "fail"


def test_without_a_gate_there_is_no_verdict(run: Invoke, trained: str) -> None:
    for arguments in ([], ["--gate", "acuracy>=1", "--gate-mode", "disabled"]):
        result = run("evaluate", "--model", trained, *arguments)
        assert result.exit_code == 0
        assert "gate:" not in result.output
        assert "fairness.gate" not in last_run().data.tags


def test_a_gate_that_cannot_be_judged_is_refused_first(run: Invoke, trained: str) -> None:
    before = last_run().info.run_id
    for gate, said in (
        ("acuracy>=0.8", "did you mean accuracy"),
        (
            "statistical_parity<=0.1 @ race",
            "give one of the protected columns sex, or two different ones",
        ),
        ("nowhere.yaml", "cannot be read as YAML"),
    ):
        result = run("evaluate", "--model", trained, "--gate", gate)
        assert result.exit_code == 2
        assert said in result.output
    assert last_run().info.run_id == before


def test_a_file_says_the_same_as_text(run: Invoke, trained: str, tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("terms: [accuracy>=0.999]\nmin_count: 20\n", encoding="utf-8")
    result = run("evaluate", "--model", trained, "--gate", path)
    assert result.exit_code == 4
    logged = last_run().data
    assert logged.params["evaluate.gate"] == "accuracy>=0.999; min_count=20"


def test_each_evaluation_has_the_tables_of_impact(run: Invoke, trained: str) -> None:
    assert run("evaluate", "--model", trained).exit_code == 0
    logged = last_run()
    four_fifths, local_law_144 = (
        pd.read_csv(
            mlflow.artifacts.download_artifacts(f"runs:/{logged.info.run_id}/audit/{name}.csv")
        )
        for name in ("four_fifths", "local_law_144")
    )
    assert list(four_fifths["group"]) == ["Male", "Female"]
    impact = four_fifths["impact_ratio"].min()
    assert impact == pytest.approx(1 / logged.data.metrics["disparate_impact"])
    selection = local_law_144.query("basis == 'selection'")
    assert list(selection["category"]) == ["Male", "Female", "(missing)"]
    assert selection["impact_ratio"].min() == pytest.approx(impact)
    scoring = local_law_144.query("basis == 'scoring'")
    assert scoring["n"].sum() == logged.data.metrics["n_rows"]
    assert scoring["selected"].sum() <= scoring["n"].sum() / 2
