"""`python -m fairrun gate`: the verdict of a run again, from its counts alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from fairrun.gate import decide, decide_file, parse_gate, read_counts
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, WeightedCounts, audit
from tests.conftest import ROOT
from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_effects import last_run

Invoke = Callable[..., Result]
SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
ROWS = np.arange(2000)
ARRAYS = ([SEX], [ROWS % 2], (ROWS % 5 > 1).astype(int), (ROWS % 7 > 2 - ROWS % 2).astype(int))


def written(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


def test_exit_codes_and_the_last_line_are_those_of_the_verdict(run: Invoke, tmp_path: Path) -> None:
    counts = written(tmp_path / "counts.json", Counts.from_arrays(*ARRAYS).to_dict())
    for gate, code, said in (
        ("accuracy>=0.3 @ sex", 0, "gate: pass"),
        ("statistical_parity<=0.01", 4, "gate: fail (statistical_parity<=0.01, sex Male against"),
        ("statistical_parity<=0.14", 5, "gate: insufficient evidence ("),
    ):
        file = written(tmp_path / "gate.yaml", f"- {gate}")
        for each in (gate, file):
            found = run("gate", counts, each)
            assert found.exit_code == code, found.output
            assert found.stdout.splitlines()[-1].startswith(said)
            assert "| term " in found.stdout


def test_the_verdict_is_that_of_the_run(run: Invoke, table: Path, tmp_path: Path) -> None:
    people = pd.read_parquet(table)
    people = people.assign(times=1 + ROWS[: len(people)] % 3, home=ROWS[: len(people)] // 2)
    people.to_parquet(tmp_path / "people.parquet", index=False)
    for more in ((), ("--weight", "times"), ("--cluster", "home")):
        trained = run("train", "--data", tmp_path / "people.parquet", *ABOUT, *more)
        assert trained.exit_code == 0, trained.output
        gate = "statistical_parity<=0.5; accuracy>=0.5"
        model = f"runs:/{last_run().info.run_id}/model"
        evaluated = run("evaluate", "--model", model, "--gate", gate)
        run_id = last_run().info.run_id
        document = mlflow.artifacts.load_dict(f"runs:/{run_id}/counts.json")
        counts = written(tmp_path / "counts.json", document)
        found = run("gate", counts, gate)
        if "--cluster" in more:
            assert found.exit_code == 2
            assert "are in clusters, and counts do not suffice" in found.stderr
        else:
            assert found.exit_code == evaluated.exit_code
            assert found.stdout.splitlines()[-1] == evaluated.stdout.splitlines()[-1]


def test_weights_and_missing_labels_are_read(tmp_path: Path) -> None:
    protected, positions, _, prediction = ARRAYS
    weighted = WeightedCounts.from_arrays(*ARRAYS, weight=1 + ROWS % 3)
    unlabelled = Counts.from_arrays(protected, positions, None, prediction)
    gate = parse_gate("disparate_impact>=0.5")
    for counts in (weighted, unlabelled):
        file = written(tmp_path / "counts.json", counts.to_dict())
        assert read_counts(str(file)) == counts
        expected = decide(gate, counts, audit(counts))
        assert decide_file(str(file), gate).table.equals(expected.table)


@pytest.mark.parametrize(
    ("document", "gate", "said"),
    [
        (None, "accuracy>=0.5", "there is no such file"),
        ("{", "accuracy>=0.5", "cannot be read (JSONDecodeError)"),
        ([1], "accuracy>=0.5", "does not hold counts"),
        ({"kind": "counts", "suppressed": True}, "accuracy>=0.5", "are suppressed"),
        (Counts.from_arrays(*ARRAYS).to_dict(), "roc_auc>=0.5", "is about scores, which counts"),
        (Counts.from_arrays(*ARRAYS).to_dict(), "accuracy>=0.5 @ race", "race"),
        (
            Counts.from_arrays(*ARRAYS[:2], None, ARRAYS[3]).to_dict(),
            "accuracy>=0.5",
            "needs the true labels",
        ),
    ],
    ids=range(7),
)
def test_what_cannot_be_decided_is_one_line(
    run: Invoke, tmp_path: Path, document: object, gate: str, said: str
) -> None:
    path = tmp_path / "counts.json"
    if document is not None:
        written(path, document)
    found = run("gate", path, gate)
    assert found.exit_code == 2
    assert said in found.stderr
    assert found.stderr.startswith("error: ")
    assert len(found.stderr.splitlines()) == 1


def test_it_needs_neither_mlflow_nor_scikit_learn(tmp_path: Path) -> None:
    counts = written(tmp_path / "counts.json", Counts.from_arrays(*ARRAYS).to_dict())
    code = (
        "import sys; from fairrun.__main__ import main\n"
        "try: main(['gate', sys.argv[1], 'accuracy>=0.3'])\n"
        "except SystemExit as end: print('code', end.code)\n"
        "print([n for n in ('mlflow', 'matplotlib', 'optuna', 'jinja2') if n in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(counts)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert found.stdout.splitlines()[-2:] == ["code 0", "[]"], found.stdout + found.stderr


def test_a_missing_argument_is_named(run: Invoke) -> None:
    found = run("gate", "counts.json")
    assert found.exit_code == 2
    assert found.stderr.startswith("error: give the gate after counts.json, or --format markdown")
    assert run("gate").stderr.startswith("error: file is missing; give FILE GATE")


def test_the_checks_of_a_run_are_printed_as_markdown(run: Invoke, trained: str) -> None:
    """Also of terms that counts cannot decide, and by the verdict of the run."""
    for gate, code, said in (
        ("accuracy>=0.5; roc_auc>=0.5", 0, "pass"),
        ("accuracy>=0.99; roc_auc>=0.5", 4, "fail"),
        ("roc_auc>=0.5; min_count=900", 5, "insufficient evidence"),
    ):
        assert run("evaluate", "--model", trained, "--gate", gate).exit_code == code
        uri = f"runs:/{last_run().info.run_id}/gate.json"
        file = mlflow.artifacts.download_artifacts(uri)
        found = run("gate", file, "--format", "markdown")
        assert found.exit_code == code, found.output
        assert found.stdout.startswith(f"### Fairness gate: {said}\n")
        assert "| `roc_auc>=0.5` | `all rows` |" in found.stdout


def test_counts_are_decided_and_printed_as_markdown(run: Invoke, tmp_path: Path) -> None:
    counts = written(tmp_path / "counts.json", Counts.from_arrays(*ARRAYS).to_dict())
    found = run("gate", counts, "statistical_parity<=0.01", "--format", "markdown")
    assert found.exit_code == 4
    assert "| **failed** |" in found.stdout


def test_a_file_without_checks_is_refused_in_one_line(run: Invoke, tmp_path: Path) -> None:
    for text, said in (
        ("{", "cannot be read (JSONDecodeError)"),
        ("[]", "holds no checks of a gate"),
        ({"columns": ["term"], "data": [["x"]]}, "holds no checks of a gate"),
        ({"columns": [], "data": []}, "holds no checks of a gate"),
        (Counts.from_arrays(*ARRAYS).to_dict(), "with counts.json, give the gate, too"),
    ):
        found = run("gate", written(tmp_path / "file.json", text), "--format", "markdown")
        assert found.exit_code == 2
        assert said in found.stderr
        assert len(found.stderr.splitlines()) == 1
    found = run("gate", tmp_path / "nowhere.json", "--format", "markdown")
    assert "there is no such file" in found.stderr
