from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import pytest

from fairrun.errors import RequestError
from fairrun.models.provenance import Provenance, fetch
from tests.contract.conftest import Case


def evaluated(case: Case, verdict: str | None, rows: str = "test") -> None:
    """Leave an evaluation of the model, as `evaluate` does."""
    with mlflow.start_run(tags={"evaluated.rows": rows}):
        mlflow.log_metric("accuracy", 0.8, model_id=case.loaded.metadata.model_id)
        if verdict is not None:
            mlflow.set_tag("fairness.gate", verdict)


@pytest.fixture(scope="module")
def registered(case: Case) -> str:
    """The name of a registered model: version 1 without a verdict, version 2 with one."""
    client = mlflow.MlflowClient()
    client.create_registered_model("income")
    for _ in range(2):
        client.create_model_version("income", case.uri, model_id=case.loaded.metadata.model_id)
    client.set_model_version_tag("income", "2", "fairness.gate", "insufficient_evidence")
    client.set_registered_model_alias("income", "champion", "2")
    return "income"


def test_a_logged_model(case: Case) -> None:
    run_id = case.loaded.metadata.run_id
    client = mlflow.MlflowClient()
    client.set_tag(run_id, "dataset.digest", "0123abcd")
    client.set_tag(run_id, "mlflow.source.git.commit", "c0ffee")
    folder, provenance = fetch(case.uri)
    assert (folder / "MLmodel").is_file()
    assert provenance == Provenance(
        model_uri=case.uri,
        model_id=case.loaded.metadata.model_id,
        run_id=run_id,
        mitigator="correlation_remover+equalized_odds",
        data_digest="0123abcd",
        git_commit="c0ffee",
    )
    assert list(provenance.to_dict()) == list(vars(provenance))


def test_the_last_evaluation_with_a_gate_has_the_verdict(case: Case) -> None:
    for verdict, said in (("fail", "fail"), ("pass", "pass"), (None, "pass")):
        evaluated(case, verdict)
        assert fetch(case.uri)[1].gate == said


def test_the_verdict_is_that_of_the_test_rows_if_there_is_one(case: Case) -> None:
    evaluated(case, "fail")
    evaluated(case, "pass", rows="evaluation")
    assert fetch(case.uri)[1].gate == "fail"


def test_a_registered_model(case: Case, registered: str) -> None:
    evaluated(case, "pass")
    _, first = fetch(f"models:/{registered}/1")
    assert (first.name, first.version, first.gate) == (registered, "1", "pass")
    for uri in (f"models:/{registered}/2", f"models:/{registered}@champion"):
        _, second = fetch(uri)
        assert second.model_uri == uri
        assert (second.version, second.gate) == ("2", "insufficient_evidence")
        assert second.model_id == case.loaded.metadata.model_id


def test_a_folder_that_another_store_has_logged(
    case: Case, tmp_path: Path, empty_store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(empty_store, tmp_path)}")
    try:
        folder, provenance = fetch(str(case.folder))
    finally:
        mlflow.set_tracking_uri(before)
    assert folder == case.folder
    assert provenance.data_digest is None
    assert provenance.mitigator == "correlation_remover+equalized_odds"
    assert "not in this tracking store" in caplog.text


@pytest.mark.parametrize(
    "uri", ["models:/nobody/1", "models:/nobody@champion", "runs:/0123/model", "nowhere"]
)
def test_what_is_not_there(case: Case, uri: str) -> None:
    with pytest.raises(RequestError, match=f"model={uri} cannot be loaded"):
        fetch(uri)
