"""What the commands say and keep of the data, and how they read lists and types."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from mlflow.entities import Run

from fairrun.data import DataRequest, prepare, resolve_spec
from fairrun.entrypoints._types import given_one, listed
from fairrun.errors import RequestError
from fairrun.training import FairClassifier
from tests.entrypoints.conftest import ABOUT
from tests.people import make_raw

Invoke = Callable[..., Result]

NOTES = [
    "code: text, because of leading zeros (456 values)",
    "nulls: age 30 ('?'), sex 14 (empty)",
    "not used because all values are equal: plan",
    "dropped 30 of 800 rows: 30 with a null in a feature (age 30)",
]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file with codes, a constant column, and "?" for a null."""
    raw = make_raw(800, seed=3).assign(plan="basic", age=lambda raw: raw["age"].astype(str))
    raw["code"] = np.where(raw["paid"] == "high", "01", "10")
    raw["code"] = np.where(raw["age"].str.endswith(("1.0", "2.0")), "02", raw["code"])
    raw.loc[100:129, "age"] = "?"
    path = tmp_path_factory.mktemp("data") / "people.csv"
    raw.to_csv(path, index=False)
    return path


def all_runs() -> list[Run]:
    client = mlflow.MlflowClient()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, order_by=["attributes.start_time ASC"]))


def last_run() -> Run:
    return all_runs()[-1]


def kept(run: Run) -> object:
    return mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/data_notes.json")


def notes_in(output: str) -> list[str]:
    return re.findall(r"^\S+ data: (.*)$", output, flags=re.MULTILINE)


def test_every_command_says_the_notes_first_and_keeps_them(run: Invoke, people: Path) -> None:
    about = ["--data", people, *ABOUT, "--na-values", "?"]
    document = {"n_rows_dropped": 30, "notes": NOTES}
    commands = {
        "preprocess": [],
        "train": [],
        "main": ["--mitigators", "none"],
        "sweep": ["--method", "random", "--trials", "1", "--workers", "1"],
    }
    seen: set[str] = set()
    for command, more in commands.items():
        result = run(command, *about, *more)
        assert result.exit_code == 0, result.output
        assert notes_in(result.output) == NOTES, command
        new = [each for each in all_runs() if each.info.run_id not in seen]
        seen |= {each.info.run_id for each in new}
        first = new[0]
        assert kept(first) == document
        assert first.data.metrics["n_rows_dropped"] == 30


def test_rows_and_notes_of_a_preprocessed_table(run: Invoke, people: Path) -> None:
    run("preprocess", "--data", people, *ABOUT, "--na-values", "?")
    preprocessed = last_run().info.run_id
    result = run("train", "--data", preprocessed)
    assert notes_in(result.output) == NOTES
    assert kept(last_run()) == {"n_rows_dropped": 30, "notes": NOTES}
    (uri,) = re.findall(r"-P model=(\S+)", result.output)
    result = run("evaluate", "--model", uri)
    assert notes_in(result.output) == NOTES
    assert last_run().data.metrics["n_rows_dropped"] == 30


def test_other_rows_are_read_with_the_types_of_the_model(
    run: Invoke, people: Path, tmp_path: Path
) -> None:
    result = run("train", "--data", people, *ABOUT, "--na-values", "?")
    (uri,) = re.findall(r"-P model=(\S+)", result.output)
    raw = pd.read_csv(people, dtype=str, keep_default_na=False)
    # All codes look like numbers, "plan" is not there, and other columns are new.
    other = raw.drop(columns="plan").assign(code="10", remark="", when="n.a.")
    other.to_csv(tmp_path / "other.csv", index=False)
    n_null = int((other["age"] == "?").sum())
    result = run("evaluate", "--model", uri, "--data", tmp_path / "other.csv")
    assert result.exit_code == 0, result.output
    assert last_run().data.metrics["n_rows"] == len(other) - n_null
    assert last_run().data.metrics["n_rows_dropped"] == n_null > 0
    assert notes_in(result.output)[-1].startswith(f"dropped {n_null} of {len(other)} rows")

    other.rename(columns={"gain": "gains"}).to_csv(tmp_path / "other.csv", index=False)
    result = run("evaluate", "--model", uri, "--data", tmp_path / "other.csv")
    assert result.exit_code == 2
    assert "no column gain, which the model was trained with; did you mean gains" in result.output
    other.assign(gain=["much", *other["gain"][1:]]).to_csv(tmp_path / "other.csv", index=False)
    result = run("evaluate", "--model", uri, "--data", tmp_path / "other.csv")
    assert result.exit_code == 2
    assert "values are numbers, 1 is 'much'; correct these cells\n" in result.output


@pytest.mark.parametrize("types", [{"code": "category"}, {}])
def test_a_code_is_served_as_it_is_measured(people: Path, types: dict[str, str]) -> None:
    request = DataRequest(
        str(people),
        target="paid",
        positive="high",
        protected=["code"],
        privileged=["01"],
        types=types,
        na_values=["?"],
    )
    assert set(prepare(resolve_spec(request)).splits["train"].frame["code"]) == {"01", "02", "10"}
    features = DataRequest(
        str(people),
        target="paid",
        positive="high",
        protected=["sex"],
        privileged=["Male"],
        types=types,
        na_values=["?"],
    )
    dataset = prepare(resolve_spec(features))
    train, test = dataset.splits["train"], dataset.splits["test"]
    model = FairClassifier.for_dataset(dataset.spec).fit(train.frame, train.label)
    measured = model.predict(test.frame)
    assert np.mean(measured == test.label) > 0.9  # the code tells nearly all
    raw = pd.read_csv(people, dtype={"code": str}, na_values="?", keep_default_na=False)
    served = raw.merge(test.frame.drop_duplicates(), on=["weight", "age", "gain"], how="inner")
    served = served.rename(columns={"code_x": "code", "job_x": "job", "sex_x": "sex"})
    known = dict(zip(test.frame["weight"], measured, strict=True))
    assert len(served) >= len(test)
    answers = model.predict(served[["age", "weight", "job", "gain", "code", "sex"]])
    assert answers.tolist() == [known[weight] for weight in served["weight"]]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("auto", None),
        ("none", []),
        ('"none"', ["none"]),
        ("a, b ,c d", ["a", "b", "c d"]),
        ('"a, b",c', ["a, b", "c"]),
        ('" Male" , "say ""no"""', [" Male", 'say "no"']),
        ('5" pipe,b', ['5" pipe', "b"]),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_lists_at_the_command_line(text: str, entries: list[str] | None) -> None:
    assert listed(text) == entries


def test_one_value_can_have_quotes_as_in_a_list(run: Invoke, people: Path, tmp_path: Path) -> None:
    assert given_one('"high, paid"') == given_one("high, paid") == "high, paid"
    assert given_one('" paid"') == given_one(" paid") == " paid"
    assert given_one("auto") is None
    raw = pd.read_csv(people, dtype=str)
    raw["paid"] = raw["paid"].map({"high": "high, paid", "low": "low, paid"})
    raw.to_csv(tmp_path / "commas.csv", index=False)
    roles = ["--target", "paid", "--protected", "sex", "--privileged", "Male", "--na-values", "?"]
    data = ["--data", tmp_path / "commas.csv", *roles]
    assert run("preprocess", *data, "--positive", '"high, paid"').exit_code == 0
    # The message shows the values as they can be typed.
    refused = run("preprocess", *data, "--positive", "high")
    assert """is not a value of 'paid' ("high, paid", "low, paid")""" in refused.output


@pytest.mark.parametrize("text", ['"a', 'b,"a" c', '"a"b'])
def test_a_quote_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="a double quote in the wrong place"):
        listed(text)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--drop", "agee"], "drop=agee is not a column of the data; did you mean age?"),
        (
            ["--changeable", "jobb"],
            "changeable=jobb is not a column of the data; did you mean job?",
        ),
        (["--types", "zip"], "types=zip has no type; give NAME:TYPE, such as zip:category"),
        (["--types", "job:colour"], "types, job is 'colour'; give number or category"),
        (["--types", "jobb:number"], "types=jobb is not a column of the data; did you mean job?"),
        (["--weight", "wieght"], "weight=wieght is not a column of the data; did you mean weight?"),
        (
            ["--read", '{"delimeter": ";"}'],
            "read.delimeter is not an option for reading a file; did you mean delimiter or dec",
        ),
        (["--split-seed", "-1"], "split_seed=-1 is no seed; give a whole number, 0 or more"),
        (["--split-seed", "1.5"], "=1.5 is not a whole number; give a whole number, or auto for"),
        (["--max-dropped", "20"], "max_dropped=20.0 is no share; give one from 0 to 1"),
        (["--max-dropped", "0.01"], "dropped 30 of 800 rows"),
        (["--row-key", "jobs"], "row_key=jobs is not a column of the data; did you mean job?"),
        (["--privileged", '"Male'], "has a double quote in the wrong place"),
    ],
)
def test_what_fits_nothing_is_refused(
    run: Invoke, people: Path, more: list[str], said: str
) -> None:
    result = run("train", "--data", people, *ABOUT, "--na-values", "?", *more)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_yaml_specs_own_splits_stand(run: Invoke, people: Path, tmp_path: Path) -> None:
    spec = f"""
source: {people}
target: paid
positive: high
protected: [{{column: sex, privileged: Male}}]
na_values: ["?"]
max_dropped: 0.04
splits: {{validation: 0.1, test: 0.3, seed: 7}}
"""
    (tmp_path / "spec.yaml").write_text(spec, encoding="utf-8")
    result = run("preprocess", "--data", tmp_path / "spec.yaml")
    assert result.exit_code == 0, result.output
    document = mlflow.artifacts.load_dict(f"runs:/{last_run().info.run_id}/dataset.json")
    assert document["splits"] == {"validation": 0.1, "test": 0.3, "seed": 7}
    assert document["max_dropped"] == 0.04
    assert document["drop"] == ["plan"]
    assert document["types"]["code"] == "category"
    run("preprocess", "--data", tmp_path / "spec.yaml", "--test-size", "0.2")
    document = mlflow.artifacts.load_dict(f"runs:/{last_run().info.run_id}/dataset.json")
    assert document["splits"] == {"validation": 0.1, "test": 0.2, "seed": 7}
