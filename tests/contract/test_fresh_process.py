"""A reloaded model answers as the fitted one: elsewhere, alone, and beside other code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from fairrun.models.seal import seal
from tests.contract.conftest import Case

ROOT = Path(__file__).resolve().parents[2]

# Run in a process of its own. argv: a folder with rows.parquet and models.json (label to model
# folder), where each model's answers are left; then, if there is one, another checkout.
LOAD_AND_PREDICT = """
import json, sys
from pathlib import Path


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"holisticai", "jax", "jaxlib", "fairlearn", "skops"}:
            raise ImportError(f"{name} may not be imported here")


sys.meta_path.insert(0, Refuse())
if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])
    import fairrun.inference

    assert Path(fairrun.inference.__file__).is_relative_to(sys.argv[2])

import mlflow
import pandas as pd

folder = Path(sys.argv[1])
rows = pd.read_parquet(folder / "rows.parquet")
for label, model in json.loads((folder / "models.json").read_text("utf-8")).items():
    answers = mlflow.pyfunc.load_model(model).predict(rows)
    answers.to_parquet(folder / f"{label}.parquet")
"""


def answers_of_new_process(
    cases: dict[str, Case], rows: pd.DataFrame, folder: Path, *argv: str
) -> dict[str, pd.DataFrame]:
    rows.to_parquet(folder / "rows.parquet")
    models = {label: str(case.folder) for label, case in cases.items()}
    (folder / "models.json").write_text(json.dumps(models), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_PREDICT, str(folder), *argv],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {label: pd.read_parquet(folder / f"{label}.parquet") for label in cases}


def test_fresh_process_where_training_packages_cannot_be_imported(
    cases: dict[str, Case], rows: pd.DataFrame, tmp_path: Path
) -> None:
    for label, answers in answers_of_new_process(cases, rows, tmp_path).items():
        expected = cases[label].model.predict(rows)
        pd.testing.assert_frame_equal(answers, expected, check_exact=True, obj=label)


@pytest.fixture
def other_checkout(tmp_path: Path) -> Path:
    """A checkout of fairrun whose scorer has the opposite sign."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "fairrun", tmp_path / "other" / "fairrun", ignore=ignore)
    scorer = tmp_path / "other" / "fairrun" / "inference" / "scorer.py"
    changed = scorer.read_text("utf-8").replace("        return total\n", "        return -total\n")
    assert changed != scorer.read_text("utf-8")
    scorer.write_text(changed, encoding="utf-8")
    return tmp_path / "other"


def test_the_saved_code_runs_beside_another_checkout(
    cases: dict[str, Case], rows: pd.DataFrame, tmp_path: Path, other_checkout: Path
) -> None:
    answered = answers_of_new_process(cases, rows, tmp_path, str(other_checkout))
    for label, answers in answered.items():
        expected = cases[label].model.predict(rows)
        pd.testing.assert_frame_equal(answers, expected, check_exact=True, obj=label)


def test_two_versions_of_the_code_in_one_process(
    cases: dict[str, Case], rows: pd.DataFrame, tmp_path: Path
) -> None:
    """A model saved with other code runs that code, also after one that was saved with ours."""
    import mlflow

    case = cases["none"]
    other = Path(shutil.copytree(case.folder, tmp_path / "other model"))
    model = other / "code" / "inference" / "model.py"
    text = model.read_text("utf-8")
    changed = text.replace("(scored.decided > drawn)", "(scored.decided <= drawn)")
    assert changed != text
    model.write_text(changed, encoding="utf-8")
    golden = other / "code" / "inference" / "golden.py"
    text = golden.read_text("utf-8")
    golden.write_text(text.replace("    if wrong.any():\n", "    if False:\n"), encoding="utf-8")
    seal(other)
    expected = case.model.predict(rows)["prediction"]
    assert (mlflow.pyfunc.load_model(str(other)).predict(rows)["prediction"] == 1 - expected).all()
    assert (case.loaded.predict(rows)["prediction"] == expected).all()
    again = mlflow.pyfunc.load_model(str(case.folder))
    assert (again.predict(rows)["prediction"] == expected).all()
