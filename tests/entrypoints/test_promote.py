"""What `promote` decides, changes, says and refuses, from an empty registry on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import Result
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from sklearn.linear_model import LogisticRegression

from fairrun.errors import StoreError
from fairrun.runs import compare
from fairrun.tracking import promotion
from fairrun.tracking.history import read_history
from fairrun.tracking.history_check import check_history
from fairrun.tracking.registered import aliases_of
from tests.entrypoints.conftest import ABOUT

Invoke = Callable[..., Result]

LAX = "accuracy>=0.5; statistical_parity<=0.9"
STRICT = "accuracy>=0.999"


@pytest.fixture(autouse=True)
def _without_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the picture of each comparison, which tests/figures draws."""
    monkeypatch.setattr(compare, "plot_model_differences", lambda *_: None)
    monkeypatch.setattr(compare, "to_png", lambda _: b"")


def promote(run: Invoke, model: str, gate: str, *more: object) -> Result:
    return run("promote", "--model", model, "--name", "pay", "--gate", gate, *more)


def last_line(result: Result) -> str:
    return str(result.output.strip().splitlines()[-1])


def test_from_an_empty_registry(run: Invoke, trained: str, table: Path) -> None:
    # A dry run writes nothing to the registry.
    dry = promote(run, trained, LAX, "--gate-mode", "dry_run", "--data", "rows.csv")
    assert dry.exit_code == 0, dry.output
    # The first promotion has no use for rows of the comparison, and says so.
    assert "data=rows.csv was not read: its rows are for a comparison" in dry.output
    assert last_line(dry).startswith("promotion: pass (dry_run changed nothing; the model would")
    assert aliases_of("pay") == {}
    assert read_history("pay").entries == ()

    first = promote(run, trained, LAX)
    assert first.exit_code == 0, first.output
    assert "pay has no champion yet, so the gate alone decides." in first.output
    assert "the verdict on this gate is that of run" in first.output  # that of the dry run
    assert last_line(first) == "promotion: pass (pay version 1 is champion, before: none)"
    assert aliases_of("pay") == {"champion": "1", "challenger": "1"}
    version = mlflow.MlflowClient().get_model_version("pay", "1")
    training = mlflow.get_run(trained.split("/")[1]).data.tags
    evaluated = version.tags["evaluated.run_id"]
    assert mlflow.get_run(evaluated).data.tags["evaluated.rows"] == "test"
    assert version.tags["fairness.gate"] == "pass"
    assert version.tags["promotion"] == "promoted"
    assert version.tags["dataset.digest"] == training["dataset.digest"]
    assert "Verdict: **pass** in the promotion of run" in version.description
    assert "models:/pay@champion" in version.description
    history = read_history("pay")
    facts = history.entries[0].facts
    assert facts["evidence"]["evaluated_in"] == evaluated
    assert facts["evidence"]["data_digest"]
    assert facts["evidence"]["compared_in"] == ""

    # The same command changes nothing.
    again = promote(run, trained, LAX)
    assert again.exit_code == 0, again.output
    assert last_line(again) == "promotion: nothing was decided (pay version 1 is already champion)"
    assert read_history("pay").entries == history.entries
    assert check_history(history) == []

    # A model that does not pass is registered, and nothing moves.
    other = run("train", "--data", table, *ABOUT, "--mitigator", "reweighing")
    (candidate,) = re.findall(r"-P model=(\S+)", other.output)
    refused = promote(run, candidate, STRICT)
    assert refused.exit_code == 4, refused.output
    assert "The champion of pay is version 1." in refused.output
    assert "compared on the candidate's test split (241 rows)" in refused.output
    end = "promotion: fail (pay version 2 is registered, champion stays: version 1"
    assert last_line(refused) == f"{end})"
    assert aliases_of("pay") == {"champion": "1", "challenger": "1"}
    tags = mlflow.MlflowClient().get_model_version("pay", "2").tags
    assert (tags["fairness.gate"], tags["promotion"]) == ("fail", "refused")
    assert "accuracy>=0.999, all rows" in tags["promotion.reasons"]

    # The same decision from the same evidence is no new entry.
    n = len(read_history("pay").entries)
    same = promote(run, candidate, STRICT)
    assert same.exit_code == 4, same.output
    assert last_line(same) == f"{end}; entry 3 of its history decided the same)"
    assert len(read_history("pay").entries) == n

    # Another gate is decided from the counts. A margin that the rows cannot decide moves nothing.
    unsure = promote(run, candidate, LAX, "--margin", "0.001")
    assert unsure.exit_code == 5, unsure.output
    assert "the gate was decided from counts.json" in unsure.output
    assert "too little data to say whether it is worse than the champion" in unsure.output
    assert "next, compare both on more labelled rows that neither has seen:" in unsure.output
    assert "-P margin=0.001 -P data=/path/to/more_rows.csv" in unsure.output
    assert aliases_of("pay")["champion"] == "1"

    passed = promote(run, candidate, LAX, "--margin", "0.9")
    assert passed.exit_code == 0, passed.output
    assert last_line(passed) == "promotion: pass (pay version 2 is champion, before: version 1)"
    assert re.search(r"not worse than the champion \(version 1\): .*, margin 0.9\n", passed.output)
    assert aliases_of("pay") == {"champion": "2", "challenger": "2"}
    assert read_history("pay").problems == []

    # A rollback is not undone by the command that is repeated.
    rolled = run("rollback", "--name", "pay", "--reason", "complaints")
    assert rolled.exit_code == 0, rolled.output
    repeated = promote(run, candidate, LAX, "--margin", "0.9")
    assert repeated.exit_code == 2
    assert "version 2 of pay, which entry" in repeated.output
    assert "rolled back (complaints)" in repeated.output
    assert aliases_of("pay")["champion"] == "1"
    reason = "it was another fault, " * 20
    back = run("rollback", "--name", "pay", "--reason", reason, "--version", "2")
    assert back.exit_code == 0, back.output
    # The table of a terminal has the beginning of long reasons, and not their digest.
    assert f"{reason[:150]}" in run("history", "--name", "pay").output
    last = promote(run, candidate, LAX, "--margin", "0.9")
    assert last_line(last).endswith("(pay version 2 is already champion)")

    # A champion that has not passed this gate is not waved through.
    failed = promote(run, candidate, STRICT)
    assert failed.exit_code == 4, failed.output
    assert "The model is the champion already, so the gate alone decides." in failed.output
    assert aliases_of("pay")["champion"] == "2"
    stays = promote(run, candidate, LAX)
    assert last_line(stays) == "promotion: pass (pay version 2 stays champion)"
    assert promote(run, candidate, LAX).output.endswith("is already champion)\n")

    # Without a gate, nothing is decided: the model becomes the challenger.
    disabled = promote(run, trained, "none", "--gate-mode", "disabled")
    assert disabled.exit_code == 0, disabled.output
    assert aliases_of("pay") == {"champion": "2", "challenger": "1"}

    _check_run(passed)


def _check_run(passed: Result) -> None:
    """Check what the run of a promotion has in MLflow."""
    (run_id,) = re.findall(r"run ([0-9a-f]{32}) has promotion.html", passed.output)
    found = mlflow.get_run(run_id)
    assert found.info.run_name == "pay · promote"
    assert found.data.params["promote.margin"] == "0.9"
    assert found.data.tags["fairness.gate"] == "pass"
    description = found.data.tags["mlflow.note.content"]
    assert "**Verdict: pass.** pay version 2 is champion, before: version 1." in description
    assert "| accuracy | all rows |" in description
    assert "-e serve -P model=models:/pay@champion" in description
    names = {each.path for each in mlflow.MlflowClient().list_artifacts(run_id)}
    assert {"gate.json", "not_worse.json", "promotion.html"} <= names
    page = mlflow.artifacts.load_text(f"runs:/{run_id}/promotion.html")
    assert "not worse" in page
    assert "<script" not in page
    children = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{run_id}'", output_format="list"
    )
    assert [each.info.run_name for each in children] == ["candidate · compare · champion 1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gate", "none"), "promote needs gate=…"),
        (("--name", "pay/2026"), "has the character '/'"),
        (("--name", " "), "is empty"),
        (("--margin", "-0.1"), "-0.1 is no margin"),
        (("--gate", "accuracy>=0.8 @ age"), "names 'age'; after @, give one of the protected"),
        (("--gate", "acuracy>=0.8"), "a gate knows no metric 'acuracy'"),
        (("--model", "models:/pay@gone"), "has no registered model 'pay'"),
        (("--model", "models:/pay"), "it names no version"),
        (("--card", "nothing.yaml"), "nothing.yaml"),
    ],
)
def test_a_bad_request_is_refused_in_a_line(
    run: Invoke, trained: str, arguments: tuple[str, str], said: str
) -> None:
    given = {"--model": trained, "--name": "pay", "--gate": LAX} | dict([arguments])
    result = run("promote", *(each for pair in given.items() for each in pair))
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert last_line(result).startswith("error: ")
    assert aliases_of("pay") == {}


def log_foreign_model() -> ModelInfo:
    features = pd.DataFrame({"age": [1.0, 2.0, 3.0]})
    model = LogisticRegression().fit(features, [0, 1, 1])
    return mlflow.sklearn.log_model(
        model, name="other", signature=infer_signature(features, [0]), pip_requirements=[]
    )


def test_of_a_folder_the_logged_model_is_promoted(
    run: Invoke, trained: str, tmp_path: Path
) -> None:
    folder = mlflow.artifacts.download_artifacts(trained, dst_path=str(tmp_path))
    other = log_foreign_model()
    described = Path(folder) / "MLmodel"
    model_id = mlflow.models.get_model_info(trained).model_id
    described.write_text(described.read_text("utf-8").replace(model_id, other.model_id), "utf-8")
    result = promote(run, folder, LAX)
    assert result.exit_code == 2, result.output
    assert "was not made by fairrun" in result.output
    assert aliases_of("pay") == {}


def test_an_evaluation_in_another_experiment_is_used(run: Invoke, trained: str) -> None:
    evaluated = run("evaluate", "--model", trained, "--gate", LAX)
    assert evaluated.exit_code == 0, evaluated.output
    used = mlflow.get_experiment_by_name("commands")
    assert used is not None
    mlflow.create_experiment("elsewhere", artifact_location=used.artifact_location)
    mlflow.set_experiment("elsewhere")
    result = promote(run, trained, LAX)
    assert result.exit_code == 0, result.output
    assert "the verdict on this gate is that of run" in result.output


def test_a_promotion_that_was_stopped_is_finished_and_says_so(
    run: Invoke, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise StoreError("the tracking store is gone")

    with monkeypatch.context() as patched:
        patched.setattr(promotion, "_point", stop)
        assert promote(run, trained, LAX).exit_code == 3
    assert aliases_of("pay") == {}
    done = promote(run, trained, LAX)
    assert done.exit_code == 0, done.output
    assert last_line(done) == (
        "promotion: pass (pay version 1 is champion; an earlier command decided it and was stopped)"
    )
    assert [each.kind for each in read_history("pay").entries] == ["promotion", "done"]
    assert last_line(promote(run, trained, LAX)).endswith("(pay version 1 is already champion)")


def test_a_champion_that_cannot_be_compared_stays(run: Invoke, trained: str) -> None:
    logged = log_foreign_model()
    uri = logged.model_uri
    foreign = promote(run, uri, LAX)
    assert foreign.exit_code == 2
    assert "was not made by fairrun" in foreign.output
    assert "-e audit" in foreign.output

    mlflow.register_model(uri, "pay")
    mlflow.MlflowClient().set_registered_model_alias("pay", "champion", "1")
    result = promote(run, trained, LAX)
    assert result.exit_code == 5, result.output
    assert "the champion, version 1, cannot be compared with the candidate" in result.output
    assert "give the URI that train printed" not in result.output
    assert "set the alias champion in MLflow" in result.output
    assert aliases_of("pay") == {"champion": "1"}
