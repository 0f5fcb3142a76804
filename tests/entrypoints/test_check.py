"""`check`, and the lines that training says first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_commands import artifacts, runs, succeed
from tests.people import make_raw

Invoke = Callable[..., Result]

CHECKED = {
    *("check.html", "draft_spec.yaml", "check/columns.json", "check/findings.json"),
    *("check/label_shares.json", "check/gate.json"),
}
LEAK = "row is a row number, and the file is sorted by paid (AUC 1.000)"


@pytest.fixture(scope="module")
def sorted_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file sorted by the label, with the number of each row, as text of the time."""
    path = tmp_path_factory.mktemp("sorted") / "people.csv"
    frame = make_raw(1200, seed=3).dropna().sort_values("paid", ignore_index=True)
    frame.assign(row=np.arange(len(frame)), note="same").to_csv(path, index=False)
    return path


def test_check_finds_and_the_draft_trains_without_the_leak(run: Invoke, sorted_table: Path) -> None:
    output = succeed(run("check", "--data", sorted_table, *ABOUT))
    assert f"leak: {LEAK}; drop=row" in output
    assert "\nWhat the gate disparate_impact>=0.8 can decide on the test split. " in output
    (done,) = runs()
    assert artifacts(done.info.run_id) == CHECKED
    findings = mlflow.load_table("check/findings.json", run_ids=[done.info.run_id])
    assert findings["kind"].tolist() == ["leak", "constant", "row order"]
    assert done.data.metrics["n_findings"] == 3
    columns = mlflow.load_table("check/columns.json", run_ids=[done.info.run_id])
    assert columns["column"].tolist() == [*pd.read_csv(sorted_table, nrows=1)]

    # The last lines are the next commands.
    (download,) = re.findall(r" mlflow (artifacts download .*)", output)
    assert download == f"artifacts download -r {done.info.run_id} -a draft_spec.yaml -d ."
    draft = mlflow.artifacts.download_artifacts(f"runs:/{done.info.run_id}/draft_spec.yaml")
    output = succeed(run("train", "--data", draft))
    assert "AUC" not in output
    assert "findings.json" not in artifacts(runs()[-1].info.run_id)


def test_a_file_is_enough_and_the_next_command_has_the_guesses(
    run: Invoke, sorted_table: Path
) -> None:
    output = succeed(run("check", "--data", sorted_table))
    assert "candidates: paid has two values and could be the target" in output
    (command,) = re.findall(r" mlflow run .* --env-manager local -e check (.*)", output)
    given = [part for part in shlex.split(command) if part != "-P"]
    assert given[1:] == ["target=paid", "positive=high", "protected=sex", "privileged=Male"]
    options = [word for part in given for word in ("--" + part).split("=", 1)]
    assert LEAK in succeed(run("check", *options))


def test_the_next_command_keeps_what_was_given(run: Invoke, tmp_path: Path) -> None:
    """Without `read`, the rows could not be read again."""
    path = tmp_path / "people.csv"
    rows = [
        f"{20 + i * 7 % 50};{i * 13 % 40},5;{'ab'[i % 2]};{'yn'[i // 7 % 2]}" for i in range(100)
    ]
    path.write_text("\n".join(["age;hours;plan;paid", *rows]))
    given = ["--data", path, "--na-values", '?,"a, b"', "--drop", "plan", "--target", "paid"]
    output = succeed(run("check", *given, "--read", '{"delimiter": ";"}'))
    (command,) = re.findall(r" mlflow run .* --env-manager local -e check (.*)", output)
    options = dict(part.split("=", 1) for part in shlex.split(command) if part != "-P")
    assert options["na_values"] == '?,"a, b"'
    assert options["drop"] == "plan"
    # The decimal comma is a finding, and age has too many values to be a group.
    assert options["read"] == '{"delimiter": ";", "decimal": ","}'
    assert (options["protected"], options["privileged"]) == ("age", ">=44")
    words = [
        word for name, text in options.items() for word in (f"--{name}".replace("_", "-"), text)
    ]
    assert "number as text" not in succeed(run("check", *words))


def test_without_a_likely_protected_column_there_is_a_place_to_fill_in(
    run: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("points,paid\n" + "\n".join(f"{i % 30},{i % 2}" for i in range(60)))
    output = succeed(run("check", "--data", path, "--target", "paid", "--positive", "1"))
    assert "-P positive=1 -P protected=COLUMN -P privileged=VALUE" in output


def test_train_and_main_say_it_once_and_keep_it(run: Invoke, sorted_table: Path) -> None:
    data = ["--data", sorted_table, *ABOUT, "--drop", "note"]
    output = succeed(run("train", *data))
    assert output.count(LEAK) == 1
    (trained,) = runs()
    kept = mlflow.load_table("findings.json", run_ids=[trained.info.run_id])
    assert kept["sentence"].tolist()[0] == LEAK
    output = succeed(run("main", *data, "--mitigators", "none,reweighing"))
    assert output.count(LEAK) == 1
    keepers = [
        each.info.run_name for each in runs()[1:] if "findings.json" in artifacts(each.info.run_id)
    ]
    assert keepers == ["compare mitigators"]


def test_a_preprocess_run_can_be_checked(run: Invoke, sorted_table: Path) -> None:
    succeed(run("preprocess", "--data", sorted_table, *ABOUT, "--drop", "note"))
    (prepared,) = runs()
    output = succeed(run("check", "--data", prepared.info.run_id))
    assert LEAK in output
    assert f"-e train -P data={prepared.info.run_id}" in output
    assert artifacts(runs()[-1].info.run_id) == CHECKED - {"draft_spec.yaml"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--target", "payd"], "target=payd is not a column of the data; did you mean paid"),
        ([*ABOUT[:6], "--privileged", "M"], "'M' is not a value of the protected column 'sex'"),
        (["--privileged", "Male"], "privileged was given without protected"),
        (["--protected", "gain"], "give privileged=VALUE"),
    ],
)
def test_a_request_that_cannot_be_met_ends_with_2(
    run: Invoke, table: Path, options: list[str], said: str
) -> None:
    result = run("check", "--data", table, *options)
    assert result.exit_code == 2
    assert said in result.output
