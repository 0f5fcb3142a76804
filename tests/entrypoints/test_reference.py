"""An evaluation of test rows logs what monitoring will compare later rows with."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest
from click.testing import Result

from fairrun.metrics import WeightedCounts
from fairrun.monitor import NumberBins, Reference
from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_commands import artifacts, runs, succeed
from tests.people import make_raw

Invoke = Callable[..., Result]


def of_last_run() -> Reference:
    run_id = runs()[-1].info.run_id
    return Reference.from_dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/reference.json"))


def test_it_describes_the_test_rows_and_says_where_it_comes_from(run: Invoke, trained: str) -> None:
    succeed(run("evaluate", "--model", trained))
    reference, evaluated = of_last_run(), runs()[-1]
    metrics, spec = evaluated.data.metrics, f"runs:/{evaluated.info.run_id}/dataset.json"
    assert reference.n_rows == metrics["n_rows"]
    assert reference.measured.model == trained
    assert reference.measured.model_id
    assert reference.measured.run_id == evaluated.info.run_id
    assert reference.measured.digest == mlflow.artifacts.load_dict(spec)["digests"]["test"]
    assert {*reference.columns} == {"age", "weight", "job", "gain"}
    assert isinstance(reference.columns["age"].bins, NumberBins)
    assert "clerk" in reference.columns["job"].bins.names
    (everybody,) = [each for each in reference.groups if not each.protected]
    assert everybody.selection_rate == pytest.approx(metrics["selection_rate"])
    counts = mlflow.artifacts.load_dict(f"runs:/{evaluated.info.run_id}/counts.json")
    assert reference.to_dict()["counts"] == counts
    assert {each.group for each in reference.calibration} == {"Male", "Female"}


def test_other_rows_are_no_reference(run: Invoke, trained: str, table: Path) -> None:
    succeed(run("evaluate", "--model", trained, "--data", table))
    assert "reference.json" not in artifacts(runs()[-1].info.run_id)


def test_weights_clusters_and_row_keys(run: Invoke, tmp_path: Path) -> None:
    rows = make_raw(1200, seed=3)
    rows["weight"] = rows["weight"].abs()
    rows = rows.assign(household=np.arange(1200) // 2, key=np.arange(1200).astype(str))
    rows.to_parquet(tmp_path / "survey.parquet", index=False)
    about = ["--data", tmp_path / "survey.parquet", *ABOUT]
    about += ["--weight", "weight", "--cluster", "household"]
    output = succeed(run("train", *about, "--mitigator", "equalized_odds", "--row-key", "key"))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    succeed(run("evaluate", "--model", uri))
    reference = of_last_run()
    # Neither the group, nor the weight, the cluster or the key of a row is a feature.
    assert {*reference.columns} == {"age", "job", "gain"}
    assert reference.n_clusters == runs()[-1].data.metrics["n_clusters"]
    assert reference.sum_of_weights == runs()[-1].data.metrics["sum_of_weights"]
    assert reference.columns["age"].weights is not None
    assert isinstance(reference.counts, WeightedCounts)
