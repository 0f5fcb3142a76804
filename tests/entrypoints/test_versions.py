"""What evaluations leave on a registered version, from training to `/version` of the app."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import Result

from fairrun.gate import parse_gate
from fairrun.models.provenance import fetch
from fairrun.runs.evaluate import run_evaluate
from tests.entrypoints.conftest import ABOUT


def test_a_version_has_the_verdict_of_its_test_rows(
    run: Callable[..., Result], table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained = run("train", "--data", table, *ABOUT)
    (uri,) = re.findall(r"-P model=(\S+)", trained.output)
    assert mlflow.register_model(uri, "people").tags == {}
    version = "models:/people/1"
    lax, strict = (
        parse_gate("accuracy>=0.5; statistical_parity<=0.9"),
        parse_gate("accuracy>=0.999"),
    )
    with caplog.at_level(logging.INFO):
        of_test = run_evaluate(version, gate=lax, report=False)
        run_evaluate(version, data=str(table), gate=strict, report=False)
    assert f"{version} has the tag fairness.gate=pass (before: none)" in caplog.text
    assert f"the tag fairness.gate of {version} is not changed (now: pass)" in caplog.text
    found = mlflow.MlflowClient().get_model_version("people", "1")
    training = mlflow.get_run(uri.split("/")[1]).data.tags
    assert found.tags == {
        "mitigator": "none",
        "dataset.digest": training["dataset.digest"],
        "fairness.gate": "pass",
        "evaluated.run_id": of_test.run_id,
        "monitoring.reference": f"runs:/{of_test.run_id}/reference.json",
    }
    assert "A model without mitigation (`logistic_regression`), on 718 rows of `people`" in (
        found.description
    )
    assert "- accuracy 0." in found.description
    provenance = fetch(version)[1]
    assert (provenance.name, provenance.version, provenance.gate) == ("people", "1", "pass")
