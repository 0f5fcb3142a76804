"""A sweep from its first trial to the registry, cut off and resumed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from mlflow.entities import Run, RunData

from fairrun.data import DataRequest, Dataset
from fairrun.entrypoints.sweep import main
from fairrun.errors import RequestError
from fairrun.metrics import Counts
from fairrun.runs import sweep_outcome
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.sweep import Swept, run_sweep
from fairrun.runs.sweep_request import SweepRequest
from fairrun.sweep import trial
from fairrun.sweep.alternatives import Finding
from fairrun.sweep.measure import measure_counts
from fairrun.sweep.study import to_optuna
from fairrun.tracking.datasets import open_dataset
from fairrun.tracking.metric_names import former_metric_name, metrics_by_name
from fairrun.tracking.sweeps import read_sweep
from fairrun.tracking.trials import read_counts
from tests.conftest import ROOT
from tests.drawing import without_drawing
from tests.people import make_raw

#: MLflow's own, of paths and of pandas; the entry points turn its warnings off as well.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The specified dataset source can be interpreted"),
    pytest.mark.filterwarnings("ignore:For backward compatibility, 'str' dtypes are included"),
]

SPACE = (
    "mitigator=none,reweighing,group_thresholds; C=0.01..100 log 5; class_weight=none,balanced; "
    "group_thresholds.tolerance=0..0.2"
)


@pytest.fixture(scope="module")
def store(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of its own, with the rows beside it."""
    folder = tmp_path_factory.mktemp("sweep")
    make_raw(1200, seed=3).to_parquet(folder / "people.parquet", index=False)
    shutil.copy(empty_store, folder)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.create_experiment("sweeps", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("sweeps")
    yield folder
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def data(store: Path) -> DataRequest:
    return DataRequest(
        str(store / "people.parquet"),
        target="paid",
        positive="high",
        protected=["sex"],
        privileged=["Male"],
    )


REQUEST = SweepRequest(
    trials=6, space=SPACE, constraint="statistical_parity<=0.4", workers=1, register="people"
)


@pytest.fixture(autouse=True)
def drawing_left_out() -> Iterator[None]:
    """Fixtures of the module come first, so `swept` draws its plots."""
    with without_drawing():
        yield


@pytest.fixture
def without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep without reports and charts, for tests that look at trials alone."""
    monkeypatch.setattr(sweep_outcome, "run_evaluate", partial(run_evaluate, report=False))
    monkeypatch.setattr(sweep_outcome, "log_charts", lambda *_: None)


@pytest.fixture(scope="module")
def swept(data: DataRequest) -> Swept:
    return run_sweep(data, REQUEST)


def children(run_id: str) -> list[Run]:
    found = mlflow.MlflowClient().search_runs(
        [mlflow.get_run(run_id).info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
    )
    return sorted(
        (run for run in found if "sweep.trial" in run.data.tags),
        key=lambda run: int(run.data.tags["sweep.trial"]),
    )


def test_each_trial_is_a_child_run_with_what_train_would_log(swept: Swept) -> None:
    runs = children(swept.run_id)
    assert [int(run.data.tags["sweep.trial"]) for run in runs] == list(range(6))
    assert [run.info.run_name for run in runs] == [
        f"trial {n} · {run.data.tags['mitigator']}" for n, run in enumerate(runs)
    ]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        params = run.data.params
        assert float(params["estimator.C"]) > 0
        assert params["mitigator.name"] == run.data.tags["mitigator"]
        note = run.data.tags["mlflow.note.content"]
        assert (
            f"of [sweep random](#/experiments/{run.info.experiment_id}/runs/{swept.run_id})" in note
        )
        assert f"`mitigator={params['mitigator.name']}`" in note
        assert ("mitigator.tolerance" in params) == (params["mitigator.name"] == "group_thresholds")
        counts = read_counts(run.info.run_id)
        for name, value in measure_counts(counts).items():
            if np.isfinite(value):
                assert metrics_by_name(run.data.metrics, "sex")[name] == value


def test_the_parent_says_what_was_chosen(swept: Swept) -> None:
    parent = mlflow.get_run(swept.run_id)
    assert parent.info.status == "FINISHED"
    chosen = parent.data.tags["sweep.chosen_run_id"]
    (marked,) = (run for run in children(swept.run_id) if "sweep.chosen" in run.data.tags)
    assert marked.info.run_id == chosen
    tags = parent.data.tags
    assert tags["sweep.constraint"] == "pass"
    assert (tags["sweep.rule"], tags["sweep.chosen_trial"]) == (
        "constrained",
        marked.data.tags["sweep.trial"],
    )
    assert tags["sweep.chosen_because"].startswith("it has the best accuracy of the trials that")
    assert tags["sweep.chosen_is_trivial"] == "false"
    page = mlflow.artifacts.load_text(f"runs:/{swept.run_id}/sweep.html")
    assert f"On the test rows: {str(swept.gate).removeprefix('gate: ')}." in page
    assert "insufficient_evidence" not in page.partition('id="data"')[0]
    assert [each.model_id for each in parent.outputs.model_outputs] == [
        swept.model_uri.removeprefix("models:/")
    ]
    for name in ("accuracy", "statistical_parity"):
        on = {kind: parent.data.metrics[f"{kind}/{name}"] for kind in ("validation", "test")}
        assert on["validation"] == marked.data.metrics[name]
        assert parent.data.metrics[f"optimism/{name}"] == pytest.approx(
            on["validation"] - on["test"]
        )
    table = mlflow.load_table("trials.json", run_ids=[swept.run_id])
    assert list(table["number"]) == list(range(6))
    assert table["chosen"].sum() == 1


def test_the_description_says_what_was_tried_chosen_and_decided_and_what_to_type(
    swept: Swept,
) -> None:
    note = mlflow.get_run(swept.run_id).data.tags["mlflow.note.content"]
    chosen = swept.selection.chosen
    run_id = swept.table.loc[chosen, "run_id"]
    assert note.startswith(f"Chose **[trial {chosen} · ")
    how = swept.selection.how
    assert f"/runs/{run_id})** of 6 trials (6 complete), because {how}. The constraint" in note
    assert "Tried them on `people` (predicts " in note
    assert "The constraint `statistical_parity<=0.4 @ sex" in note
    assert f": **pass** on the validation rows, **{swept.gate.verdict.words}** on the test" in note
    assert "The gate **" in note
    assert "Models are logged for" in note
    on_one_line = note.replace(" \\\n    ", " ")
    for command in swept.commands:
        assert command in on_one_line
    assert any(f"-e sweep -P resume={swept.run_id} -P trials=12" in each for each in swept.commands)


def test_it_says_whether_there_is_a_less_discriminatory_alternative(
    swept: Swept, data: DataRequest
) -> None:
    client = mlflow.MlflowClient()
    tags = client.get_run(swept.run_id).data.tags
    answered = swept.alternatives
    baseline = int(tags["sweep.baseline_trial"])
    unmitigated = swept.table[swept.table["mitigator"] == "none"]
    assert baseline == unmitigated.loc[unmitigated["accuracy"].idxmax(), "number"]
    assert answered.alternatives, "no candidate: the rows of this module have changed"
    table = mlflow.load_table("alternatives.json", run_ids=[swept.run_id])
    numbers = [each.trial for each in answered.alternatives]
    assert table["trial"].tolist() == numbers
    text = mlflow.artifacts.load_text(
        f"runs:/{swept.run_id}/audit/less_discriminatory_alternatives.csv"
    )
    assert len(text.splitlines()) == 1 + len(numbers)
    # What the models say about the test rows, as they are served.
    test = open_dataset(data).splits["test"]
    uris = {
        int(run.data.tags["sweep.trial"]): run.data.tags.get("sweep.model")
        for run in children(swept.run_id)
    }
    right = {
        number: (
            mlflow.pyfunc.load_model(uris[number]).predict(test.frame)["prediction"] == test.label
        ).mean()
        for number in (baseline, *numbers)
    }
    for row in table.to_dict("records"):
        assert row["accuracy"] == pytest.approx(right[row["trial"]])
        assert row["accuracy_change"] == pytest.approx(right[row["trial"]] - right[baseline])
        inputs = (
            mlflow.pyfunc.load_model(uris[row["trial"]]).metadata.get_input_schema().input_names()
        )
        assert row["reads_group"] == ("sex" in inputs)
    yes = [each.trial for each in answered.alternatives if each.finding is Finding.ALTERNATIVE]
    shown = tags["sweep.alternative_trial"]
    assert (shown == "not shown") if not yes else (int(shown) in yes)
    assert answered.sentence.startswith("Yes") == bool(yes)
    assert tags["evaluated.looks"] == "2"
    assert tags["evaluated.looks_models"] == str(len({swept.selection.chosen, baseline, *numbers}))
    page = mlflow.artifacts.load_text(f"runs:/{swept.run_id}/sweep.html")
    assert 'id="alternatives"' in page
    assert "Is there a less discriminatory alternative?" in tags["mlflow.note.content"]


def test_models_are_of_the_frontier_and_the_baseline_alone(swept: Swept) -> None:
    with_models = {
        int(run.data.tags["sweep.trial"])
        for run in children(swept.run_id)
        if "sweep.model" in run.data.tags
    }
    baseline = int(mlflow.get_run(swept.run_id).data.tags["sweep.baseline_trial"])
    kept = {*swept.selection.frontier, swept.selection.chosen, baseline}
    assert with_models == kept
    models = mlflow.search_logged_models(output_format="list")
    assert len({model.source_run_id for model in models}) == len(kept)
    assert {model.name for model in models} == {
        mlflow.get_run(model.source_run_id).info.run_name for model in models
    }
    for model in models:
        shown = [metric.key for metric in model.metrics]
        assert {"accuracy", "statistical_parity", "accuracy_ci_low"} <= set(shown)
        if model.model_uri != swept.model_uri:  # which is evaluated on test, too
            assert len(shown) == len(set(shown)) <= 21
            assert not any("/" in name for name in shown)


def test_test_rows_are_seen_once_by_the_chosen_model_alone(swept: Swept) -> None:
    """And the gate judges there what the choice was held to."""
    evaluated = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{swept.run_id}' and "
        "tags.`evaluated.rows` = 'test'",
        output_format="list",
    )
    (run,) = evaluated
    assert run.data.params["evaluate.model"] == swept.model_uri
    assert run.data.params["evaluate.gate"].startswith("statistical_parity<=0.4 @ sex")
    assert run.data.tags["fairness.gate"] in {"pass", "insufficient_evidence", "fail"}
    test = swept.outcome.set_index("metric")["test"]
    assert test["accuracy"] == run.data.metrics["accuracy"]


def test_the_chosen_model_is_evaluated_like_any_other(swept: Swept) -> None:
    """Its trial holds no data set: that is the sweep's."""
    again = run_evaluate(swept.model_uri, report=False)
    test = swept.outcome.set_index("metric")["test"]
    assert {name: again.metrics[name] for name in test.index} == test.to_dict()


def test_the_chosen_model_is_registered(swept: Swept) -> None:
    (version,) = mlflow.MlflowClient().search_model_versions("name='people'")
    tags = mlflow.get_run(swept.run_id).data.tags
    assert tags["sweep.registered"] == f"models:/people/{version.version}"
    assert version.tags["sweep.chosen_run_id"] == tags["sweep.chosen_run_id"]
    assert version.tags["fairness.gate"] == tags["fairness.gate"]
    trial_tags = mlflow.get_run(tags["sweep.chosen_run_id"]).data.tags
    for name in ("mitigator", "dataset.digest"):
        assert version.tags[name] == trial_tags[name]
    assert "Verdict of the gate `statistical_parity<=0.4" in version.description


def test_a_sweep_that_was_stopped_after_it_had_registered_registers_no_second_version(
    swept: Swept,
) -> None:
    run = mlflow.get_run(swept.run_id)
    registered = run.data.tags["sweep.registered"]
    chosen = run.data.tags["sweep.chosen_run_id"]
    before = Run(run.info, RunData())  # The tags of the choice are written last.
    assert sweep_outcome._register("people", swept.model_uri, before, chosen) == registered


@pytest.mark.usefixtures("without_pages")
def test_a_failing_trial_is_a_failed_child_and_the_sweep_goes_on(
    data: DataRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, seen = trial.measure_counts, []

    def fail_the_second_time(counts: Counts, *crossings: object) -> dict[str, float]:
        seen.append(counts)
        if len(seen) == 2:
            raise ValueError("too good\nto be true")
        return measure(counts)

    monkeypatch.setattr(trial, "measure_counts", fail_the_second_time)
    space = "mitigator=none; C=0.1,1"
    swept = run_sweep(data, SweepRequest("grid", space=space, workers=1))
    assert list(swept.table["state"]) == ["complete", "failed"]
    assert swept.selection.chosen == 0
    failed = children(swept.run_id)[1]
    assert failed.info.status == "FAILED"
    assert failed.data.tags["sweep.reason"] == "ValueError: too good"
    assert failed.data.params["estimator.C"] == "1.0"


def test_bad_requests_are_refused_before_the_first_trial(data: DataRequest) -> None:
    for request, said in [
        (SweepRequest(select="constrained"), "needs a constraint"),
        (SweepRequest(folds=0), "folds=0"),
        (SweepRequest(min_frequency=0), "min_frequency=0"),
        (SweepRequest(objective="acuracy"), "did you mean accuracy"),
        (SweepRequest(space="D=1"), "has an unknown parameter 'D'"),
        (SweepRequest(constraint="statistical_parity"), "is not a term of a gate"),
    ]:
        with pytest.raises(RequestError, match=said):
            run_sweep(data, request)
        assert children(mlflow.last_active_run().info.run_id) == []
        assert mlflow.last_active_run().info.status == "FAILED"
    with pytest.raises(RequestError, match=r"has no sweep\.json"):
        run_sweep(data, SweepRequest(), resume="0" * 32)


@pytest.mark.usefixtures("without_pages")
def test_folds_and_learning(data: DataRequest) -> None:
    request = SweepRequest(
        "bayesian", trials=8, space=SPACE, objective="accuracy", folds=3, workers=1
    )
    swept = run_sweep(data, request)
    complete = swept.table[swept.table["state"] == "complete"]
    assert set(complete["n_folds"]) == {3}
    runs = children(swept.run_id)
    statuses = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
    for run, state in zip(runs, swept.table["state"], strict=True):
        assert run.info.status == statuses[state]
    assert swept.selection.chosen in complete["number"].to_numpy()
    # Fitted on all rows that are not test rows, not on those of a fold.
    (run,) = (run for run in runs if "sweep.chosen" in run.data.tags)
    assert Counts.from_dict(
        mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/counts.json")
    ).n == pytest.approx(0.8 * 1200, abs=2)


def command(store: Path, *arguments: object) -> subprocess.Popen[str]:
    # Tests that run in the background ignore Ctrl-C, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "fairrun", "sweep", *map(str, arguments)],
            cwd=ROOT,
            env={
                **os.environ,
                "MLFLOW_TRACKING_URI": f"sqlite:///{store}/mlflow.db",
                "MLFLOW_EXPERIMENT_NAME": "sweeps",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def said_of(data: DataRequest) -> list[str]:
    about = ["--target", "paid", "--positive", "high", "--protected", "sex", "--privileged", "Male"]
    return ["--data", data.data, *about]


def wait_for_trials(process: subprocess.Popen[str], n: int, known: set[str]) -> str:
    """Wait until a new sweep has finished so many trials; give its run id."""
    client, deadline = mlflow.MlflowClient(), time.monotonic() + 120
    experiment = mlflow.get_experiment_by_name("sweeps").experiment_id
    while time.monotonic() < deadline and process.poll() is None:
        for run in client.search_runs([experiment], "tags.`sweep.method` LIKE '%'"):
            if run.info.run_id not in known and len(children(run.info.run_id)) >= n:
                return str(run.info.run_id)
        time.sleep(0.2)
    raise AssertionError(process.communicate()[1])


def sweeps() -> set[str]:
    found = mlflow.search_runs(filter_string="tags.`sweep.method` LIKE '%'", output_format="list")
    return {run.info.run_id for run in found}


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_an_interrupted_sweep_says_how_to_go_on(
    data: DataRequest, store: Path, how: signal.Signals
) -> None:
    """Ctrl-C is for all processes of the terminal; `mlflow run` ends its command alone."""
    known, workers = sweeps(), 2 if how == signal.SIGINT else 1
    process = command(
        store, *said_of(data), "--trials", 100, "--space", SPACE, "--workers", workers
    )
    run_id = wait_for_trials(process, 2, known)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + how, errors
    resume = f"-e sweep -P resume={run_id}"
    lines = [line for line in errors.splitlines() if " " in line]
    assert f"the sweep is run {run_id}; if it is interrupted, resume it with:" in lines[0]
    assert lines[1].endswith(resume)
    assert any("interrupted; resume" in line and line.endswith(resume) for line in lines[2:])
    # Not a terminal, so there are lines in the place of a bar.
    assert " trying 100 trials" in errors
    assert " 1 of 100 trials; best accuracy " in errors
    assert "trial/s" not in errors
    assert "Traceback" not in errors
    assert mlflow.get_run(run_id).info.status == "KILLED"


def test_a_sweep_that_is_interrupted_before_its_first_record_cannot_be_resumed(
    data: DataRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(_: DataRequest) -> Dataset:
        raise KeyboardInterrupt

    monkeypatch.setattr("fairrun.runs.sweep.open_dataset", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(data, SweepRequest(workers=1))
    assert mlflow.last_active_run().info.status == "KILLED"
    assert "interrupted before the first trial; start the sweep again" in caplog.text
    with pytest.raises(RequestError, match="nothing to resume; start it again"):
        run_sweep(data, SweepRequest(), resume=mlflow.last_active_run().info.run_id)


@pytest.mark.usefixtures("without_pages")
def test_a_killed_sweep_goes_on_where_it_was(swept: Swept, data: DataRequest, store: Path) -> None:
    """And any number of workers, and any end, makes the same sweep of the same seed."""
    known = sweeps()
    parameters = ["--trials", 6, "--space", SPACE, "--workers", 2, "--min-cell", 7]
    process = command(store, *said_of(data), *parameters)
    run_id = wait_for_trials(process, 2, known)
    process.kill()
    process.communicate(timeout=60)
    assert mlflow.get_run(run_id).info.status == "RUNNING"
    before = {run.data.tags["sweep.trial"]: run for run in children(run_id)}
    whole = {n: run for n, run in before.items() if "sweep.state" in run.data.tags}
    assert 1 <= len(whole) <= 6

    resumed = run_sweep(data, SweepRequest(workers=1), resume=run_id)
    assert resumed.run_id == run_id
    assert mlflow.get_run(run_id).info.status == "FINISHED"
    assert read_sweep(run_id)["min_cell"] == 7
    after = {run.data.tags["sweep.trial"]: run for run in children(run_id)}
    assert len(after) == len(children(run_id)) == 6
    # What was whole is as it was; a trial that was being written, if any, was tried again.
    assert len(before) - len(whole) <= 1
    for number, run in whole.items():
        assert after[number].info.run_id == run.info.run_id
    same = ["number", "mitigator", "C", "accuracy", "statistical_parity_ci_low", "frontier"]
    assert resumed.table[same].equals(swept.table[same])


def test_a_finished_sweep_can_be_given_more_trials(swept: Swept, data: DataRequest) -> None:
    """At the command line. A child that was cut off while it was written is tried again.

    Here the earlier choice was another trial, whose tags are gone afterwards.
    """
    client = mlflow.MlflowClient()
    chosen = swept.selection.chosen
    cut_off, other, *_ = (
        run
        for run in children(swept.run_id)
        if int(run.data.tags["sweep.trial"]) not in swept.selection.frontier
        and int(run.data.tags["sweep.trial"]) != chosen
    )
    client.delete_tag(cut_off.info.run_id, "sweep.state")
    client.set_tag(other.info.run_id, "sweep.chosen", "true")
    client.set_tag(swept.run_id, "sweep.chosen_run_id", other.info.run_id)

    result = CliRunner().invoke(
        main, ["--resume", swept.run_id, "--trials", "7", "--workers", "1"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    number = other.data.tags["sweep.trial"]
    assert (
        f"the choice changed from trial {number} to trial {chosen}, because it has" in result.stderr
    )
    assert result.stdout.splitlines()[-1] == str(swept.gate)
    (row,) = (line for line in result.stdout.splitlines() if line.endswith("| chosen |"))
    assert row.split(" | ")[0].lstrip("| ") == str(chosen)
    assert "6 of 7 trials are done" not in result.stderr  # one of them was cut off
    assert "5 of 7 trials are done; trying 2 more trials" in result.stderr
    assert f"models are logged for the chosen trial {chosen} and for " in result.stderr
    assert f"evaluating the model of trial {chosen} on the test rows" in result.stderr
    assert client.get_run(cut_off.info.run_id).info.lifecycle_stage == "deleted"
    after = children(swept.run_id)
    assert [run.info.run_id for run in after if "sweep.chosen" in run.data.tags] == [
        client.get_run(swept.run_id).data.tags["sweep.chosen_run_id"]
    ]
    # The tables take the place of those of the earlier choice.
    table = mlflow.load_table("trials.json", run_ids=[swept.run_id])
    assert list(table["number"]) == list(range(7))
    assert table["accuracy"][:6].tolist() == pytest.approx(swept.table["accuracy"].tolist())
    differences = mlflow.load_table("frontier_differences.json", run_ids=[swept.run_id])
    assert set(differences["chosen"]) == {chosen}
    assert not differences.duplicated(["trial", "metric"]).any()
    # The model is registered already.
    assert len(client.search_model_versions("name='people'")) == 1


@pytest.fixture
def no_active_experiment(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that `mlflow run` starts: the experiment is in its environment alone."""
    monkeypatch.setattr("mlflow.tracking.fluent._active_experiment_id", None)


@pytest.mark.usefixtures("no_active_experiment", "without_pages")
def test_trials_can_have_an_experiment_of_their_own(data: DataRequest, store: Path) -> None:
    """A sweep stays in its experiment with the chosen model, and a resume finds its trials."""
    request = SweepRequest(trials=4, space=SPACE, workers=1, trials_experiment="the trials")
    swept = run_sweep(data, request)
    client = mlflow.MlflowClient()
    here, there = (client.get_experiment_by_name(name) for name in ("sweeps", "the trials"))
    # Without a server, MLflow would put the artifacts into the working directory.
    assert there.artifact_location.startswith(store.as_uri())
    of_sweep = f"tags.`mlflow.parentRunId` = '{swept.run_id}'"
    trials = client.search_runs([there.experiment_id], of_sweep)
    assert len(trials) == 4
    (evaluated,) = client.search_runs([here.experiment_id], of_sweep)
    assert evaluated.data.params["evaluate.model"] == swept.model_uri
    everywhere = mlflow.search_runs(search_all_experiments=True, filter_string=of_sweep)
    assert len(everywhere) == 5

    def models(experiment_id: str) -> set[str]:
        found = client.search_logged_models([experiment_id])
        ours = {run.info.run_id for run in trials}
        return {model.model_uri for model in found if model.source_run_id in ours}

    assert models(here.experiment_id) == {swept.model_uri}
    others = {*swept.selection.frontier} - {swept.selection.chosen}
    assert len(models(there.experiment_id)) == len(others) >= 1

    resumed = run_sweep(data, SweepRequest(trials=5, workers=1), resume=swept.run_id)
    assert len(client.search_runs([there.experiment_id], of_sweep)) == 5
    assert list(resumed.table["run_id"][:4]) == list(swept.table["run_id"])
    assert mlflow.get_run(swept.run_id).info.experiment_id == here.experiment_id


@pytest.mark.usefixtures("without_pages")
def test_a_sweep_of_an_earlier_version_is_resumed(
    data: DataRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trials have the earlier names of metrics, and its request has no newer parameters."""
    request = SweepRequest(
        trials=3, space=SPACE, constraint="equality_of_opportunity_difference<=0.9", workers=1
    )
    with monkeypatch.context() as earlier:
        earlier.setattr(
            "fairrun.tracking.trials.loggable",
            lambda metrics, _: {
                former_metric_name(name): value
                for name, value in metrics.items()
                if np.isfinite(value)
            },
        )
        before = run_sweep(data, request)
    logged = children(before.run_id)[0].data.metrics
    assert "equality_of_opportunity_difference_ci_low" in logged
    request_then = read_sweep(before.run_id)
    del request_then["trials_experiment"]
    mlflow.MlflowClient().log_dict(before.run_id, request_then, "sweep.json")
    resumed = run_sweep(data, SweepRequest(trials=4, workers=1), resume=before.run_id)
    assert list(resumed.table["run_id"][:3]) == list(before.table["run_id"])
    names = ["accuracy", "accuracy_ci_high", "statistical_parity", "roc_auc", "verdict"]
    for name in (*names, "equality_of_opportunity_difference_ci_low"):
        assert list(resumed.table[name][:3]) == list(before.table[name])


@pytest.mark.usefixtures("without_pages")
def test_a_resumed_sweep_knows_all_metrics_of_a_column_with_an_odd_name(
    tmp_path: Path, data: DataRequest
) -> None:
    frame = pd.read_parquet(str(data.data))
    frame["a=b"] = np.where(np.arange(len(frame)) % 2, "x", "y")
    frame.to_parquet(tmp_path / "odd.parquet", index=False)
    path = str(tmp_path / "odd.parquet")
    odd = replace(data, data=path, protected=["sex", "a=b"], privileged=["Male", "x"])
    before = run_sweep(odd, SweepRequest(trials=2, space=SPACE, workers=1))
    resumed = run_sweep(odd, SweepRequest(trials=3, workers=1), resume=before.run_id)
    assert [*resumed.table] == [*before.table]
    name = "average_odds_difference_ci_low/a=b"
    assert list(resumed.table[name][:2]) == list(before.table[name])


def test_optuna_reads_a_sweep(swept: Swept) -> None:
    from fairrun.sweep.objectives import parse_objectives
    from fairrun.sweep.space_text import parse_space
    from fairrun.sweep.trial import TrialResult

    results = [
        TrialResult(
            int(run.data.tags["sweep.trial"]),
            json.loads(run.data.tags["sweep.parameters"]),
            "complete",
            run.data.metrics,
        )
        for run in children(swept.run_id)
    ]
    study = to_optuna(results, parse_space(SPACE), parse_objectives("accuracy", ()))
    assert study.best_value == max(result.metrics["accuracy"] for result in results)


@pytest.mark.usefixtures("without_pages")
def test_no_method_that_reads_the_group_is_tried_also_after_a_resume(
    data: DataRequest, caplog: pytest.LogCaptureFixture
) -> None:
    space = "mitigator=none,reweighing; C=0.01..100 log 5"
    request = SweepRequest(trials=3, space=space, workers=1, reads_group="no")
    with caplog.at_level("INFO", "fairrun"):
        swept = run_sweep(data, request)
    assert "reads_group=no: 9 of 15 mitigators are not tried" in caplog.text
    assert read_sweep(swept.run_id)["reads_group"] == "no"
    again = run_sweep(data, SweepRequest(trials=4, workers=1), resume=swept.run_id)
    assert read_sweep(again.run_id)["reads_group"] == "no"
    note = mlflow.get_run(swept.run_id).data.tags["mlflow.note.content"]
    assert "9 of 15 mitigators are not tried" in note
    assert set(again.table["mitigator"]) <= {"none", "reweighing"}
    refused = replace(request, space="mitigator=none,group_thresholds")
    with pytest.raises(RequestError, match="reads_group=no does not go with mitigators that read"):
        run_sweep(data, refused)
