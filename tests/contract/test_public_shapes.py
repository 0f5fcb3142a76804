"""Files shaped like public ones go from the file to a served answer, with no cast and no script.

Each case is a made-up file with the shape of a public one. The parameters are all
that the user types. The rows that are served are the file's own rows, as pandas reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from fairrun.data import DataRequest, ReadOptions, load_source, prepare_rows
from fairrun.runs.evaluate import run_evaluate
from fairrun.runs.train import run_train
from fairrun.tracking.datasets import read_spec
from fairrun.training import TrainingRequest

N_ROWS = 1500


@dataclass(frozen=True)
class Shape:
    """A made-up file, the user's words about it, and pandas' words for the same file."""

    write: Callable[[Path, np.random.Generator], None]
    request: dict[str, Any]
    pandas: dict[str, Any] = field(default_factory=dict)
    mitigator: str = "group_thresholds"


def _people(rng: np.random.Generator) -> pd.DataFrame:
    sex = rng.choice(["male", "female"], N_ROWS, p=[0.6, 0.4])
    age = rng.integers(18, 80, N_ROWS)
    job = rng.choice(["admin.", "blue-collar", "technician", "unknown"], N_ROWS)
    hours = rng.integers(10, 60, N_ROWS)
    score = 0.06 * (hours - 35) + 0.8 * (sex == "male") + 0.02 * (age - 45) + (job == "admin.")
    yes = rng.random(N_ROWS) < 1 / (1 + np.exp(-score))
    return pd.DataFrame({"age": age, "job": job, "sex": sex, "hours": hours, "y": yes})


def _semicolons(path: Path, rng: np.random.Generator) -> None:
    frame = _people(rng)
    frame["y"] = np.where(frame["y"], "yes", "no")
    frame["pdays"] = np.where(rng.random(N_ROWS) < 0.8, -1, rng.integers(1, 400, N_ROWS))
    frame.to_csv(path, sep=";", index=False, quoting=2)  # text quoted, as the bank file has it


def _codes(path: Path, rng: np.random.Generator) -> None:
    frame = _people(rng)
    frame["sex"] = np.where(frame["sex"] == "male", 1, 2)
    frame["y"] = frame["y"].astype(int)
    frame.to_csv(path, index=False)


def _ages(path: Path, rng: np.random.Generator) -> None:
    frame = _people(rng)
    frame["y"] = frame["y"].map({True: "good", False: "bad"})
    frame.to_csv(path, index=False)


def _nulls(path: Path, rng: np.random.Generator) -> None:
    frame = _people(rng)
    frame["y"] = frame["y"].astype(int)
    frame["sex"] = frame["sex"].mask(rng.random(N_ROWS) < 0.1)
    frame.to_csv(path, index=False)


def _blanks(path: Path, rng: np.random.Generator) -> None:
    frame = _people(rng)
    frame["job"] = frame["job"].replace("unknown", "?")
    frame["age"] = frame["age"].astype(object).mask(rng.random(N_ROWS) < 0.1, "?")
    frame["y"] = np.where(frame["y"], ">50K", "<=50K")
    lines = [", ".join(map(str, row)) for row in frame.itertuples(index=False)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _numbers(path: Path, rng: np.random.Generator) -> None:
    values = rng.normal(size=(N_ROWS, 98)).round(4)
    frame = pd.DataFrame(values, columns=[f"Attr{i}" for i in range(1, 99)])
    frame["region"] = rng.choice(["north", "south"], N_ROWS)
    score = values[:, 0] + values[:, 1] + 0.5 * (frame["region"] == "north") + 2.2
    frame["failed"] = (rng.random(N_ROWS) > 1 / (1 + np.exp(-2 * score))).astype(int)
    frame.to_csv(path, index=False)


SHAPES = {
    "semicolons and unknown": Shape(
        _semicolons,
        {"target": "y", "positive": "yes", "protected": ["sex"], "privileged": ["male"]},
        {"sep": ";"},
    ),
    "sex coded 1 and 2": Shape(
        _codes, {"target": "y", "positive": "1", "protected": ["sex"], "privileged": ["1"]}
    ),
    "age protected": Shape(
        _ages, {"target": "y", "positive": "good", "protected": ["age"], "privileged": [">=40"]}
    ),
    "nulls in a protected column": Shape(
        _nulls, {"target": "y", "positive": "1", "protected": ["sex"], "privileged": ["male"]}
    ),
    "leading blanks and question marks": Shape(
        _blanks,
        {
            "target": "income",
            "positive": ">50K",
            "protected": ["sex"],
            "privileged": ["male"],
            "missing": "keep",
            "na_values": ["?"],
            "read": ReadOptions(header=False, names=("age", "job", "sex", "hours", "income")),
        },
        {"header": None, "names": ["age", "job", "sex", "hours", "income"]},
    ),
    "98 numbers and 5 % negatives": Shape(
        _numbers,
        {"target": "failed", "positive": "0", "protected": ["region"], "privileged": ["north"]},
        mitigator="reweighing",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_file_to_answer(name: str, tmp_path: Path, store: str) -> None:
    shape = SHAPES[name]
    path = tmp_path / "people.csv"
    shape.write(path, np.random.default_rng(0))
    request = DataRequest(data=str(path), **shape.request)
    trained = run_train(request, TrainingRequest(mitigator=shape.mitigator))
    spec = read_spec(trained.run_id)
    rows = prepare_rows(load_source(spec.source, spec.read), spec).rows
    assert len(rows) == N_ROWS

    model = mlflow.pyfunc.load_model(trained.model_uri)
    raw = pd.read_csv(path, **shape.pandas)
    served = model.predict(raw)
    measured = model.predict(rows.frame)
    pd.testing.assert_frame_equal(served, measured, check_exact=True)
    # The model uses its columns: a wrong reading of most of them would give nearly one answer.
    assert served["probability"].nunique() > 200

    metrics = run_evaluate(trained.model_uri, report=False).metrics
    assert 0.6 < metrics["roc_auc"] < 0.99
