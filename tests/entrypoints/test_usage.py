"""Wrong options and names: two lines, and nothing slow is imported before them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fairrun.__main__ import main
from tests.conftest import ROOT
from tests.each import check_each
from tests.people import make_raw

Invoke = Callable[..., Result]

#: Packages that take most of a command's start.
_SLOW = ("mlflow", "sklearn", "scipy.stats", "matplotlib", "optuna", "holisticai", "jax")


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (["trian"], "trian is not a command; did you mean train?", ""),
        (["xyz"], "xyz is not a command; the commands are audit, check, compare, evaluate", ""),
        (["--foo"], "--foo is not a parameter", ""),
        (
            ["train", "--mitigater", "x"],
            "is not a parameter; did you mean --mitigator or",
            "train ",
        ),
        (
            ["train", "--seed", "x"],
            "seed=x is not possible; give a whole number",
            "train ",
        ),
        (["train", "--seed", "-1"], "seed=-1 is not possible; give a whole number fr", "train "),
        (
            ["train", "--min-cell", "0"],
            "min_cell=0 is not possible; give a whole number of",
            "train ",
        ),
        (
            ["train", "--missing", "dorp"],
            "missing=dorp is not known; did you mean drop? (",
            "train ",
        ),
        (["train", "--test-size", "half"], "test_size=half is not a number; give a n", "train "),
        (["train", "--seed"], "--seed has no value; give --seed VALUE", "train "),
        (["train", "people.csv"], "got unexpected extra argument (people.csv); give ", "train "),
        (["evaluate"], "model is missing; give --model. Any model URI", "evaluate "),
        (["sweep", "--trials", "0"], "trials=0 is not allowed; give a whole number", "sweep "),
    ],
)
def test_wrong_options_are_refused_in_two_lines(
    arguments: list[str], first: str, second: str
) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    said, next_ = result.stderr.splitlines()
    assert said.startswith("error: ")
    assert first in said
    assert next_.startswith("all ")
    assert next_.endswith(f": python -m fairrun {second}--help")


def test_without_arguments_the_commands_are_listed() -> None:
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2  # as Click's own groups
    for name in ("check", "evaluate", "main", "preprocess", "reap", "serve", "sweep", "train"):
        (line,) = [each for each in result.output.splitlines() if each.startswith(f"  {name} ")]
        assert line.endswith(".")
    assert "mlflow run . -e train -P mitigator=reweighing" in result.output


#: Runs in a process of its own, which writes down how each request was answered. What one request
#: imports stays imported, so the first line of a failure names it.
_ASK = """
import contextlib, io, json, sys
from fairrun.__main__ import main

requests, slow = json.loads(sys.argv[1])
answers = []
for request in requests:
    said, code = io.StringIO(), None
    with contextlib.redirect_stderr(said):
        try:
            main(request)
        except SystemExit as end:
            code = end.code
    answers.append([code, said.getvalue(), [name for name in slow if name in sys.modules]])
print(json.dumps(answers))
"""

#: What is typed, and what is said.
_WRONG = (
    ("train --mitigator reweighing+correlation_removr", "did you mean correlation_remover"),
    ("train --mitigater none", "is not a parameter"),
    ("train --C -1", "C=-1.0 is not possible"),
    ("train --target payd", "target=payd is not a column of the data; did you mean paid?"),
    ("train --target paid --row-key idd", "row_key=idd is not a column of the data"),
    ("main --mitigators none,reweighting", "did you mean reweighing?"),
    ("main --target paid --positive hihg", "did you mean high?"),
    ("preprocess --target paid --drop joob", "did you mean job?"),
    ("sweep --target paid --space C=a", "C=a is not a number"),
    ("sweep --objective acuracy", "objective=acuracy is not known; did you mean accuracy"),
    ("sweep --constraint statistical_party<=0.1", "did you mean statistical_parity"),
    ("sweep --select constrained", "select=constrained needs a constraint"),
    ("train --protected sxe --privileged Male", "protected=sxe is not a column of the data"),
    ("train --protected sex --privileged Man", "did you mean Male?"),
    ("train --protected sex", "1 protected column and 0 privileged groups were given"),
    ("evaluate --model runs:/x/model --gate acuracy>=0.8", "did you mean accuracy"),
    ("evaluate --model nowhere", "there is no such folder"),
    ("serve --model run:/x/model", "did you mean runs:/?"),
)


def _words(typed: str) -> list[str]:
    words = typed.split()
    if "--target" in words:
        words += ["--data", "people.csv", "--protected", "sex", "--privileged", "Male"]
        words += [] if "--positive" in words else ["--positive", "high"]
    return words


def test_a_wrong_request_is_refused_before_slow_imports(tmp_path: Path) -> None:
    make_raw(300, seed=3).to_csv(tmp_path / "people.csv", index=False)
    asked = json.dumps([[_words(typed) for typed, _ in _WRONG], _SLOW])
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_RUN_ID"}
    done = subprocess.run(
        [sys.executable, "-c", _ASK, asked],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = dict(zip(_WRONG, json.loads(done.stdout), strict=True))

    def check(wrong: tuple[str, str]) -> None:
        code, said, imported = answers[wrong]
        assert (code, imported) == (2, [])
        assert wrong[1] in said

    check_each(_WRONG, check)
    assert not (tmp_path / "mlflow.db").exists()
