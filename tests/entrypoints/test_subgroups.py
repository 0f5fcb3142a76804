"""The search for subgroups, asked for at the command line."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from tests.entrypoints.conftest import ABOUT

Invoke = Any


@pytest.fixture
def model(run: Invoke, table: Path) -> str:
    result = run("train", "--data", table, *ABOUT)
    (uri,) = re.findall(r"-P model=(\S+)", result.output)
    return str(uri)


def test_evaluate_searches_for_subgroups(run: Invoke, model: str, table: Path) -> None:
    result = run("evaluate", "--model", model, "--data", table, "--subgroups", "1")
    assert result.exit_code == 0, result.output
    assert re.search(r"^subgroups: .* confirmed", result.output, flags=re.MULTILINE)
    (run_id,) = re.findall(r"run (\w+) has report.html", result.output)
    text = mlflow.artifacts.load_text(f"runs:/{run_id}/audit/subgroups.csv")
    found = pd.read_csv(io.StringIO(text))
    assert len(found)
    # Neither the target nor a crossing of two columns is searched.
    assert not found["protected"].str.contains(":|paid").any()
    page = mlflow.artifacts.load_text(f"runs:/{run_id}/report.html")
    assert "Subgroups that nobody named" in page
    assert "-P subgroups=1" in page
    data = mlflow.get_run(run_id).data
    assert data.metrics["overall/subgroups_tested"] == len(found)


def test_too_few_rows_are_refused_in_a_line(
    run: Invoke, model: str, table: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few.parquet"
    pd.read_parquet(table).head(90).to_parquet(few)
    result = run("evaluate", "--model", model, "--data", few, "--subgroups", "2")
    assert result.exit_code == 2
    assert "90 rows cannot be searched for subgroups, because each half needs 60" in result.output
    result = run("evaluate", "--model", model, "--subgroups", "4")
    assert result.exit_code == 2
    assert "subgroups=4 is not possible; give a whole number from 0 to 3" in result.output
