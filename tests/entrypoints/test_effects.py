"""What a run says about its mitigator: in tags, metrics, lines, the report and the exit code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from click.testing import Result
from mlflow.entities import Run

from fairrun.inference import Threshold
from fairrun.models.open import fetch_model
from fairrun.models.saved import load_saved
from fairrun.runs.evaluate import run_evaluate
from fairrun.training.mitigation import MITIGATORS, plan
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]
#: Wide enough for the small table to show it.
KEPT = '{"constraint": "equality_of_opportunity_difference", "tolerance": 0.8}'


def last_run() -> Run:
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return client.search_runs(experiments, order_by=["attributes.start_time DESC"])[0]


def train(run: Invoke, table: Path, mitigator: str, *more: str) -> Result:
    result: Result = run("train", "--data", table, *ABOUT, "--mitigator", mitigator, *more)
    return result


def header(run_id: str) -> str:
    report = mlflow.artifacts.load_text(f"runs:/{run_id}/report.html")
    return re.sub(r"\s+", " ", report[report.index("<header>") : report.index("</header>")])


def test_the_constraint_goes_from_train_to_the_report(run: Invoke, table: Path) -> None:
    trained = train(run, table, "group_thresholds", "--mitigator-params", KEPT, "--strict", "true")
    assert trained.exit_code == 0, trained.output
    promise = "The method promises equality_of_opportunity_difference<=0.8. On these rows: kept ("
    (line,) = (line for line in trained.stdout.splitlines() if line.startswith("The method"))
    assert line.startswith(promise + "sex Male against Female: ")
    logged = last_run()
    text = "equality_of_opportunity_difference<=0.8"
    assert logged.data.params["mitigator.constraint_checked"] == text
    assert logged.data.tags["mitigation.constraint"] == "kept"
    assert logged.data.metrics["constraint_kept_probability"] > 0.95
    for name in ("accuracy_over_majority", "accuracy_over_none", "labels_changed"):
        assert f"overall/{name}" in logged.data.metrics
        assert f"| {name} " in trained.stdout
    assert "interval/distance_over_none_ci_low" in logged.data.metrics
    uri = f"runs:/{logged.info.run_id}/model"
    metadata = fetch_model(uri)[1].metadata
    assert metadata is not None
    assert metadata["fairrun"]["constraint_checked"] == text

    evaluated = run("evaluate", "--model", uri)
    assert promise in evaluated.stdout
    measured = last_run()
    assert measured.data.tags["mitigation.constraint"] == "kept"
    assert "constraint_kept_probability" in measured.data.metrics
    assert "overall/accuracy_over_none" not in measured.data.metrics  # no labels of none
    said = header(measured.info.run_id)
    assert '<p class="promise kept">The method promises equality_of_opportunity_diff' in said
    assert said.index("verdict none") < said.index("promise")


def test_strict_refuses_before_a_model_is_logged(run: Invoke, table: Path) -> None:
    result = train(
        run, table, "group_thresholds", "--mitigator-params", '{"tolerance": 0.01}', "--strict=true"
    )
    assert result.exit_code == 2
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("error"))
    assert "do not show statistical_parity<=0.01: not " in line
    assert "sex Male against Female: " in line
    assert line.endswith("give more rows, a higher confidence, or another mitigator")
    failed = last_run()
    assert failed.info.status == "FAILED"
    assert failed.data.metrics["constraint_kept_probability"] < 0.9
    assert failed.data.tags["mitigation.constraint"] in ("not kept", "not shown")
    assert not mlflow.search_logged_models(output_format="list")
    for mitigator in ("none", "reweighing"):
        result = train(run, table, mitigator, "--strict=true")
        assert result.exit_code == 2
        assert "states none; leave strict out, or give one of" in result.stderr


def test_a_model_worse_than_a_constant_is_marked_everywhere(
    run: Invoke, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that gives everybody the rarer label, which no constraint can make fairer."""
    use(monkeypatch, "reject_option_classification", Threshold(-1e6))
    result = train(run, table, "reject_option_classification")
    warning = "reject_option_classification is less accurate than giving every row the label 0 (0."
    assert f"warning: {warning}" in result.output
    logged = last_run()
    assert logged.data.tags["mitigation.effect"] == "below majority"
    assert logged.data.metrics["interval/accuracy_over_majority_ci_high"] < 0
    run_evaluate(f"runs:/{logged.info.run_id}/model", report=False)
    assert last_run().data.tags["mitigation.effect"] == "below majority"


def test_a_post_processor_that_fits_one_rule_for_all_does_not_read_the_group(
    run: Invoke, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry says that group_thresholds can read it; here the fitted rule does not."""
    use(monkeypatch, "group_thresholds", Threshold())
    result = train(run, table, "group_thresholds")
    assert result.exit_code == 0, result.output
    warned = "group_thresholds changes no label: every row gets the same one as with none"
    assert f"warning: {warned}" in result.output
    logged = last_run()
    assert logged.data.tags["mitigator.reads_group"] == "false"
    assert logged.data.tags["mitigation.effect"] == "no different from none"
    assert logged.data.metrics["overall/labels_changed"] == 0
    uri = f"runs:/{logged.info.run_id}/model"
    folder, model = fetch_model(uri)
    assert model.signature is not None
    assert "sex" not in model.signature.inputs.input_names()
    assert model.metadata is not None
    columns = model.metadata["fairrun"]["columns"]
    assert {column["role"] for column in columns} == {"feature"}
    assert "sex" not in [c["name"] for c in load_saved(folder).description["columns"]]
    run_evaluate(uri, report=False)
    measured = last_run()
    assert "overall/flip_rate" not in measured.data.metrics
    assert measured.data.tags["mitigation.constraint"]  # the promise is about the labels


def use(monkeypatch: pytest.MonkeyPatch, name: str, decision: Threshold) -> None:
    """Let a method of the registry fit this decision."""
    changed = replace(MITIGATORS[name], fit=lambda *_, **__: decision)
    monkeypatch.setattr(plan, "MITIGATORS", dict(MITIGATORS) | {name: changed})
