"""What `compare` logs and prints, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from fairrun.data import DataRequest, DecisionsRequest
from fairrun.metrics import compare_with_none
from fairrun.runs.compare import run_models_compared
from fairrun.runs.preprocess import run_preprocess
from fairrun.runs.train import run_train
from fairrun.training import TrainingRequest
from tests.entrypoints.conftest import ABOUT
from tests.people import make_raw

Invoke = Callable[..., Result]


def trained(data: str) -> list[str]:
    """Train two models on the same data, and return their URIs."""
    request = DataRequest(
        data, target="paid", positive="high", protected=["sex"], privileged=["Male"]
    )
    dataset = run_preprocess(request).dataset
    names = ("reweighing", "none")
    return [run_train(dataset, TrainingRequest(mitigator=n)).model_uri for n in names]


def decisions(path: Path, n: int = 400) -> Path:
    rng = np.random.default_rng(0)
    old = rng.random(n) < 0.5
    new = np.where(rng.random(n) < 0.2, ~old, old)
    columns = {name: np.where(x, "yes", "no") for name, x in (("old", old), ("new", new))}
    frame = pd.DataFrame({"sex": rng.choice(["Male", "Female"], n), **columns})
    frame.to_csv(path / "decisions.csv", index=False)
    return path / "decisions.csv"


def test_two_models_on_their_test_split(run: Invoke, table: Path) -> None:
    a, b = trained(str(table))
    result = run("compare", "--models", f"{a},{b}")
    assert result.exit_code == 0, result.output
    assert "A is reweighing, B is none, on 241 rows of the test split." in result.output
    assert "statistical_parity @ sex" in result.output
    (found,) = mlflow.search_runs(
        filter_string="params.`compare.rows` = 'test'", output_format="list"
    )
    client = mlflow.MlflowClient()
    names = {each.path for each in client.list_artifacts(found.info.run_id, "audit")}
    tables = ("rates", "compared", "distances", "changed")
    assert names == {f"audit/difference_{name}.csv" for name in tables}
    assert [p.path for p in client.list_artifacts(found.info.run_id, "plots")] == [
        "plots/model_differences.png"
    ]
    words = mlflow.load_table("comparison.json", run_ids=[found.info.run_id])
    accuracy = words[words["metric"] == "accuracy"].iloc[0]
    assert accuracy["value"] == pytest.approx(accuracy["model_a"] - accuracy["model_b"])
    assert found.data.tags["evaluated.looks"] == "1"
    assert "| statistical_parity @ sex |" in found.data.tags["mlflow.note.content"]
    page = mlflow.artifacts.load_text(f"runs:/{found.info.run_id}/comparison.html")
    assert "Who changes sides" in page
    assert "<script" not in page

    # The models of one column of data are compared on a table, too, with and without labels.
    rows = make_raw(200, seed=8)
    rows.to_parquet("more.parquet")
    rows.drop(columns="paid").to_parquet("unlabelled.parquet")
    labelled = run_models_compared([a, b], DecisionsRequest("more.parquet"))
    without = run_models_compared([a, b], DecisionsRequest("unlabelled.parquet"))
    assert "accuracy" in set(labelled.differences.rates["metric"])
    assert set(without.differences.rates["metric"]) == {"selection_rate"}

    # What main says of a model and none is what a comparison of both on the same rows says.
    from fairrun.models.open import open_model

    opened = [open_model(uri) for uri in (a, b)]
    given = rows.dropna().reset_index(drop=True)
    both = [model.predict(given)["prediction"] for model in opened]
    column = opened[0].protected[0]
    label = (given["paid"] == "high").astype(int)
    effect = compare_with_none(column, column.positions(given), label, *both).metrics
    row = labelled.differences.of_metric("accuracy")
    if labelled.n_rows == len(given):
        limits = ("", "_ci_low", "_ci_high")
        assert [effect[f"accuracy_over_none{end}"] for end in limits] == row[
            ["value", "ci_low", "ci_high"]
        ].tolist()

    # A model that fairrun did not make needs data with the columns of both.
    features = ["sex", "job"]
    other = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["job"])),
        LogisticRegression(),
    ).fit(given[features], given["paid"])
    uri = mlflow.sklearn.log_model(other, name="other", input_example=given[features]).model_uri
    refused = run("compare", "--models", f"{a},{uri}")
    assert refused.exit_code == 2
    assert "data is needed" in refused.output
    mixed = run_models_compared([a, uri], DecisionsRequest("more.parquet", where="age>=18"))
    assert mixed.names == ("reweighing", "sklearn")


def test_two_columns_of_decisions(run: Invoke, tmp_path: Path) -> None:
    data = decisions(tmp_path)
    about = ("--data", data, "--protected", "sex", "--privileged", "Male")
    result = run("compare", "--predictions", "new,old", *about)
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(data)
    became = int(((frame["new"] == "yes") & (frame["old"] == "no")).sum())
    assert f"from B to A, {became} become favourable" in result.output
    assert "accuracy" not in result.output.partition("nearer to parity.")[2].partition("run ")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "runs:/x/model"), "names 1 model; give two"),
        (("--models", "runs:/x/m,runs:/x/m"), "names the same model twice"),
        ((), "give two models with models=A,B"),
        (("--predictions", "new,old"), "needs data="),
        (("--predictions", "new,old", "--data", "DATA", *ABOUT[4:]), "no column 'older'"),
        (("--models", "runs:/x/m,runs:/y/m", "--where", "a=1"), "where is about a table"),
    ],
)
def test_a_bad_request_is_refused_in_a_line(
    run: Invoke, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    data = decisions(tmp_path)
    if "older" in said:
        arguments = tuple(each.replace("new,old", "new,older") for each in arguments)
    result = run("compare", *(str(data) if each == "DATA" else each for each in arguments))
    assert result.exit_code == 2
    assert said in result.output
    assert not mlflow.search_runs(filter_string="attributes.status = 'FINISHED'").size
