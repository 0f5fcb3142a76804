"""A cluster column from the command line to the splits, the metrics, the gate and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from fairrun.tracking.names import SPEC
from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_weights import artifact, last_run
from tests.people import make_raw

Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def households(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People of whom three each are in one household and have the same values."""
    frame = make_raw(400, seed=3).loc[np.repeat(np.arange(400), 3)]
    path = tmp_path_factory.mktemp("households") / "people.csv"
    frame.assign(household=[f"h{i // 3:03}" for i in range(1200)]).to_csv(path, index=False)
    return path


def test_clusters_reach_splits_metrics_gate_and_report(run: Invoke, households: Path) -> None:
    trained = run("train", "--data", households, *ABOUT, "--cluster", "household")
    assert trained.exit_code == 0, trained.output
    assert (
        "cluster=household: 1,200 rows in 400 clusters, the largest with 3 rows" in trained.output
    )
    (uri,) = re.findall(r"-P model=(\S+)", trained.output)
    assert last_run().data.params["data.cluster"] == "household"
    spec = json.loads(artifact(last_run(), SPEC).read_text("utf-8"))
    assert spec["cluster"] == "household"
    assert "household" not in spec["types"]

    gate = "accuracy>=0.3; min_count=100"
    evaluated = run("evaluate", "--model", uri, "--gate", gate)
    assert evaluated.exit_code == 5, evaluated.output
    assert "clustered rows, fewer than min_count=100" in evaluated.output
    logged = last_run()
    n_rows, n_clusters = (logged.data.metrics[name] for name in ("n_rows", "n_clusters"))
    assert n_rows == 3 * n_clusters
    assert n_rows == pytest.approx(240, abs=6)
    assert logged.data.params["evaluate.cluster"] == "household"
    report = artifact(logged, "report.html").read_text("utf-8")
    assert f"The rows are in {n_clusters:.0f} clusters by household." in report
    assert "Metrics of scores, such as the AUC and the Brier score, have no interval" in report

    # Another file without the column is measured, and a line says so.
    other = households.with_name("other.csv")
    make_raw(300, seed=4).to_csv(other, index=False)
    evaluated = run("evaluate", "--model", uri, "--data", other)
    assert evaluated.exit_code == 0, evaluated.output
    assert "the data has no column household, the cluster" in evaluated.output
    assert "n_clusters" not in last_run().data.metrics


def test_preprocess_and_check_take_clusters(run: Invoke, households: Path) -> None:
    given = ["--data", households, *ABOUT, "--cluster", "household"]
    assert run("preprocess", *given).exit_code == 0
    one = run("train", "--data", last_run().info.run_id)
    assert one.exit_code == 0, one.output
    assert last_run().data.metrics["n_clusters"] * 3 == last_run().data.metrics["n_rows"]
    checked = run("check", *given)
    assert checked.exit_code == 0, checked.output
    nearest = run("train", *given[:-1], "houshold")
    assert nearest.exit_code == 2
    assert "cluster=houshold is not a column of the data; did you mean household" in nearest.output
