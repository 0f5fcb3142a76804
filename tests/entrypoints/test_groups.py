"""Groups from the command line and a spec to the answers of the saved model and the gate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import Result

from fairrun.inference import GroupLookup, load_model
from tests.people import make_raw

Invoke = Callable[..., Result]

DECLARED = "[privileged vs unprivileged]"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Age is protected, sex is coded 1 and 2, and the target is yes and no."""
    raw = make_raw(1500, seed=4)
    raw["sex"] = raw["sex"].map({"Male": 1, "Female": 2})
    raw["paid"] = np.where(raw["paid"] == "high", "yes", "no")
    path = tmp_path_factory.mktemp("groups") / "people.csv"
    raw.to_csv(path, index=False)
    return path


def train(run: Invoke, *arguments: object) -> str:
    result = run("train", *arguments)
    assert result.exit_code == 0, result.output
    (uri,) = re.findall(r"-P model=(\S+)", result.output)
    return str(uri)


def parameters(uri: str) -> dict[str, str]:
    return dict(mlflow.MlflowClient().get_run(uri.split("/")[1]).data.params)


@pytest.mark.parametrize("mitigator", ["group_thresholds", "reweighing"])
def test_a_request_has_the_raw_age(run: Invoke, file: Path, mitigator: str) -> None:
    about = ["--target", "paid", "--positive", "1", "--protected", "age,job,sex"]
    groups = ["--privileged", ">=40,clerk|sales,1"]
    if mitigator == "group_thresholds":  # with a margin, these rows could do with one threshold
        about += ["--mitigator-params", '{"confidence": 0.5, "tolerance": 0.01}']
    uri = train(run, "--data", file, *about, *groups, "--mitigator", mitigator)
    assert parameters(uri)["data.privileged"] == ">=40,clerk|sales,1"
    assert parameters(uri)["data.unprivileged"] == "<40,rest,2"

    columns = ["weight", "gain", *(["age"] if mitigator == "group_thresholds" else [])]
    people = pd.read_csv(file)[columns].astype(float)
    answers = mlflow.pyfunc.load_model(uri).predict(people)
    assert set(answers["prediction"]) == {0, 1}
    if mitigator == "group_thresholds":
        inside = load_model(Path(mlflow.artifacts.download_artifacts(uri)) / "artifacts/inference")
        assert inside.groups == GroupLookup("age", (">=40",), ("<40",), ranges=True)
        old = people["age"].to_numpy() >= 40
        assert inside.groups.groups(people).tolist() == np.where(old, 0, 1).tolist()
        # Each side has its threshold: the label is the same function of the score within a group.
        for side in (old, ~old):
            scores, labels = answers["probability"][side], answers["prediction"][side]
            assert scores[labels == 0].max() < scores[labels == 1].min()
        neutral = people.assign(age=np.nan)
        assert inside.groups.groups(neutral).tolist() == [-1] * len(people)
        assert len(mlflow.pyfunc.load_model(uri).predict(neutral)) == len(people)

    gate = f"disparate_impact>=0.1 @ job {DECLARED}; statistical_parity<=0.9 @ age; accuracy>=0.5"
    result = run("evaluate", "--model", uri, "--gate", gate, "--gate-mode", "dry_run")
    assert result.exit_code == 0, result.output
    assert "age >=40 against <40" in result.output
    assert "job clerk or sales against not clerk or sales" in result.output
    if mitigator == "group_thresholds":  # a number of each range was put in
        runs = mlflow.MlflowClient().search_runs(
            [mlflow.get_experiment_by_name("commands").experiment_id], max_results=1
        )
        flips = mlflow.artifacts.download_artifacts(f"runs:/{runs[0].info.run_id}/audit/flips.csv")
        assert pd.read_csv(flips)[["from", "to"]].to_numpy().tolist() == [[">=40", "<40"]]


def test_a_spec_says_the_same(run: Invoke, file: Path, tmp_path: Path) -> None:
    spec = tmp_path / "people.yaml"
    protected = [
        {"column": "age", "privileged": "25..40..65", "unprivileged": ["<25", ">=65"]},
        {"column": "job", "privileged": ["clerk", "sales"]},
        {"column": "sex", "privileged": 1},
    ]
    said = {"source": str(file), "target": "paid", "positive": True, "protected": protected}
    spec.write_text(yaml.safe_dump(said), encoding="utf-8")
    uri = train(run, "--data", spec)
    params = parameters(uri)
    assert params["data.privileged"] == "25..40|40..65,clerk|sales,1"
    assert params["data.unprivileged"] == "<25|>=65,rest,2"
    # The logged spec is read again: the evaluation derives the same splits from it.
    result = run("evaluate", "--model", uri, "--gate", f"accuracy>=0.3 @ age {DECLARED}")
    assert result.exit_code == 0, result.output
    assert "age 25..40 or 40..65" in result.output
