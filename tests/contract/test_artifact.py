"""What is saved: small, nobody's data, no pickle, no path, and refused when it was changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from fairrun.data import Dataset
from fairrun.groups import ProtectedColumn
from fairrun.inference import FORMAT_VERSION, ModelError, load_model, save_model
from fairrun.models.log import log_model
from fairrun.training import FairClassifier
from tests.contract.conftest import Case


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_small(case: Case) -> None:
    assert sum(path.stat().st_size for path in files(case.folder)) < 1_000_000


def test_no_training_row_label_or_mask(case: Case, people: Dataset) -> None:
    train = people.splits["train"]
    for path in (case.folder / "artifacts").rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            # Nothing is as long as the rows, or as the rows of one label or group.
            groups = train.frame["sex"].value_counts().tolist()
            lengths = {len(train), int(train.label.sum()), int((1 - train.label).sum()), *groups}
            for name in arrays:
                assert not lengths & set(arrays[name].shape), name
    golden = json.loads(next((case.folder / "artifacts").rglob("golden.json")).read_text("utf-8"))
    assert_nobody(pd.DataFrame(golden["rows"]), people)
    assert_nobody(pd.read_json(case.folder / "input_example.json", orient="split"), people)


def test_a_name_that_occurs_once_is_nowhere(people: Dataset, tmp_path: Path, store: str) -> None:
    """In no file that is logged with a model, in whatever column of text it stands."""
    train = people.splits["train"]
    frame, planted = train.frame.copy(), "Zachariasiewicz"
    frame.loc[0, "job"] = planted
    model = FairClassifier(people.spec.protected[0], changeable=["job"]).fit(frame, train.label)
    column = ProtectedColumn.from_frame(frame, people.spec.protected[0])
    with mlflow.start_run():
        logged = log_model(model.inference_, people.spec, [column], "none")
    folder = Path(mlflow.artifacts.download_artifacts(logged.uri, dst_path=str(tmp_path)))
    assert len(files(folder)) > 10
    holding = [path.name for path in files(folder) if b"clerk" in path.read_bytes()]
    assert {"model.json", "golden.json", "input_example.json"} <= {*holding}
    assert not any(planted.encode() in path.read_bytes() for path in files(folder))


def assert_nobody(example: pd.DataFrame, people: Dataset) -> None:
    """`weight` is continuous: who shares its value with a training row is that row."""
    everyone = pd.concat([rows.frame for rows in people.splits.values()])["weight"]
    assert not set(example["weight"]) & set(everyone)


def test_the_same_model_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_model(case.model, tmp_path / name)
    for path in files(tmp_path / "one"):
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["model.json", "arrays.npz", "golden.json"])
def test_a_changed_or_missing_file_is_refused(case: Case, tmp_path: Path, name: str) -> None:
    save_model(case.model, tmp_path / "model")
    changed = tmp_path / "model" / name
    changed.write_bytes(changed.read_bytes() + b" ")
    with pytest.raises(ModelError, match=name):
        load_model(tmp_path / "model")
    changed.unlink()
    with pytest.raises(ModelError, match=name):
        load_model(tmp_path / "model")


def test_wrong_golden_answers_are_refused(case: Case, tmp_path: Path) -> None:
    from fairrun.inference.golden import check_golden

    save_model(case.model, tmp_path)
    golden = json.loads((tmp_path / "golden.json").read_text("utf-8"))
    check_golden(case.model, golden)
    for change in (
        {"prediction": [1 - p for p in golden["prediction"]]},
        {"log_odds": [s + 1e-9 for s in golden["log_odds"]]},
    ):
        with pytest.raises(ModelError, match="golden rows"):
            check_golden(case.model, golden | change)


def test_a_format_of_the_future_is_refused(case: Case, tmp_path: Path) -> None:
    save_model(case.model, tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        manifest.read_text("utf-8").replace(
            f'"format_version": {FORMAT_VERSION}', '"format_version": 99'
        ),
        encoding="utf-8",
    )
    with pytest.raises(ModelError, match=rf"format 99.*reads formats 1 to {FORMAT_VERSION}"):
        load_model(tmp_path)


def test_a_moved_model_still_loads(case: Case, rows: pd.DataFrame, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(case.folder, tmp_path / "elsewhere"))
    answers = mlflow.pyfunc.load_model(str(moved)).predict(rows)
    pd.testing.assert_frame_equal(answers, case.model.predict(rows), check_exact=True)
