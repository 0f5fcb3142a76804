"""The tags and the description of registered versions, which evaluations write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from fairrun.groups import ProtectedColumn
from fairrun.tracking.versions import describe_versions
from tests.contract.conftest import Case, make_case, people, rows, store

__all__ = ["people", "rows", "store"]

Evaluate = Callable[..., str]

WRITES = ["set_model_version_tag", "update_model_version"]


@pytest.fixture(scope="module")
def case(people: Any, store: str) -> Case:
    logged = make_case(people, {"mitigator": "reweighing"})
    tags = {"dataset.digest": "0123abcd", "dataset.name": "people", "estimator": "boosted"}
    for name, value in tags.items():
        mlflow.MlflowClient().set_tag(logged.loaded.metadata.run_id, name, value)
    return logged


@pytest.fixture
def name(case: Case) -> Iterator[str]:
    """A registered model with one version; it is deleted after the test."""
    client, name = mlflow.MlflowClient(), "income of people"
    client.create_registered_model(name)
    client.create_model_version(name, case.uri, model_id=case.loaded.metadata.model_id)
    yield name
    for each in client.search_registered_models():
        client.delete_registered_model(each.name)


@pytest.fixture
def evaluate(case: Case) -> Evaluate:
    """Leave an evaluation, as the entry point does; return the id of its run."""

    def leave(
        uri: str,
        verdict: str | None = None,
        rows: str = "test",
        documents: Sequence[str] = (),
        about: Mapping[str, str] | None = None,
        **metrics: float,
    ) -> str:
        tags = {"mitigator": "reweighing", "evaluated.rows": rows, **(about or {})}
        with mlflow.start_run(tags=tags) as run:
            mlflow.log_metrics({"accuracy": 0.8, "n_rows": 1234.0} | metrics)
            if verdict is not None:
                mlflow.log_param("evaluate.gate", "accuracy>=0.7")
                mlflow.set_tag("fairness.gate", verdict)
            for document in documents:
                mlflow.log_text("…", document)
            column = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
            describe_versions(uri, case.loaded.metadata.model_id, run.info.run_id, column)
        return str(run.info.run_id)

    return leave


def version(name: str, number: int = 1) -> ModelVersion:
    return mlflow.MlflowClient().get_model_version(name, str(number))


def test_an_evaluation_with_a_gate_is_on_the_version(
    case: Case, name: str, evaluate: Evaluate
) -> None:
    run_id = evaluate(
        *(case.uri, "insufficient_evidence"),
        disparate_impact=1.25,
        disparate_impact_ci_low=1.1,
        disparate_impact_ci_high=2,
        statistical_parity=0.041,
        statistical_parity_ci_low=-0.01,
        statistical_parity_ci_high=0.058,
    )
    found = version(name)
    assert found.tags == {
        "mitigator": "reweighing",
        "dataset.digest": "0123abcd",
        "fairness.gate": "insufficient_evidence",
        "evaluated.run_id": run_id,
    }
    said = str(found.description)
    assert "Trained with `reweighing` (`boosted`), on `people` with digest `0123abcd`" in said
    assert f"On the 1,234 test rows (run `{run_id}`)" in said
    assert "- accuracy 0.800" in said.splitlines()
    assert "- disparate_impact 1.250 (1.100 to 2.000)" in said
    assert "- statistical_parity +0.041 (-0.010 to +0.058)" in said
    assert "Ratios are `Male` / `Female`" in said
    assert "Verdict of the gate `accuracy>=0.7` in this run: **insufficient evidence**." in said
    assert f"-P 'model=models:/{name}/1'" in said


def test_only_the_version_that_was_named_is_written(
    case: Case, name: str, evaluate: Evaluate
) -> None:
    client = mlflow.MlflowClient()
    for _ in range(3):
        client.create_model_version(name, case.uri, model_id=case.loaded.metadata.model_id)
    client.set_registered_model_alias(name, "champion", "2")
    evaluate(f"models:/{name}@champion", "fail")
    evaluate(f"models:/{name}/3", "pass")
    evaluate(f"models:/{name}/latest", "insufficient_evidence")
    verdicts = [version(name, number).tags.get("fairness.gate") for number in (1, 2, 3, 4)]
    assert verdicts == [None, "fail", "pass", "insufficient_evidence"]


@pytest.mark.parametrize("uri", ["models:/{model_id}", "runs:/{run_id}/model"])
def test_a_model_means_all_of_its_versions_and_no_other(
    case: Case, name: str, evaluate: Evaluate, uri: str
) -> None:
    client, metadata = mlflow.MlflowClient(), case.loaded.metadata
    copied = client.copy_model_version(f"models:/{name}/1", f"{name}, live")
    other = client.create_model_version(name, "/somewhere/else", run_id=metadata.run_id)
    evaluate(uri.format(model_id=metadata.model_id, run_id=metadata.run_id), "pass")
    assert version(name).tags["fairness.gate"] == "pass"
    assert version(copied.name).tags["fairness.gate"] == "pass"
    assert version(name, other.version).tags == {}


def test_an_alias_that_has_moved_to_another_model_is_not_written(
    name: str, evaluate: Evaluate
) -> None:
    client = mlflow.MlflowClient()
    other = client.create_model_version(name, "/somewhere/else")
    client.set_registered_model_alias(name, "champion", other.version)
    evaluate(f"models:/{name}@champion", "pass")
    assert version(name, other.version).tags == {}


def test_other_rows_do_not_change_the_verdict_of_the_test_rows(
    case: Case, name: str, evaluate: Evaluate, caplog: pytest.LogCaptureFixture
) -> None:
    evaluate(case.uri, "fail")
    before = version(name)
    with caplog.at_level(logging.INFO):
        evaluate(case.uri, "pass", rows="evaluation")
    after = version(name)
    assert (after.tags, after.description) == (before.tags, before.description)
    assert f"fairness.gate of models:/{name}/1 is not changed (now: fail)" in caplog.text


def test_an_evaluation_without_a_gate_leaves_the_verdict_and_its_description(
    case: Case, name: str, evaluate: Evaluate
) -> None:
    evaluate(case.uri, accuracy=0.7)
    assert "No gate was checked" in str(version(name).description)
    evaluate(case.uri, "pass", accuracy=0.8)
    evaluate(case.uri, accuracy=0.9)
    assert version(name).tags["fairness.gate"] == "pass"
    assert "- accuracy 0.800" in str(version(name).description).splitlines()


def test_a_new_verdict_replaces_the_old_one_and_is_said(
    case: Case, name: str, evaluate: Evaluate, caplog: pytest.LogCaptureFixture
) -> None:
    evaluate(case.uri, "pass")
    with caplog.at_level(logging.INFO):
        evaluate(case.uri, "fail")
    assert version(name).tags["fairness.gate"] == "fail"
    assert "fairness.gate=fail (before: pass)" in caplog.text
    assert str(version(name).description).count("Measured by fairrun") == 1


def test_what_a_person_has_written_above_is_kept(case: Case, name: str, evaluate: Evaluate) -> None:
    evaluate(case.uri, "pass")
    ours = str(version(name).description)
    mlflow.MlflowClient().update_model_version(name, "1", f"Ask Ann.\n\n{ours}")
    evaluate(case.uri, "fail")
    said = str(version(name).description)
    assert said.startswith("Ask Ann.\n\n## Measured by fairrun")
    assert "**fail**" in said
    assert "**pass**" not in said


def test_a_version_has_its_card_and_its_reference(
    case: Case, name: str, evaluate: Evaluate
) -> None:
    about = {
        "model_card.missing": "12",
        "model_card.intended_use": "Ranks *applications*",
        "mitigator.reads_group": "true",
        "mitigator.randomised": "false",
    }
    documents = ("model_card.html", "reference.json")
    run_id = evaluate(case.uri, "pass", documents=documents, about=about)
    found = version(name)
    assert found.tags["evaluated.run_id"] == run_id
    assert found.tags["model_card"] == f"runs:/{run_id}/model_card.html"
    assert found.tags["monitoring.reference"] == f"runs:/{run_id}/reference.json"
    said = str(found.description)
    assert "Intended use: Ranks \\*applications\\*" in said
    assert "The model card lacks 12 answers that only people can give." in said
    assert "The model reads `sex` in prediction; if the value is missing, a neutral" in said
    assert "Its rule is not randomised." in said
    assert f"/runs/{run_id}/artifacts/model_card.html)" in said
    # They go with the verdict: an evaluation of other rows, or without a gate, leaves them.
    evaluate(case.uri, "fail", rows="evaluation", documents=documents)
    evaluate(case.uri)
    assert version(name).tags == found.tags
    # A card is not left beside the verdict of another evaluation.
    later = evaluate(case.uri, "fail", about={"model_card.missing": "0"})
    after = version(name)
    assert after.tags["evaluated.run_id"] == later
    assert not {"model_card", "monitoring.reference"} & {*after.tags}
    assert "model card" not in str(after.description)


def test_a_description_is_never_longer_than_the_database_stores(
    case: Case, name: str, evaluate: Evaluate
) -> None:
    client = mlflow.MlflowClient()
    about = {"model_card.intended_use": "x" * 600, "model_card.missing": "1"}
    for length in (0, 3500, 4850, 5000):
        ours = "a" * length
        client.update_model_version(name, "1", ours)
        evaluate(case.uri, "pass", documents=["model_card.html"], about=about)
        said = str(version(name).description)
        assert len(said) <= 5000
        assert said.startswith(ours)
        # What matters most has room first.
        assert ("Verdict of the gate" in said) == (length < 4900)
        assert ("Write your own text" in said) == (length < 3600)


def refuse(*_: object, **__: object) -> None:
    raise MlflowException("Permission denied", error_code=7)


def test_what_is_there_already_is_not_written(
    case: Case, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    column = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    model_id = case.loaded.metadata.model_id
    with mlflow.start_run(tags={"evaluated.rows": "test", "fairness.gate": "pass"}) as run:
        describe_versions(case.uri, model_id, run.info.run_id, column)
        for each in WRITES:
            monkeypatch.setattr(SqlAlchemyStore, each, refuse)
        describe_versions(case.uri, model_id, run.info.run_id, column)
    assert version(name).tags["fairness.gate"] == "pass"
    assert "warning" not in caplog.text


@pytest.mark.parametrize("at", WRITES)
def test_a_registry_that_cannot_be_written_is_a_warning_and_leaves_nothing_wrong(
    case: Case,
    name: str,
    evaluate: Evaluate,
    at: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    evaluate(case.uri, "pass")
    with monkeypatch.context() as patched:
        patched.setattr(SqlAlchemyStore, at, refuse)
        run_id = evaluate(case.uri, "fail")
    assert mlflow.get_run(run_id).info.status == "FINISHED"
    assert "warning: the registered versions of this model may keep the verdict" in caplog.text
    found = version(name)
    # The description is about the run that it names.
    assert "**pass**" in str(found.description)
    assert found.tags["fairness.gate"] == ("pass" if at == "set_model_version_tag" else "fail")
    evaluate(case.uri, "fail")
    assert "**fail**" in str(version(name).description)


def test_a_folder_has_no_versions(case: Case, name: str, evaluate: Evaluate) -> None:
    evaluate(str(Path(case.folder)), "pass")
    assert version(name).tags == {}
