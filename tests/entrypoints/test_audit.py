"""`audit` as it is typed: what it logs and prints, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from shlex import quote
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from fairrun import ProtectedColumn, evaluate_predictions
from fairrun.groups import Protected
from fairrun.metrics import BIAS_METRICS, PERFORMANCE_METRICS
from fairrun.tracking.metric_names import metrics_by_name
from tests.people import make_raw

Invoke = Callable[..., Result]

#: Metrics of predictions alone.
WITHOUT_LABELS = {
    *("statistical_parity", "disparate_impact", "four_fifths_rule", "cohen_d", "2sd_rule"),
}


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV file with decisions, scores and labels."""
    rng = np.random.default_rng(5)
    frame = make_raw(1200, seed=3)
    chance = rng.random(1200) * 0.7 + 0.3 * (frame["sex"] == "Male")
    frame["score"] = chance.clip(0, 1).round(3)
    frame["decision"] = np.where(frame["score"] >= 0.5, "approved", "rejected")
    frame["hours"] = rng.gamma(2, 1, 1200).round(2)
    path = tmp_path_factory.mktemp("decided") / "decisions.csv"
    frame.to_csv(path, index=False)
    return path


def about(data: Path, *more: object) -> tuple[object, ...]:
    return ("--data", data, "--protected", "sex", "--privileged", "Male", *more)


def last_run() -> Run:
    (experiment,) = mlflow.search_experiments(filter_string="name = 'commands'")
    runs = mlflow.MlflowClient().search_runs([experiment.experiment_id])
    return runs[0]


def logged(run: Run) -> dict[str, float]:
    return metrics_by_name(run.data.metrics, "sex")


def test_the_next_command_asks_for_the_same_with_a_gate(run: Invoke, decided: Path) -> None:
    more = ("--given", "job", "--min-cell", 7, "--purpose", "a try")
    result = run("audit", *about(decided, "--prediction", "decision", *more))
    asked = result.stdout.partition("next, audit with a gate")[2]
    for each in ("given=job", "min_cell=7", "'purpose=a try'", "gate="):
        assert each in asked.replace("purpose='a try'", "'purpose=a try'")


def test_the_next_gate_names_no_column_that_a_gate_cannot_read(run: Invoke, decided: Path) -> None:
    frame = pd.read_csv(decided).rename(columns={"sex": "sex;@"})
    other = decided.parent / "named.csv"
    frame.to_csv(other, index=False)
    given = ("--prediction", "decision", "--protected", "sex;@", "--privileged", "Male")
    asked = run("audit", "--data", other, *given).stdout.partition("next, audit")[2]
    assert "gate='statistical_parity<=0.1'" in asked


def test_a_gate_on_labels_is_refused_before_the_model_is_opened(run: Invoke, decided: Path) -> None:
    gate = ("--gate", "accuracy>=0.8")
    result = run("audit", *about(decided, "--model", "models:/nobody/1", *gate))
    assert result.exit_code == 2
    assert "needs the true labels" in result.stderr


@pytest.mark.parametrize("given", ["decision", "score:0..0.5..1"])
def test_no_outcome_is_a_legitimate_factor(run: Invoke, decided: Path, given: str) -> None:
    said = ("--prediction", "decision", "--score", "score", "--given", given)
    result = run("audit", *about(decided, *said))
    assert result.exit_code == 2
    assert "known before the decision" in result.stderr


def in_the_library(data: Path, **given: Any) -> dict[str, float]:
    """Return the metrics that the public function computes from the same rows."""
    frame = pd.read_csv(data)
    column = ProtectedColumn.from_frame(frame, Protected("sex", "Male", "Female"))
    return evaluate_predictions(
        [column],
        [column.positions(frame)],
        (frame["paid"] == "high").astype(int) if given.get("labelled") else None,
        (frame["decision"] == "approved").astype(int),
        frame["score"] if given.get("scored") else None,
        weight=frame["hours"] if given.get("weighted") else None,
    ).metrics


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ([], {}),
        (["--score", "score"], {"scored": True}),
        (["--target", "paid", "--positive", "high"], {"labelled": True}),
        (
            ["--target", "paid", "--positive", "high", "--score", "score", "--weight", "hours"],
            {"labelled": True, "scored": True, "weighted": True},
        ),
    ],
)
def test_it_logs_what_the_library_computes(
    run: Invoke, decided: Path, options: list[str], given: dict[str, bool]
) -> None:
    result = run("audit", *about(decided, "--prediction", "decision", *options))
    assert result.exit_code == 0, result.output
    found, expected = logged(last_run()), in_the_library(decided, **given)
    for name, value in expected.items():
        if np.isfinite(value):
            assert found[name] == value, name
    labelled = "labelled" in given
    assert (PERFORMANCE_METRICS.keys() <= found.keys()) == labelled
    assert labelled or not (BIAS_METRICS.keys() - WITHOUT_LABELS) & found.keys()
    assert labelled or "not measured: accuracy" in result.output


def test_a_threshold_decides_as_the_column_does(run: Invoke, decided: Path) -> None:
    assert run("audit", *about(decided, "--prediction", "decision")).exit_code == 0
    column = last_run()
    asked = about(decided, "--score", "score", "--threshold", "0.5")
    assert run("audit", *asked).exit_code == 0
    assert last_run().info.run_id != column.info.run_id
    assert logged(last_run()) == logged(column)


def test_where_measures_a_part(run: Invoke, decided: Path) -> None:
    asked = about(decided, "--prediction", "decision", "--where", "age>=40; job=clerk|sales")
    result = run("audit", *asked)
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(decided)
    part = (frame["age"] >= 40) & frame["job"].isin(["clerk", "sales"])
    assert logged(last_run())["n_rows"] == part.sum()
    # The notes are in the log, and the next command has the filter.
    notes = mlflow.artifacts.load_dict(f"runs:/{last_run().info.run_id}/data_notes.json")["notes"]
    assert any(f"{part.sum()} of 1,200 rows are left" in note for note in notes)
    assert "-P where='age>=40; job=clerk|sales'" in result.output
    assert "rows with `age>=40; job=clerk|sales`" in last_run().data.tags["mlflow.note.content"]


def test_the_next_command_asks_for_the_same_analyses(run: Invoke, decided: Path) -> None:
    further = ("--given", "job", "--subgroups", 1, "--min-cell", 7, "--purpose", "yearly audit")
    result = run("audit", *about(decided, "--prediction", "decision", *further))
    assert result.exit_code == 0, result.output
    (following,) = (line for line in result.stdout.splitlines() if "gate=" in line)
    for asked in ("given=job", "subgroups=1", "min_cell=7", "purpose='yearly audit'"):
        assert f" -P {asked} " in following


def test_further_protected_columns_are_printed(run: Invoke, decided: Path) -> None:
    both = ("--protected", "sex,job", "--privileged", "Male,clerk")
    result = run("audit", "--data", decided, "--prediction", "decision", *both)
    assert result.exit_code == 0, result.output
    metrics = last_run().data.metrics
    for column, groups in [
        ("job", "clerk against not clerk"),
        ("sex:job", "Male:clerk against Female:not clerk"),
    ]:
        parity = metrics[f"{column}/statistical_parity"]
        said = f"{column}, statistical parity of {groups}: {parity:+.3f} ("
        assert f"\n{said}" in result.stdout


def test_the_answers_of_a_model_are_measured(run: Invoke, decided: Path) -> None:
    frame = pd.read_csv(decided)
    model = LogisticRegression().fit(frame[["score"]], frame["paid"])
    logged_model = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(frame[["score"]], frame["paid"]),
        serialization_format="pickle",
        pip_requirements=["mlflow"],
    )
    asked = about(decided, "--model", logged_model.model_uri, "--where", "age>=30")
    assert "says which one is favourable" in run("audit", *asked).output
    result = run("audit", *asked, "--positive", "high", "--target", "paid")
    assert result.exit_code == 0, result.output
    part = frame[frame["age"] >= 30]
    right = model.predict(part[["score"]]) == part["paid"]
    assert logged(last_run())["accuracy"] == right.mean()


@pytest.mark.parametrize(
    ("gate", "mode", "code", "verdict"),
    [
        ("selection_rate>=0.1", "enabled", 0, "pass"),
        ("disparate_impact>=0.99 @ sex", "enabled", 4, "fail"),
        ("disparate_impact>=0.99 @ sex", "dry_run", 0, "fail"),
        ("statistical_parity<=0.4 @ sex", "enabled", 5, "insufficient evidence"),
    ],
)
def test_the_exit_code_is_the_verdict(
    run: Invoke, decided: Path, gate: str, mode: str, code: int, verdict: str
) -> None:
    asked = about(decided, "--prediction", "decision", "--gate", gate, "--gate-mode", mode)
    result = run("audit", *asked)
    assert result.exit_code == code, result.output
    last = result.output.strip().splitlines()[-1]
    assert last.startswith(f"gate: {verdict}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "nothing says what was decided; give prediction=COLUMN"),
        (["--score", "score"], "score=score alone does not say what was decided"),
        (["--score", "score", "--threshold", "x"], "threshold=x is not a number"),
        (["--prediction", "decison"], "did you mean decision?"),
        (["--prediction", "job"], "prediction=job has 4 values"),
        (["--prediction", "decision", "--where", "aeg>4"], "did you mean age?"),
        (["--prediction", "decision", "--where", "age"], "'age' in where=age is not a condition"),
        (["--prediction", "sex"], "the column 'sex' is prediction and protected"),
        (["--prediction", "decision", "--gate", "accuracy>=2"], "accuracy"),
        (["--prediction", "decision", "--purpose", "a\nb"], "is not one line of 1 to 300"),
        (["--prediction", "decision", "--model", "nowhere"], "model and prediction were given"),
        (["--model", "nowhere"], "because there is no such folder"),
        (["--prediction", "decision", "--subgroups", "9"], "subgroups=9 is not"),
        # What the rows must have is known before they are read and before a model is asked.
        (["--prediction", "decision", "--gate", "accuracy>=0.5"], "it needs the true labels"),
        (["--prediction", "decison", "--gate", "accuracy>=0.5"], "it needs the true labels"),
        (["--model", "models:/no/1", "--gate", "accuracy>=0.5"], "it needs the true labels"),
        (["--score-scale", "odds"], "score_scale=odds is not known"),
    ],
)
def test_a_bad_request_leaves_no_run(
    run: Invoke, decided: Path, options: list[str], said: str
) -> None:
    result = run("audit", *about(decided, *options))
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    (experiment,) = mlflow.search_experiments(filter_string="name = 'commands'")
    assert not mlflow.MlflowClient().search_runs([experiment.experiment_id])


def test_the_next_command_repeats_the_audit(
    run: Invoke, decided: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(decided.parent)
    given = {
        "score": "score",
        "threshold": "0.6",
        "given": "job,age:18..40..65",
        "subgroups": "2",
        "min_cell": "1",
        "justification": "too few",
        "purpose": "a yearly look",
    }
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    result = run("audit", *about(Path(decided.name), *options))
    assert result.exit_code == 0, result.output
    assert f"-P data={decided.resolve()} " in result.output
    for name, value in given.items():
        assert f"-P {name}={quote(value)}" in result.output
    parameters = last_run().data.params
    assert parameters["audit.threshold"] == "0.6"


@pytest.mark.parametrize("factor", ["decision", "score:0..0.5..1", "paid", "hours:0..2..20"])
def test_an_outcome_is_no_factor(run: Invoke, decided: Path, factor: str) -> None:
    roles = ("--prediction", "decision", "--score", "score", "--target", "paid")
    more = ("--positive", "high", "--weight", "hours", "--given", f"job,{factor}")
    result = run("audit", *about(decided, *roles, *more))
    assert result.exit_code == 2, result.output
    assert f"given={factor.split(':')[0]} is also " in result.output
    assert last_run().info.status == "FAILED"
    assert not last_run().data.metrics


def test_a_search_does_not_look_in_dropped_columns(run: Invoke, decided: Path) -> None:
    asked = ("--prediction", "decision", "--subgroups", 1, "--min-cell", 1)
    found = run("audit", *about(decided, *asked, "--drop", "score,job"))
    assert found.exit_code == 0, found.output
    assert "-P drop=score,job" in found.output
    table = mlflow.artifacts.load_text(f"runs:/{last_run().info.run_id}/audit/subgroups.csv")
    assert not {"score", "job"} & {*pd.read_csv(StringIO(table))["protected"]}
    refused = run("audit", *about(decided, *asked, "--drop", "scor"))
    assert refused.exit_code == 2
    assert "did you mean score?" in refused.stderr
